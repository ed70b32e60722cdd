package statemachine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// cashAddress is an address on Bitcoin Cash.
const cashAddress = "bchsim:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t"

// wrongFees are what refunds in other assets cost.
var wrongFees = map[asset.ID]asset.Units{asset.BCH: asset.NewUnits(3_000), asset.USDC: asset.NewUnits(400_000)}

// wrong is a fact about deposit n in another asset: a coin on the sibling's chain.
func (s *story) wrong(kind swap.FactKind, n int, amount string, after time.Duration) swap.Fact {
	return s.wrongIn(asset.BCH, kind, n, amount, after)
}

func (s *story) wrongIn(id asset.ID, kind swap.FactKind, n int, amount string, after time.Duration) swap.Fact {
	f := s.deposit(kind, n, "0.01", after)
	f.Deposit.DepositID = fmt.Sprintf("%s:tx%d:0", asset.MustLookup(id).Chain, n)
	f.Deposit.Amount = swaptest.Amount(id, amount)
	return f
}

// yes is the owner's to the refund of deposit n in another asset.
func (s *story) yes(n int, edit func(w *swap.WrongAssetRefund)) swap.Fact {
	s.t.Helper()
	w := swap.WrongAssetRefund{SwapID: s.terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(s.terms.SignedReceipt),
		DepositID: fmt.Sprintf("bitcoincash:tx%d:0", n), Deposit: swaptest.Amount(asset.BCH, "0.5"),
		Fee: asset.Amount{Asset: asset.BCH, Units: wrongFees[asset.BCH]}, Destination: cashAddress, IssuedAt: swaptest.Start}
	if edit != nil {
		edit(&w)
	}
	signed, err := swap.SignWrongAssetRefund(w, swaptest.NewKeys().Attest)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.stamp("gateway", swap.Fact{Kind: swap.FactAnswered, At: swaptest.Start.Add(time.Hour),
		Answered: &swap.AnsweredFact{SignedWrongAssetRefund: signed}})
}

// wronged is an agreed story whose swap waits for its deposit; half a BCH came.
func wronged(t testing.TB) *story {
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.rules.RefundFees = wrongFees
	s.tell(s.wrong(swap.FactDepositSeen, 7, "0.5", time.Minute))
	s.tell(s.wrong(swap.FactDepositConfirmed, 7, "0.5", 2*time.Minute))
	return s
}

// tokens is a story of an ETH→BTC swap to whose address USDC came.
func tokens(t testing.TB, refundTo string) *story {
	s := newStory(t)
	s.rules.RefundFees = wrongFees
	s.terms = swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		q.Pair = asset.Pair{From: asset.ETH, To: asset.BTC}
		q.Deposit, q.RefundFeeMax = swaptest.Amount(asset.ETH, "0.28"), swaptest.Amount(asset.ETH, "0.0004")
		q.Payout, q.ServiceFee, q.NetworkFee = swaptest.Amount(asset.BTC, "0.01"), swaptest.Amount(asset.BTC, "0"), swaptest.Amount(asset.BTC, "0")
		r.DepositChain, r.DepositAsset, r.DepositAddress = asset.Ethereum, asset.ETH, swaptest.EthereumAddress
		r.PayoutAddress, r.RefundAddress, r.Policy = swaptest.BitcoinAddress, refundTo, swap.RefundPolicy()
	})
	s.tell(s.creation())
	s.tell(s.wrongIn(asset.USDC, swap.FactDepositConfirmed, 7, "25", time.Minute))
	return s
}

// left is what stands on an account, in one asset.
func (s *story) left(account ledger.Account, id asset.ID) string {
	var only statemachine.Folded
	for _, e := range s.all.Entries {
		for _, p := range e.Postings {
			if p.Amount.Asset == id {
				only.Entries = append(only.Entries, ledger.Entry{Postings: []ledger.Posting{p}})
			}
		}
	}
	return balance(&story{t: s.t, all: only}, account)
}

