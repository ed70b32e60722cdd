package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
)

// Apply stores what was folded from one batch of one partition, and the batch's
// offset, in one transaction and one round trip. ErrStale if any guard fires:
// then nothing is stored.
func (s *Store) Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	return s.apply(ctx, []bus.Batch{b}, folded)
}

// apply stores what was folded from batches of different partitions.
func (s *Store) apply(ctx context.Context, batches []bus.Batch, folded []statemachine.Folded) error {
	w, err := collect(folded)
	if err != nil {
		return err
	}
	// Without BEGIN the pipeline is one transaction of its own, up to its end.
	pipeline := &pgx.Batch{}
	bus.QueueAdvance(pipeline, Consumer, batches...)
	for _, b := range batches {
		for _, reason := range b.Malformed {
			w.malformed = append(w.malformed, reason.Error())
		}
	}
	w.queue(pipeline)
	err = s.pool.SendBatch(ctx, pipeline).Close()
	if isStale(err) {
		return fmt.Errorf("apply %d swaps: %w: %w", len(folded), ErrStale, err)
	}
	if err != nil {
		return fmt.Errorf("apply %d swaps: %w", len(folded), err)
	}
	return nil
}

// write is the batch as columns, table by table.
type write struct {
	created, updated                               swapColumns
	deadlineSwaps, deadlineNames                   []string
	deadlineTimes                                  []time.Time
	displacedSwaps, displacedIDs                   []string
	deposits                                       depositColumns
	payments                                       paymentColumns
	events                                         eventColumns
	entryKeys, entryKinds, entrySwaps              []string
	postingKeys, postingAccounts, postingAssets    []string
	postingNumbers                                 []int
	postingUnits                                   []string
	parkSwaps, parkSources, parkKinds, parkReasons []string
	parkSeqs                                       []int64
	parkFacts                                      []string
	unparkSwaps, unparkSources                     []string
	unparkSeqs                                     []int64
	malformed                                      []string
	messages                                       []bus.Message
}

type swapColumns struct {
	ids, states, quotes, receipts, quoteIDs, pairs     []string
	depositUnits, payoutUnits                          []string
	depositAddresses, payoutAddresses, refundAddresses []string
	reasons, seen, amended                             []string
	bases, versions                                    []int64
	createdAt, updatedAt                               []time.Time
}

type depositColumns struct {
	swaps, ids, txids, units, states, verdicts, bodies []string
	positions                                          []int
}

type paymentColumns struct {
	ids, swaps, purposes, units, states, txids, bodies []string
	positions                                          []int
}

type eventColumns struct {
	swaps, sources, kinds, from, to, notes, facts []string
	versions, seqs                                []int64
	at                                            []time.Time
}

func collect(folded []statemachine.Folded) (*write, error) {
	w := &write{}
	for _, f := range folded {
		for _, step := range []func(statemachine.Folded) error{w.addSwap, w.addTimeline, w.addPostings, w.addParked, w.addMessages} {
			if err := step(f); err != nil {
				return nil, fmt.Errorf("swap %s: %w", f.SwapID, err)
			}
		}
	}
	return w, nil
}

func (w *write) addSwap(f statemachine.Folded) error {
	if f.Swap == nil || len(f.Events) == 0 {
		return nil
	}
	s := f.Swap
	seen, err := json.Marshal(s.Seen)
	if err != nil {
		return fmt.Errorf("encode seen: %w", err)
	}
	amended, err := json.Marshal(s.Amended)
	if err != nil {
		return fmt.Errorf("encode what was amended: %w", err)
	}
	c := &w.updated
	if f.BaseVersion == 0 {
		c = &w.created
		c.quotes, c.receipts = append(c.quotes, s.Terms.SignedQuote), append(c.receipts, s.Terms.SignedReceipt)
		c.quoteIDs, c.pairs = append(c.quoteIDs, s.Terms.Quote.ID), append(c.pairs, s.Terms.Quote.Pair.String())
		c.depositUnits = append(c.depositUnits, s.Terms.Quote.Deposit.Units.String())
		c.payoutUnits = append(c.payoutUnits, s.Terms.Quote.Payout.Units.String())
		c.depositAddresses = append(c.depositAddresses, s.Terms.Receipt.DepositAddress)
		c.payoutAddresses = append(c.payoutAddresses, s.Terms.Receipt.PayoutAddress)
		c.refundAddresses = append(c.refundAddresses, s.Terms.Receipt.RefundAddress)
		c.createdAt = append(c.createdAt, s.CreatedAt)
		w.addDeadline(s.ID, swap.DeadlineDepositBy, s.Terms.Receipt.DepositBy)
		w.addDeadline(s.ID, swap.DeadlineConfirmBy, s.Terms.Receipt.ConfirmBy)
	}
	for _, d := range f.Deadlines {
		w.addDeadline(s.ID, d.Name, d.Due)
	}
	c.ids, c.states = append(c.ids, s.ID), append(c.states, string(s.State))
	c.bases, c.versions = append(c.bases, f.BaseVersion), append(c.versions, s.Version)
	c.reasons, c.seen = append(c.reasons, s.Reason), append(c.seen, string(seen))
	c.amended = append(c.amended, string(amended))
	c.updatedAt = append(c.updatedAt, s.UpdatedAt)
	return w.addLegs(f.Base, s)
}

