package payment_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sights are what ordeals came to, in numbers: what none of them meets, none tests.
type sights struct {
	mu     sync.Mutex
	seeds  int
	counts map[string]int
}

// enoughSeeds is from how many seeds on each sight has to be met.
const enoughSeeds = 200

// sightings are what is counted, in the database of one ordeal.
var sightings = map[string]string{
	"orders paid":                         `SELECT count(*) FROM payment WHERE swap_id <> '' AND state = 'final'`,
	"paid together":                       `SELECT count(*) FROM batch WHERE cardinality(orders) > 1 AND state = 'final'`,
	"made anew after a proved death":      `SELECT count(*) FROM death`,
	"deaths of coins":                     `SELECT count(*) FROM death WHERE chain = 'bitcoin'`,
	"deaths by way of other transactions": `SELECT count(*) FROM death WHERE cardinality(lineage) > 0`,
	"failed and ordered again":            `SELECT coalesce(sum(retry), 0) FROM payment`,
	"second attempts":                     `SELECT count(*) FROM attempt WHERE n > 1 AND txid IS NOT NULL`,
	"earlier attempts mined":              `SELECT count(*) FROM attempt a WHERE state = 'mined' AND EXISTS (SELECT FROM attempt b WHERE b.batch_id = a.batch_id AND b.n > a.n AND b.txid IS NOT NULL)`,
	"sweeps":                              `SELECT count(*) FROM payment WHERE purpose = 'sweep' AND state = 'final'`,
	"top-ups":                             `SELECT count(*) FROM payment WHERE purpose = 'gas_topup' AND state = 'final'`,
	"blocks with foreign spends":          `SELECT count(*) FROM staff_action WHERE action = 'foreign spend'`,
	"payments taken back":                 `SELECT count(*) FROM outbox WHERE kind = 'payment.reorged'`,
}

// add counts what an ordeal came to.
func (s *sights) add(o *ordeal) {
	o.t.Helper()
	found := map[string]int{"crashes": o.crashes, "wait for a deposit that is gone": len(o.unended())}
	for what, sql := range sightings {
		found[what] = o.count(sql)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.seeds++
	for what, n := range found {
		s.counts[what] += n
	}
}

// tell logs the numbers, and fails for what was never met.
func (s *sights) tell(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for what, n := range s.counts {
		lines = append(lines, fmt.Sprintf("%6d  %s", n, what))
		if n == 0 && s.seeds >= enoughSeeds {
			t.Errorf("none of %d ordeals meets: %s", s.seeds, what)
		}
	}
	slices.Sort(lines)
	t.Logf("%d ordeals\n%s", s.seeds, strings.Join(lines, "\n"))
}
