package cluster_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/client"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// intruder can write what no process of ours would: every row, as Postgres's
// superuser with triggers off, and every topic. Keys he has none.
type intruder struct {
	*house
	rows  *pgxpool.Pool
	kafka *kgo.Client
	seq   int64
	// thief has an address on each chain, where nothing must ever arrive.
	thief map[asset.ID]string
}

// Setup: a cluster as users start it, and an intruder who writes rows and records.
//
// Test: whatever he changes between a quote and its payout, the money goes where
// the signed documents say or nowhere, and support can see why it stands still.
// The nodes are asked what every address has received. What is refused by whom
// before that is tested at each border; docs/verification.md lists it.
func TestTamperingOnRealNodes(t *testing.T) { //nolint:paralleltest // one cluster at a time on a small machine
	long(t)
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	i := newIntruder(ctx, t, newHouse(ctx, t))
	for _, part := range []struct {
		name string
		run  func(context.Context, *testing.T)
	}{
		{"address before it is issued", i.addresses},
		{"copies of the terms", i.copies},
		{"signed terms", i.terms},
		{"plans and signed bytes", i.plans},
		{"orders", i.orders},
		{"orders that come first", i.ordersFirst},
		{"a refund that comes first", i.refundFirst},
		{"facts", i.facts},
		{"invented deposits", i.inventions},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			part.run(ctx, t)
			must(t, i.kept(ctx))
		}) {
			return
		}
	}
}

func newIntruder(ctx context.Context, t *testing.T, h *house) *intruder {
	t.Helper()
	s := h.up.Settings()
	at, err := url.Parse(s.SupportURL)
	must(t, err)
	at.User = url.User(parts.Superuser)
	config, err := pgxpool.ParseConfig(at.String())
	must(t, err)
	// As a replica does: no trigger fires.
	config.ConnConfig.RuntimeParams["session_replication_role"] = "replica"
	rows, err := pgxpool.NewWithConfig(ctx, config)
	must(t, err)
	t.Cleanup(rows.Close)
	kafka, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...))
	must(t, err)
	t.Cleanup(kafka.Close)
	i := &intruder{house: h, rows: rows, kafka: kafka, seq: 1 << 40, thief: map[asset.ID]string{}}
	for _, a := range cluster.DemoNetworks().Assets() {
		i.thief[a.ID], err = h.newAddress(a.ID)
		must(t, err)
		h.promises = append(h.promises, promise{of: "the thief", address: i.thief[a.ID], amount: asset.Amount{Asset: a.ID}})
	}
	return i
}

// change writes rows; exactly so many must change.
func (i *intruder) change(ctx context.Context, t *testing.T, rows int64, sql string, args ...any) {
	t.Helper()
	tag, err := i.rows.Exec(ctx, sql, args...)
	if err != nil || tag.RowsAffected() != rows {
		t.Fatalf("%s: %v, %v; want %d rows", sql, tag, err, rows)
	}
}

// text reads one text.
func (i *intruder) text(ctx context.Context, sql string, args ...any) (s string, err error) {
	err = i.rows.QueryRow(ctx, sql, args...).Scan(&s)
	return s, err
}

// stands waits until a payment stands still for a reason.
func (i *intruder) stands(ctx context.Context, t *testing.T, orderID, reason string) {
	t.Helper()
	var is string
	err := i.until(ctx, orderID+" to stand still because "+reason, lookEvery, func() (ok bool, err error) {
		is, err = i.text(ctx, `SELECT coalesce((SELECT state || ': ' || reason FROM hotwallet.payment WHERE order_id = $1), '')`, orderID)
		return strings.Contains(is, reason), err
	})
	if err != nil {
		t.Fatalf("%v; it is %s", err, is)
	}
}

