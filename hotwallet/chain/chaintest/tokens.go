package chaintest

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// tokenSuite is what only chains with tokens do.
type tokenSuite struct {
	*suite
	h Tokens
	// token is the one that is paid, other another of the same chain.
	token, other asset.ID
	// units is a payment of usual size.
	units asset.Units
}

func runTokens(t *testing.T, s *suite, h Tokens) {
	t.Helper()
	var ids []asset.ID
	for _, a := range asset.All() {
		if a.Token && a.Chain == s.Chain() {
			ids = append(ids, a.ID)
		}
	}
	ts := &tokenSuite{suite: s, h: h, token: ids[0], other: ids[1], units: asset.NewUnits(25_000_000)}
	t.Run("a token is sighted, then credited once", ts.testDeposit)
	t.Run("tokens at one address are apart", ts.testApart)
	t.Run("a token's payment is exact, and costs the chain's own asset", ts.testPayment)
	t.Run("a token's plans keep their limits", ts.testLimits)
	t.Run("a token's attempt takes the place of those before it", ts.testReplacement)
	t.Run("every token is paid", ts.testWhole)
	t.Run("a token that refuses is told apart", ts.testRefused)
	t.Run("a token's deposit goes with its block, and comes back as itself", ts.testReorg)
}

// credit is how a deposit of the token has to be told.
func (s *tokenSuite) credit(txid, to string, id asset.ID, units asset.Units) chain.Credit {
	return chain.Credit{TxID: txid, Asset: id, Address: to, Units: units, Source: chain.Token}
}

func (s *tokenSuite) testDeposit(t *testing.T) {
	ours, stranger := s.NewAddress(t).Address, s.Stranger(t)
	w := watching(ours)
	txid := s.h.PayToken(t, s.token, ours, s.units)
	s.h.PayToken(t, s.token, stranger, s.units)
	want := []chain.Credit{s.credit(txid, ours, s.token, s.units)}
	if seen, err := s.Mempool(t.Context(), w); err != nil || !slices.Equal(seen, want) {
		t.Fatalf("mempool %+v, %v, want %+v", seen, err, want)
	}
	ref := s.Mine(t, 1)
	if b := s.block(t, ref, w); !slices.Equal(b.Credits, want) || len(b.Debits)+len(b.Doubts) != 0 {
		t.Fatalf("block %+v, want %+v", b, want)
	}
	if b := s.block(t, s.Mine(t, 1), w); len(b.Credits)+len(b.Doubts) != 0 {
		t.Fatalf("credited again: %+v", b)
	}
	if got := s.h.ReceivedToken(t, s.token, ours); got != s.units {
		t.Fatalf("the chain says %s was received, want %s", got, s.units)
	}
	for id, units := range map[asset.ID]asset.Units{s.token: s.units, s.other: {}, s.Chain().NativeID(): {}} {
		if held, err := s.Held(t.Context(), ref, id, nil, []string{ours}); err != nil || held != units {
			t.Errorf("held %s %s, %v; want %s", held, id, err, units)
		}
	}
}

func (s *tokenSuite) testApart(t *testing.T) {
	ours := s.NewAddress(t).Address
	one := s.h.PayToken(t, s.token, ours, s.units)
	two := s.h.PayToken(t, s.other, ours, s.units)
	b := s.block(t, s.Mine(t, 1), watching(ours))
	if len(b.Credits) != 2 || b.Credits[0].CoinID() == b.Credits[1].CoinID() {
		t.Fatalf("credits %+v", b.Credits)
	}
	for _, want := range []chain.Credit{s.credit(one, ours, s.token, s.units), s.credit(two, ours, s.other, s.units)} {
		if !slices.Contains(b.Credits, want) {
			t.Errorf("credits %+v, want %+v", b.Credits, want)
		}
	}
}

// fundToken is fund, and four times the usual amount of the token.
func (s *tokenSuite) fundToken(t *testing.T) chain.Funds {
	t.Helper()
	f, _ := s.fund(t)
	f.TokenBalance = times(t, s.units, 4)
	s.h.PayToken(t, s.token, f.Sender, f.TokenBalance)
	if b := s.block(t, s.Mine(t, 1), watching(f.Sender)); len(b.Credits) != 1 || b.Credits[0].Units != f.TokenBalance {
		t.Fatalf("credits %+v", b.Credits)
	}
	return f
}

func (s *tokenSuite) request(to string, units asset.Units) chain.Request {
	return chain.Pay(chain.Output{Destination: to, Asset: s.token, Units: units}, s.feeMax)
}