func (w *write) addDeadline(id string, name swap.DeadlineName, due time.Time) {
	w.deadlineSwaps, w.deadlineNames = append(w.deadlineSwaps, id), append(w.deadlineNames, string(name))
	w.deadlineTimes = append(w.deadlineTimes, due)
}

// addLegs writes the deposits and payments that differ from what was read; the
// guard of the swap's row covers those that do not, too.
func (w *write) addLegs(base, s *swap.Swap) error {
	if base == nil {
		base = &swap.Swap{}
	}
	for i, d := range base.Deposits {
		if s.Deposits[i].ID != d.ID { // another took its place; it may have a new one
			w.displacedSwaps, w.displacedIDs = append(w.displacedSwaps, s.ID), append(w.displacedIDs, d.ID)
		}
	}
	for i, d := range s.Deposits {
		if i < len(base.Deposits) && base.Deposits[i] == d {
			continue
		}
		body, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("encode deposit %s: %w", d.ID, err)
		}
		c := &w.deposits
		c.swaps, c.ids, c.txids = append(c.swaps, s.ID), append(c.ids, d.ID), append(c.txids, d.TxID)
		c.units, c.states = append(c.units, d.Amount.Units.String()), append(c.states, string(d.State))
		c.verdicts, c.positions = append(c.verdicts, string(d.Verdict)), append(c.positions, i)
		c.bodies = append(c.bodies, string(body))
	}
	for i, p := range s.Payments {
		if i < len(base.Payments) && reflect.DeepEqual(base.Payments[i], p) {
			continue
		}
		body, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("encode payment %s: %w", p.OrderID, err)
		}
		c := &w.payments
		c.ids, c.swaps, c.purposes = append(c.ids, p.OrderID), append(c.swaps, s.ID), append(c.purposes, string(p.Purpose))
		c.units, c.states = append(c.units, p.Amount.Units.String()), append(c.states, string(p.State))
		c.txids, c.positions = append(c.txids, p.TxID), append(c.positions, i)
		c.bodies = append(c.bodies, string(body))
	}
	return nil
}

func (w *write) addTimeline(f statemachine.Folded) error {
	for _, e := range f.Events {
		fact, err := json.Marshal(e.Fact)
		if err != nil {
			return fmt.Errorf("encode fact: %w", err)
		}
		c := &w.events
		c.swaps, c.versions = append(c.swaps, f.SwapID), append(c.versions, e.Version)
		c.sources, c.seqs = append(c.sources, e.Fact.Source), append(c.seqs, e.Fact.Seq)
		c.kinds, c.notes = append(c.kinds, string(e.Fact.Kind)), append(c.notes, e.Note)
		c.from, c.to = append(c.from, string(e.From)), append(c.to, string(e.To))
		c.facts, c.at = append(c.facts, string(fact)), append(c.at, e.Fact.At)
	}
	return nil
}

