package chaintest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

func (s *suite) testPayment(t *testing.T) {
	f, credit := s.fund(t)
	to := s.Stranger(t)
	p := s.plan(t, f, to, s.amount)
	if s.feeMax.Less(p.Fee) || p.Fee.IsZero() {
		t.Fatalf("fee %s", p.Fee)
	}
	raw, txid := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	s.broadcast(t, raw, chain.Accepted)
	w := watching(f.Sender, f.ChangeAddress)
	w.coins[credit.CoinID()] = true
	b := s.block(t, s.Mine(t, 1), w)
	if len(b.Debits) != 1 || b.Debits[0].TxID != txid || b.Debits[0].Failed {
		t.Fatalf("debits %+v, want one of %s", b.Debits, txid)
	}
	if s.account() {
		s.checkTransfer(t, b, f, p)
	} else {
		s.checkSpend(t, b, f, p, credit)
	}
	if got := s.Received(t, to); got != s.amount {
		t.Fatalf("the destination received %s, want %s", got, s.amount)
	}
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	if got := s.Received(t, to); got != s.amount {
		t.Fatalf("the destination received %s after the same bytes again, want %s", got, s.amount)
	}
}

// testSpendCost: a deposit costs something to spend, and no more than a payment does.
func (s *suite) testSpendCost(t *testing.T) {
	cost, err := s.SpendCost(t.Context())
	if errors.Is(err, chain.ErrNoEstimate) {
		t.Skip("the node has no estimate")
	}
	if err != nil {
		t.Fatal(err)
	}
	f, _ := s.fund(t)
	if p := s.plan(t, f, s.Stranger(t), s.amount); cost.IsZero() || p.Fee.Less(cost) {
		t.Errorf("spending a deposit costs %s, a payment %s", cost, p.Fee)
	}
}

func (s *suite) checkTransfer(t *testing.T, b chain.Block, f chain.Funds, p chain.Plan) {
	t.Helper()
	d := b.Debits[0]
	if d.Address != f.Sender || d.Nonce != f.Nonce || d.Units != s.amount || d.CoinID != "" {
		t.Fatalf("debit %+v", d)
	}
	if d.Fee.IsZero() || p.Fee.Less(d.Fee) {
		t.Fatalf("it cost %s, planned at most %s", d.Fee, p.Fee)
	}
	if p.ChangeIndex != -1 || len(b.Credits) != 0 || p.SenderPath != f.SenderPath {
		t.Fatalf("plan %+v, credits %+v", p, b.Credits)
	}
}

// checkSpend: the coin is spent, and what is left comes back at the index planned.
func (s *suite) checkSpend(t *testing.T, b chain.Block, f chain.Funds, p chain.Plan, spent chain.Credit) {
	t.Helper()
	if b.Debits[0].CoinID != spent.CoinID() {
		t.Fatalf("debit %+v", b.Debits[0])
	}
	if p.ChangeIndex < 0 || p.ChangePath != f.ChangePath || len(p.Coins) != 1 || len(p.Coins[0].PreviousTx) == 0 {
		t.Fatalf("plan %+v", p)
	}
	want := chain.Credit{
		TxID: b.Debits[0].TxID, Index: uint32(p.ChangeIndex), Address: f.ChangeAddress, Asset: s.Chain().NativeID(),
		Units: minus(t, spent.Units, plus(t, s.amount, p.Fee)),
	}
	if !slices.Equal(b.Credits, []chain.Credit{want}) {
		t.Fatalf("credits %+v, want %+v", b.Credits, want)
	}
}

func (s *suite) testConflict(t *testing.T) {
	f, _ := s.fund(t)
	first, id := s.Sign(t, s.plan(t, f, s.Stranger(t), s.amount))
	rival, rivalID := s.Sign(t, s.plan(t, f, s.Stranger(t), s.amount))
	if id == rivalID || bytes.Equal(first, rival) {
		t.Fatal("two payments to two addresses are the same transaction")
	}
	s.broadcast(t, first, chain.Accepted)
	s.broadcast(t, rival, chain.Conflicting)
	s.Mine(t, 1)
	s.broadcast(t, rival, chain.Conflicting)
	s.broadcast(t, first, chain.Accepted)
}

// testAttempts: a second attempt given the coins of the first as Must, and others
// besides, can't be mined together with it.
func (s *suite) testAttempts(t *testing.T) {
	f, _ := s.fund(t)
	other, _ := s.fund(t)
	to := s.Stranger(t)
	first := s.plan(t, f, to, s.amount)
	if !s.account() {
		f.Coins, f.Must = slices.Concat(other.Coins, f.Coins), first.Coins
	}
	second := s.plan(t, f, to, plus(t, s.amount, asset.NewUnits(1)))
	rawFirst, _ := s.Sign(t, first)
	rawSecond, _ := s.Sign(t, second)
	s.broadcast(t, rawFirst, chain.Accepted)
	s.Mine(t, 1)
	s.broadcast(t, rawSecond, chain.Conflicting)
	s.Mine(t, 1)
	if got := s.Received(t, to); got != s.amount {
		t.Fatalf("received %s of two attempts, want %s", got, s.amount)
	}
}

func (s *suite) testPlanLimits(t *testing.T) {
	f, credit := s.fund(t)
	to := s.Stranger(t)
	below, err := s.MinOutput().Sub(asset.NewUnits(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		to    string
		units asset.Units
		fee   asset.Units
		want  error // nil: any error
	}{
		"all, nothing left for the fee": {to, credit.Units, s.feeMax, chain.ErrFunds},
		"more than there is":            {to, plus(t, credit.Units, s.amount), s.feeMax, chain.ErrFunds},
		"no fee allowed":                {to, s.amount, asset.Units{}, chain.ErrFeeMax},
		"below the dust limit":          {to, below, s.feeMax, nil},
		"no address":                    {"x", s.amount, s.feeMax, asset.ErrAddressSyntax},
	} {
		_, err := s.Plan(t.Context(), f, chain.Pay(chain.Output{Destination: row.to, Asset: s.Chain().NativeID(), Units: row.units}, row.fee))
		if err == nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if err := s.CheckDestination(t.Context(), to); err != nil {
		t.Errorf("an ordinary destination: %v", err)
	}
	s.testSmallest(t, f, to)
}

// testSmallest: the smallest output allowed is one that the chain takes.
func (s *suite) testSmallest(t *testing.T, f chain.Funds, to string) {
	t.Helper()
	raw, _ := s.Sign(t, s.plan(t, f, to, s.MinOutput()))
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	if got := s.Received(t, to); got != s.MinOutput() {
		t.Fatalf("received %s, want %s", got, s.MinOutput())
	}
}

func (s *suite) testMalformed(t *testing.T) {
	f, _ := s.fund(t)
	p := s.plan(t, f, s.Stranger(t), s.amount)
	raw, _ := s.Sign(t, p)
	for name, bytes := range map[string][]byte{
		"nothing": nil, "noise": []byte("noise"), "cut short": raw[:len(raw)-1],
		"longer": append(slices.Clone(raw), 0), "unsigned": p.Unsigned,
	} {
		if got, err := s.Broadcast(t.Context(), bytes); got != chain.Rejected || err == nil {
			t.Errorf("%s: %s (%v), want rejected", name, got, err)
		}
	}
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
}
