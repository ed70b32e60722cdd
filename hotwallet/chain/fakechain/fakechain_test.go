package fakechain_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// ours watches a fixed set.
type ours struct{ addresses, coins []string }

func (o ours) Address(a string) bool { return slices.Contains(o.addresses, a) }
func (o ours) Coin(id string) bool   { return slices.Contains(o.coins, id) }

func units(n uint64) asset.Units { return asset.NewUnits(n) }

// both are chains of the two families, by name.
func both() map[string]*fakechain.Chain {
	return map[string]*fakechain.Chain{
		"bitcoin":  fakechain.NewBitcoin(fakechain.Config{Seed: 7}),
		"ethereum": fakechain.NewEthereum(fakechain.Config{Seed: 7}),
	}
}

// fund pays a new address of ours, mines it, and returns what Plan needs.
func fund(t *testing.T, c *fakechain.Chain, amount asset.Units) chain.Funds {
	t.Helper()
	a := c.NewAddress()
	txid := c.Pay(a, amount)
	c.Mine(1)
	return chain.Funds{
		Coins:         []chain.Coin{{TxID: txid, Units: amount, Address: a, Path: "m/0"}},
		ChangeAddress: c.NewAddress(), ChangePath: "m/1", Sender: a, SenderPath: "m/0", Balance: amount,
	}
}

func plan(t *testing.T, c *fakechain.Chain, f chain.Funds, to string, amount uint64) ([]byte, string) {
	t.Helper()
	p, err := c.Plan(t.Context(), f, chain.Pay(chain.Output{Destination: to, Asset: c.Chain().NativeID(), Units: units(amount)}, coin))
	if err != nil {
		t.Fatal(err)
	}
	return fakechain.Sign(p)
}

// coin is large enough for fees on both chains.
var coin = asset.MustUnits("1000000000000000000")

func expect(t *testing.T, c *fakechain.Chain, raw []byte, want chain.Acceptance) {
	t.Helper()
	got, err := c.Broadcast(t.Context(), raw)
	if got != want || (err == nil) != (want == chain.Accepted) {
		t.Fatalf("broadcast: %s, %v; want %s", got, err, want)
	}
}

func TestDeterministic(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (string, chain.Ref) {
		c := fakechain.NewBitcoin(fakechain.Config{Seed: seed})
		txid := c.Pay(c.NewAddress(), units(1000))
		return txid, c.Mine(3)
	}
	tx1, ref1 := run(1)
	tx2, ref2 := run(1)
	tx3, ref3 := run(2)
	if tx1 != tx2 || ref1 != ref2 {
		t.Fatal("the same seed gave another chain")
	}
	if tx1 == tx3 || ref1 == ref3 {
		t.Fatal("another seed gave the same chain")
	}
}

func TestReorgFates(t *testing.T) {
	t.Parallel()
	for fate, confirmed := range map[fakechain.Fate]bool{
		fakechain.Return: true, fakechain.Drop: false, fakechain.DoubleSpend: false,
	} {
		t.Run(string(fate), func(t *testing.T) {
			t.Parallel()
			for name, c := range both() {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a := c.NewAddress()
					txid := c.Pay(a, units(5000))
					old := c.Mine(2)
					if c.Confirmations(txid) != 2 {
						t.Fatalf("%d confirmations, want 2", c.Confirmations(txid))
					}
					if tip := c.Reorg(2, fate); tip.Height != old.Height-2 {
						t.Fatalf("tip %s after dropping 2 from %s", tip, old)
					}
					c.Mine(3)
					if got := c.Confirmations(txid) > 0; got != confirmed {
						t.Fatalf("confirmed %v, want %v", got, confirmed)
					}
					if _, err := c.Block(t.Context(), old, ours{}); !errors.Is(err, chain.ErrBlockGone) {
						t.Fatalf("the dropped block: %v", err)
					}
					if got := !c.Received(a).IsZero(); got != confirmed {
						t.Fatalf("received %s", c.Received(a))
					}
				})
			}
		})
	}
}

func TestReplaceAndEvict(t *testing.T) {
	t.Parallel()
	for name, c := range both() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := c.NewAddress(), c.NewAddress()
			first := c.Pay(a, units(5000))
			second := c.Replace(first, fakechain.Output{Address: b, Units: units(5000)})
			if got := c.Unconfirmed(); !slices.Equal(got, []string{second}) {
				t.Fatalf("mempool %v", got)
			}
			if !c.Evict(second) || c.Evict(second) {
				t.Fatal("evicting twice did the same twice")
			}
			c.Mine(1)
			if c.Confirmations(first)+c.Confirmations(second) != 0 {
				t.Fatal("a replaced or evicted transaction was mined")
			}
		})
	}
}

