package chaintest

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

func (s *utxoSuite) testTwoOutputs(t *testing.T) {
	a := s.NewAddress(t)
	second := plus(t, s.amount, s.amount)
	txid := s.u.PayTwice(t, a.Address, s.amount, second)
	b := s.block(t, s.Mine(t, 1), watching(a.Address))
	if len(b.Credits) != 2 || b.Credits[0].CoinID() == b.Credits[1].CoinID() ||
		b.Credits[0].TxID != txid || b.Credits[1].TxID != txid {
		t.Fatalf("credits %+v, want two of %s", b.Credits, txid)
	}
	amounts := []asset.Units{b.Credits[0].Units, b.Credits[1].Units}
	if !slices.Equal(amounts, []asset.Units{s.amount, second}) {
		t.Fatalf("amounts %v", amounts)
	}
	// Both can be spent at once: each index names its own output.
	to := s.Stranger(t)
	p := s.plan(t, s.funds(t, a, b.Credits...), to, plus(t, second, asset.NewUnits(1000)))
	if len(p.Coins) != 2 {
		t.Fatalf("coins %+v", p.Coins)
	}
	raw, _ := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
}

func (s *utxoSuite) testShared(t *testing.T) {
	a := s.NewAddress(t)
	w := watching(append(s.u.PayShared(t, a, s.amount), a.Address)...)
	if seen, err := s.Mempool(t.Context(), w); err != nil || len(seen) != 0 {
		t.Errorf("mempool %+v, %v", seen, err)
	}
	if b := s.block(t, s.Mine(t, 1), w); len(b.Credits) != 0 {
		t.Errorf("credits %+v", b.Credits)
	}
}

func (s *utxoSuite) testReward(t *testing.T) {
	address := s.u.MineTo(t)
	b := s.block(t, s.tip(t), watching(address))
	if len(b.Credits) != 1 || !b.Credits[0].Coinbase || b.Credits[0].Address != address {
		t.Fatalf("credits %+v", b.Credits)
	}
}

func (s *accountSuite) testFailed(t *testing.T) {
	f, credit := s.fund(t)
	txid, to := s.a.SendFailing(t, Account{f.Sender, f.SenderPath}, 0, s.amount)
	b := s.block(t, s.Mine(t, 1), watching(f.Sender, to))
	if len(b.Credits) != 0 {
		t.Errorf("credits %+v", b.Credits)
	}
	if len(b.Debits) != 1 || b.Debits[0].TxID != txid || !b.Debits[0].Failed ||
		!b.Debits[0].Units.IsZero() || b.Debits[0].Fee.IsZero() {
		t.Fatalf("debits %+v", b.Debits)
	}
	want := minus(t, credit.Units, b.Debits[0].Fee)
	if held, err := s.Held(t.Context(), b.Ref, s.Chain().NativeID(), nil, []string{f.Sender}); err != nil || held != want {
		t.Errorf("held %s, %v; want %s", held, err, want)
	}
}

func (s *accountSuite) testToken(t *testing.T) {
	if err := s.CheckDestination(t.Context(), s.a.Token(t)); !errors.Is(err, asset.ErrAddressForbidden) {
		t.Errorf("%v, want ErrAddressForbidden", err)
	}
}

func (s *accountSuite) testWallet(t *testing.T) {
	to := s.a.Wallet(t)
	if err := s.CheckDestination(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	f, _ := s.fund(t)
	before := s.Received(t, to)
	raw, _ := s.Sign(t, s.plan(t, f, to, s.amount))
	s.broadcast(t, raw, chain.Accepted)
	b := s.block(t, s.Mine(t, 1), watching(f.Sender))
	if len(b.Debits) != 1 || b.Debits[0].Failed {
		t.Fatalf("debits %+v", b.Debits)
	}
	if got := minus(t, s.Received(t, to), before); got != s.amount {
		t.Fatalf("received %s, want %s", got, s.amount)
	}
	// A self-transfer is both: what left and what arrived.
	f.Nonce++
	f.Balance = minus(t, f.Balance, plus(t, s.amount, b.Debits[0].Fee))
	raw, _ = s.Sign(t, s.plan(t, f, f.Sender, s.amount))
	s.broadcast(t, raw, chain.Accepted)
	b = s.block(t, s.Mine(t, 1), watching(f.Sender))
	if len(b.Debits) != 1 || len(b.Credits) != 1 || b.Credits[0].Units != s.amount || b.Debits[0].Units != s.amount {
		t.Fatalf("a self-transfer: %+v", b)
	}
}

// testInside: one transaction pays two of ours, one of them twice, and a stranger.
// Each of ours is credited once, under an id of its own that does not depend on
// what else is watched.
func (s *accountSuite) testInside(t *testing.T) {
	first, second := s.NewAddress(t).Address, s.NewAddress(t).Address
	more := plus(t, s.amount, asset.NewUnits(1))
	txid := s.a.PayInside(t, Payment{first, s.amount}, Payment{s.Stranger(t), s.amount}, Payment{second, more}, Payment{first, more})
	if seen, err := s.Mempool(t.Context(), watching(first, second)); err != nil || len(seen) != 0 {
		t.Errorf("mempool %+v, %v: what a contract will do is not known", seen, err)
	}
	ref := s.Mine(t, 1)
	both, alone := s.block(t, ref, watching(first, second)), s.block(t, ref, watching(second))
	if len(both.Credits) != 2 || len(both.Debits) != 0 || len(alone.Credits) != 1 {
		t.Fatalf("credits %+v, and of the second alone %+v", both, alone)
	}
	want := map[string]asset.Units{first: plus(t, s.amount, more), second: more}
	ids := map[string]string{}
	for _, c := range both.Credits {
		if c.TxID != txid || c.Units != want[c.Address] || c.Source != chain.Internal {
			t.Errorf("credit %+v of %s, want %s", c, txid, want[c.Address])
		}
		ids[c.Address] = c.CoinID()
	}
	if len(ids) != 2 || ids[first] == ids[second] || alone.Credits[0].CoinID() != ids[second] {
		t.Errorf("ids %v, and of the second alone %s", ids, alone.Credits[0].CoinID())
	}
	if held, err := s.Held(t.Context(), ref, s.Chain().NativeID(), nil, []string{first, second}); err != nil || held != plus(t, want[first], want[second]) {
		t.Errorf("held %s, %v", held, err)
	}
	if b := s.block(t, s.Mine(t, 1), watching(first, second)); len(b.Credits) != 0 {
		t.Errorf("credited again: %+v", b.Credits)
	}
}

// testInsideTwice: the same money paid by another transaction is another deposit.
// Both go with their blocks.
func (s *accountSuite) testInsideTwice(t *testing.T) {
	ours := s.NewAddress(t).Address
	pay := func() chain.Credit {
		s.a.PayInside(t, Payment{ours, s.amount}, Payment{s.Stranger(t), s.amount})
		b := s.block(t, s.Mine(t, 1), watching(ours))
		if len(b.Credits) != 1 || b.Credits[0].Units != s.amount {
			t.Fatalf("credits %+v", b.Credits)
		}
		return b.Credits[0]
	}
	first := pay()
	orphan := s.tip(t)
	if second := pay(); second.CoinID() == first.CoinID() {
		t.Fatalf("two deposits have the id %s", first.CoinID())
	}
	s.Reorg(t, 2)
	_, err := s.Block(t.Context(), orphan, watching(ours))
	wantGone(t, "the block with the payment", err)
}