// publish puts a record on a topic as a relay would. Its source is none of ours: a
// forged number of a source of ours would make its later news of the swap count as
// known already.
func (i *intruder) publish(ctx context.Context, t *testing.T, m bus.Message) {
	t.Helper()
	i.seq++
	header := func(k, v string) kgo.RecordHeader { return kgo.RecordHeader{Key: k, Value: []byte(v)} }
	err := i.kafka.ProduceSync(ctx, &kgo.Record{Topic: m.Topic, Key: []byte(m.Key), Value: m.Body, Headers: []kgo.RecordHeader{
		header("ce_specversion", "1.0"), header("ce_id", "mallory/"+strconv.FormatInt(i.seq, 10)), header("ce_source", "/ferry/mallory"),
		header("ce_type", "ferry."+m.Kind+".v1"), header("ce_subject", m.Key), header("ce_time", time.Now().UTC().Format(time.RFC3339Nano)),
		header("ce_sequence", strconv.FormatInt(i.seq, 10)), header("content-type", "application/json"),
	}}).FirstErr()
	must(t, err)
}

func (i *intruder) order(ctx context.Context, t *testing.T, o swap.Order) {
	t.Helper()
	m, err := bus.OrderMessage(o)
	must(t, err)
	i.publish(ctx, t, m)
}

// booked makes swaps of a pair.
func (i *intruder) booked(ctx context.Context, t *testing.T, pair asset.Pair) swap.Terms {
	t.Helper()
	terms, err := i.book(ctx, pair)
	must(t, err)
	return terms
}

func (i *intruder) paid(ctx context.Context, t *testing.T, terms swap.Terms) (txid string) {
	t.Helper()
	txid, err := i.pay(ctx, terms, terms.Quote.Deposit.Units)
	must(t, err)
	return txid
}

// nothing promises that neither address of a swap ever gets a unit.
func (i *intruder) nothing(terms swap.Terms) {
	i.promise(terms, "no payout", terms.Receipt.PayoutAddress, asset.Amount{Asset: terms.Quote.Pair.To})
	i.promise(terms, "no refund", terms.Receipt.RefundAddress, asset.Amount{Asset: terms.Quote.Pair.From})
}

// payout is the genuine order of a swap's payout for a deposit.
func payout(terms swap.Terms, depositID string) swap.Order {
	id := terms.Receipt.SwapID
	return swap.Order{ID: swap.PayoutOrderID(id), SwapID: id, Purpose: swap.PurposePayout, Chain: terms.Quote.PayoutChain(),
		Deposits: []swap.OrderDeposit{{ID: depositID, Amount: terms.Quote.Deposit}}, Amount: terms.Quote.Payout, Destination: terms.Receipt.PayoutAddress,
		SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt, At: time.Now().UTC()}
}

// forge changes a member of a signed document and keeps its signature.
func forge(t *testing.T, compact, member string, value any) string {
	t.Helper()
	cut := strings.Split(compact, ".")
	raw, err := base64.RawURLEncoding.DecodeString(cut[1])
	must(t, err)
	var members map[string]any
	must(t, json.Unmarshal(raw, &members))
	if _, there := members[member]; !there {
		t.Fatalf("no member %s to forge", member)
	}
	members[member] = value
	raw, err = json.Marshal(members)
	must(t, err)
	return cut[0] + "." + base64.RawURLEncoding.EncodeToString(raw) + "." + cut[2]
}

