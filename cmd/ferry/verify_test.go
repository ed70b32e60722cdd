package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectors are the cases of swap/testdata that this test borrows documents from.
type vectors struct {
	Networks   json.RawMessage `json:"networks"`
	QuoteKeys  []string        `json:"quote_keys"`
	AttestKeys []string        `json:"attest_keys"`
	Cases      []vector        `json:"cases"`
}

type vector struct {
	Name          string `json:"name"`
	SignedQuote   string `json:"signed_quote"`
	SignedReceipt string `json:"signed_receipt"`
	Refused       string `json:"refused"`
	Now           string `json:"now"`
	Document      string `json:"document"`
}

// bundle is a folder with documents and the deployment that pins their keys.
type bundle struct {
	t    *testing.T
	dir  string
	file vectors
}

func documents(t *testing.T) bundle {
	t.Helper()
	b := bundle{t: t, dir: t.TempDir()}
	raw, err := os.ReadFile("../../swap/testdata/vectors/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &b.file); err != nil {
		t.Fatal(err)
	}
	chain := `{"confirmations":3,"reorg_limit":2,"birth_height":0,"dust_threshold":"0.0001","network_fee":"0.0001",
		"refund_fee_max":"0.0001","payment_fee_max":"0.01","payment_max":"1"}`
	quoteKeys, err := json.Marshal(b.file.QuoteKeys)
	if err != nil {
		t.Fatal(err)
	}
	attestKeys, err := json.Marshal(b.file.AttestKeys)
	if err != nil {
		t.Fatal(err)
	}
	b.write("deployment.json", `{"networks":`+string(b.file.Networks)+`,"quote_keys":`+string(quoteKeys)+`,"attest_keys":`+string(attestKeys)+
		`,"chains":{"bitcoin":`+chain+`,"bitcoincash":`+chain+`,"ethereum":`+chain+`},"pairs":[],"locks":{"lock_seconds":60,"deposit_window_seconds":1200,
		"confirm_window_seconds":7200,"max_per_client":20}}`)
	var honest, open = b.named("receipt: as asked"), b.named("receipt: with the refund address left open, as asked")
	b.write("open", open.SignedReceipt)
	b.write("quote", honest.SignedQuote+"\n")
	b.write("receipt", honest.SignedReceipt)
	b.write("swap.json", `{"id":"x","signed_quote":"`+honest.SignedQuote+`","signed_receipt":"`+honest.SignedReceipt+`"}`)
	b.write("created.json", `{"signed_receipt":"`+honest.SignedReceipt+`"}`)
	return b
}

func (b bundle) named(name string) vector {
	b.t.Helper()
	for _, c := range b.file.Cases {
		if c.Name == name {
			return c
		}
	}
	b.t.Fatalf("there is no case %q", name)
	return vector{}
}

func (b bundle) path(name string) string { return filepath.Join(b.dir, name) }

func (b bundle) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// verify runs ferry verify at a time with the pinned keys; "file:" stands before names
// of the bundle.
func (b bundle) verify(args ...string) ran {
	b.t.Helper()
	all := []string{"verify"}
	for _, arg := range args {
		if name, isFile := strings.CutPrefix(arg, "file:"); isFile {
			arg = b.path(name)
		}
		all = append(all, arg)
	}
	return ferry(b.t, nil, append(all, "--keys", b.path("deployment.json"))...)
}

const (
	vectorsNow  = "2026-01-02T03:04:07Z"
	askedPayout = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	askedRefund = "sb1qdassnmuntgqt8zdhcvk8j4kv2qwhhf30wl2vjt"
	askedSecret = "what only the owner knows"
)

func TestVerifySaysWhatIsPromised(t *testing.T) {
	t.Parallel()
	b := documents(t)
	for name, args := range map[string][]string{
		"verify_quote":   {"quote", "file:quote", "--at", vectorsNow},
		"verify_receipt": {"receipt", "file:receipt", "--quote", "file:quote", "--at", vectorsNow},
		"verify_asked": {"receipt", "file:swap.json", "--at", vectorsNow, "--payout", strings.ToLower(askedPayout), "--refund", askedRefund,
			"--policy", "short=refund,over=refund,late=refund,extra=refund,tolerance=0", "--secret", askedSecret},
		"verify_open": {"receipt", "file:open", "--quote", "file:quote", "--at", vectorsNow, "--refund", ""},
	} {
		r := b.verify(args...)
		if r.code != 0 || r.errs != "" {
			t.Errorf("%s: status %d: %s", name, r.code, r.errs)
		}
		golden(t, name+".txt", r.out)
	}
}

