package attest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

const testSecret = "the user's secret"

func (d *desk) amend(req *ferryv1.AmendRequest) (string, error) {
	res, err := d.attestor.Amend(context.Background(), connect.NewRequest(req))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedDocument(), nil
}

func (d *desk) attestKeys() swap.PublicKeys {
	return swap.PublicKeys{swap.KeyID(d.attestor.PublicKey()): d.attestor.PublicKey()}
}

// attested is a swap of bitcoin with a receipt, and a request to amend it that lacks
// only what is said. Its refund address is left open if refund is "".
func (d *desk) attested(t swaptest.Reporter, index uint32, refund string) *ferryv1.AmendRequest {
	t.Helper()
	req := d.request(t, asset.BTC, asset.ETH, index)
	sum := sha256.Sum256([]byte(testSecret))
	req.Terms.SecretHash, req.Terms.RefundAddress = hex.EncodeToString(sum[:]), refund
	return &ferryv1.AmendRequest{SignedQuote: req.GetTerms().GetSignedQuote(), SignedReceipt: d.mustAttest(t, req), Secret: testSecret}
}

func answering(answer, atLeast string) *ferryv1.ConsentRequest {
	return &ferryv1.ConsentRequest{DepositId: "bitcoin:" + strings.Repeat("0a", 32) + ":1", Answer: answer, AtLeastUnits: atLeast}
}

func TestConsentSaysWhatTheUserAnswered(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.attested(t, 0, d.userBitcoin)
	receipt, err := swap.VerifyReceipt(req.GetSignedReceipt(), d.attestKeys())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		asked *ferryv1.ConsentRequest
		want  swap.Consent
	}{
		{answering("requote", "1990000"), swap.Consent{Answer: swap.AnswerRequote, AtLeast: asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(1_990_000)}}},
		{answering("refund", ""), swap.Consent{Answer: swap.AnswerRefund}},
	} {
		d.now = d.now.Add(time.Second)
		req.Consent = c.asked
		signed, err := d.amend(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := swap.VerifyConsent(signed, d.attestKeys())
		if err != nil {
			t.Fatal(err)
		}
		want := c.want
		want.SwapID, want.ReceiptHash, want.DepositID = receipt.SwapID, swap.HashDocument(req.GetSignedReceipt()), c.asked.GetDepositId()
		want.IssuedAt = swap.Millis(d.now)
		if got != want {
			t.Errorf("consent is\n%+v, want\n%+v", got, want)
		}
		if again, err := d.amend(req); err != nil || again != signed {
			t.Errorf("the same at the same time: another document, %v", err)
		}
	}
}

