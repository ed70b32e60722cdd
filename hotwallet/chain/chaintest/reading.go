package chaintest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

func (s *suite) testRefs(t *testing.T) {
	before := s.tip(t)
	mined := s.Mine(t, 3)
	tip := s.tip(t)
	if tip != mined || tip.Height != before.Height+3 {
		t.Fatalf("tip %s after mining 3 on %s up to %s", tip, before, mined)
	}
	for h, child := tip.Height, tip; h > before.Height; h-- {
		ref, err := s.RefAt(t.Context(), h)
		if err != nil || ref != child {
			t.Fatalf("at %d: %s, %v; want %s", h, ref, err, child)
		}
		b := s.block(t, ref, watching())
		if b.Ref != ref || b.Time.Unix() <= 0 || len(b.Credits)+len(b.Debits) != 0 {
			t.Fatalf("block %+v at %s", b, ref)
		}
		child = chain.Ref{Height: h - 1, Hash: b.Parent}
		if h == before.Height+1 && child != before {
			t.Fatalf("the parents lead to %s, want %s", child, before)
		}
	}
}

func (s *suite) testUnknownBlocks(t *testing.T) {
	tip := s.tip(t)
	for _, h := range []int64{-1, tip.Height + 1, tip.Height + 1_000_000} {
		_, err := s.RefAt(t.Context(), h)
		wantGone(t, "a height without block", err)
	}
	digit := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(tip.Hash, "0")]
	for name, ref := range map[string]chain.Ref{
		"another hash":   {Height: tip.Height, Hash: tip.Hash[:len(tip.Hash)-1] + digit},
		"another height": {Height: tip.Height - 1, Hash: tip.Hash},
		"beyond the tip": {Height: tip.Height + 1, Hash: tip.Hash},
		"no hash":        {Height: tip.Height, Hash: "x"},
		"empty hash":     {Height: tip.Height},
	} {
		_, err := s.Block(t.Context(), ref, watching())
		wantGone(t, name, err)
	}
}

func (s *suite) testDeposit(t *testing.T) {
	ours, stranger := s.NewAddress(t).Address, s.Stranger(t)
	w := watching(ours)
	txid := s.Pay(t, ours, s.amount)
	s.Pay(t, stranger, s.amount)
	want := []chain.Credit{{TxID: txid, Address: ours, Asset: s.Chain().NativeID(), Units: s.amount}}
	for range 2 { // the second look is answered from what the first one read
		seen, err := s.Mempool(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		want[0].Index = indexOf(seen)
		if !slices.Equal(seen, want) {
			t.Fatalf("mempool %+v, want %+v", seen, want)
		}
	}
	ref := s.Mine(t, 1)
	if got := s.block(t, ref, w); !slices.Equal(got.Credits, want) || len(got.Debits) != 0 {
		t.Fatalf("block %+v, want credits %+v", got, want)
	}
	if seen, err := s.Mempool(t.Context(), w); err != nil || len(seen) != 0 {
		t.Fatalf("mempool %+v, %v after the block", seen, err)
	}
	if got := s.block(t, s.Mine(t, 1), w); len(got.Credits) != 0 {
		t.Fatalf("credited again: %+v", got.Credits)
	}
	if got := s.Received(t, ours); got != s.amount {
		t.Fatalf("the chain says %s was received, want %s", got, s.amount)
	}
}

// indexOf is the output's number, which the stranger chose.
func indexOf(credits []chain.Credit) uint32 {
	if len(credits) == 0 {
		return 0
	}
	return credits[0].Index
}

func (s *suite) testHeld(t *testing.T) {
	f, credit := s.fund(t)
	held := func(at chain.Ref, coins ...string) (asset.Units, error) {
		return s.Held(t.Context(), at, s.Chain().NativeID(), coins, []string{f.Sender})
	}
	old := s.tip(t)
	if got, err := held(old, credit.CoinID()); err != nil || got != credit.Units {
		t.Fatalf("held %s, %v; want %s", got, err, credit.Units)
	}
	raw, _ := s.Sign(t, s.plan(t, f, s.Stranger(t), s.amount))
	s.broadcast(t, raw, chain.Accepted)
	if got, err := held(old, credit.CoinID()); err != nil || got != credit.Units {
		t.Fatalf("held %s, %v with the payment unconfirmed; want %s", got, err, credit.Units)
	}
	w := watching(f.Sender, f.ChangeAddress)
	w.coins[credit.CoinID()] = true
	b := s.block(t, s.Mine(t, 1), w)
	want, coins := credit.Units, []string{credit.CoinID()}
	for _, d := range b.Debits {
		if s.account() {
			want = minus(t, want, plus(t, d.Units, d.Fee))
		} else if d.CoinID == credit.CoinID() {
			want = minus(t, want, credit.Units)
		}
	}
	for _, c := range b.Credits {
		want, coins = plus(t, want, c.Units), append(coins, c.CoinID())
	}
	if got, err := held(b.Ref, coins...); err != nil || got != want {
		t.Fatalf("held %s, %v after the payment; want %s", got, err, want)
	}
	if got, err := held(old, credit.CoinID()); err == nil {
		if got != credit.Units {
			t.Fatalf("looking back: held %s, want %s", got, credit.Units)
		}
	} else {
		wantGone(t, "looking back", err)
	}
	_, err := held(chain.Ref{Height: old.Height, Hash: b.Hash}, coins...)
	wantGone(t, "held at no block", err)
}

func (s *suite) testReorg(t *testing.T) {
	ours := s.NewAddress(t).Address
	w := watching(ours)
	s.Pay(t, ours, s.amount)
	first := s.Mine(t, 1)
	old := s.Mine(t, 1)
	if got := s.block(t, first, w); len(got.Credits) != 1 {
		t.Fatalf("credits %+v", got.Credits)
	}
	s.Reorg(t, 2)
	if tip := s.tip(t); tip.Height != old.Height-2 {
		t.Fatalf("tip %s after taking 2 from %s", tip, old)
	}
	_, err := s.RefAt(t.Context(), old.Height)
	wantGone(t, "the height", err)
	for range 2 { // below the old height, and above it
		for _, ref := range []chain.Ref{first, old} {
			_, err = s.Block(t.Context(), ref, w)
			wantGone(t, "the block", err)
			_, err = s.Held(t.Context(), ref, s.Chain().NativeID(), nil, []string{ours})
			wantGone(t, "held", err)
		}
		s.Mine(t, 3)
	}
	ref, err := s.RefAt(t.Context(), old.Height)
	if err != nil || ref.Hash == old.Hash {
		t.Fatalf("%s, %v at the height of %s", ref, err, old)
	}
}

func (s *suite) testCancelled(t *testing.T) {
	tip := s.tip(t)
	f, _ := s.fund(t)
	to := s.Stranger(t)
	raw, _ := s.Sign(t, s.plan(t, f, to, s.amount))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Tip":     func() error { _, err := s.Tip(ctx); return err },
		"RefAt":   func() error { _, err := s.RefAt(ctx, tip.Height); return err },
		"Block":   func() error { _, err := s.Block(ctx, tip, watching()); return err },
		"Mempool": func() error { _, err := s.Mempool(ctx, watching()); return err },
		"Held":    func() error { _, err := s.Held(ctx, tip, s.Chain().NativeID(), nil, nil); return err },
	} {
		if call() == nil {
			t.Errorf("%s answered", name)
		}
	}
	if got, err := s.Broadcast(ctx, raw); got != chain.Unknown || err == nil {
		t.Errorf("broadcast: %s, %v", got, err)
	}
}