// Test: what comes in another asset neither advances nor delays a swap, whatever it is
// and whenever it comes; the swap's own deposit settles it.
func TestWrongAssetTouchesNothing(t *testing.T) {
	t.Parallel()
	s := wronged(t)
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset)
	m := s.wantMismatch(swap.WaitOwner, "user")
	if m.Main || m.Fee != (asset.Amount{Asset: asset.BCH, Units: wrongFees[asset.BCH]}) || m.By.IsZero() {
		t.Errorf("the matter is %+v", m)
	}
	u := s.all.Updates[len(s.all.Updates)-1]
	for _, words := range []string{"0.5 BCH came on bitcoincash", "this swap is for BTC", "0.49997 BCH of it can be refunded to an address on bitcoincash that you name",
		"the fee of 0.00003 BCH is yours to pay", "send exactly the quoted amount", "what the refund costs beyond it Ferry pays", "refund_wrong_asset"} {
		if !strings.Contains(u.Message, words) {
			t.Errorf("the user is told %q, without %q", u.Message, words)
		}
	}
	if got := s.left(ledger.SwapDeposit(s.swap.ID), asset.BCH); got != "-50000000" {
		t.Errorf("the swap's book has %s of it", got)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
	s.tell(s.wrong(swap.FactDepositConfirmed, 8, "0.01", 4*time.Minute))
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, "", payoutOrder)
	if n := len(s.swap.Amended.Mismatches); n != 2 {
		t.Errorf("%d matters wait for the owner", n)
	}
}

// Test: with the owner's yes exactly the deposit less the fee goes to where it says,
// and the books are even, in its own asset too.
func TestOwnerHasItRefunded(t *testing.T) {
	t.Parallel()
	s := wronged(t)
	s.tell(s.yes(7, nil))
	want := "refund 0.49997 BCH to " + cashAddress
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset, want)
	o := s.all.Orders[0]
	if o.Chain != asset.BitcoinCash || o.SignedWrongAssetRefund == "" || o.Deferrable || len(s.swap.Amended.Mismatches) != 0 {
		t.Errorf("order %+v", o)
	}
	s.tell(s.yes(7, nil))
	s.noted("no deposit waited for it")
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.AwaitingDeposit, "", want)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
	s.tell(s.payment(swap.FactPaymentFinal, 1))
	s.wants(swap.Settled, "", want, payoutOrder)
	for _, account := range []ledger.Account{ledger.SwapDeposit(s.swap.ID), ledger.SwapRefund(s.swap.ID)} {
		if got := s.left(account, asset.BCH); got != "0" {
			t.Errorf("%s is left with %s", account, got)
		}
	}
	if got := s.left(ledger.NetworkFeeIncome, asset.BCH); got != "-3000" {
		t.Errorf("the fee is booked as %s", got)
	}
}

// Test: a yes to anything else than what was said has no effect, and is on record.
func TestOwnersYesIsExact(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		edit func(w *swap.WrongAssetRefund)
		why  string
	}{
		"another fee":     {func(w *swap.WrongAssetRefund) { w.Fee.Units = asset.NewUnits(3_001) }, "a fee of"},
		"another amount":  {func(w *swap.WrongAssetRefund) { w.Deposit.Units = asset.NewUnits(60_000_000) }, "another deposit"},
		"another receipt": {func(w *swap.WrongAssetRefund) { w.ReceiptHash = other }, "another receipt"},
		"another swap":    {func(w *swap.WrongAssetRefund) { w.SwapID = swap.NewID(swap.SwapPrefix, swaptest.Start) }, "is for swap"},
	} {
		s := wronged(t)
		out := s.tell(s.yes(7, c.edit))
		if len(out.Park) != 1 || !strings.Contains(out.Park[0].Reason, c.why) || len(s.all.Orders) > 0 {
			t.Errorf("%s: %+v", name, out.Park)
		}
	}
	s := wronged(t)
	f := s.yes(7, nil)
	f.Answered.SignedWrongAssetRefund += "A"
	if out := s.tell(f); len(out.Park) != 1 || len(s.all.Orders) > 0 {
		t.Errorf("a broken document: %+v", out)
	}
	s.tell(s.yes(6, nil))
	s.noted("no deposit waited for it")
}

