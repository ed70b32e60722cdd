package payment_test

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"sync/atomic"
	"testing"

	"ferry/swap"
)

var everyCell = flag.Bool("cells", false, "play every cell of the crash sweep over payments, not one of each purpose and answer")

// cell is one death: at the nth boundary of a purpose's way, with an answer of the node.
type cell struct {
	purpose string
	answer  answer
	n       int
}

func (c cell) String() string { return fmt.Sprintf("%s, %s, boundary %d", c.purpose, c.answer, c.n) }

// courseMost bounds the rounds of a course, from its begin to its end.
const courseMost = 30

// Each purpose of a payment on its whole way, with each answer that the node may give to
// it, and a death at every boundary of an effect or a write, then a restart: there is at
// most one effect, its amount is exact, the books balance, nothing stays reserved, no
// nonce is left out, and nothing was handed in that is not stored. What steps there are is
// found by walking the way once.
func TestCrashesOfEveryPurpose(t *testing.T) {
	t.Parallel()
	met, cells, walked := newSteps(t), &atomic.Int64{}, &atomic.Int64{}
	t.Cleanup(func() {
		all := courses()
		t.Logf("%d cells: %d purposes, %d answers, %d steps named in the sources, each with its restart", cells.Load(), len(all), len(allAnswers), len(met.named))
		if int(walked.Load()) == len(all) { // -run may have left some out
			met.all(t)
		}
	})
	for _, p := range courses() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newSweeper(t, p.on)
			if p.ready != nil {
				p.ready(s)
			}
			r := &course{sweeper: s, purpose: p}
			steps := r.clean()
			met.meet(steps)
			played := 0
			for _, a := range allAnswers {
				played += r.play(a, steps)
			}
			cells.Add(int64(played))
			walked.Add(1)
			t.Logf("%d cells, %d boundaries on the way", played, len(steps))
		})
	}
}

// course plays one purpose again and again in one world.
type course struct {
	*sweeper
	purpose purpose
}

// clean walks the way without a death and returns the boundaries that it passes.
func (r *course) clean() []string {
	r.t.Helper()
	check := r.purpose.begin(r.sweeper)
	*r.fuse = fuse{wide: true}
	r.walk()
	steps := r.fuse.names
	*r.fuse = fuse{}
	r.settled(cell{purpose: r.purpose.name}, check)
	if len(steps) < 8 {
		r.t.Fatalf("%s passes no more than %v", r.purpose.name, steps)
	}
	return steps
}

// play dies at each boundary with one answer, or at one of them in a sample.
func (r *course) play(a answer, steps []string) (played int) {
	r.t.Helper()
	for n := 1; ; n++ {
		c := cell{r.purpose.name, a, n}
		if !*everyCell {
			c.n = 1 + c.lot(len(steps))
		}
		met := r.die(c)
		if !met && c.n <= len(steps) {
			r.t.Fatalf("%s: it did not die (%s)", c, steps[c.n-1])
		}
		if !met {
			return played
		}
		if played++; !*everyCell {
			return played
		}
	}
}

// lot is one of so many, the same for a purpose and an answer.
func (c cell) lot(of int) int {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s %s", c.purpose, c.answer) // a hash takes everything
	return int(h.Sum32() % uint32(of))
}

// die plays one cell and reports whether the death was met.
func (r *course) die(c cell) bool {
	r.t.Helper()
	check := r.purpose.begin(r.sweeper)
	*r.answers = answers{next: c.answer}
	where := r.walkTo(c.n)
	*r.fuse = fuse{}
	if where != "" {
		r.stored(c, where)
		r.chain.FailCalls(0)
		r.restart()
		r.open()
	}
	r.walk()
	if r.answers.next != "" {
		r.t.Fatalf("%s: nothing was handed in", c)
	}
	r.settled(c, check)
	return where != ""
}

// walkTo walks until it dies at boundary n; it returns where, "" if it did not.
func (r *course) walkTo(n int) (where string) {
	*r.fuse = fuse{at: n, wide: true}
	defer func() {
		if gone := recover(); gone != nil {
			died, ok := gone.(crash)
			if !ok {
				panic(gone)
			}
			where = died.where
		}
	}()
	r.walk()
	return ""
}

// walk has all run until nothing is open. While the node is away calls fail: they are made
// again in the next round.
func (r *course) walk() {
	r.t.Helper()
	ctx := context.Background()
	var trouble error
	for range courseMost {
		if r.signer.conflicting != "" {
			r.t.Fatal(r.signer.conflicting)
		}
		trouble = nil
		if r.purpose.house {
			trouble = r.runner.Look(ctx)
		}
		r.clock.advance(r.purpose.pace())
		if err := r.engine.Round(ctx); err != nil {
			trouble = err
		}
		if r.purpose.round != nil {
			r.purpose.round(r.sweeper)
		}
		r.chain.Mine(1)
		if err := r.watcher.Step(ctx); err != nil {
			trouble = err
		}
		if trouble == nil && r.unfinished() == 0 {
			return
		}
	}
	r.t.Fatalf("%s does not end (%v): %s", r.purpose.name, trouble, r.text(`SELECT coalesce(string_agg(order_id || ' ' || state || ' ' || reason, ', '), '')
		FROM payment WHERE state <> 'final'`))
}

// unfinished is how many payments are to be made, or to get deeper.
func (r *course) unfinished() int {
	r.t.Helper()
	if r.purpose.house && r.count(`SELECT count(*) FROM payment WHERE swap_id = '' AND state = 'final'`) < r.want {
		return 1
	}
	return r.count(`SELECT count(*) FROM payment p WHERE state NOT IN ('final', 'failed') OR state = 'failed' AND swap_id <> '' AND batch_id IS NOT NULL`)
}

// stored checks at a death that nodes know no transaction of ours that our rows do not.
func (r *course) stored(c cell, where string) {
	r.t.Helper()
	for _, txid := range r.chain.Broadcasts() {
		if r.count(`SELECT count(*) FROM attempt WHERE txid = $1`, txid) == 0 {
			r.t.Fatalf("%s (%s): %s was handed in and is not stored", c, where, txid)
		}
	}
}

// settled checks all that has to hold at the end.
func (r *course) settled(c cell, check func()) {
	r.t.Helper()
	r.stored(c, "the end")
	check()
	r.balanced()
	for what, sql := range map[string]string{
		"left on its way": `SELECT count(*) FROM (SELECT FROM posting WHERE account IN ('in_flight', 'payment_confirming')
			GROUP BY account, asset HAVING sum(units) <> 0) x`,
		"reserved for ever": `SELECT count(*) FROM coin WHERE reserved_by IS NOT NULL AND spent_txid IS NULL`,
		"nonces left out": `SELECT coalesce(sum(next - used), 0) FROM (SELECT max(nonce) + 1 next, count(DISTINCT nonce) used
			FROM attempt WHERE nonce IS NOT NULL AND state <> 'dropped' GROUP BY sender) x`,
		"nonces used twice": `SELECT count(*) FROM (SELECT FROM attempt WHERE nonce IS NOT NULL AND state = 'mined'
			GROUP BY sender, nonce HAVING count(*) > 1) x`,
		"payments without end": `SELECT count(*) FROM payment WHERE state NOT IN ('final', 'failed')`,
	} {
		if n := r.count(sql); n != 0 {
			r.t.Fatalf("%s: %d %s", c, n, what)
		}
	}
}

// once are the orders, each paid once and exactly.
func (s *sweeper) once(orders ...swap.Order) func() {
	return func() {
		s.t.Helper()
		for _, o := range orders {
			s.paidOnce(o)
		}
	}
}