// addresses: the next deposit address of each chain becomes the thief's before it
// is given. attestd derives its own and refuses; no swap comes about.
func (i *intruder) addresses(ctx context.Context, t *testing.T) {
	for _, pair := range []asset.Pair{btcToETH, ethToBTC} {
		before, err := i.text(ctx, `SELECT count(*)::text FROM gateway.swap`)
		must(t, err)
		i.change(ctx, t, 1, `UPDATE hotwallet.address a SET address = $1 WHERE chain = $2 AND role = 0 AND idx =
			(SELECT min(idx) FROM hotwallet.address WHERE chain = $2 AND role = 0 AND state = 'pool')`,
			i.thief[pair.From], asset.MustLookup(pair.From).Chain)
		terms, err := i.book(ctx, pair)
		var problem *client.Problem
		if !errors.As(err, &problem) || problem.Code != swap.CodeRefused {
			t.Fatalf("%s: a swap on the thief's address: %+v, %v; want a refusal", pair, terms, err)
		}
		t.Logf("%s: the client is told: %v", pair, problem)
		after, err := i.text(ctx, `SELECT count(*)::text FROM gateway.swap`)
		must(t, err)
		receipts, err := i.text(ctx, `SELECT count(*)::text FROM hotwallet.address WHERE address = $1 AND signed_receipt IS NOT NULL`, i.thief[pair.From])
		must(t, err)
		if after != before || receipts != "0" {
			t.Errorf("%s: %s swaps after %s, %s receipts for the thief's address", pair, after, before, receipts)
		}
		i.booked(ctx, t, pair) // the next one is well
	}
}

// copies: what rows repeat of the signed terms can say anything. The payout goes
// to the receipt's address, and the API shows what was signed.
func (i *intruder) copies(ctx context.Context, t *testing.T) {
	for _, pair := range []asset.Pair{btcToETH, ethToBTC} {
		terms := i.booked(ctx, t, pair)
		id := terms.Receipt.SwapID
		must(t, i.see(ctx, terms, "known to the state machine", func(client.Swap) bool {
			n, err := i.text(ctx, `SELECT count(*)::text FROM swap.swap WHERE id = $1`, id)
			return err == nil && n == "1"
		}))
		i.change(ctx, t, 1, `UPDATE swap.swap SET payout_address = $2, refund_address = $3, payout_units = payout_units * 2,
			deposit_units = 1 WHERE id = $1`, id, i.thief[pair.To], i.thief[pair.From])
		i.change(ctx, t, 1, `UPDATE gateway.swap SET deposit_address = $2 WHERE id = $1`, id, i.thief[pair.From])
		i.change(ctx, t, 1, `UPDATE gateway.idempotency SET response = response || jsonb_build_object('deposit_address', $2::text) WHERE swap_id = $1`,
			id, i.thief[pair.From])
		i.paid(ctx, t, terms)
		must(t, i.settled(ctx, terms))
		i.promisePayout(terms)
	}
}

// terms: the signed texts themselves are replaced, by a forgery and by another
// swap's genuine ones, in the row that the payout is ordered from.
func (i *intruder) terms(ctx context.Context, t *testing.T) {
	forged, exchanged, other := i.booked(ctx, t, btcToETH), i.booked(ctx, t, ethToBTC), i.booked(ctx, t, ethToBTC)
	for _, terms := range []swap.Terms{forged, exchanged, other} {
		i.nothing(terms)
		must(t, i.see(ctx, terms, "known to the state machine", func(client.Swap) bool {
			n, err := i.text(ctx, `SELECT count(*)::text FROM swap.swap WHERE id = $1`, terms.Receipt.SwapID)
			return err == nil && n == "1"
		}))
	}
	receipt := forge(t, forged.SignedReceipt, "payout_address", i.thief[asset.ETH])
	i.change(ctx, t, 1, `UPDATE swap.swap SET signed_receipt = $2 WHERE id = $1`, forged.Receipt.SwapID, receipt)
	i.change(ctx, t, 1, `UPDATE gateway.swap SET signed_receipt = $2 WHERE id = $1`, forged.Receipt.SwapID, receipt)
	i.change(ctx, t, 1, `UPDATE swap.swap SET signed_quote = $2, signed_receipt = $3 WHERE id = $1`,
		exchanged.Receipt.SwapID, other.SignedQuote, other.SignedReceipt)
	if s, err := i.api.Swap(ctx, forged.Receipt.SwapID); err == nil {
		t.Errorf("the API shows forged terms: %+v", s)
	}
	i.paid(ctx, t, forged)
	i.paid(ctx, t, exchanged)
	i.stands(ctx, t, swap.PayoutOrderID(forged.Receipt.SwapID), "the order is not allowed by its documents")
	must(t, i.until(ctx, "the deposit of exchanged terms to be set aside", lookEvery, func() (bool, error) {
		n, err := i.text(ctx, `SELECT count(*)::text FROM swap.parked_fact WHERE swap_id = $1 AND kind = 'deposit.confirmed'`, exchanged.Receipt.SwapID)
		return n == "1", err
	}))
	i.told(ctx, t, "payments stand still")
}

