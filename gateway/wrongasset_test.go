package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

const wrongID = "ethereum:0x" + txid + ":1"

var ethToBtc = asset.Pair{From: asset.ETH, To: asset.BTC}

// wrongly tells that a deposit in another asset waits for its owner.
func (b *bundle) wrongly(t testing.TB, id string, version int64, refundsTo string, deposit, fee asset.Amount) {
	t.Helper()
	u := update(id, version, swap.AwaitingDeposit)
	u.Actor, u.RefundAddress = "user", refundsTo
	u.Mismatches = []swap.Mismatch{{ID: wrongID, Deposits: []string{wrongID}, Verdict: swap.VerdictWrongAsset, Wait: swap.WaitOwner, Fee: fee, By: u.At}}
	u.Deposits = []swap.Deposit{{ID: wrongID, TxID: txid, Amount: deposit, State: swap.DepositFinal, Verdict: swap.VerdictWrongAsset, FirstSeen: u.At}}
	b.told(t, u)
}

// Setup: ether came for a swap of bitcoin. Test: what it costs and who pays is said
// before; the owner's yes with an address is signed, told once and repeated.
func TestOwnerSaysYes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	b.wrongly(t, made.Id, 3, userBTC, coins(t, asset.ETH, "0.3"), coins(t, asset.ETH, "0.001"))
	shown := into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+made.Id, ""), 200).Mismatches
	if len(shown) != 1 || shown[0].Asset != "ETH" || shown[0].Amount != "0.3" || shown[0].RefundFee != "0.001" || shown[0].RefundAmount != "0.299" ||
		shown[0].RefundChain != "ethereum" || shown[0].RefundAddress != "" || shown[0].WaitsFor != "owner" || shown[0].NextActor != api.User ||
		!strings.Contains(shown[0].Message, "0.001 ETH is yours to pay, and what the refund costs beyond it we pay") {
		t.Errorf("shown %+v", shown)
	}
	pairs := []any{"secret", made.Secret, "answer", "refund_wrong_asset", "deposit_id", wrongID, "refund_address", strings.ToLower(userETH)}
	a := b.answer(t, made.Id, pairs...)
	got := into[api.Answered](t, a, 200)
	yes, err := swap.VerifyWrongAssetRefund(got.SignedWrongAssetRefund, b.config.AttestKeys)
	want := swap.WrongAssetRefund{SwapID: made.Id, ReceiptHash: swap.HashDocument(made.SignedReceipt), DepositID: wrongID,
		Deposit: coins(t, asset.ETH, "0.3"), Fee: coins(t, asset.ETH, "0.001"), Destination: userETH, IssuedAt: yes.IssuedAt}
	if err != nil || yes != want {
		t.Errorf("signed %+v, want %+v, %v", yes, want, err)
	}
	if got.Asset != "ETH" || got.RefundAmount != "0.299" || got.RefundFee != "0.001" || got.RefundAddress != userETH || got.SignedConsent != "" {
		t.Errorf("answered %+v", got)
	}
	// Again, while it waits, and when it waits no more.
	for range 2 {
		if again := b.answer(t, made.Id, pairs...); again.status != 200 || string(again.body) != string(a.body) {
			t.Errorf("again: %d %s, was %s", again.status, again.body, a.body)
		}
		b.told(t, update(made.Id, 4, swap.AwaitingDeposit))
	}
	facts := b.facts(t, swap.FactAnswered)
	if n := b.wallets[asset.Bitcoin].amend.count(); len(facts) != 1 || n != 1 || facts[0].Answered.SignedWrongAssetRefund != got.SignedWrongAssetRefund {
		t.Errorf("told %+v, %d calls", facts, n)
	}
	refused(t, b.answer(t, made.Id, append(pairs, "refund_address", newAddress(asset.Ethereum, "x"))...), 409, swap.CodeNothingToAnswer, "deposit_id", "")
	b.expectSecretNowhere(t, made.Secret, a.body)
}