func (s *tokenSuite) planToken(t *testing.T, f chain.Funds, to string) chain.Plan {
	t.Helper()
	p, err := s.Plan(t.Context(), f, s.request(to, s.units))
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

func (s *tokenSuite) testPayment(t *testing.T) {
	f, to := s.fundToken(t), s.Stranger(t)
	p := s.planToken(t, f, to)
	raw, txid := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	b := s.block(t, s.Mine(t, 1), watching(f.Sender))
	if len(b.Debits) != 2 || len(b.Credits)+len(b.Doubts) != 0 {
		t.Fatalf("block %+v", b)
	}
	fee, moved := b.Debits[0], b.Debits[1]
	if fee.TxID != txid || fee.Asset != s.Chain().NativeID() || fee.Address != f.Sender || fee.Nonce != f.Nonce || !fee.Units.IsZero() ||
		fee.Fee.IsZero() || p.Fee.Less(fee.Fee) || fee.Failed {
		t.Errorf("what it cost: %+v, planned at most %s", fee, p.Fee)
	}
	if want := (chain.Debit{TxID: txid, Asset: s.token, Address: f.Sender, Units: s.units}); moved != want {
		t.Errorf("what it moved: %+v, want %+v", moved, want)
	}
	if got := s.h.ReceivedToken(t, s.token, to); got != s.units {
		t.Errorf("the destination received %s, want %s", got, s.units)
	}
	if got := s.Received(t, to); !got.IsZero() {
		t.Errorf("the destination received %s of the chain's own asset", got)
	}
	for id, want := range map[asset.ID]asset.Units{s.token: minus(t, f.TokenBalance, s.units), fee.Asset: minus(t, f.Balance, fee.Fee)} {
		if held, err := s.Held(t.Context(), b.Ref, id, nil, []string{f.Sender}); err != nil || held != want {
			t.Errorf("held %s %s, %v; want %s", held, id, err, want)
		}
	}
}

func (s *tokenSuite) testLimits(t *testing.T) {
	f, to := s.fundToken(t), s.Stranger(t)
	poor, strange := f, s.request(to, s.units)
	poor.Balance = asset.NewUnits(1)
	strange.Outputs[0].Asset = "XYZ"
	cheap, itself := s.request(to, s.units), s.request(f.Sender, s.units)
	cheap.FeeMax = asset.Units{}
	for name, row := range map[string]struct {
		f     chain.Funds
		r     chain.Request
		want  error    // nil: any error
		short asset.ID // what is short
	}{
		"more than there is":      {f, s.request(to, plus(t, f.TokenBalance, asset.NewUnits(1))), chain.ErrFunds, s.token},
		"nothing for the fee":     {poor, s.request(to, s.units), chain.ErrFunds, s.Chain().NativeID()},
		"no fee allowed":          {f, cheap, chain.ErrFeeMax, ""},
		"nothing":                 {f, s.request(to, asset.Units{}), nil, ""},
		"no address":              {f, s.request("x", s.units), asset.ErrAddressSyntax, ""},
		"to the sender":           {f, itself, nil, ""},
		"a token that is no ours": {f, strange, nil, ""},
	} {
		_, err := s.Plan(t.Context(), row.f, row.r)
		if err == nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
		var short *chain.ShortError
		if errors.As(err, &short) != (row.short != "") || short != nil && short.Asset != row.short {
			t.Errorf("%s: %v, want %q to be short", name, err, row.short)
		}
	}
	all, err := s.Plan(t.Context(), f, s.request(to, f.TokenBalance))
	if err != nil || all.Fee.IsZero() {
		t.Errorf("all there is: %+v, %v", all, err)
	}
}

func (s *tokenSuite) testReplacement(t *testing.T) {
	s.replaceBy(t, s.fundToken(t), s.request(s.Stranger(t), s.units), func(p chain.Plan) asset.Units {
		return s.h.ReceivedToken(t, s.token, p.Outputs[0].Destination)
	})
}

func (s *tokenSuite) testWhole(t *testing.T) {
	f := s.fundToken(t)
	r := s.request(s.Stranger(t), asset.Units{})
	r.Whole = true
	p := s.must(t, f, r)
	raw, _ := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	if got := s.h.ReceivedToken(t, s.token, p.Outputs[0].Destination); got != f.TokenBalance || p.Outputs[0].Units != got {
		t.Errorf("%s arrived and %s are planned of %s", got, p.Outputs[0].Units, f.TokenBalance)
	}
	f.TokenBalance = asset.Units{}
	if _, err := s.Plan(t.Context(), f, r); !errors.Is(err, chain.ErrFunds) {
		t.Errorf("all of nothing: %v, want ErrFunds", err)
	}
}

func (s *tokenSuite) testRefused(t *testing.T) {
	f, to := s.fundToken(t), s.Stranger(t)
	s.h.Refuse(t, s.token, true)
	if _, err := s.Plan(t.Context(), f, s.request(to, s.units)); !errors.Is(err, chain.ErrRefused) {
		t.Errorf("%v, want ErrRefused", err)
	}
	s.h.Refuse(t, s.token, false)
	raw, _ := s.Sign(t, s.planToken(t, f, to))
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	if got := s.h.ReceivedToken(t, s.token, to); got != s.units {
		t.Errorf("afterwards the destination received %s, want %s", got, s.units)
	}
}

// testReorg: our own transfer, signed once, is mined twice, in two blocks of one height.
func (s *tokenSuite) testReorg(t *testing.T) {
	f, ours := s.fundToken(t), s.NewAddress(t).Address
	raw, txid := s.Sign(t, s.planToken(t, f, ours))
	s.broadcast(t, raw, chain.Accepted)
	w := watching(ours)
	first := s.block(t, s.Mine(t, 1), w)
	s.Reorg(t, 1)
	_, err := s.Block(t.Context(), first.Ref, w)
	wantGone(t, "the block with the token", err)
	_, err = s.Held(t.Context(), first.Ref, s.token, nil, []string{ours})
	wantGone(t, "what was held", err)
	s.h.PayToken(t, s.token, s.Stranger(t), s.units) // so that the log is another's number
	s.broadcast(t, raw, chain.Accepted)
	again := s.block(t, s.Mine(t, 1), w)
	want := []chain.Credit{s.credit(txid, ours, s.token, s.units)}
	if !slices.Equal(first.Credits, want) || !slices.Equal(again.Credits, want) || first.Hash == again.Hash {
		t.Errorf("credits %+v, then %+v; want %+v", first, again, want)
	}
}