// Test: a token at the coin's address goes back to the swap's own refund address and
// nowhere else; where there is none yet, to the address that the yes names.
func TestTokensGoToTheRefundAddress(t *testing.T) {
	t.Parallel()
	const elsewhere = "0x8ba1f109551bD432803012645Ac136ddd64DBA72"
	yes := func(s *story, to string) swap.Fact {
		return s.yes(7, func(w *swap.WrongAssetRefund) {
			w.DepositID, w.Deposit, w.Fee = "ethereum:tx7:0", swaptest.Amount(asset.USDC, "25"), swaptest.Amount(asset.USDC, "0.4")
			w.Destination = to
		})
	}
	s := tokens(t, swaptest.EthereumAddress)
	s.tell(yes(s, elsewhere))
	s.noted("has to be said again")
	s.tell(yes(s, swaptest.EthereumAddress))
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset, "refund 24.6 USDC to "+swaptest.EthereumAddress)
	s = tokens(t, "")
	s.tell(yes(s, elsewhere))
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset, "refund 24.6 USDC to "+elsewhere)
}

// Test: dust is dust by its own asset's threshold and fee.
func TestWrongDust(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.rules.RefundFees = wrongFees
	s.tell(s.wrong(swap.FactDepositConfirmed, 7, "0.00003999", time.Minute)) // 1,000 and the fee of 3,000 are the least
	s.wants(swap.AwaitingDeposit, swap.VerdictDust)
	s.tell(s.wrong(swap.FactDepositConfirmed, 8, "0.00004", time.Minute))
	if s.swap.Deposits[1].Verdict != swap.VerdictWrongAsset || len(s.swap.Amended.Mismatches) != 1 {
		t.Errorf("the least that is no dust is %s", s.swap.Deposits[1].Verdict)
	}
	if got := s.left(ledger.DustQuarantine, asset.BCH); got != "-3999" {
		t.Errorf("quarantine has %s", got)
	}
}

// Test: a reorganisation takes it back, booked and not, and it waits again when it is
// back; a yes meanwhile waits for it.
func TestWrongAssetReorged(t *testing.T) {
	t.Parallel()
	s := wronged(t)
	s.tell(s.wrong(swap.FactDepositReorged, 7, "0.5", 3*time.Minute))
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset)
	if got := s.left(ledger.SwapDeposit(s.swap.ID), asset.BCH); got != "0" {
		t.Errorf("the swap's book keeps %s of it", got)
	}
	if out := s.tell(s.yes(7, nil)); len(out.Park) != 1 {
		t.Fatalf("a yes to what is gone: %+v", out)
	}
	s.tell(s.wrong(swap.FactDepositConfirmed, 7, "0.5", 4*time.Minute))
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset, "refund 0.49997 BCH to "+cashAddress)
	// The refund is ordered and not planned: it waits for its deposit.
	s.tell(s.wrong(swap.FactDepositReorged, 7, "0.5", 5*time.Minute))
	s.tell(s.wrong(swap.FactDepositConfirmed, 7, "0.5", 6*time.Minute))
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	if got := s.left(ledger.SwapRefund(s.swap.ID), asset.BCH); got != "0" {
		t.Errorf("%s is owed", got)
	}
}

// Test: the owner is reminded and never decided for.
func TestOwnerIsReminded(t *testing.T) {
	t.Parallel()
	s := wronged(t)
	before := s.swap.Amended.Mismatches[0].By
	for range 8 {
		s.tell(s.waitOver("bitcoincash:tx7:0"))
		s.noted("Reminder")
	}
	m := s.wantMismatch(swap.WaitOwner, "user")
	if m.Reminded != 8 || !m.By.After(before) || len(s.all.Orders) > 0 {
		t.Errorf("the matter is %+v", m)
	}
}