func TestBroadcastFaults(t *testing.T) {
	t.Parallel()
	for name, c := range both() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, txid := plan(t, c, fund(t, c, coin), c.NewAddress(), 60000)
			c.FailBroadcasts(fakechain.CallLost, fakechain.Refused, fakechain.AnswerLost)
			expect(t, c, raw, chain.Unknown)
			expect(t, c, raw, chain.Rejected)
			if len(c.Unconfirmed()) != 0 {
				t.Fatal("it arrived though the call was lost and refused")
			}
			expect(t, c, raw, chain.Unknown)
			if !slices.Equal(c.Unconfirmed(), []string{txid}) {
				t.Fatal("it did not arrive though only the answer was lost")
			}
			expect(t, c, raw, chain.Accepted)
			c.SetAway(true)
			expect(t, c, raw, chain.Unknown)
			if _, err := c.Tip(t.Context()); err == nil {
				t.Fatal("Tip answered while the node is away")
			}
			c.SetAway(false)
			c.FailCalls(1)
			if _, err := c.Tip(t.Context()); err == nil {
				t.Fatal("the call should have failed")
			}
			c.Mine(1)
			expect(t, c, raw, chain.Accepted)
		})
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	for name, c := range both() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fund(t, c, coin)
			first, id1 := plan(t, c, f, c.NewAddress(), 60000)
			rival, id2 := plan(t, c, f, c.NewAddress(), 60000)
			expect(t, c, first, chain.Accepted)
			expect(t, c, rival, chain.Conflicting)
			c.SetFeeRate(5)
			bumped, id3 := plan(t, c, f, c.NewAddress(), 60000)
			expect(t, c, bumped, chain.Accepted)
			if !slices.Equal(c.Unconfirmed(), []string{id3}) {
				t.Fatalf("mempool %v after a replacement; %s %s", c.Unconfirmed(), id1, id2)
			}
			c.Mine(1)
			expect(t, c, first, chain.Conflicting)
			c.Reorg(1, fakechain.Drop)
			c.SetMinRate(50)
			expect(t, c, first, chain.Rejected)
			c.SetMinRate(1)
			expect(t, c, first, chain.Accepted)
		})
	}
}

func TestPlanLimits(t *testing.T) {
	t.Parallel()
	for name, c := range both() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, to := fund(t, c, units(1_000_000_000_000_000)), c.NewAddress()
			for name, row := range map[string]struct {
				r    chain.Request
				want error
			}{
				"all of it leaves no fee": {chain.Pay(chain.Output{Destination: to, Asset: c.Chain().NativeID(), Units: units(1_000_000_000_000_000)}, coin), chain.ErrFunds},
				"fee limit":               {chain.Pay(chain.Output{Destination: to, Asset: c.Chain().NativeID(), Units: units(60000)}, units(1)), chain.ErrFeeMax},
				"bad address":             {chain.Pay(chain.Output{Destination: "x", Asset: c.Chain().NativeID(), Units: units(60000)}, coin), asset.ErrAddressSyntax},
			} {
				if _, err := c.Plan(t.Context(), f, row.r); !errors.Is(err, row.want) {
					t.Errorf("%s: %v, want %v", name, err, row.want)
				}
			}
		})
	}
}

func TestMustCoinsAreSpent(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	a := fund(t, c, units(1000))
	b := fund(t, c, coin)
	f := chain.Funds{Must: a.Coins, Coins: slices.Concat(a.Coins, b.Coins), ChangeAddress: c.NewAddress()}
	p, err := c.Plan(t.Context(), f, chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: c.Chain().NativeID(), Units: units(60000)}, coin))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Coins) != 2 || p.Coins[0].ID() != a.Coins[0].ID() || len(p.Coins[0].PreviousTx) == 0 {
		t.Fatalf("coins %+v", p.Coins)
	}
}

func TestFailedTransaction(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	f, to := fund(t, c, coin), c.NewAddress()
	raw, txid := plan(t, c, f, to, 60000)
	c.Fail(txid)
	expect(t, c, raw, chain.Accepted)
	ref := c.Mine(1)
	b, err := c.Block(t.Context(), ref, ours{addresses: []string{f.Sender, to}})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Credits) != 0 || len(b.Debits) != 1 || !b.Debits[0].Failed || !b.Debits[0].Units.IsZero() || b.Debits[0].Fee.IsZero() {
		t.Fatalf("%+v", b)
	}
	rest, err := coin.Sub(b.Debits[0].Fee)
	if err != nil || c.Balance(f.Sender) != rest {
		t.Fatalf("balance %s, want %s (%v)", c.Balance(f.Sender), rest, err)
	}
}

func TestCoinbaseMatures(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	a := c.NewAddress()
	txid := c.MineCoinbase(a, coin)
	f := chain.Funds{Coins: []chain.Coin{{TxID: txid, Units: coin, Address: a}}, ChangeAddress: c.NewAddress()}
	raw, _ := plan(t, c, f, c.NewAddress(), 60000)
	c.Mine(98)
	expect(t, c, raw, chain.Rejected)
	c.Mine(1)
	expect(t, c, raw, chain.Accepted)
}

func TestNonceGapWaits(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	f := fund(t, c, coin)
	first, _ := plan(t, c, f, c.NewAddress(), 1)
	f.Nonce = 1
	second, id2 := plan(t, c, f, c.NewAddress(), 1)
	expect(t, c, second, chain.Accepted)
	c.Mine(1)
	if c.Confirmations(id2) != 0 {
		t.Fatal("nonce 1 was mined before nonce 0")
	}
	expect(t, c, first, chain.Accepted)
	c.Mine(1)
	if c.Confirmations(id2) != 1 {
		t.Fatal("nonce 1 was not mined after nonce 0")
	}
}

func TestHookReorgsBetweenCalls(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	ref := c.Mine(1)
	c.Before(func(call string) {
		if call == "Block" {
			c.Reorg(1, fakechain.Return)
		}
	})
	if _, err := c.Block(context.Background(), ref, ours{}); !errors.Is(err, chain.ErrBlockGone) {
		t.Fatal(err)
	}
}

func TestUnderstatedHeld(t *testing.T) {
	t.Parallel()
	for name, c := range both() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fund(t, c, units(5000))
			held := func() asset.Units {
				tip, err := c.Tip(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.Held(t.Context(), tip, c.Chain().NativeID(), []string{f.Coins[0].ID()}, []string{f.Sender})
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			for less, want := range map[uint64]uint64{0: 5000, 1: 4999, 5000: 0, 6000: 0} {
				if c.UnderstateHeld(units(less)); held() != units(want) {
					t.Errorf("%d less: %s, want %d", less, held(), want)
				}
			}
		})
	}
}
