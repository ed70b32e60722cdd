package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

const group = "requotes"

// requotes are the batches of one partition of requests.
type requotes struct {
	bench
	partition int32
	next      int64
}

// answer stores the answers as the partition's next batch.
func (q *requotes) answer(t *testing.T, answers ...liquidity.Answer) []liquidity.Answered {
	t.Helper()
	told, err := q.store.Answer(t.Context(), group, q.batch(), answers)
	if err != nil {
		t.Fatal(err)
	}
	q.next++
	return told
}

func (q *requotes) batch() bus.Batch {
	return bus.Batch{Topic: bus.TopicRequotes, Partition: q.partition, From: q.next, Next: q.next + 1}
}

// asked is a request of the n-th price of a deposit.
func (b bench) asked(swapID, deposit string, n int, main bool) swap.RequoteRequest {
	d := swap.OrderDeposit{ID: deposit, Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(5)}}
	return swap.RequoteRequest{ID: swap.RequestID(deposit, n), SwapID: swapID, Main: main, Basis: swap.BasisMarket,
		Deposits: []swap.OrderDeposit{d}, SignedQuote: "q", SignedReceipt: "r", At: b.clock.now()}
}

// requoted answers a request with 0.9 ETH a piece and 0.1 ETH of network fee, within a
// balance of n ETH.
func (b bench) requoted(r swap.RequoteRequest, pieces, n int) liquidity.Answer {
	eth := func(tenths int) asset.Amount {
		return asset.Amount{Asset: asset.ETH, Units: asset.MustUnits(fmt.Sprintf("%d00000000000000000", tenths))}
	}
	return liquidity.Answer{Request: r, Signed: "signed " + r.ID, Bounds: b.bounds(n), At: b.clock.now(),
		Requote: swap.Requote{ID: r.ID, SwapID: r.SwapID, Main: r.Main, Payout: eth(10*pieces - 1), NetworkFee: eth(1)}}
}

// refusedFor answers a request with a refusal.
func (b bench) refusedFor(r swap.RequoteRequest, reason string) liquidity.Answer {
	return liquidity.Answer{Request: r, Refused: reason, Offer: asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(7)}, At: b.clock.now()}
}

// facts are what the outbox tells, in order.
func (b bench) facts(t *testing.T) []swap.Fact {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), "SELECT topic, key, kind, body::text FROM outbox ORDER BY xid, id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var facts []swap.Fact
	for rows.Next() {
		var topic, key, kind, body string
		var f swap.Fact
		if err := errors.Join(rows.Scan(&topic, &key, &kind, &body), json.Unmarshal([]byte(body), &f)); err != nil {
			t.Fatal(err)
		}
		if topic != bus.TopicFacts || key != f.SwapID || kind != string(swap.FactRequoted) || f.Validate() != nil {
			t.Errorf("%s told %s of %s: %+v", topic, kind, key, f)
		}
		facts = append(facts, f)
	}
	return facts
}