// told runs `ferry status`, which must end with status 1 and say this.
func (i *intruder) told(ctx context.Context, t *testing.T, what string) {
	t.Helper()
	if page, err := i.ferry(ctx, "status"); err == nil || !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), what) {
		t.Errorf("ferry status does not say %q: %v\n%s", what, err, page)
	}
}

// orders: after the genuine one, on the topic: to the thief, of another amount,
// of another deposit, the same again, and a refund of the deposit that was paid
// out for. Each but the repetition is an alarm; none is paid.
func (i *intruder) orders(ctx context.Context, t *testing.T) {
	for _, pair := range []asset.Pair{btcToETH, ethToBTC} {
		terms := i.booked(ctx, t, pair)
		i.paid(ctx, t, terms)
		must(t, i.settled(ctx, terms))
		i.promisePayout(terms)
		body, err := i.text(ctx, `SELECT body::text FROM hotwallet.payment WHERE order_id = $1`, swap.PayoutOrderID(terms.Receipt.SwapID))
		must(t, err)
		var genuine swap.Order
		must(t, json.Unmarshal([]byte(body), &genuine))
		i.order(ctx, t, genuine)
		forged := map[string]func(o *swap.Order){
			"destination": func(o *swap.Order) { o.Destination = i.thief[pair.To] },
			"amount":      func(o *swap.Order) { o.Amount.Units = terms.Quote.Deposit.Units },
			"deposit":     func(o *swap.Order) { o.Deposits[0].ID += "9" },
			"two deposits": func(o *swap.Order) {
				o.Deposits = append(o.Deposits, swap.OrderDeposit{ID: o.Deposits[0].ID + "9", Amount: terms.Quote.Deposit})
			},
			"receipt": func(o *swap.Order) { o.SignedReceipt = forge(t, o.SignedReceipt, "payout_address", i.thief[pair.To]) },
			"refund": func(o *swap.Order) {
				o.ID, o.Purpose, o.Chain = swap.RefundOrderID(o.Deposits[0].ID), swap.PurposeRefund, terms.Quote.DepositChain()
				o.Amount, o.Destination = terms.Quote.Deposit, terms.Receipt.RefundAddress
			},
			"swap": func(o *swap.Order) {
				o.SwapID = swap.NewID(swap.SwapPrefix, time.Now())
				o.ID = swap.PayoutOrderID(o.SwapID)
			},
		}
		for _, change := range forged {
			o := genuine
			o.Deposits = slices.Clone(genuine.Deposits)
			change(&o)
			i.order(ctx, t, o)
		}
		must(t, i.until(ctx, "an alarm for each forged order", lookEvery, func() (bool, error) {
			n, err := i.text(ctx, `SELECT count(*)::text FROM hotwallet.staff_action WHERE action = 'alarm.order_refused'
				AND (target LIKE '%' || $1 OR target = $2 OR reason LIKE '%' || $3 || '%')`,
				terms.Receipt.SwapID, swap.RefundOrderID(genuine.Deposits[0].ID), genuine.Deposits[0].ID)
			return n == strconv.Itoa(len(forged)), err
		}))
		if n, err := i.text(ctx, `SELECT count(*)::text FROM hotwallet.payment WHERE swap_id = $2
			OR order_id IN (SELECT order_id FROM hotwallet.payment_deposit WHERE deposit_id = $1)`, genuine.Deposits[0].ID, genuine.SwapID); n != "1" {
			t.Errorf("%s: %s payments of one deposit (%v)", pair, n, err)
		}
	}
}

