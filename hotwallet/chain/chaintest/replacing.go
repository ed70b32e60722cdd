package chaintest

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// to is an output in the chain's own asset.
func (s *suite) to(address string, units asset.Units) chain.Output {
	return chain.Output{Destination: address, Asset: s.Chain().NativeID(), Units: units}
}

func (s *suite) request(outputs ...chain.Output) chain.Request {
	return chain.Request{Outputs: outputs, FeeMax: s.feeMax}
}

// must plans, and fails the test where that is not possible.
func (s *suite) must(t *testing.T, f chain.Funds, r chain.Request) chain.Plan {
	t.Helper()
	p, err := s.Plan(t.Context(), f, r)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if p.Size == 0 || p.Rate == 0 || len(p.Outputs) != len(r.Outputs) {
		t.Fatalf("plan %+v", p)
	}
	return p
}

// again are the funds of another attempt at what a plan pays.
func (s *suite) again(f chain.Funds, p chain.Plan) chain.Funds {
	if !s.account() {
		f.Must = p.Coins
	}
	return f
}

// testReplacement: each attempt takes the place of those before it, which the node then
// has no more, though the rate that is wanted stays the same.
func (s *suite) testReplacement(t *testing.T) {
	f, _ := s.fund(t)
	s.replaceBy(t, f, s.request(s.to(s.Stranger(t), s.amount)), func(p chain.Plan) asset.Units {
		return s.Received(t, p.Outputs[0].Destination)
	})
}

func (s *suite) replaceBy(t *testing.T, f chain.Funds, r chain.Request, received func(chain.Plan) asset.Units) {
	t.Helper()
	first := s.must(t, f, r)
	rawFirst, _ := s.Sign(t, first)
	s.broadcast(t, rawFirst, chain.Accepted)
	r.Replaces = []chain.Plan{first}
	if !s.Replaceable() {
		if _, err := s.Plan(t.Context(), s.again(f, first), r); !errors.Is(err, chain.ErrNotReplaceable) {
			t.Errorf("%v, want ErrNotReplaceable", err)
		}
		s.Mine(t, 1)
		return
	}
	r.Rate = first.Rate
	second := s.must(t, s.again(f, first), r)
	rawSecond, _ := s.Sign(t, second)
	s.broadcast(t, rawSecond, chain.Accepted)
	s.broadcast(t, rawFirst, chain.Conflicting)
	r.Replaces = []chain.Plan{first, second}
	third := s.must(t, s.again(f, first), r)
	if !first.Fee.Less(second.Fee) || !second.Fee.Less(third.Fee) || second.Rate <= first.Rate || third.Rate <= second.Rate {
		t.Errorf("fees %s, %s, %s at %d, %d, %d", first.Fee, second.Fee, third.Fee, first.Rate, second.Rate, third.Rate)
	}
	rawThird, _ := s.Sign(t, third)
	s.broadcast(t, rawThird, chain.Accepted)
	s.broadcast(t, rawSecond, chain.Conflicting)
	s.Mine(t, 1)
	for _, raw := range [][]byte{rawFirst, rawSecond} {
		s.broadcast(t, raw, chain.Conflicting)
	}
	s.broadcast(t, rawThird, chain.Accepted)
	s.Mine(t, 1)
	if got := received(third); got != r.Outputs[0].Units {
		t.Errorf("of three attempts %s arrived, want %s", got, r.Outputs[0].Units)
	}
}