// A token at the coin's address goes to the swap's refund address, without naming it.
func TestTokensGoHome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "signed_quote", b.signedQuote(t, ethToBtc), "payout_address", userBTC, "refund_address", userETH)
	b.wrongly(t, made.Id, 3, userETH, coins(t, asset.USDC, "25"), coins(t, asset.USDC, "0.4"))
	if m := into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+made.Id, ""), 200).Mismatches; len(m) != 1 || m[0].RefundAddress != userETH {
		t.Errorf("shown %+v", m)
	}
	pairs := []any{"secret", made.Secret, "answer", "refund_wrong_asset", "deposit_id", wrongID}
	refused(t, b.answer(t, made.Id, append(pairs, "refund_address", newAddress(asset.Ethereum, "x"))...), 409, swap.CodeRefundAddressSet, "refund_address", "")
	got := into[api.Answered](t, b.answer(t, made.Id, pairs...), 200)
	if got.RefundAmount != "24.6" || got.RefundAddress != userETH || got.Asset != "USDC" {
		t.Errorf("answered %+v", got)
	}
}

func TestOwnersYesRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	b.wrongly(t, made.Id, 3, userBTC, coins(t, asset.ETH, "0.3"), coins(t, asset.ETH, "0.001"))
	ours := newAddress(asset.Ethereum, "ours")
	b.wallets[asset.Ethereum].own[ours] = true
	good := []any{"secret", made.Secret, "answer", "refund_wrong_asset", "deposit_id", wrongID, "refund_address", userETH}
	with := func(pairs ...any) []any { return append(append([]any{}, good...), pairs...) }
	before := b.rows(t)
	for name, c := range map[string]struct {
		pairs        []any
		status       int
		code         swap.Code
		field, limit string
	}{
		"wrong secret":      {with("secret", "guess"), 403, swap.CodeWrongSecret, "secret", ""},
		"no deposit":        {with("deposit_id", ""), 422, swap.CodeRefused, "deposit_id", ""},
		"another deposit":   {with("deposit_id", depositID), 409, swap.CodeNothingToAnswer, "deposit_id", ""},
		"a least":           {with("at_least", "1"), 422, swap.CodeRefused, "at_least", ""},
		"no address":        {with("refund_address", ""), 422, swap.CodeRefused, "refund_address", "ethereum"},
		"another chain's":   {with("refund_address", userBTC), 422, swap.CodeInvalidAddress, "refund_address", "ethereum"},
		"ours":              {with("refund_address", ours), 422, swap.CodeForbiddenAddress, "refund_address", ""},
		"a plain refund":    {[]any{"secret", made.Secret, "answer", "refund", "deposit_id", wrongID}, 409, swap.CodeNothingToAnswer, "answer", "refund_wrong_asset"},
		"an address for it": {with("answer", "refund"), 422, swap.CodeRefused, "refund_address", ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, b.answer(t, made.Id, c.pairs...), c.status, c.code, c.field, c.limit)
		})
	}
	b.expectRows(t, before)
	if n := b.wallets[asset.Bitcoin].amend.count(); n != 0 {
		t.Errorf("%d refused requests were signed", n)
	}
	// What comes back is compared with what was asked, field by field.
	for name, garble := range map[string]func(y *swap.WrongAssetRefund){
		"deposit":     func(y *swap.WrongAssetRefund) { y.DepositID += "1" },
		"amount":      func(y *swap.WrongAssetRefund) { y.Deposit = coins(t, asset.ETH, "3") },
		"fee":         func(y *swap.WrongAssetRefund) { y.Fee = coins(t, asset.ETH, "0.2") },
		"destination": func(y *swap.WrongAssetRefund) { y.Destination = ours },
		"receipt":     func(y *swap.WrongAssetRefund) { y.ReceiptHash = strings.Repeat("0a", 32) },
	} {
		b.wallets[asset.Bitcoin].garbleYes = garble
		if a := b.answer(t, made.Id, good...); a.status != 500 && a.status != 503 {
			t.Errorf("with another %s: %d %s", name, a.status, a.body)
		}
	}
	b.wallets[asset.Bitcoin].garbleYes = nil
	if n := len(b.facts(t, swap.FactAnswered)); n != 0 {
		t.Errorf("told %d times", n)
	}
	into[api.Answered](t, b.answer(t, made.Id, good...), 200)
}
