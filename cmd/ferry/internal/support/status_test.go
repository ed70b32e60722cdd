package support

import (
	"strings"
	"testing"
	"time"

	"ferry/cmd/ferry/internal/seed"
	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

// A refund that is deferred until fees fall is shown with its reason and needs nobody,
// however long it waits; one that stands still for another reason is named first.
func TestDeferredPaymentsNeedNobody(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	add := func(order, reason string, queued time.Time) {
		db.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, reason, queued_at)
			VALUES ($1, 'bitcoin', 'swap', 'refund', 'BTC', 1, 'd', '{}', 'queued', $2, $3)`, order, reason, queued)
	}
	read := func() Status {
		t.Helper()
		var s Status
		err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) (err error) {
			s, err = r.Status(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := len(read().Needs)
	add("refund:deferred", payment.ReasonDeferred, seed.Now.Add(-72*time.Hour))
	s := read()
	if len(s.Needs) != before || len(s.Stuck) != 1 || !s.Stuck[0].Deferred || s.Stuck[0].Reason != payment.ReasonDeferred {
		t.Errorf("needs %q, standing %+v", s.Needs, s.Stuck)
	}
	add("refund:main", payment.ReasonFee, seed.Now.Add(-time.Minute))
	s = read()
	if len(s.Stuck) != 2 || s.Stuck[0].OrderID != "refund:main" || s.Stuck[0].Deferred || len(s.Needs) != before+1 ||
		!strings.Contains(s.Needs[len(s.Needs)-1], "fees_above_limit") {
		t.Errorf("needs %q, standing %+v", s.Needs, s.Stuck)
	}
}

// The chains' section says each dust threshold as it stands, once it is known.
func TestStatusSaysTheDustThreshold(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Exec(`INSERT INTO hotwallet.cursor (chain, height, hash, time, seen_at) VALUES ('bitcoin', 1, 'h', $1, $1), ('ethereum', 1, 'h', $1, $1)`, seed.Now)
	db.Exec(`INSERT INTO hotwallet.dust (chain, cost, threshold, at) VALUES ('bitcoin', 3380, 3400, $1)`, seed.Now)
	err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) error {
		s, err := r.Status(t.Context())
		if err == nil && (len(s.Chains) != 2 || s.Chains[0].DustThreshold == nil || *s.Chains[0].DustThreshold != asset.NewUnits(3400) ||
			s.Chains[1].DustThreshold != nil) {
			t.Errorf("chains %+v", s.Chains)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
