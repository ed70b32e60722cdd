package postgres_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: several swaps of every policy have hundreds of random facts told in random
// batches, out of order and repeated, through swapd's handler. Test: the timeline alone
// gives each row: folding the stored facts, in the order of their versions, with the pure
// rules is the same swap in every part.
func TestRowsAreRebuiltFromTheTimeline(t *testing.T) {
	t.Parallel()
	const seeds, swaps, batches = 4, 8, 60
	states, kinds := map[swap.State]int{}, map[swap.FactKind]int{}
	for seed := range uint64(seeds) {
		b := setup(t)
		b.handler.Rules.StaffAlone = map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1_100_000)}
		c := newChaos(t, b, rand.New(rand.NewPCG(4, seed)), swaps)
		for range batches {
			if err := b.handler.Handle(t.Context(), b.batch(c.records(t)...)); err != nil {
				t.Fatal(err)
			}
			c.look(t)
		}
		for _, terms := range c.terms {
			id := terms.Receipt.SwapID
			stored := b.load(t, id).Swap
			if stored == nil {
				t.Fatalf("swap %s was never made", id)
			}
			events := b.timeline(t, id)
			rebuilt := b.rebuild(t, events)
			if got, want := flat(rebuilt), flat(*stored); got != want {
				t.Fatalf("seed %d: rebuilt from %d events, %s is\n%s\nand stored is\n%s", seed, len(events), id, got, want)
			}
			for _, e := range events {
				states[e.To]++
				kinds[e.Fact.Kind]++
			}
		}
	}
	for _, stage := range statemachine.Stages() {
		if states[stage.State] == 0 {
			t.Errorf("no fact led to %s: %v", stage.State, states)
		}
	}
	for _, kind := range everyKind {
		if kinds[kind] == 0 {
			t.Errorf("no timeline has a %s: %v", kind, kinds)
		}
	}
}

// everyKind is all there is to tell of.
var everyKind = []swap.FactKind{swap.FactSwapCreated, swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed,
	swap.FactDepositReplaced, swap.FactDepositReorged, swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed,
	swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed, swap.FactRequoted, swap.FactAnswered, swap.FactRefundAddressSet,
	swap.FactStaffAction, swap.FactStaffApproved, swap.FactDeadlinePassed}

// timeline reads what was stored of a swap's events.
func (b *bundle) timeline(t *testing.T, id string) []statemachine.Event {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), `SELECT version, source, seq, from_state, to_state, note, fact FROM swap_event
		WHERE swap_id = $1 ORDER BY version`, id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e statemachine.Event, err error) {
		var source string
		var seq int64
		var raw []byte
		if err := row.Scan(&e.Version, &source, &seq, &e.From, &e.To, &e.Note, &raw); err != nil {
			return e, err
		}
		err = json.Unmarshal(raw, &e.Fact)
		e.Fact.Source, e.Fact.Seq = source, seq
		return e, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// rebuild applies each event as it was applied the first time. A fact that had been
// parked has a number below what was seen of its source since.
func (b *bundle) rebuild(t *testing.T, events []statemachine.Event) swap.Swap {
	t.Helper()
	var current *swap.Swap
	for _, e := range events {
		var seen int64
		if current != nil {
			seen = current.Seen[e.Fact.Source]
			current.Seen[e.Fact.Source] = min(seen, e.Fact.Seq-1)
		}
		d, err := b.handler.Rules.Decide(current, e.Fact)
		if err != nil || d.Outcome != statemachine.Applied {
			t.Fatalf("event %d of %s, %s, is %s now: %s %v", e.Version, e.Fact.SwapID, e.Fact.Kind, d.Outcome, d.Reason, err)
		}
		if d.Swap.Version != e.Version || d.From != e.From || d.Swap.State != e.To || d.Note != e.Note {
			t.Fatalf("event %d of %s is now %s → %s, %q; it was %s → %s, %q", e.Version, e.Fact.SwapID, d.From, d.Swap.State, d.Note, e.From, e.To, e.Note)
		}
		d.Swap.Seen[e.Fact.Source] = max(seen, e.Fact.Seq)
		current = &d.Swap
	}
	return *current
}

// flat is the whole row as text: state, version, terms, reason, times, deposits,
// payments, what was amended, and the numbers seen.
func flat(s swap.Swap) string {
	s.CreatedAt, s.UpdatedAt = s.CreatedAt.UTC(), s.UpdatedAt.UTC()
	if len(s.Deposits) == 0 {
		s.Deposits = nil
	}
	if len(s.Payments) == 0 {
		s.Payments = nil
	}
	return fmt.Sprintf("%+v", s)
}
