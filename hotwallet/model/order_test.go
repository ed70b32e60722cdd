package model_test

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"ferry/hotwallet/model"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// orderStore is what both stores do with orders.
type orderStore interface {
	payment.OrderStore
	Payment(ctx context.Context, orderID string) (payment.Payment, error)
}

// stores runs a test on the model and on Postgres.
func stores(t *testing.T, test func(t *testing.T, s orderStore)) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		s := model.NewDatabase().Store(asset.Bitcoin, model.Config{Confirmations: 3, Now: now})
		s.AcquireLease()
		test(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s, err := postgres.New(pgtest.New(t, "hotwallet"), asset.Bitcoin, postgres.Config{Confirmations: 3, Now: now, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		lease, err := s.AcquireLease(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := lease.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		test(t, s)
	})
}

// order is a payout of an extra deposit, with every document an order can have.
func order() swap.Order {
	id := "ethereum:0x" + swap.HashDocument("deposit") + ":0"
	return swap.Order{ID: swap.ExtraPayoutOrderID(id), SwapID: swap.NewID(swap.SwapPrefix, swaptest.Start), Purpose: swap.PurposePayout,
		Chain: asset.Bitcoin, Deposits: []swap.OrderDeposit{{ID: id, Amount: asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(7)}}},
		Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(5)}, Destination: "destination", SignedQuote: "quote", SignedReceipt: "receipt",
		SignedRequote: "requote", SignedConsent: "consent", SignedRefundAddress: "address", At: swaptest.Start}
}

// An order is kept whole. The same again, whenever it was ordered, changes nothing;
// one that differs in anything else is refused.
func TestOrdersAreKeptWhole(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, s orderStore) {
		var offset int64
		accept := func(orders ...swap.Order) []payment.Refusal {
			t.Helper()
			refused, err := s.AcceptOrders(t.Context(), "consumer", bus.Batch{Topic: bus.TopicOrders, From: offset, Next: offset + 1}, orders, nil)
			if err != nil {
				t.Fatal(err)
			}
			offset++
			return refused
		}
		o := order()
		later := o
		later.At = later.At.Add(time.Hour)
		if refused := append(accept(o), accept(o, later)...); len(refused) != 0 {
			t.Fatalf("refused: %v", refused)
		}
		p, err := s.Payment(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Order.At.Equal(o.At) {
			t.Errorf("ordered at %s, want %s", p.Order.At, o.At)
		}
		p.Order.At = o.At
		if !reflect.DeepEqual(p.Order, o) || p.State != swap.PaymentQueued {
			t.Errorf("stored as\n%+v, want\n%+v", p, o)
		}
		for name, change := range map[string]func(o *swap.Order){
			"quote":          func(o *swap.Order) { o.SignedQuote += "x" },
			"receipt":        func(o *swap.Order) { o.SignedReceipt += "x" },
			"requote":        func(o *swap.Order) { o.SignedRequote = "" },
			"consent":        func(o *swap.Order) { o.SignedConsent += "x" },
			"refund address": func(o *swap.Order) { o.SignedRefundAddress = "" },
			"amount":         func(o *swap.Order) { o.Amount.Units = asset.NewUnits(6) },
			"destination":    func(o *swap.Order) { o.Destination += "x" },
		} {
			other := o
			change(&other)
			if refused := accept(other); len(refused) != 1 || refused[0].Target != o.ID {
				t.Errorf("another %s: refused %v", name, refused)
			}
		}
		// The main leg's payout and the refund of the same deposit find it used.
		for _, id := range []string{swap.PayoutOrderID(o.SwapID), swap.RefundOrderID(o.Deposits[0].ID)} {
			other := o
			other.ID = id
			if refused := accept(other); len(refused) != 1 || refused[0].Target != id {
				t.Errorf("%s: refused %v", id, refused)
			}
		}
	})
}