func (w *write) addPostings(f statemachine.Folded) error {
	for _, e := range f.Entries {
		if err := e.Validate(); err != nil {
			return err
		}
		w.entryKeys, w.entryKinds = append(w.entryKeys, e.Key), append(w.entryKinds, e.Kind)
		w.entrySwaps = append(w.entrySwaps, e.SwapID)
		for n, p := range e.Postings {
			w.postingKeys, w.postingNumbers = append(w.postingKeys, e.Key), append(w.postingNumbers, n)
			w.postingAccounts = append(w.postingAccounts, string(p.Account))
			w.postingAssets = append(w.postingAssets, string(p.Amount.Asset))
			w.postingUnits = append(w.postingUnits, p.Signed().String())
		}
	}
	return nil
}

func (w *write) addParked(f statemachine.Folded) error {
	for _, p := range f.Park {
		fact, err := json.Marshal(p.Fact)
		if err != nil {
			return fmt.Errorf("encode parked fact: %w", err)
		}
		w.parkSwaps, w.parkSources = append(w.parkSwaps, f.SwapID), append(w.parkSources, p.Fact.Source)
		w.parkSeqs, w.parkKinds = append(w.parkSeqs, p.Fact.Seq), append(w.parkKinds, string(p.Fact.Kind))
		w.parkFacts, w.parkReasons = append(w.parkFacts, string(fact)), append(w.parkReasons, p.Reason)
	}
	for _, fact := range f.Unpark {
		w.unparkSwaps, w.unparkSources = append(w.unparkSwaps, f.SwapID), append(w.unparkSources, fact.Source)
		w.unparkSeqs = append(w.unparkSeqs, fact.Seq)
	}
	return nil
}

func (w *write) addMessages(f statemachine.Folded) error {
	for _, o := range f.Orders {
		m, err := bus.OrderMessage(o)
		if err != nil {
			return err
		}
		w.messages = append(w.messages, m)
	}
	for _, r := range f.Requests {
		m, err := bus.RequoteMessage(r)
		if err != nil {
			return err
		}
		w.messages = append(w.messages, m)
	}
	for _, u := range f.Told() {
		m, err := bus.UpdateMessage(u)
		if err != nil {
			return err
		}
		w.messages = append(w.messages, m)
	}
	return nil
}

// queue adds the statements that have rows, parents before children.
func (w *write) queue(p *pgx.Batch) {
	add := func(rows int, sql string, args ...any) {
		if rows > 0 {
			p.Queue(sql, args...)
		}
	}
	c, u, d, y, e := w.created, w.updated, w.deposits, w.payments, w.events
	add(len(c.ids), insertSwapsSQL, c.ids, c.states, c.versions, c.quotes, c.receipts, c.quoteIDs, c.pairs, c.depositUnits,
		c.payoutUnits, c.depositAddresses, c.payoutAddresses, c.refundAddresses, c.reasons, c.seen, c.createdAt, c.updatedAt, c.amended)
	add(len(w.deadlineSwaps), insertDeadlinesSQL, w.deadlineSwaps, w.deadlineNames, w.deadlineTimes)
	add(len(u.ids), updateSwapsSQL, u.ids, u.bases, u.states, u.versions, u.reasons, u.seen, u.updatedAt, u.amended)
	add(len(w.displacedIDs), deleteDepositsSQL, w.displacedSwaps, w.displacedIDs)
	add(len(d.ids), upsertDepositsSQL, d.swaps, d.ids, d.txids, d.units, d.states, d.verdicts, d.positions, d.bodies)
	add(len(y.ids), upsertPaymentsSQL, y.ids, y.swaps, y.purposes, y.units, y.states, y.txids, y.positions, y.bodies)
	add(len(e.swaps), insertEventsSQL, e.swaps, e.versions, e.sources, e.seqs, e.kinds, e.from, e.to, e.notes, e.facts, e.at)
	add(len(w.entryKeys), insertEntriesSQL, w.entryKeys, w.entryKinds, w.entrySwaps)
	add(len(w.postingKeys), insertPostingsSQL, w.postingKeys, w.postingNumbers, w.postingAccounts, w.postingAssets, w.postingUnits)
	add(len(w.parkSwaps), parkSQL, w.parkSwaps, w.parkSources, w.parkSeqs, w.parkKinds, w.parkFacts, w.parkReasons)
	add(len(w.unparkSwaps), unparkSQL, w.unparkSwaps, w.unparkSources, w.unparkSeqs)
	add(len(w.malformed), malformedSQL, w.malformed)
	bus.QueuePut(p, w.messages...)
}
