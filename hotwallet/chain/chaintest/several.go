package chaintest

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// testSeveral: one transaction pays each its own, also one who is to get two; and as many
// as there may be.
func (s *utxoSuite) testSeveral(t *testing.T) {
	f, _ := s.fund(t)
	one, other := s.Stranger(t), s.Stranger(t)
	more := plus(t, s.amount, asset.NewUnits(1))
	p := s.must(t, f, s.request(s.to(one, s.amount), s.to(other, more), s.to(one, more)))
	if !slices.Equal(p.Outputs, []chain.Output{s.to(one, s.amount), s.to(other, more), s.to(one, more)}) || p.ChangeIndex != 3 {
		t.Fatalf("plan %+v", p)
	}
	raw, _ := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	b := s.block(t, s.Mine(t, 1), watching(f.ChangeAddress))
	if len(b.Credits) != 1 || b.Credits[0].Index != 3 {
		t.Errorf("change %+v", b.Credits)
	}
	if s.Received(t, one) != plus(t, s.amount, more) || s.Received(t, other) != more {
		t.Errorf("%s and %s arrived", s.Received(t, one), s.Received(t, other))
	}
	s.testMost(t)
}

func (s *utxoSuite) testMost(t *testing.T) {
	f, _ := s.fund(t)
	var outputs []chain.Output
	for range chain.OutputsMost {
		outputs = append(outputs, s.to(s.Stranger(t), s.MinOutput()))
	}
	raw, _ := s.Sign(t, s.must(t, f, s.request(outputs...)))
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	for _, o := range outputs[chain.OutputsMost-2:] {
		if got := s.Received(t, o.Destination); got != o.Units {
			t.Errorf("%s arrived, want %s", got, o.Units)
		}
	}
	f, _ = s.fund(t)
	if _, err := s.Plan(t.Context(), f, s.request(append(outputs, outputs[0])...)); err == nil {
		t.Errorf("%d outputs were planned", len(outputs)+1)
	}
}

// change is what comes back by a plan that was signed, not in a block yet.
func (s *utxoSuite) change(t *testing.T, f chain.Funds, p chain.Plan, txid string, before int) chain.Coin {
	t.Helper()
	var in asset.Units
	for _, c := range p.Coins {
		in = plus(t, in, c.Units)
	}
	for _, o := range p.Outputs {
		in = minus(t, in, o.Units)
	}
	return chain.Coin{TxID: txid, Index: uint32(p.ChangeIndex), Units: minus(t, in, p.Fee), Address: f.ChangeAddress, Path: p.ChangePath,
		Parent: &chain.Parent{Fee: p.Fee, VSize: p.Size, Count: before + 1}}
}

// testParent: whoever spends our own unconfirmed change pays for its parent too, so that
// both together offer what is wanted.
func (s *utxoSuite) testParent(t *testing.T) {
	const low, high = chain.Rate(2000), chain.Rate(20_000)
	f, _ := s.fund(t)
	r := s.request(s.to(s.Stranger(t), s.amount))
	r.Rate = low
	parent := s.must(t, f, r)
	raw, parentID := s.Sign(t, parent)
	s.broadcast(t, raw, chain.Accepted)
	coin := s.change(t, f, parent, parentID, 0)
	ours := s.NewAddress(t)
	r = s.request(s.to(ours.Address, asset.Units{}))
	r.Whole, r.Rate = true, high
	child := s.must(t, chain.Funds{Must: []chain.Coin{coin}}, r)
	fees, _ := plus(t, parent.Fee, child.Fee).Uint64()
	sizes := parent.Size + child.Size
	if least := sizes * uint64(high) / 1000; fees < least || fees > least+sizes/50+2 || child.Rate != high {
		t.Errorf("together they pay %d for %d vbytes, want a rate of %d: %+v", fees, sizes, high, child)
	}
	raw, childID := s.Sign(t, child)
	s.broadcast(t, raw, chain.Accepted)
	w := watching(f.ChangeAddress, ours.Address)
	w.coins[coin.ID()] = true
	b := s.block(t, s.Mine(t, 1), w)
	if len(b.Credits) != 2 || len(b.Debits) != 1 || b.Debits[0].TxID != childID {
		t.Errorf("block %+v, want the change and what it was swept to", b)
	}
}

// testUnconfirmed: unconfirmed change is spent only where confirmed coins do not suffice,
// never in a long row, and never into a replacement.
func (s *utxoSuite) testUnconfirmed(t *testing.T) {
	f, _ := s.fund(t)
	parent := s.must(t, f, s.request(s.to(s.Stranger(t), s.amount)))
	raw, txid := s.Sign(t, parent)
	s.broadcast(t, raw, chain.Accepted)
	coin := s.change(t, f, parent, txid, 0)
	g, _ := s.fund(t)
	g.Coins = append([]chain.Coin{coin}, g.Coins...)
	if p := s.must(t, g, s.request(s.to(s.Stranger(t), s.amount))); p.Coins[0].ID() == coin.ID() || len(p.Coins) != 1 {
		t.Errorf("confirmed coins suffice, and it spends %+v", p.Coins)
	}
	r := s.request(s.to(s.Stranger(t), times(t, s.amount, 6)))
	if p := s.must(t, g, r); len(p.Coins) != 2 {
		t.Errorf("both are needed, and it spends %+v", p.Coins)
	}
	long := coin
	long.Parent = &chain.Parent{Fee: parent.Fee, VSize: parent.Size, Count: 5}
	far := g
	far.Coins = []chain.Coin{long, g.Coins[1]}
	if _, err := s.Plan(t.Context(), far, r); !errors.Is(err, chain.ErrFunds) {
		t.Errorf("sixth in a row: %v, want ErrFunds", err)
	}
	if s.Replaceable() {
		r.Outputs[0].Units = s.amount
		g.Coins = g.Coins[1:]
		first := s.must(t, g, r)
		r.Outputs[0].Units, r.Replaces = times(t, s.amount, 6), []chain.Plan{first}
		if _, err := s.Plan(t.Context(), chain.Funds{Must: first.Coins, Coins: []chain.Coin{coin}, ChangeAddress: g.ChangeAddress}, r); !errors.Is(err, chain.ErrFunds) {
			t.Errorf("a new unconfirmed input in a replacement: %v, want ErrFunds", err)
		}
	}
	s.Mine(t, 1)
}