// ordersFirst: before the genuine order. The thief's takes its id and stands
// still; so the swap does too, and says so. Nobody is paid.
func (i *intruder) ordersFirst(ctx context.Context, t *testing.T) {
	diverted, invented, borrowed := i.booked(ctx, t, btcToETH), i.booked(ctx, t, btcToETH), i.booked(ctx, t, btcToETH)
	for _, terms := range []swap.Terms{diverted, invented, borrowed} {
		i.nothing(terms)
	}
	none := "bitcoin:" + strings.Repeat("0", 64) + ":"
	o := payout(diverted, none+"0")
	o.Destination = i.thief[asset.ETH]
	i.order(ctx, t, o)
	i.order(ctx, t, payout(invented, none+"1"))
	o = payout(borrowed, none+"2")
	o.SwapID = swap.NewID(swap.SwapPrefix, time.Now())
	o.ID = swap.PayoutOrderID(o.SwapID)
	i.order(ctx, t, o)
	i.stands(ctx, t, swap.PayoutOrderID(diverted.Receipt.SwapID), "the destination is not the receipt's payout address")
	i.stands(ctx, t, swap.PayoutOrderID(invented.Receipt.SwapID), "a deposit it uses up is not confirmed in our book")
	i.stands(ctx, t, o.ID, "the receipt is for "+borrowed.Receipt.SwapID)
	i.paid(ctx, t, invented)
	must(t, i.until(ctx, "the genuine order to be an alarm", lookEvery, func() (bool, error) {
		n, err := i.text(ctx, `SELECT count(*)::text FROM hotwallet.staff_action WHERE action = 'alarm.order_refused' AND target = $1
			AND reason = 'a different order is stored under this id'`, swap.PayoutOrderID(invented.Receipt.SwapID))
		return n == "1", err
	}))
	i.told(ctx, t, "payments stand still")
}

// refundFirst: while swapd is away, a counted deposit is ordered back. It is the
// user's own money at the user's own refund address; then the payout is refused,
// for a deposit is used up once.
func (i *intruder) refundFirst(ctx context.Context, t *testing.T) {
	terms := i.booked(ctx, t, btcToETH)
	id := terms.Receipt.SwapID
	must(t, i.up.Kill("swapd"))
	txid := i.paid(ctx, t, terms)
	var depositID string
	must(t, i.until(ctx, "the deposit to be in the hot wallet's book", lookEvery, func() (_ bool, err error) {
		depositID, err = i.text(ctx, `SELECT coalesce((SELECT deposit_id FROM hotwallet.deposit WHERE swap_id = $1 AND txid = $2 AND state = 'confirmed'), '')`, id, txid)
		return depositID != "", err
	}))
	o := payout(terms, depositID)
	o.ID, o.Purpose, o.Chain = swap.RefundOrderID(depositID), swap.PurposeRefund, terms.Quote.DepositChain()
	o.Amount, o.Destination = terms.Quote.Deposit, i.thief[asset.BTC]
	diverted := o
	diverted.ID, diverted.Deposits = o.ID+"9", []swap.OrderDeposit{{ID: depositID + "9", Amount: terms.Quote.Deposit}} // does not take the deposit
	i.order(ctx, t, diverted)
	o.Destination = terms.Receipt.RefundAddress
	i.order(ctx, t, o)
	must(t, i.until(ctx, "the refund to be final", lookEvery, func() (bool, error) {
		state, err := i.text(ctx, `SELECT coalesce((SELECT state FROM hotwallet.payment WHERE order_id = $1), '')`, o.ID)
		return state == "final", err
	}))
	i.stands(ctx, t, diverted.ID, "the destination is not the swap's refund address")
	must(t, i.up.Restart(ctx, "swapd"))
	must(t, i.until(ctx, "the payout to be refused", lookEvery, func() (bool, error) {
		n, err := i.text(ctx, `SELECT count(*)::text FROM hotwallet.staff_action WHERE action = 'alarm.order_refused' AND target = $1
			AND reason = 'another order has used deposit ' || $2`, swap.PayoutOrderID(id), depositID)
		return n == "1", err
	}))
	i.promise(terms, "no payout", terms.Receipt.PayoutAddress, asset.Amount{Asset: asset.ETH})
	i.promise(terms, "its own deposit back", terms.Receipt.RefundAddress, terms.Quote.Deposit)
}