func (b bench) openRequotes(t *testing.T) (n int) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM requote WHERE refused IS NULL AND closed_at IS NULL").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A request has one answer, which is told once and kept, whatever is repeated: in
// another batch, and in the same.
func TestOneAnswerPerRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	a, c := b.asked(newSwap(), "bitcoin:a:0", 1, true), b.asked(newSwap(), "bitcoin:c:0", 3, false)
	told := q.answer(t, b.requoted(a, 1, 10), b.refusedFor(c, swap.RefusedBeyond), b.requoted(c, 1, 10))
	if want := fmt.Sprint([]liquidity.Answered{{RequestID: a.ID}, {RequestID: c.ID, Refused: swap.RefusedBeyond}, {RequestID: c.ID, Repeated: true}}); fmt.Sprint(told) != want {
		t.Errorf("told %v, want %v", told, want)
	}
	b.clock.forward(time.Hour)
	for range 2 {
		told = q.answer(t, b.refusedFor(a, swap.RefusedUnavailable), b.requoted(c, 5, 10))
		if !told[0].Repeated || !told[1].Repeated {
			t.Errorf("repeated: %v", told)
		}
	}
	facts := b.facts(t)
	if len(facts) != 2 || facts[0].Requoted.SignedRequote != "signed "+a.ID || facts[1].Requoted.Refused != swap.RefusedBeyond ||
		facts[1].Requoted.Offer.Units != asset.NewUnits(7) || !facts[0].At.Equal(start) {
		t.Errorf("facts %+v", facts)
	}
	if got := b.reserved(t); got != "1" {
		t.Errorf("reserved %s, want 1", got)
	}
	var n int
	err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM requote WHERE
		(request_id = $1 AND main AND order_id = 'payout:' || swap_id AND deposit_ids = '{bitcoin:a:0}' AND asked = 1 AND payout_asset = 'ETH'
		 AND payout_units = 9e17 AND network_fee_units = 1e17 AND signed_requote = 'signed ' || $1 AND asked_at = $3 AND booked_at = $3) OR
		(request_id = $2 AND NOT main AND order_id = 'payout:bitcoin:c:0' AND asked = 3 AND refused = 'beyond_tolerance' AND offer_units = 7 AND payout_asset IS NULL)`,
		a.ID, c.ID, start).Scan(&n)
	if err != nil || n != 2 {
		t.Errorf("%d rows are as they were answered (%v), want 2", n, err)
	}
}

// A batch that was overtaken stores nothing: no offset, no row, no fact.
func TestAnswersOfAnOvertakenBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	q.answer(t)
	r := b.asked(newSwap(), "bitcoin:a:0", 1, true)
	stale := bus.Batch{Topic: bus.TopicRequotes, From: 0, Next: 5}
	if _, err := b.store.Answer(t.Context(), group, stale, []liquidity.Answer{b.requoted(r, 1, 10)}); !errors.Is(err, bus.ErrOffsetMoved) {
		t.Errorf("%v, want ErrOffsetMoved", err)
	}
	if next, err := b.store.Offset(t.Context(), group, bus.TopicRequotes, 0); next != 1 || err != nil {
		t.Errorf("offset %d, %v; want 1", next, err)
	}
	if n := b.openRequotes(t); n != 0 || len(b.facts(t)) != 0 || b.reserved(t) != "0" {
		t.Errorf("%d requotes, %d facts, %s reserved", n, len(b.facts(t)), b.reserved(t))
	}
	// Nor does one of which a part can't be stored: all of it is read again.
	bad := b.refusedFor(b.asked(newSwap(), "bitcoin:b:0", 1, true), "because")
	if _, err := b.store.Answer(t.Context(), group, q.batch(), []liquidity.Answer{b.requoted(r, 1, 10), bad}); err == nil {
		t.Error("a refusal outside the vocabulary was stored")
	}
	if n := b.openRequotes(t); n != 0 || len(b.facts(t)) != 0 {
		t.Errorf("%d requotes, %d facts of a batch that failed", n, len(b.facts(t)))
	}
	q.answer(t, b.requoted(r, 1, 10))
	if n := b.openRequotes(t); n != 1 || len(b.facts(t)) != 1 {
		t.Errorf("%d requotes, %d facts after it was read again", n, len(b.facts(t)))
	}
}

// The requote of a main leg takes the place of the swap's lock, and of the requote
// before it; that of an extra deposit only of its own. None is measured against what it
// replaces, and one that does not fit leaves what was promised before.
func TestRequotesReplace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	id, other := newSwap(), newSwap()
	for _, x := range []string{id, other} {
		l := b.lock("alice")
		b.mustBook(t, l)
		b.mustAccept(t, l, x)
	}
	want := func(doing, reserved string, open int) {
		t.Helper()
		b.clock.forward(time.Microsecond) // a balance from after the end
		if got := b.reserved(t); got != reserved {
			t.Errorf("%s: %s reserved, want %s", doing, got, reserved)
		}
		if n := b.openRequotes(t); n != open {
			t.Errorf("%s: %d requotes open, want %d", doing, n, open)
		}
	}
	refused := func(doing string, told []liquidity.Answered) {
		t.Helper()
		if told[0].Refused != swap.RefusedUnavailable {
			t.Errorf("%s: %+v, want it refused", doing, told)
		}
	}
	want("two locks", "2", 0)
	// 3 ETH: the other swap's lock and 2 fit, since the swap's own lock is replaced.
	refused("one too much", q.answer(t, b.requoted(b.asked(id, "bitcoin:a:0", 1, true), 3, 3)))
	want("nothing replaced", "2", 0)
	if told := q.answer(t, b.requoted(b.asked(id, "bitcoin:a:0", 2, true), 2, 3)); told[0].Refused != "" {
		t.Errorf("%+v", told)
	}
	want("lock replaced", "3", 1)
	refused("an extra one is another promise", q.answer(t, b.requoted(b.asked(id, "bitcoin:x:0", 1, false), 1, 3)))
	q.answer(t, b.requoted(b.asked(id, "bitcoin:x:0", 2, false), 1, 4))
	want("an extra one beside", "4", 2)
	q.answer(t, b.requoted(b.asked(id, "bitcoin:a:0", 3, true), 2, 4))
	want("main requote replaced", "4", 2)
	q.answer(t, b.requoted(b.asked(id, "bitcoin:x:0", 3, false), 1, 4))
	want("extra requote replaced", "4", 2)
	var closed int
	err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM lock WHERE swap_id = $1 AND closed_at IS NOT NULL", id).Scan(&closed)
	if err != nil || closed != 1 {
		t.Errorf("%d locks of the swap are closed (%v), want 1", closed, err)
	}
	var told int
	for _, f := range b.facts(t) {
		if f.Requoted.Refused == swap.RefusedUnavailable && f.Requoted.SignedRequote == "" && !f.Requoted.Offer.Units.IsZero() {
			told++
		}
	}
	if told != 2 {
		t.Errorf("%d refusals told with their offer, want 2", told)
	}
}

// Requotes count in every sum over promises, as accepted locks do.
func TestRequotesAreReserved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	q.answer(t, b.requoted(b.asked(newSwap(), "bitcoin:a:0", 1, true), 2, 10), b.requoted(b.asked(newSwap(), "bitcoin:b:0", 1, false), 1, 10),
		b.refusedFor(b.asked(newSwap(), "bitcoin:c:0", 1, false), swap.RefusedBelow))
	b.mustBook(t, b.lock("alice"))
	if got := b.reserved(t); got != "4" {
		t.Errorf("reserved %s, want 4", got)
	}
	if booking := b.book(t, b.lock("bob"), b.bounds(4)); booking.Booked || booking.Reserved.String() != "4000000000000000000" {
		t.Errorf("a lock beside them: %+v", booking)
	}
	if booking := b.book(t, b.lock("bob"), b.bounds(5)); !booking.Booked {
		t.Errorf("a lock that fits: %+v", booking)
	}
	measures, err := postgres.MeasureLocks(t.Context(), b.pool, b.clock.now())
	if err != nil || fmt.Sprint(measures) != "[{ETH 2 2}]" {
		t.Errorf("measured %v, %v", measures, err)
	}
	// What ended counts until a balance from after its end.
	before := b.clock.now()
	b.clock.forward(time.Hour)
	if _, err := b.pool.Exec(t.Context(), "UPDATE requote SET closed_at = $1 WHERE refused IS NULL", b.clock.now()); err != nil {
		t.Fatal(err)
	}
	if units, err := b.store.Reserved(t.Context(), asset.ETH, before); err != nil || units.String() != "3000000000000000000" {
		t.Errorf("reserved %s, %v, seen from an older balance; want 3 ETH", units, err)
	}
	b.clock.forward(time.Microsecond)
	if got := b.reserved(t); got != "0" {
		t.Errorf("reserved %s after the end, want 0", got)
	}
}

// Bookings and answers at once promise no more than there is.
func TestParallelAnswersAndBookings(t *testing.T) {
	t.Parallel()
	const tries, room = 40, 7
	b := setup(t)
	var promised atomic.Int64
	parallel(t, tries, func(ctx context.Context, n int) error {
		if n%2 == 0 {
			booking, err := b.store.Book(ctx, b.lock(fmt.Sprint(n)), b.bounds(room))
			if booking.Booked {
				promised.Add(1)
			}
			return err
		}
		q := requotes{bench: b, partition: int32(n)}
		told, err := b.store.Answer(ctx, group, q.batch(),
			[]liquidity.Answer{b.requoted(b.asked(newSwap(), fmt.Sprintf("bitcoin:%d:0", n), 1, n%4 == 1), 1, room)})
		if err == nil && told[0].Refused == "" {
			promised.Add(1)
		}
		return err
	})
	if promised.Load() != room || b.reserved(t) != fmt.Sprint(room) {
		t.Errorf("%d were promised, %s reserved, want %d", promised.Load(), b.reserved(t), room)
	}
	if n := len(b.facts(t)); n != tries/2 {
		t.Errorf("%d facts, want one for each of %d requests", n, tries/2)
	}
}

// Ends and answers at once, over the same swaps in different orders, wait for one
// another and do not deadlock.
func TestParallelAnswersAndEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := make([]string, 12)
	for i := range ids {
		ids[i] = newSwap()
		l := b.lock(fmt.Sprint(i))
		b.mustBook(t, l)
		b.mustAccept(t, l, ids[i])
	}
	parallel(t, 8, func(ctx context.Context, n int) error {
		if n%2 == 0 {
			// Nothing of the requote is there: it ends those of before.
			updates := over(ids...)
			for i := range updates {
				updates[i].At = start.Add(time.Hour)
			}
			_, err := b.store.Close(ctx, "g", bus.Batch{Topic: bus.TopicUpdates, Partition: int32(n), Next: 1}, updates)
			return err
		}
		var answers []liquidity.Answer
		for i := range ids {
			k := (i*5 + n) % len(ids)
			answers = append(answers, b.requoted(b.asked(ids[k], fmt.Sprintf("bitcoin:%d:0", k), n, true), 1, 100))
		}
		_, err := b.store.Answer(ctx, group, bus.Batch{Topic: bus.TopicRequotes, Partition: int32(n), Next: 1}, answers)
		return err
	})
	if n := b.openRequotes(t); n > len(ids) {
		t.Errorf("%d requotes are open of %d swaps", n, len(ids))
	}
}

// What an update ends is closed, once, with the offset; what it does not end stays.
func TestUpdatesEndRequotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	id, extra := newSwap(), newSwap()
	q.answer(t, b.requoted(b.asked(id, "bitcoin:a:0", 2, true), 1, 10), b.requoted(b.asked(extra, "bitcoin:b:0", 1, false), 1, 10),
		b.requoted(b.asked(newSwap(), "bitcoin:c:0", 1, true), 1, 10))
	next := int64(0)
	tell := func(doing string, want int64, open int, updates ...swap.Update) {
		t.Helper()
		b.clock.forward(time.Second)
		n, err := b.store.Close(t.Context(), "g", bus.Batch{Topic: bus.TopicUpdates, From: next, Next: next + 1}, updates)
		if next++; err != nil || n != want {
			t.Errorf("%s: %d closed, %v; want %d", doing, n, err, want)
		}
		if n := b.openRequotes(t); n != open {
			t.Errorf("%s: %d are open, want %d", doing, n, open)
		}
	}
	pays := func(id, order string, state swap.PaymentState) swap.Update {
		return swap.Update{SwapID: id, State: swap.Settled, At: start.Add(time.Hour), Payments: []swap.Payment{{OrderID: order, Purpose: swap.PurposePayout, State: state}}}
	}
	tell("nothing told", 0, 3)
	tell("older, again", 0, 3, swap.Update{SwapID: id, State: swap.Expired, At: start}, swap.Update{SwapID: extra, State: swap.Settled, At: start.Add(-time.Hour)})
	tell("ordered", 0, 3, pays(id, swap.PayoutOrderID(id), swap.PaymentQueued), pays(extra, swap.ExtraPayoutOrderID("bitcoin:b:0"), swap.PaymentBroadcast))
	stale := bus.Batch{Topic: bus.TopicUpdates, From: 0, Next: 1}
	if _, err := b.store.Close(t.Context(), "g", stale, []swap.Update{pays(id, swap.PayoutOrderID(id), swap.PaymentFinal)}); !errors.Is(err, bus.ErrOffsetMoved) {
		t.Errorf("overtaken: %v", err)
	}
	tell("one is final, among others", 1, 2, pays(id, swap.PayoutOrderID(id), swap.PaymentConfirmed), pays(id, swap.PayoutOrderID(id), swap.PaymentFinal), over(newSwap())[0])
	tell("told again", 0, 2, pays(id, swap.PayoutOrderID(id), swap.PaymentFinal))
	tell("the other one too", 1, 1, pays(extra, swap.ExtraPayoutOrderID("bitcoin:b:0"), swap.PaymentFinal))
	b.clock.forward(time.Second)
	if got := b.reserved(t); got != "1" {
		t.Errorf("reserved %s, want 1", got)
	}
}

// The table itself refuses what no code should write.
func TestRequoteChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	id := newSwap()
	q.answer(t, b.requoted(b.asked(id, "bitcoin:a:0", 1, true), 1, 10), b.refusedFor(b.asked(newSwap(), "bitcoin:b:0", 1, true), swap.RefusedBelow))
	for _, change := range []string{
		"payout_units = 0", "payout_units = NULL", "network_fee_units = -1", "network_fee_units = NULL", "payout_asset = NULL", "payout_asset = ''",
		"signed_requote = ''", "signed_requote = NULL", "refused = 'price_unavailable'", "offer_units = 1", "asked = 0", "deposit_ids = '{}'", "order_id = ''",
		"swap_id = ''", "request_id = repeat('x', 301)",
	} {
		if _, err := b.pool.Exec(t.Context(), "UPDATE requote SET "+change+" WHERE refused IS NULL"); err == nil {
			t.Errorf("%s of a requote was accepted", change)
		}
	}
	for _, change := range []string{"refused = NULL", "refused = 'because'", "closed_at = booked_at", "payout_units = 1", "signed_requote = 'x'", "offer_units = 0"} {
		if _, err := b.pool.Exec(t.Context(), "UPDATE requote SET "+change+" WHERE refused IS NOT NULL"); err == nil {
			t.Errorf("%s of a refusal was accepted", change)
		}
	}
	_, err := b.pool.Exec(t.Context(), `INSERT INTO requote (request_id, swap_id, main, order_id, deposit_ids, asked, asked_at, booked_at, payout_asset,
		payout_units, network_fee_units, signed_requote) SELECT 'another', swap_id, main, order_id, deposit_ids, asked, asked_at, booked_at, payout_asset,
		payout_units, network_fee_units, signed_requote FROM requote WHERE refused IS NULL`)
	if err == nil || !strings.Contains(err.Error(), "requote_open") {
		t.Errorf("two promises of one order: %v", err)
	}
}