func TestReadSignedFromTheStandardInput(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{" a.b.c\n": "a.b.c", `{"signed_quote":"d.e.f","other":1}`: "d.e.f"} {
		if got, err := readSigned(strings.NewReader(text), "-", "signed_quote"); err != nil || got["signed_quote"] != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
}

// Each refusal names field and reason and ends with status 1; wrong use ends with 2.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	b := documents(t)
	b.write("empty.json", "{}")
	b.write("broken.json", "{")
	b.write("huge", strings.Repeat("a", maxSigned+1))
	receipt := []string{"receipt", "file:receipt", "--quote", "file:quote", "--at", vectorsNow}
	for name, row := range map[string]struct {
		args []string
		code int
		says string
	}{
		"lapsed":              {[]string{"quote", "file:quote", "--at", "2026-01-02T03:05:05Z"}, 1, "signed_quote.accept_by: the lock has lapsed"},
		"lapsed by the clock": {[]string{"quote", "file:quote"}, 1, "signed_quote.accept_by"},
		"too late":            {[]string{"receipt", "file:swap.json", "--at", "2026-01-02T03:24:07Z"}, 1, "signed_receipt.deposit_by: it has passed"},
		"another payout":      {append(receipt, "--payout", "0x52908400098527886E0F7030069857D2E4169EE7"), 1, "signed_receipt.payout_address: it is 0x5aAeb6"},
		"another refund":      {append(receipt, "--refund", "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"), 1, "signed_receipt.refund_address"},
		"an open refund":      {append(receipt, "--refund", ""), 1, "signed_receipt.refund_address: it is sb1q"},
		"another policy":      {append(receipt, "--policy", "short=refund,over=refund,late=ask,extra=refund,tolerance=0"), 1, "signed_receipt.policy"},
		"the default policy":  {append(receipt, "--policy", "default"), 1, "signed_receipt.policy"},
		"another tolerance":   {append(receipt, "--policy", "short=refund,over=refund,late=refund,extra=refund"), 1, "signed_receipt.policy"},
		"no policy":           {append(receipt, "--policy", ""), 2, "--policy \"\" is neither"},
		"no such answer":      {append(receipt, "--policy", "late=keep"), 2, "policy on_late can be"},
		"no such tolerance":   {append(receipt, "--policy", "tolerance=1%"), 2, "no whole number"},
		"another secret":      {append(receipt, "--secret", "guess"), 1, "signed_receipt.secret_hash"},
		"no address":          {append(receipt, "--payout", "me"), 1, "payout_address"},
		"receipt as quote":    {[]string{"quote", "file:receipt", "--at", vectorsNow}, 1, "signed_quote: document is of type ferry-receipt+jws"},
		"quote as receipt":    {[]string{"receipt", "file:quote", "--quote", "file:quote", "--at", vectorsNow}, 1, "signed_receipt: document is of type ferry-quote+jws"},
		"nothing in it":       {[]string{"quote", "file:empty.json"}, 1, "signed_quote: there is none in"},
		"no JSON":             {[]string{"quote", "file:broken.json"}, 1, "neither a signed document nor an answer"},
		"too large":           {[]string{"quote", "file:huge"}, 1, "more than 1048576 bytes"},
		"no file":             {[]string{"quote", "file:nowhere"}, 1, "no such file"},
		"no quote":            {[]string{"receipt", "file:created.json", "--at", vectorsNow}, 2, "--quote FILE"},
		"no time":             {[]string{"quote", "file:quote", "--at", "noon"}, 2, "--at"},
		"both from stdin":     {[]string{"receipt", "-", "--quote", "-"}, 2, "only one"},
		"no argument":         {[]string{"quote"}, 2, "0 arguments where 1 belong"},
	} {
		r := b.verify(row.args...)
		if r.code != row.code || !strings.Contains(r.errs, row.says) || r.out != "" {
			t.Errorf("%s: status %d, said %q and %q; want status %d and %q", name, r.code, r.out, r.errs, row.code, row.says)
		}
	}
	if r := ferry(t, nil, "verify", "quote", b.path("quote")); r.code != 2 || !strings.Contains(r.errs, "--keys deployment.json") {
		t.Errorf("without keys: status %d, %q", r.code, r.errs)
	}
}

// The command refuses every quote that the cases refuse for itself, and every
// receipt that is refused whatever was asked.
func TestVerifyKnowsTheCases(t *testing.T) {
	t.Parallel()
	b := documents(t)
	tried := 0
	for _, c := range b.file.Cases {
		var args []string
		if c.Document != "quote" && c.Document != "receipt" {
			continue // the command verifies these two
		}
		switch c.Refused {
		case "", "signed_quote", "signed_quote.accept_by", "signed_receipt", "signed_receipt.deposit_by", "signed_receipt.deposit_address":
			b.write("q", c.SignedQuote)
			b.write("r", c.SignedReceipt)
			args = []string{"quote", "file:q", "--at", c.Now}
			if c.Document == "receipt" {
				args = []string{"receipt", "file:r", "--quote", "file:q", "--at", c.Now}
			}
		default:
			continue
		}
		if strings.Contains(c.SignedQuote+c.SignedReceipt, "\n") || c.Document == "receipt" && c.SignedQuote == "" {
			continue // a file may end with a line break; without a quote it is wrong use
		}
		tried++
		if r := b.verify(args...); (r.code == 0) != (c.Refused == "") || c.Refused != "" && !strings.Contains(r.errs, c.Refused+": ") {
			t.Errorf("%s: status %d, %q; want a refusal of %q", c.Name, r.code, r.errs, c.Refused)
		}
	}
	if tried < 100 {
		t.Errorf("only %d cases were tried", tried)
	}
}