// A refund address is set once per swap, for ever: the same again gets the same
// document, whatever the time and after a restart; another is refused.
func TestRefundAddressIsSetOnce(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.attested(t, 0, "")
	second := derive(t, accountsOf(t, swaptest.Networks, 2), asset.Bitcoin, keys.Deposit, keys.External, 1)
	req.RefundAddress = d.userBitcoin
	signed, err := d.amend(req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := swap.VerifyRefundAddress(signed, d.attestKeys())
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := swap.VerifyReceipt(req.GetSignedReceipt(), d.attestKeys())
	if err != nil {
		t.Fatal(err)
	}
	want := swap.RefundAddress{SwapID: receipt.SwapID, ReceiptHash: swap.HashDocument(req.GetSignedReceipt()),
		RefundAddress: d.userBitcoin, IssuedAt: swap.Millis(testNow)}
	if got != want || receipt.RefundAddress != "" {
		t.Errorf("document is\n%+v, want\n%+v", got, want)
	}
	for _, reopened := range []bool{false, true} {
		if reopened {
			d.reopen(t)
		}
		d.now = d.now.Add(time.Hour)
		if again, err := d.amend(req); err != nil || again != signed {
			t.Errorf("reopened %v: the same again got another document, %v", reopened, err)
		}
		other := proto.Clone(req).(*ferryv1.AmendRequest)
		other.RefundAddress = second
		_, err := d.amend(other)
		swaptest.WantRefusal(t, err, swap.CodeRefundAddressSet, "refund_address", "another refund address")
	}
	// Another swap has one of its own.
	d.now = testNow
	other := d.attested(t, 1, "")
	other.RefundAddress = second
	if _, err := d.amend(other); err != nil {
		t.Errorf("another swap: %v", err)
	}
}

// Each case breaks one rule of an otherwise good request; nothing is signed, and
// afterwards the address can still be set.
func TestAmendRefuses(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	open, closed, foreign := d.attested(t, 0, ""), d.attested(t, 1, d.userBitcoin), stranger.attested(t, 0, "")
	other := d.attested(t, 2, "")
	type change = func(r *ferryv1.AmendRequest)
	say := func(c *ferryv1.ConsentRequest) change { return func(r *ferryv1.AmendRequest) { r.Consent = c } }
	set := func(address string) change { return func(r *ferryv1.AmendRequest) { r.RefundAddress = address } }
	both := func(changes ...change) change {
		return func(r *ferryv1.AmendRequest) {
			for _, c := range changes {
				c(r)
			}
		}
	}
	for name, c := range map[string]struct {
		change          change
		code            swap.Code
		field, sentence string
	}{
		"another secret": {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.Secret += "x" }), swap.CodeWrongSecret, "secret", "not the swap's secret"},
		"no secret":      {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.Secret = "" }), swap.CodeWrongSecret, "secret", "not the swap's secret"},
		"the hash as the secret": {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) {
			sum := sha256.Sum256([]byte(testSecret))
			r.Secret = hex.EncodeToString(sum[:])
		}), swap.CodeWrongSecret, "secret", "not the swap's secret"},
		"another secret, nothing said": {func(r *ferryv1.AmendRequest) { r.Secret = "x" }, swap.CodeWrongSecret, "secret", ""},
		"nothing said":                 {func(*ferryv1.AmendRequest) {}, swap.CodeRefused, "", "Exactly one"},
		"both said":                    {both(set(d.userBitcoin), say(answering("refund", ""))), swap.CodeRefused, "", "Exactly one"},
		"no receipt":                   {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.SignedReceipt = "" }), swap.CodeRefused, "signed_receipt", "can't be read"},
		"no quote":                     {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.SignedQuote = "" }), swap.CodeRefused, "signed_receipt", "can't be read"},
		"a receipt without end": {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.SignedReceipt += strings.Repeat("A", swap.MaxDocument) }),
			swap.CodeRefused, "signed_receipt", "too long"},
		"a foreign receipt": {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) {
			r.SignedQuote, r.SignedReceipt = foreign.GetSignedQuote(), foreign.GetSignedReceipt()
		}), swap.CodeRefused, "signed_receipt", "not signed here"},
		"a tampered receipt": {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) {
			r.SignedReceipt = r.GetSignedReceipt()[:len(r.GetSignedReceipt())-8] + "AAAAAAAA"
		}), swap.CodeRefused, "signed_receipt", "not signed here"},
		"another quote":    {both(set(d.userBitcoin), func(r *ferryv1.AmendRequest) { r.SignedQuote = other.GetSignedQuote() }), swap.CodeRefused, "signed_quote", "another quote"},
		"no address":       {set("x"), swap.CodeInvalidAddress, "refund_address", "can't be paid"},
		"not canonical":    {set(strings.ToUpper(d.userBitcoin)), swap.CodeInvalidAddress, "refund_address", "canonical"},
		"the other chain":  {set(swaptest.EthereumAddress), swap.CodeInvalidAddress, "refund_address", "can't be paid on bitcoin"},
		"another network":  {set("bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"), swap.CodeWrongNetwork, "refund_address", "another network"},
		"our change":       {set(d.own(t, asset.Bitcoin, keys.Hot, 1, 0)), swap.CodeForbiddenAddress, "refund_address", "our own"},
		"its own deposit":  {set(d.own(t, asset.Bitcoin, keys.Deposit, keys.External, 0)), swap.CodeForbiddenAddress, "refund_address", "our own"},
		"an unknown word":  {say(answering("ask", "1")), swap.CodeRefused, "consent.answer", "neither"},
		"no word":          {say(answering("", "1")), swap.CodeRefused, "consent.answer", "neither"},
		"no least payout":  {say(answering("requote", "")), swap.CodeRefused, "consent.at_least_units", "above zero"},
		"a least of zero":  {say(answering("requote", "0")), swap.CodeRefused, "consent.at_least_units", "above zero"},
		"a least of coins": {say(answering("requote", "0.5")), swap.CodeRefused, "consent.at_least_units", "above zero"},
		"a refund's least": {say(answering("refund", "1")), swap.CodeRefused, "consent.at_least_units", "no least payout"},
		"a deposit elsewhere": {say(&ferryv1.ConsentRequest{DepositId: "ethereum:0x" + strings.Repeat("0a", 32) + ":0", Answer: "refund"}),
			swap.CodeRefused, "consent.deposit_id", "no deposit on bitcoin"},
		"a deposit without end": {say(&ferryv1.ConsentRequest{DepositId: "bitcoin:" + strings.Repeat("0", 300), Answer: "refund"}),
			swap.CodeRefused, "consent", "malformed"},
		"where the receipt has one": {func(r *ferryv1.AmendRequest) {
			r.SignedQuote, r.SignedReceipt, r.RefundAddress = closed.GetSignedQuote(), closed.GetSignedReceipt(), d.userBitcoin
		}, swap.CodeRefundAddressSet, "refund_address", "receipt has a refund address"},
	} {
		t.Run(name, func(t *testing.T) {
			req := proto.Clone(open).(*ferryv1.AmendRequest)
			c.change(req)
			signed, err := d.amend(req)
			if signed != "" {
				t.Fatalf("signed %q", signed)
			}
			swaptest.WantRefusal(t, err, c.code, c.field, c.sentence)
		})
	}
	open.RefundAddress = d.userBitcoin
	if _, err := d.amend(open); err != nil {
		t.Fatalf("the request itself: %v", err)
	}
}