// facts: a deposit that never was makes the state machine order a payout. The hot
// wallet asks its own book and pays nothing; even the news that all is paid moves
// nothing, and the books say so.
func (i *intruder) facts(ctx context.Context, t *testing.T) {
	terms := i.booked(ctx, t, btcToETH)
	i.nothing(terms)
	id, now := terms.Receipt.SwapID, swap.Millis(time.Now())
	txid := strings.Repeat("ab", 32)
	depositID := "bitcoin:" + txid + ":0"
	tell := func(f swap.Fact) {
		f.SwapID, f.At = id, now
		m, err := bus.FactMessage(f)
		must(t, err)
		i.publish(ctx, t, m)
	}
	confirmed := swap.DepositFact{DepositID: depositID, TxID: txid, Address: i.thief[asset.BTC], Amount: terms.Quote.Deposit,
		Confirmations: 3, Needed: 3, Height: 1, FirstSeen: now, BlockTime: now, ConfirmedAt: now}
	tell(swap.Fact{Kind: swap.FactDepositConfirmed, Deposit: &confirmed}) // at another address: set aside
	right := confirmed
	right.Address = terms.Receipt.DepositAddress
	tell(swap.Fact{Kind: swap.FactDepositConfirmed, Deposit: &right})
	must(t, i.see(ctx, terms, "queued for payout", reached(swap.PayoutQueued)))
	i.stands(ctx, t, swap.PayoutOrderID(id), "a deposit it uses up is not confirmed in our book")
	page, err := i.ferry(ctx, "swap", "show", id)
	if err != nil || !strings.Contains(strings.Join(strings.Fields(page), " "), "a deposit it uses up is not confirmed in our book") {
		t.Errorf("ferry swap show does not say why nothing is paid: %v\n%s", err, page)
	}
	i.told(ctx, t, "payments stand still")

	diverted := swap.PaymentFact{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout,
		Amount: terms.Quote.Payout, Destination: i.thief[asset.ETH], TxID: "0x" + txid}
	tell(swap.Fact{Kind: swap.FactPaymentFinal, Payment: &diverted}) // to another address: set aside
	final := diverted
	final.Destination = terms.Receipt.PayoutAddress
	tell(swap.Fact{Kind: swap.FactPaymentFinal, Payment: &final})
	must(t, i.see(ctx, terms, "told to be settled", reached(swap.Settled)))
	n, err := i.text(ctx, `SELECT count(*)::text FROM swap.parked_fact WHERE swap_id = $1`, id)
	if err != nil || n != "2" {
		t.Errorf("%s facts were set aside (%v), want 2", n, err)
	}
	i.stands(ctx, t, swap.PayoutOrderID(id), "a deposit it uses up is not confirmed in our book")
	if page, err := i.ferry(ctx, "books"); err == nil || !strings.Contains(fmt.Sprint(err), "is in the state machine's book and not in the hot wallet's") &&
		!strings.Contains(strings.Join(strings.Fields(err.Error()), " "), "is in the state machine's book and not in the hot wallet's") {
		t.Errorf("ferry books does not notice a payment that was never made: %v\n%s", err, page)
	}
}
