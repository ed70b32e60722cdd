package fakechain_test

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// offer plans, signs and hands in a payment of ours, and returns its plan and txid.
func offer(t *testing.T, c *fakechain.Chain, f chain.Funds, r chain.Request) (chain.Plan, string) {
	t.Helper()
	r.FeeMax = coin
	p, err := c.Plan(t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	raw, txid := fakechain.Sign(p)
	if got, err := c.Broadcast(t.Context(), raw); got != chain.Accepted {
		t.Fatal(got, err)
	}
	return p, txid
}

// funded is a coin of a new address, and the request to pay a part of it at a rate.
func funded(t *testing.T, c *fakechain.Chain, rate chain.Rate) (chain.Funds, chain.Request) {
	t.Helper()
	a := c.NewAddress()
	txid := c.Pay(a, coin)
	c.Mine(1)
	r := chain.Request{Outputs: []chain.Output{{Destination: c.NewAddress(), Asset: c.Chain().NativeID(), Units: units(60_000)}}, Rate: rate}
	return chain.Funds{Coins: []chain.Coin{{TxID: txid, Units: coin, Address: a}}, ChangeAddress: c.NewAddress(), Sender: a, Balance: coin}, r
}

// Miners take what pays enough, the highest first, and a child brings its parent in.
func TestBlocksAreAMarket(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	low, lowR := funded(t, c, 3000)
	high, highR := funded(t, c, 30_000)
	mid, midR := funded(t, c, 10_000)
	parent, lowID := offer(t, c, low, lowR)
	_, highID := offer(t, c, high, highR)
	_, midID := offer(t, c, mid, midR)
	c.SetBlockRate(5)
	c.SetBlockSpace(1)
	for _, want := range []string{highID, midID} {
		if c.Mine(1); c.Confirmations(want) != 1 || c.Confirmations(lowID) != 0 {
			t.Errorf("%s has %d confirmations", want, c.Confirmations(want))
		}
	}
	if c.Mine(1); c.Confirmations(lowID) != 0 {
		t.Error("a block took what pays too little")
	}
	change := chain.Coin{TxID: lowID, Index: uint32(parent.ChangeIndex), Units: less(t, coin, units(60_000), parent.Fee),
		Address: low.ChangeAddress, Parent: &chain.Parent{Fee: parent.Fee, VSize: parent.Size, Count: 1}}
	_, childID := offer(t, c, chain.Funds{Must: []chain.Coin{change}}, chain.Request{Whole: true, Rate: 6000,
		Outputs: []chain.Output{{Destination: c.NewAddress(), Asset: c.Chain().NativeID()}}})
	if c.Mine(1); c.Confirmations(lowID) != 0 {
		t.Error("two were put where one has room")
	}
	c.SetBlockSpace(2)
	if c.Mine(1); c.Confirmations(lowID) != 1 || c.Confirmations(childID) != 1 {
		t.Error("the child did not bring its parent in")
	}
}

// On an account chain an earlier nonce that pays too little holds up later ones.
func TestALowNonceHoldsUp(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	f, r := funded(t, c, 3e9)
	first, firstID := offer(t, c, f, r)
	next := f
	next.Nonce, r.Rate = 1, 30e9
	_, nextID := offer(t, c, next, r)
	c.SetBlockRate(5)
	if c.Mine(1); c.Confirmations(firstID)+c.Confirmations(nextID) != 0 {
		t.Error("a nonce was mined before the one before it")
	}
	r.Rate, r.Replaces = 6e9, []chain.Plan{first}
	_, raisedID := offer(t, c, f, r)
	if c.Mine(1); c.Confirmations(raisedID) != 1 || c.Confirmations(nextID) != 1 || c.Confirmations(firstID) != 0 {
		t.Error("the raised one did not let both in")
	}
}

// A mempool that runs full drops what pays least, and takes it no more.
func TestPurge(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	f, r := funded(t, c, 3000)
	g, s := funded(t, c, 9000)
	p, txid := offer(t, c, f, r)
	_, other := offer(t, c, g, s)
	if left := c.Purge(5); !slices.Equal(left, []string{txid}) || !slices.Equal(c.Unconfirmed(), []string{other}) {
		t.Errorf("left %v, stayed %v", left, c.Unconfirmed())
	}
	raw, _ := fakechain.Sign(p)
	if got, err := c.Broadcast(t.Context(), raw); got != chain.Rejected {
		t.Errorf("%s, %v", got, err)
	}
	if p, _ := offer(t, c, f, r); p.Rate < 5000 {
		t.Errorf("a new plan offers %d, the node takes 5000", p.Rate)
	}
}

// Where nodes keep what they see first, nothing takes its place.
func TestFirstSeen(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{FirstSeen: true})
	f, r := funded(t, c, 3000)
	p, _ := offer(t, c, f, r)
	r.Rate, r.FeeMax = 30_000, coin
	dear, err := c.Plan(t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := fakechain.Sign(dear)
	if got, err := c.Broadcast(t.Context(), raw); got != chain.Conflicting || c.Replaceable() {
		t.Errorf("%s, %v", got, err)
	}
	f.Must, r.Replaces = p.Coins, []chain.Plan{p}
	if _, err := c.Plan(t.Context(), f, r); !errors.Is(err, chain.ErrNotReplaceable) {
		t.Errorf("%v, want ErrNotReplaceable", err)
	}
}

func less(t *testing.T, from asset.Units, amounts ...asset.Units) asset.Units {
	t.Helper()
	for _, a := range amounts {
		rest, err := from.Sub(a)
		if err != nil {
			t.Fatal(err)
		}
		from = rest
	}
	return from
}
