package model_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/model"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

// A model that is rebuilt from a chain with lost payments holds what the chain does,
// halted by its recovery only; the next unknown payment is booked in suspense.
func TestModelIsRebuilt(t *testing.T) {
	t.Parallel()
	for name, newChain := range map[string]func(fakechain.Config) *fakechain.Chain{"utxo": fakechain.NewBitcoin, "account": fakechain.NewEthereum} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChain(fakechain.Config{Seed: 1})
			hot, deposit := c.NewAddress(), c.NewAddress()
			begin := c.Mine(1)
			native, _ := c.Chain().Native()
			coin := asset.MustUnits(map[asset.Chain]string{asset.Bitcoin: "100000000", asset.Ethereum: "50000000000000000000"}[c.Chain()])
			funded := c.Pay(hot, coin)
			c.Pay(deposit, coin)
			c.Mine(3)
			pay := func(nonce uint64, from string, held asset.Units) string {
				plan, err := c.Plan(t.Context(), chain.Funds{Coins: []chain.Coin{{TxID: from, Units: held, Address: hot, Path: "m/hot"}}, ChangeAddress: hot, ChangePath: "m/hot",
					Sender: hot, SenderPath: "m/hot", Nonce: nonce, Balance: coin}, chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: native.ID, Units: asset.MustUnits(map[asset.Chain]string{asset.Bitcoin: "70000", asset.Ethereum: "20000000000000000"}[c.Chain()])}, coin))
				if err != nil {
					t.Fatal(err)
				}
				raw, txid := fakechain.Sign(plan)
				if answer, err := c.Broadcast(t.Context(), raw); answer != chain.Accepted {
					t.Fatal(answer, err)
				}
				return txid
			}
			pay(0, funded, coin)
			tip := c.Mine(3)

			s := model.NewDatabase().Store(c.Chain(), model.Config{Confirmations: 3, Now: time.Now})
			s.AcquireLease()
			for _, err := range []error{s.Hot(hot), s.Pool(deposit), s.Recover(tip.Height), s.Begin(context.Background(), begin)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			w, err := watch.New(watch.Config{Reader: c, Store: s, Set: watch.NewSet(), Poll: time.Hour, ReorgLimit: 3, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			agree := func() {
				t.Helper()
				if err := w.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
				if result, err := reconcile.Check(t.Context(), s, c, slog.New(slog.DiscardHandler)); err != nil || result != reconcile.Equal {
					t.Fatalf("reconcile: %s, %v", result, err)
				}
			}
			agree()
			if got := s.Halts()[c.Chain()]; got != "recovery" || len(s.Actions()) != 1 {
				t.Fatalf("halted by %q, actions %+v", got, s.Actions())
			}
			c.Reorg(3, fakechain.Return)
			c.Mine(4)
			agree()
			if len(s.Actions()) > 2 { // the payment came back above the last recovered block, or in it
				t.Fatalf("actions %+v", s.Actions())
			}
		})
	}
}