// Of two addresses set at the same time one stays, and nothing is answered that is
// not on disk.
func TestRefundAddressAtTheSameTimeAndWithoutItsRecord(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.attested(t, 0, "")
	req.RefundAddress = d.userBitcoin
	d.attestor.store.beforeCommit = func() error { return errors.New("disk full") }
	signed, err := d.amend(req)
	if signed != "" || swap.ErrorCode(err) != swap.CodeInternal || strings.Contains(err.Error(), "disk") {
		t.Fatalf("answer is %q, %v; want an internal error without details", signed, err)
	}
	d.reopen(t)
	const callers = 8
	accounts := accountsOf(t, swaptest.Networks, 2)
	type answer struct {
		signed string
		err    error
	}
	answers := make(chan answer, callers)
	for i := range callers {
		r := proto.Clone(req).(*ferryv1.AmendRequest)
		r.RefundAddress = derive(t, accounts, asset.Bitcoin, keys.Deposit, keys.External, uint32(i%4+1))
		go func() {
			signed, err := d.amend(r)
			answers <- answer{signed, err}
		}()
	}
	documents := map[string]int{}
	for range callers {
		a := <-answers
		if a.err != nil {
			swaptest.WantRefusal(t, a.err, swap.CodeRefundAddressSet, "refund_address", "another refund address")
			continue
		}
		documents[a.signed]++
	}
	if len(documents) != 1 {
		t.Errorf("%d documents were signed, want 1: %v", len(documents), documents)
	}
}

// A receipt may leave the refund address open, and says so; the tolerance of the
// policy is part of what is asked.
func TestOpenRefundAddressAndTolerance(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.request(t, asset.BTC, asset.ETH, 0)
	req.Terms.RefundAddress = ""
	req.Terms.Policy = &ferryv1.Policy{OnShort: "requote", OnOver: "ask", OnLate: "refund", OnExtra: "refund", ToleranceBps: 250}
	receipt, err := swap.VerifyReceipt(d.mustAttest(t, req), d.attestKeys())
	if err != nil {
		t.Fatal(err)
	}
	want := swap.Policy{OnShort: "requote", OnOver: "ask", OnLate: "refund", OnExtra: "refund", ToleranceBPS: 250}
	if receipt.RefundAddress != "" || receipt.Policy != want {
		t.Errorf("receipt says %q, %+v", receipt.RefundAddress, receipt.Policy)
	}
	other := proto.Clone(req).(*ferryv1.AttestRequest)
	other.Terms.Policy.ToleranceBps = 251
	_, err = d.attest(other)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "terms.swap_id", "another request")
	wild := d.request(t, asset.BTC, asset.ETH, 1)
	wild.Terms.Policy.ToleranceBps = swap.MaxToleranceBPS + 1
	_, err = d.attest(wild)
	swaptest.WantRefusal(t, err, swap.CodeInvalidPolicy, "policy.tolerance_bps", "")
}
