package issue_test

import (
	"errors"
	"strings"
	"testing"

	"ferry/hotwallet/issue"
)

// attestd has attested and the database has no address at all: it is not the one they
// were issued from, and nothing begins. Once a recovery has burnt what was attested and
// a gap beyond, the next index is given.
func TestLostDatabaseIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.attest.next = 30
	if err := w.issuer.Start(t.Context()); !errors.Is(err, issue.ErrLost) {
		t.Fatalf("an empty database: %v, want ErrLost", err)
	}
	if n := w.count(`SELECT count(*) FROM address`); n != 0 {
		t.Fatalf("%d addresses stored", n)
	}
	next, err := w.issuer.Attested(t.Context())
	w.must(err)
	w.must(w.issuer.BurnUpTo(t.Context(), next+20))
	w.must(w.issuer.Start(t.Context()))
	if len(w.watched) != 54 {
		t.Fatalf("%d addresses watched, want 50 and a pool of 4", len(w.watched))
	}
	r, _ := w.receipt(w.request())
	if !strings.HasSuffix(r.DepositPath, "/50") {
		t.Fatalf("gave %s, want index 50", r.DepositPath)
	}
}
