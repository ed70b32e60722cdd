package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/verify"
)

const file = "../../testdata/vectors/vectors.json"

func read(t *testing.T) File {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f File
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

// The committed file is what this program writes.
func TestNoDrift(t *testing.T) {
	t.Parallel()
	want, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what its generator writes (%v): run make generate", file, err)
	}
}

// Package verify answers every case as the file says.
func TestCases(t *testing.T) {
	t.Parallel()
	f := read(t)
	quoteKeys, err := swap.ParsePublicKeys(f.QuoteKeys)
	if err != nil {
		t.Fatal(err)
	}
	attestKeys, err := swap.ParsePublicKeys(f.AttestKeys)
	if err != nil {
		t.Fatal(err)
	}
	names, fields := map[string]bool{}, map[string]int{}
	for _, c := range f.Cases {
		if names[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		names[c.Name] = true
		fields[c.Refused]++
		v := verify.Verifier{Networks: f.Networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys, Now: func() time.Time { return c.Now }}
		verified, err := answer(v, c)
		var refusal *verify.Refusal
		switch {
		case c.Refused == "" && err != nil:
			t.Errorf("%s: %v", c.Name, err)
		case c.Refused == "":
			var want bytes.Buffer
			if compactErr := json.Compact(&want, c.Verified); compactErr != nil || want.String() != verified {
				t.Errorf("%s: verified %s, want %s", c.Name, verified, c.Verified)
			}
		case !errors.As(err, &refusal) || refusal.Field != c.Refused || refusal.Reason == "":
			t.Errorf("%s: %v, want a refusal of %s", c.Name, err, c.Refused)
		}
	}
	for _, field := range []string{"", "signed_quote", "signed_quote.pair", "signed_quote.variable", "signed_quote.deposit", "signed_quote.payout",
		"signed_quote.issued_at", "signed_quote.accept_by", "signed_receipt", "signed_receipt.payout_address",
		"signed_receipt.refund_address", "signed_receipt.policy", "signed_receipt.secret_hash", "signed_receipt.deposit_address",
		"signed_receipt.issued_at", "signed_receipt.deposit_by", "signed_receipt.confirm_by", "payout_address",
		"signed_consent", "signed_consent.deposit_id", "signed_consent.answer", "signed_consent.at_least", "signed_consent.swap_id",
		"signed_consent.receipt_hash", "signed_consent.issued_at", "signed_refund_address", "signed_refund_address.refund_address",
		"signed_refund_address.receipt_hash", "signed_refund_address.swap_id", "signed_refund_address.issued_at", "signed_requote",
		"signed_wrong_asset_refund", "signed_wrong_asset_refund.deposit_id", "signed_wrong_asset_refund.deposit",
		"signed_wrong_asset_refund.fee", "signed_wrong_asset_refund.destination", "signed_wrong_asset_refund.swap_id",
		"signed_wrong_asset_refund.receipt_hash", "signed_wrong_asset_refund.issued_at",
		"signed_requote.swap_id", "signed_requote.receipt_hash", "signed_requote.issued_at"} {
		if fields[field] == 0 {
			t.Errorf("no case refuses %q", field)
		}
	}
}

// answer asks the package, and gives the verified payload.
func answer(v verify.Verifier, c Case) (string, error) {
	var document any
	if c.Document != "quote" && c.Document != "receipt" {
		return amended(v, c)
	}
	if c.Document == "quote" {
		ask := verify.QuoteAsk{Pair: *c.Ask.Pair, Variable: c.Ask.Variable}
		if c.Ask.Deposit != nil {
			ask.Deposit = *c.Ask.Deposit
		}
		if c.Ask.Payout != nil {
			ask.Payout = *c.Ask.Payout
		}
		q, err := v.Quote(c.SignedQuote, ask)
		if err != nil {
			return "", err
		}
		document = q
	} else {
		t, err := v.Receipt(c.SignedQuote, c.SignedReceipt, verify.ReceiptAsk{PayoutAddress: c.Ask.PayoutAddress,
			RefundAddress: c.Ask.RefundAddress, Policy: *c.Ask.Policy, SecretHash: swap.HashDocument(c.Ask.Secret)})
		if err != nil {
			return "", err
		}
		document = t.Receipt
	}
	raw, err := json.Marshal(document)
	return string(raw), err
}

// amended asks about an amendment of verified terms.
func amended(v verify.Verifier, c Case) (string, error) {
	t, err := v.Terms(c.SignedQuote, c.SignedReceipt)
	if err != nil {
		return "", err
	}
	var document any
	switch c.Document {
	case "requote":
		document, err = v.Requote(t, c.SignedRequote, c.SignedConsent, c.Ask.Deposits)
	case "consent":
		ask := verify.ConsentAsk{DepositID: c.Ask.DepositID, Answer: c.Ask.Answer}
		if c.Ask.AtLeast != nil {
			ask.AtLeast = *c.Ask.AtLeast
		}
		document, err = v.Consent(t, c.SignedConsent, ask)
	case "wrong_asset_refund":
		document, err = v.WrongAssetRefund(t, c.SignedWrongAssetRefund, verify.WrongAssetAsk{DepositID: c.Ask.DepositID,
			Deposit: *c.Ask.Deposit, Fee: *c.Ask.Fee, Destination: c.Ask.Destination})
	default:
		document, err = v.RefundAddress(t, c.SignedRefundAddress, c.Ask.RefundAddress)
	}
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(document)
	return string(raw), err
}

// A program in another language, with that language's own cryptography, answers
// them in the same way.
func TestAnotherLanguage(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED without node: the cases are not tried in another language")
	}
	out, err := exec.CommandContext(t.Context(), node, "../../testdata/verify.mjs", file).CombinedOutput()
	if err != nil {
		t.Fatalf("verify.mjs: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// The other program notices an answer that is wrong.
func TestAnotherLanguageNotices(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED without node: the cases are not tried in another language")
	}
	for _, wrong := range []func(*Case){
		func(c *Case) { c.Refused = "signed_quote.payout" },
		func(c *Case) { c.Refused, c.SignedQuote = "", c.SignedQuote+"A" },
	} {
		f := read(t)
		wrong(&f.Cases[0])
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		path := t.TempDir() + "/wrong.json"
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), node, "../../testdata/verify.mjs", path).CombinedOutput(); err == nil {
			t.Errorf("verify.mjs takes a wrong answer:\n%s", out)
		}
	}
}

// The worked example of the documentation is a case of the file.
func TestTheWorkedExampleIsACase(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/verification.md")
	if err != nil {
		t.Fatal(err)
	}
	f := read(t)
	says := []string{f.QuoteKeys[0], f.AttestKeys[0], fmt.Sprintf("[%d cases]", len(f.Cases)), "deposit_by` 03:24:06.5"}
	for _, c := range f.Cases {
		if c.Name == "receipt: as asked" {
			quote, receipt := strings.Split(c.SignedQuote, "."), strings.Split(c.SignedReceipt, ".")
			says = append(says, quote[0], quote[1][:72], quote[2], swap.HashDocument(c.SignedQuote), c.Ask.Secret, swap.HashDocument(c.Ask.Secret),
				header(swap.TypeQuote, seedKey("quote")), header(swap.TypeReceipt, seedKey("attest")), c.Now.Format(time.RFC3339))
			if receipt[0] != encoded(header(swap.TypeReceipt, seedKey("attest"))) {
				t.Error("the receipt's header is another")
			}
		}
	}
	if len(says) < 10 {
		t.Fatal("the case of the worked example is gone")
	}
	for _, text := range says {
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/verification.md does not say %q", text)
		}
	}
}