// Test: staff sends all of it to the refund address on its chain, with a second pair of
// eyes where it is much; without such an address it needs the owner.
func TestStaffRefundsWrongAssets(t *testing.T) {
	t.Parallel()
	s := tokens(t, swaptest.EthereumAddress)
	s.rules.StaffAlone = map[asset.ID]asset.Units{asset.ETH: swaptest.Amount(asset.ETH, "1").Units}
	s.tell(s.staff("alice", swap.StaffRequote, "r0"))
	s.noted("it has no price here")
	s.tell(s.staff("alice", swap.StaffRefund, "r1"))
	s.noted("waits for the approval")
	s.tell(s.staff("bob", "", "r1"))
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset, "refund 25 USDC to "+swaptest.EthereumAddress)
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	if s.left(ledger.SwapRefund(s.swap.ID), asset.USDC) != "0" || s.left(ledger.NetworkFeeIncome, asset.USDC) != "0" {
		t.Error("the books are not even")
	}
	s = wronged(t)
	s.rules.StaffAlone = map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1 << 40), asset.BCH: asset.NewUnits(1 << 40)}
	s.tell(s.staff("alice", swap.StaffRefund, "r1"))
	s.noted("needs its owner's yes")
	s.tell(s.staff("alice", swap.StaffWriteOff, "r2"))
	s.noted("Written off")
	s.wants(swap.AwaitingDeposit, swap.VerdictWrongAsset)
	if got := s.left(ledger.WrittenOff, asset.BCH); got != "-50000000" {
		t.Errorf("written off are %s", got)
	}
	if len(s.swap.Amended.Mismatches) != 0 || !s.swap.Deposits[0].WrittenOff {
		t.Errorf("deposit %+v", s.swap.Deposits[0])
	}
}

// Test: what a stranger sends brings no second person into other actions.
func TestWrongAssetNeedsNoSecondElsewhere(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.wrong(swap.FactDepositConfirmed, 7, "0.5", 30*time.Minute))
	f := s.staff("alice", swap.StaffRefund, "r1")
	f.Staff.DepositID = "bitcoin:tx1:0"
	s.tell(f)
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
}

// Test: so many are taken and no more; the swap's own deposit has its place, and what
// is told of it fits into a message.
func TestSoManyWrongAssets(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.rules.RefundFees = wrongFees
	for n := range statemachine.MaxWrongAsset + 5 {
		f := s.wrong(swap.FactDepositConfirmed, 10+n, "0.5", time.Minute)
		f.Deposit.TxID = fmt.Sprintf("0x%064x", n)
		f.Deposit.DepositID = "bitcoincash:" + f.Deposit.TxID + ":340282366920938463463374607431768211455"
		s.tell(f)
	}
	if len(s.swap.Deposits) != statemachine.MaxWrongAsset || len(s.park) != 5 {
		t.Errorf("%d are recorded, %d parked", len(s.swap.Deposits), len(s.park))
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute))
	s.wants(swap.DepositConfirmed, "", payoutOrder)
	m, err := bus.UpdateMessage(s.all.Updates[len(s.all.Updates)-1])
	if err != nil || len(m.Body) > bus.MaxBody*9/10 {
		t.Errorf("%d bytes (%v)", len(m.Body), err)
	}
}

// Test: a deposit that is told of twice with different amounts is one that nobody
// can book.
func TestADepositHasOneAmount(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
	f := s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute)
	f.Deposit.Amount.Asset = asset.BCH
	if out := s.tell(f); len(out.Park) != 1 || s.swap.State != swap.DepositDetected {
		t.Errorf("%+v", out.Park)
	}
}
