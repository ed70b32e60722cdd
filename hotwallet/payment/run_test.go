package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// answeredStore tells of each answer that was stored.
type answeredStore struct {
	payment.Store
	answered chan<- string
}

func (s answeredStore) StoreAnswer(ctx context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	b, err := s.Store.StoreAnswer(ctx, b, n, a)
	s.answered <- b.ID
	return b, err
}

func (w *world) config() payment.Config {
	return payment.Config{Chain: w.on, Store: w.store, Payer: w.chain, Signer: w.signer, Attestor: w.attestor,
		FencingToken: uint64(w.lease.Token()), FeeMax: w.feeMax, QuoteKeys: public(w.quoteKey), AttestKeys: public(w.attest),
		Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)}
}

// Run pays what is there at its start and what it is woken for, and ends with ctx.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	first := w.payout(w.some(10))
	w.deliver(first)
	answered, wake, moved := make(chan string, 10), make(chan struct{}), make(chan struct{}, 10)
	c := w.config()
	c.Store, c.Wake, c.Poll = answeredStore{w.store, answered}, wake, time.Hour
	c.Moved = func() { moved <- struct{}{} }
	engine, err := payment.New(c)
	w.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	if id := <-answered; id != first.ID {
		t.Fatalf("paid %s, want %s", id, first.ID)
	}
	second := w.payout(w.some(20))
	w.deliver(second)
	wake <- struct{}{}
	if id := <-answered; id != second.ID {
		t.Fatalf("paid %s, want %s", id, second.ID)
	}
	<-moved
	cancel()
	w.must(<-done)
	w.settle(first, second)
}

// A payment whose row can't be read holds up nobody else.
func TestOneBadPaymentHoldsUpNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(1000))
	bad, good := w.payout(w.some(10)), w.payout(w.some(10))
	w.deliver(bad, good)
	_, err := w.pool.Exec(t.Context(), `UPDATE payment SET body = '"nonsense"' WHERE order_id = $1`, bad.ID)
	w.must(err)
	if err := w.engine.Round(t.Context()); err == nil {
		t.Fatal("nothing was said of the bad payment")
	}
	if p := w.payment(good.ID); p.State != swap.PaymentBroadcast {
		t.Fatalf("the good payment is %s", p.State)
	}
}

// A store that has lost its lease stores nothing, whatever its engine still does.
func TestOldProcessIsFenced(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		old := w.engine
		w.restart()
		if err := old.Round(t.Context()); !errors.Is(err, postgres.ErrFenced) {
			t.Fatalf("the old process: %v", err)
		}
		if p := w.payment(o.ID); p.Attempt != nil {
			t.Fatal("the old process planned")
		}
		w.settle(o)
	})
}

// An old process that has a plan in hand can't have it signed once the new one has.
func TestOldTokenIsRefusedBySigner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	o := w.ordered()
	if where := w.crashing(2); where != "after StorePlan" {
		t.Fatalf("crashed %q", where)
	}
	old := w.engine
	w.restart()
	w.signer.token = uint64(w.lease.Token())
	if err := old.Round(t.Context()); !errors.Is(err, postgres.ErrFenced) {
		t.Fatalf("the old process: %v", err)
	}
	w.settle(o)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	for name, spoil := range map[string]func(c *payment.Config){
		"store": func(c *payment.Config) { c.Store = nil }, "payer": func(c *payment.Config) { c.Payer = nil },
		"signer": func(c *payment.Config) { c.Signer = nil }, "attestor": func(c *payment.Config) { c.Attestor = nil }, "clock": func(c *payment.Config) { c.Now = nil },
		"log": func(c *payment.Config) { c.Log = nil }, "chain": func(c *payment.Config) { c.Chain = "dogecoin" },
		"fee limit": func(c *payment.Config) { c.FeeMax = asset.Units{} }, "lease": func(c *payment.Config) { c.FencingToken = 0 },
		"fee share":  func(c *payment.Config) { c.FeeBasisPoints = 10_001 },
		"quote keys": func(c *payment.Config) { c.QuoteKeys = nil }, "attest keys": func(c *payment.Config) { c.AttestKeys = nil },
	} {
		c := w.config()
		spoil(&c)
		if _, err := payment.New(c); err == nil {
			t.Errorf("an engine without %s was made", name)
		}
	}
	if _, err := payment.NewOrders(payment.OrdersConfig{Chain: asset.Bitcoin}); err == nil {
		t.Error("orders without a store were made")
	}
}

// sink takes what Orders makes of a batch.
type sink struct {
	orders  []swap.Order
	refused []payment.Refusal
}

func (s *sink) OrderOffset(context.Context, string, string, int32) (int64, error) { return 0, nil }

func (s *sink) AcceptOrders(_ context.Context, _ string, _ bus.Batch, orders []swap.Order, refused []payment.Refusal) ([]payment.Refusal, error) {
	s.orders, s.refused = orders, refused
	return refused, nil
}

// Whatever a record holds, it is an order that a row can hold, another chain's, or
// refused with a reason that a row can hold.
func FuzzOrderRecord(f *testing.F) {
	f.Add("swap_01kjmma2g0g8f3s5wend3s03p9", bus.KindOrder, []byte(`{"order_id":"payout:swap_01kjmma2g0g8f3s5wend3s03p9",
		"swap_id":"swap_01kjmma2g0g8f3s5wend3s03p9","purpose":"payout","chain":"bitcoin",
		"deposits":[{"deposit_id":"ethereum:0x:0","amount":{"asset":"ETH","units":"5"}}],"amount":{"asset":"BTC","units":"7"},"destination":"a\u0000b",
		"signed_quote":"q","signed_receipt":"r","at":"2026-03-01T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, key, kind string, body []byte) {
		s := &sink{}
		orders, err := payment.NewOrders(payment.OrdersConfig{Chain: asset.Bitcoin, Store: s, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		b := bus.Batch{Topic: bus.TopicOrders, Next: 1, Records: []bus.Record{{Topic: bus.TopicOrders, Key: key, Kind: kind, Body: body}}}
		if err := orders.Handle(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for _, o := range s.orders {
			if o.Chain != asset.Bitcoin || o.Validate() != nil || payment.CheckStorable(o) != nil {
				t.Fatalf("stored %+v", o)
			}
		}
		for _, r := range s.refused {
			if r.Reason == "" || len(r.Reason) > 300 {
				t.Fatalf("refused because %q", r.Reason)
			}
		}
	})
}
