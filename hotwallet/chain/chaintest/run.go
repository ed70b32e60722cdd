package chaintest

import (
	"errors"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// suite is one run.
type suite struct {
	Harness
	chain.Adapter
	// amount is a payment of usual size, feeMax more than any should cost.
	amount, feeMax asset.Units
}

// Run runs the suite on one chain, in order: the tests share its blocks but no
// addresses.
func Run(t *testing.T, h Harness) {
	t.Helper()
	s := &suite{Harness: h, Adapter: h.Adapter()}
	switch s.Chain() {
	case asset.Bitcoin, asset.Litecoin, asset.BitcoinCash:
		s.amount, s.feeMax = asset.NewUnits(1_000_000), asset.NewUnits(100_000)
	case asset.Ethereum:
		s.amount, s.feeMax = asset.MustUnits("10000000000000000"), asset.MustUnits("10000000000000000")
	default:
		t.Fatalf("the suite knows no amounts for %s", s.Chain())
	}
	t.Run("tip and refs agree", s.testRefs)
	t.Run("unknown blocks are gone", s.testUnknownBlocks)
	t.Run("a deposit is sighted, then credited once", s.testDeposit)
	t.Run("a payment pays the exact amount", s.testPayment)
	t.Run("a rival payment conflicts", s.testConflict)
	t.Run("a payment spends what an earlier attempt spent", s.testAttempts)
	t.Run("plans keep their limits", s.testPlanLimits)
	t.Run("an attempt takes the place of those before it", s.testReplacement)
	t.Run("replacements keep their limits", s.testReplacementLimits)
	t.Run("everything is paid but the fee", s.testWhole)
	t.Run("a block shows what it was paid", s.testMarket)
	t.Run("spending a deposit costs a part of a payment", s.testSpendCost)
	t.Run("malformed bytes are rejected", s.testMalformed)
	t.Run("held is credits less debits", s.testHeld)
	t.Run("reorganised blocks are gone", s.testReorg)
	t.Run("a cancelled context ends calls", s.testCancelled)
	if u, ok := h.(UTXO); ok {
		us := &utxoSuite{s, u}
		t.Run("two outputs are two credits", us.testTwoOutputs)
		t.Run("a shared output is not credited", us.testShared)
		t.Run("a reward is marked", us.testReward)
		t.Run("several are paid at once", us.testSeveral)
		t.Run("a child pays for its parent", us.testParent)
		t.Run("unconfirmed change is spent last", us.testUnconfirmed)
	}
	if a, ok := h.(Accounts); ok {
		as := &accountSuite{s, a}
		t.Run("a failed transaction costs its fee only", as.testFailed)
		t.Run("a nonce is filled with nothing", as.testFill)
		t.Run("token contracts are refused", as.testToken)
		t.Run("contracts can be paid", as.testWallet)
		t.Run("what a contract pays is credited once for each address", as.testInside)
		t.Run("payments of contracts are deposits of their own, and go with their block", as.testInsideTwice)
	}
	if k, ok := h.(Tokens); ok {
		runTokens(t, s, k)
	}
}

// utxoSuite is what only UTXO chains do.
type utxoSuite struct {
	*suite
	u UTXO
}

// accountSuite is what only account chains do.
type accountSuite struct {
	*suite
	a Accounts
}

// account reports whether s runs on an account chain.
func (s *suite) account() bool { return s.Chain().Family() == asset.Account }

// block reads a block that must be there.
func (s *suite) block(t *testing.T, ref chain.Ref, w chain.Watch) chain.Block {
	t.Helper()
	b, err := s.Block(t.Context(), ref, w)
	if err != nil {
		t.Fatalf("block %s: %v", ref, err)
	}
	return b
}

func (s *suite) tip(t *testing.T) chain.Ref {
	t.Helper()
	tip, err := s.Tip(t.Context())
	if err != nil {
		t.Fatalf("tip: %v", err)
	}
	return tip
}

func wantGone(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, chain.ErrBlockGone) {
		t.Errorf("%s: %v, want ErrBlockGone", what, err)
	}
}

// fund pays a new account of ours five times the usual amount in a block, and
// returns what a payment can be made from.
func (s *suite) fund(t *testing.T) (chain.Funds, chain.Credit) {
	t.Helper()
	a := s.NewAddress(t)
	amount := times(t, s.amount, 5)
	txid := s.Pay(t, a.Address, amount)
	b := s.block(t, s.Mine(t, 1), watching(a.Address))
	if len(b.Credits) != 1 || b.Credits[0].TxID != txid || b.Credits[0].Units != amount {
		t.Fatalf("funding %s was credited as %+v", txid, b.Credits)
	}
	return s.funds(t, a, b.Credits...), b.Credits[0]
}

// funds are an account of ours with the credits it received.
func (s *suite) funds(t *testing.T, a Account, credits ...chain.Credit) chain.Funds {
	t.Helper()
	var f chain.Funds
	for _, c := range credits {
		f.Coins = append(f.Coins, chain.Coin{
			TxID: c.TxID, Index: c.Index, Units: c.Units, Address: c.Address, Path: a.Path,
		})
		f.Balance = plus(t, f.Balance, c.Units)
	}
	if s.account() {
		return chain.Funds{Sender: a.Address, SenderPath: a.Path, Balance: f.Balance}
	}
	change := s.NewAddress(t)
	return chain.Funds{Coins: f.Coins, ChangeAddress: change.Address, ChangePath: change.Path}
}

func (s *suite) plan(t *testing.T, f chain.Funds, to string, units asset.Units) chain.Plan {
	t.Helper()
	p, err := s.Plan(t.Context(), f, chain.Pay(chain.Output{Destination: to, Asset: s.Chain().NativeID(), Units: units}, s.feeMax))
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

// broadcast hands bytes in and checks the answer. Any but Accepted is explained.
func (s *suite) broadcast(t *testing.T, raw []byte, want chain.Acceptance) {
	t.Helper()
	got, err := s.Broadcast(t.Context(), raw)
	if got != want || (err == nil) != (want == chain.Accepted) {
		t.Fatalf("broadcast: %s (%v), want %s", got, err, want)
	}
}

func times(t testing.TB, u asset.Units, n int) asset.Units {
	t.Helper()
	var sum asset.Units
	for range n {
		sum = plus(t, sum, u)
	}
	return sum
}

func plus(t testing.TB, a, b asset.Units) asset.Units {
	t.Helper()
	sum, err := a.Add(b)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func minus(t testing.TB, a, b asset.Units) asset.Units {
	t.Helper()
	rest, err := a.Sub(b)
	if err != nil {
		t.Fatal(err)
	}
	return rest
}
