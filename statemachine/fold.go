package statemachine

import (
	"slices"

	"ferry/swap"
	"ferry/swap/ledger"
)

// Case is one swap as stored: nil while unknown, and the facts parked for it.
type Case struct {
	Swap   *swap.Swap
	Parked []swap.Fact
}

// Event is one applied fact, as the timeline keeps it.
type Event struct {
	Version  int64
	Fact     swap.Fact
	From, To swap.State
	Note     string
	// Quiet: it was about dust and changed nothing that users wait for, so that its
	// update is left out where another one follows at once, which is whole all the same.
	// A hundred deposits of dust must not cost as much as a hundred swaps.
	Quiet bool
}

// ParkedFact is a fact that can't be applied yet, with the reason.
type ParkedFact struct {
	Fact   swap.Fact
	Reason string
}

// Folded is everything that follows from a batch of facts for one swap.
type Folded struct {
	SwapID string
	// Swap is nil if the swap is still unknown. Base is what was read, nil for a
	// new swap; BaseVersion is its version, or 0: the guard of the write.
	Swap        *swap.Swap
	Base        *swap.Swap
	BaseVersion int64
	Events      []Event
	Entries     []ledger.Entry
	Orders      []swap.Order
	Requests    []swap.RequoteRequest
	// Deadlines are added to the swap's; of those of one name the last counts.
	Deadlines []swap.DeadlineFact
	// Updates has one for each event, in order; see Told.
	Updates []swap.Update
	// Park are newly parked facts, Unpark formerly parked ones that were applied
	// or turned out to be duplicates.
	Park   []ParkedFact
	Unpark []swap.Fact
	// Duplicates counts facts that had been applied or parked before.
	Duplicates int
}

// Fold applies facts to one swap in their order, offering parked ones again
// after each fact that was applied. It is as pure as Decide.
func (r Rules) Fold(swapID string, c Case, facts []swap.Fact) (Folded, error) {
	f := folder{rules: r, parked: slices.Clone(c.Parked), out: Folded{SwapID: swapID}}
	if c.Swap != nil {
		current := clone(*c.Swap)
		f.out.Swap, f.out.Base, f.out.BaseVersion = &current, c.Swap, current.Version
	}
	for _, fact := range facts {
		if err := f.offer(fact); err != nil {
			return Folded{}, err
		}
	}
	return f.out, nil
}

type folder struct {
	rules  Rules
	parked []swap.Fact
	out    Folded
}

// offer decides one new fact and, if it was applied, offers the parked again.
func (f *folder) offer(fact swap.Fact) error {
	if f.wasParked(fact) {
		f.out.Duplicates++
		return nil
	}
	outcome, reason, err := f.apply(fact)
	switch {
	case err != nil:
		return err
	case outcome == Duplicate:
		f.out.Duplicates++
	case outcome == Parked:
		f.out.Park = append(f.out.Park, ParkedFact{Fact: fact, Reason: reason})
		f.parked = append(f.parked, fact)
	case outcome == Applied:
		return f.reoffer()
	}
	return nil
}

// apply runs Decide once. A parked fact has a sequence below what has been
// applied since; it is compared with what was parked, not with Seen.
func (f *folder) apply(fact swap.Fact) (Outcome, string, error) {
	d, err := f.rules.Decide(f.out.Swap, fact)
	if err != nil || d.Outcome != Applied {
		return d.Outcome, d.Reason, err
	}
	f.record(fact, d)
	return Applied, "", nil
}

func (f *folder) record(fact swap.Fact, d Decision) {
	s := d.Swap
	quiet := f.out.Swap != nil && isQuiet(*f.out.Swap, d, fact)
	f.out.Swap = &s
	f.out.Events = append(f.out.Events, Event{Version: s.Version, Fact: fact, From: d.From, To: s.State, Note: d.Note, Quiet: quiet})
	f.out.Entries = append(f.out.Entries, d.Entries...)
	f.out.Orders = append(f.out.Orders, d.Orders...)
	f.out.Requests = append(f.out.Requests, d.Requests...)
	f.out.Deadlines = append(f.out.Deadlines, d.Deadlines...)
	f.out.Updates = append(f.out.Updates, Describe(s, fact.Kind, publicNote(fact, d)))
}

// publicNote is what users read of a decision. What staff say, and who they are, is on
// the timeline and for support alone.
func publicNote(f swap.Fact, d Decision) string {
	if f.Staff != nil {
		return ""
	}
	return d.Note
}

// isQuiet: the fact is about a deposit that is no part of anything, and people would be
// told the same as before.
func isQuiet(before swap.Swap, d Decision, f swap.Fact) bool {
	if f.Deposit == nil || d.From != d.Swap.State || len(d.Orders)+len(d.Requests)+len(d.Deadlines) > 0 || before.Reason != d.Swap.Reason {
		return false
	}
	i := d.depositIndex(f.Deposit.DepositID)
	if i < 0 || !d.Swap.Deposits[i].Small || d.Swap.Deposits[i].Main {
		return false
	}
	verdict := d.Swap.Deposits[i].Verdict
	return (verdict == swap.VerdictDust || verdict == swap.VerdictNone) && waiting(before) == waiting(d.Swap)
}

// Told are the updates that are published: all but those of quiet events that another
// one follows, so that what comes together is told once.
func (f Folded) Told() []swap.Update {
	told := make([]swap.Update, 0, len(f.Updates))
	for i, u := range f.Updates {
		if !f.Events[i].Quiet || i == len(f.Updates)-1 {
			told = append(told, u)
		}
	}
	return told
}

// reoffer gives every parked fact another chance until none can be applied. A
// fact that stays parked costs one decision for each applied one; parked facts
// are few, and bounded by the store.
func (f *folder) reoffer() error {
	for progress := true; progress; {
		progress = false
		for i, fact := range f.parked {
			applied, err := f.retry(fact)
			if err != nil {
				return err
			}
			if applied {
				f.parked = slices.Delete(f.parked, i, i+1)
				progress = true
				break
			}
		}
	}
	return nil
}

// retry decides a parked fact as if its number were new, and keeps what has been
// seen of its source as it was: later facts of it may have been applied already.
func (f *folder) retry(fact swap.Fact) (bool, error) {
	if f.out.Swap == nil {
		return false, nil
	}
	current := clone(*f.out.Swap)
	seen := current.Seen[fact.Source]
	current.Seen[fact.Source] = min(seen, fact.Seq-1)
	d, err := f.rules.Decide(&current, fact)
	if err != nil || d.Outcome != Applied {
		return false, err
	}
	d.Swap.Seen[fact.Source] = max(seen, fact.Seq)
	f.record(fact, d)
	if i := slices.IndexFunc(f.out.Park, func(p ParkedFact) bool { return same(p.Fact, fact) }); i >= 0 {
		f.out.Park = slices.Delete(f.out.Park, i, i+1)
	} else {
		f.out.Unpark = append(f.out.Unpark, fact)
	}
	return true, nil
}

func (f *folder) wasParked(fact swap.Fact) bool {
	return slices.ContainsFunc(f.parked, func(p swap.Fact) bool { return same(p, fact) })
}

func same(a, b swap.Fact) bool { return a.Source == b.Source && a.Seq == b.Seq }
