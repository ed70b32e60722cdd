package main

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
)

// columns are the values of one statement: for each column an array.
type columns struct {
	texts [][]string
	ints  [][]int64
	times [][]time.Time
	rows  int
}

func (c *columns) add(texts []string, ints []int64, times []time.Time) {
	if c.rows == 0 {
		c.texts, c.ints, c.times = make([][]string, len(texts)), make([][]int64, len(ints)), make([][]time.Time, len(times))
	}
	c.rows++
	for i, v := range texts {
		c.texts[i] = append(c.texts[i], v)
	}
	for i, v := range ints {
		c.ints[i] = append(c.ints[i], v)
	}
	for i, v := range times {
		c.times[i] = append(c.times[i], v)
	}
}

// queue adds the statement unless it has no rows. Its arguments are the texts, then
// the numbers, then the times.
func (c *columns) queue(p *pgx.Batch, sql string) {
	if c.rows == 0 {
		return
	}
	var args []any
	for _, v := range c.texts {
		args = append(args, v)
	}
	for _, v := range c.ints {
		args = append(args, v)
	}
	for _, v := range c.times {
		args = append(args, v)
	}
	p.Queue(sql, args...)
}

// writtenRows are all rows that one batch of facts comes to.
type writtenRows struct {
	created, updated, deadlines    columns
	newDeposits, deposits          columns
	newPayments, payments          columns
	events, entries, posts, outbox columns
}

const (
	handOffset = `INSERT INTO consumer_offset (consumer, topic, partition, next_offset) VALUES ('hand', 'ferry.facts', $3, $2)
		ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset WHERE consumer_offset.next_offset = $1`
	handCreated = `INSERT INTO swap (id, state, signed_quote, signed_receipt, quote_id, pair, deposit_units, payout_units, deposit_address,
		payout_address, refund_address, reason, seen, version, created_at, updated_at)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[],
		$9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::bigint[], $15::timestamptz[], $16::timestamptz[])`
	handDeadlines = `INSERT INTO deadline (swap_id, name, due_at) SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])`
	handUpdated   = `UPDATE swap s SET state = n.state, reason = n.reason, seen = n.seen, version = n.version, updated_at = n.at
		FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::bigint[], $6::bigint[], $7::timestamptz[])
		AS n (id, state, reason, seen, base, version, at) WHERE s.id = n.id AND s.version = n.base`
	handNewDeposits = `INSERT INTO deposit (swap_id, deposit_id, txid, units, state, verdict, body, position)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[])`
	handDeposits = `UPDATE deposit d SET state = n.state, verdict = n.verdict, body = n.body
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[]) AS n (swap_id, id, state, verdict, body)
		WHERE d.swap_id = n.swap_id AND d.deposit_id = n.id`
	handNewPayments = `INSERT INTO payment (order_id, swap_id, purpose, units, state, txid, body, position)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[])`
	handPayments = `UPDATE payment p SET state = n.state, txid = n.txid, body = n.body
		FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) AS n (id, state, txid, body) WHERE p.order_id = n.id`
	handEvents = `INSERT INTO swap_event (swap_id, source, kind, from_state, to_state, note, fact, version, seq, at)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[],
		$9::bigint[], $10::timestamptz[])`
	handEntries = `INSERT INTO entry (key, kind, swap_id) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`
	handPosts   = `INSERT INTO posting (entry_key, account, asset, units, n)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::bigint[])`
	handOutbox = `INSERT INTO outbox (topic, key, kind, body) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`
)

func (w *writtenRows) pipeline(partition int32, from, next int64) *pgx.Batch {
	p := &pgx.Batch{}
	p.Queue(handOffset, from, next, partition)
	w.created.queue(p, handCreated)
	w.deadlines.queue(p, handDeadlines)
	w.updated.queue(p, handUpdated)
	w.newDeposits.queue(p, handNewDeposits)
	w.deposits.queue(p, handDeposits)
	w.newPayments.queue(p, handNewPayments)
	w.payments.queue(p, handPayments)
	w.events.queue(p, handEvents)
	w.entries.queue(p, handEntries)
	w.posts.queue(p, handPosts)
	w.outbox.queue(p, handOutbox)
	return p
}

func (w *writtenRows) add(f statemachine.Folded) error {
	s := f.Swap
	var failed error
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			failed = err
		}
		return string(raw)
	}
	if f.BaseVersion == 0 {
		q, r := s.Terms.Quote, s.Terms.Receipt
		w.created.add([]string{s.ID, string(s.State), s.Terms.SignedQuote, s.Terms.SignedReceipt, q.ID, q.Pair.String(),
			q.Deposit.Units.String(), q.Payout.Units.String(), r.DepositAddress, r.PayoutAddress, r.RefundAddress, s.Reason, text(s.Seen)},
			[]int64{s.Version}, []time.Time{s.CreatedAt, s.UpdatedAt})
		w.deadlines.add([]string{s.ID, string(swap.DeadlineDepositBy)}, nil, []time.Time{r.DepositBy})
		w.deadlines.add([]string{s.ID, string(swap.DeadlineConfirmBy)}, nil, []time.Time{r.ConfirmBy})
	} else {
		w.updated.add([]string{s.ID, string(s.State), s.Reason, text(s.Seen)}, []int64{f.BaseVersion, s.Version}, []time.Time{s.UpdatedAt})
	}
	w.addLegs(f, text)
	for _, e := range f.Events {
		w.events.add([]string{s.ID, e.Fact.Source, string(e.Fact.Kind), string(e.From), string(e.To), e.Note, text(e.Fact)},
			[]int64{e.Version, e.Fact.Seq}, []time.Time{e.Fact.At})
	}
	for _, e := range f.Entries {
		w.entries.add([]string{e.Key, e.Kind, e.SwapID}, nil, nil)
		for n, p := range e.Postings {
			w.posts.add([]string{e.Key, string(p.Account), string(p.Amount.Asset), p.Signed().String()}, []int64{int64(n)}, nil)
		}
	}
	for _, o := range f.Orders {
		w.outbox.add([]string{bus.TopicOrders, o.SwapID, bus.KindOrder, text(o)}, nil, nil)
	}
	for _, u := range f.Told() {
		w.outbox.add([]string{bus.TopicUpdates, u.SwapID, bus.KindUpdate, text(u)}, nil, nil)
	}
	return failed
}

// addLegs knows from the fact which leg is new: a deposit when it is seen, a
// payment when it is ordered.
func (w *writtenRows) addLegs(f statemachine.Folded, text func(any) string) {
	s, kind := f.Swap, f.Events[0].Fact.Kind
	for i, d := range s.Deposits {
		switch kind {
		case swap.FactDepositSeen:
			w.newDeposits.add([]string{s.ID, d.ID, d.TxID, d.Amount.Units.String(), string(d.State), string(d.Verdict), text(d)}, []int64{int64(i)}, nil)
		case swap.FactDepositInBlock, swap.FactDepositConfirmed:
			w.deposits.add([]string{s.ID, d.ID, string(d.State), string(d.Verdict), text(d)}, nil, nil)
		default:
		}
	}
	for i, p := range s.Payments {
		if kind == swap.FactDepositConfirmed {
			w.newPayments.add([]string{p.OrderID, s.ID, string(p.Purpose), p.Amount.Units.String(), string(p.State), p.TxID, text(p)}, []int64{int64(i)}, nil)
			continue
		}
		w.payments.add([]string{p.OrderID, string(p.State), p.TxID, text(p)}, nil, nil)
	}
}