// testReplacementLimits: what would not exclude the earlier attempt, or costs more than is
// allowed, is not planned.
func (s *suite) testReplacementLimits(t *testing.T) {
	if !s.Replaceable() {
		t.Skip("nodes of this chain take no replacement")
	}
	f, _ := s.fund(t)
	other, _ := s.fund(t)
	r := s.request(s.to(s.Stranger(t), s.amount))
	first := s.must(t, f, r)
	r.Replaces = []chain.Plan{first}
	beside := other
	beside.Must, beside.Nonce = other.Coins, f.Nonce+1
	if _, err := s.Plan(t.Context(), beside, r); err == nil {
		t.Error("a second payment was planned in place of one that can be mined beside it")
	}
	r.FeeMax = first.Fee
	if _, err := s.Plan(t.Context(), s.again(f, first), r); !errors.Is(err, chain.ErrFeeMax) {
		t.Errorf("at the first one's fee: %v, want ErrFeeMax", err)
	}
	broken := first
	broken.Unsigned = first.Unsigned[:len(first.Unsigned)-1]
	r.FeeMax, r.Replaces = s.feeMax, []chain.Plan{broken}
	if _, err := s.Plan(t.Context(), s.again(f, first), r); err == nil {
		t.Error("a plan that does not parse was replaced")
	}
}

// testWhole: everything arrives but the fee, and nothing comes back.
func (s *suite) testWhole(t *testing.T) {
	f, credit := s.fund(t)
	if !s.account() { // two coins, of which one must be spent
		more, _ := s.fund(t)
		f.Must, f.Coins = f.Coins, more.Coins
	}
	r := s.request(s.to(s.Stranger(t), asset.Units{}))
	r.Whole = true
	p := s.must(t, f, r)
	sum := credit.Units
	if !s.account() {
		sum = plus(t, sum, credit.Units)
	}
	if want := minus(t, sum, p.Fee); p.Outputs[0].Units != want || p.ChangeIndex != -1 {
		t.Fatalf("it pays %s of %s at a fee of %s, change at %d", p.Outputs[0].Units, sum, p.Fee, p.ChangeIndex)
	}
	raw, txid := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	b := s.block(t, s.Mine(t, 1), watching(f.Sender, f.ChangeAddress))
	if got := s.Received(t, p.Outputs[0].Destination); got != p.Outputs[0].Units || len(b.Credits) != 0 {
		t.Errorf("%s arrived of %s by %s, credits %+v", got, p.Outputs[0].Units, txid, b.Credits)
	}
	for name, spoil := range map[string]func(*chain.Request){
		"an amount":   func(r *chain.Request) { r.Outputs = []chain.Output{s.to(s.Stranger(t), s.amount)} },
		"two outputs": func(r *chain.Request) { r.Outputs = append(slices.Clone(r.Outputs), r.Outputs...) },
		"no output":   func(r *chain.Request) { r.Outputs = nil },
	} {
		spoiled := r
		spoil(&spoiled)
		if p, err := s.Plan(t.Context(), f, spoiled); err == nil {
			t.Errorf("everything, and %s: %+v", name, p)
		}
	}
}

// testFill: nothing, sent to itself, takes a nonce and costs the fee only.
func (s *accountSuite) testFill(t *testing.T) {
	f, credit := s.fund(t)
	r := s.request(s.to(f.Sender, asset.Units{}))
	raw, txid := s.Sign(t, s.must(t, f, r))
	s.broadcast(t, raw, chain.Accepted)
	b := s.block(t, s.Mine(t, 1), watching(f.Sender))
	if len(b.Debits) != 1 || len(b.Credits) != 0 || b.Debits[0].TxID != txid || b.Debits[0].Nonce != f.Nonce || !b.Debits[0].Units.IsZero() {
		t.Fatalf("block %+v", b)
	}
	want := minus(t, credit.Units, b.Debits[0].Fee)
	if held, err := s.Held(t.Context(), b.Ref, s.Chain().NativeID(), nil, []string{f.Sender}); err != nil || held != want {
		t.Errorf("held %s, %v; want %s", held, err, want)
	}
	if p, err := s.Plan(t.Context(), f, s.request(s.to(s.Stranger(t), asset.Units{}))); err == nil {
		t.Errorf("nothing to somebody else: %+v", p)
	}
	if p, err := s.Plan(t.Context(), f, s.request(s.to(s.Stranger(t), s.amount), s.to(s.Stranger(t), s.amount))); err == nil {
		t.Errorf("two at once: %+v", p)
	}
}
