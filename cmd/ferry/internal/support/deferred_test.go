package support

import (
	"strings"
	"testing"
	"time"

	"ferry/cmd/ferry/internal/seed"
	"ferry/hotwallet/payment"
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
