package attest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 5_600_000, time.UTC)

// accountsOf are the extended public keys of a seed of one repeated byte.
func accountsOf(t swaptest.Reporter, n asset.Networks, seed byte) keys.Accounts {
	t.Helper()
	params, err := n.BitcoinParams()
	if err != nil {
		t.Fatalf("network: %v", err)
	}
	master, err := hdkeychain.NewMaster([]byte(strings.Repeat(string(rune(seed)), 32)), params)
	if err != nil {
		t.Fatalf("master: %v", err)
	}
	xpub := func(indices ...uint32) string {
		key := master
		for _, index := range indices {
			if key, err = key.Derive(hdkeychain.HardenedKeyStart + index); err != nil {
				t.Fatalf("derive: %v", err)
			}
		}
		public, err := key.Neuter()
		if err != nil {
			t.Fatalf("neuter: %v", err)
		}
		return public.String()
	}
	file := keys.File{BitcoinDeposit: xpub(84, 1, 0), BitcoinHot: xpub(84, 1, 1),
		EthereumDeposit: xpub(44, 60, 0), EthereumHot: xpub(44, 60, 1)}
	if n.BitcoinCash != "" {
		file.BitcoinCashDeposit, file.BitcoinCashHot = xpub(44, 145, 0), xpub(44, 145, 1)
	}
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	accounts, err := keys.ParseAccounts(n, raw)
	if err != nil {
		t.Fatalf("accounts: %v", err)
	}
	return accounts
}

// desk is an attestor with the key of the liquidityd it trusts.
type desk struct {
	config      Config
	attestor    *Attestor
	quoteKey    ed25519.PrivateKey
	now         time.Time
	userBitcoin string
}

func newDesk(t swaptest.Reporter, dir string) *desk {
	t.Helper()
	return newDeskOn(t, dir, swaptest.Networks)
}

// newDeskOn is newDesk of a deployment on other networks.
func newDeskOn(t swaptest.Reporter, dir string, networks asset.Networks) *desk {
	t.Helper()
	quotePublic, quoteKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatalf("key: %v", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatalf("key: %v", err)
	}
	d := &desk{quoteKey: quoteKey, now: testNow}
	d.config = Config{Networks: networks, Accounts: accountsOf(t, networks, 1), Key: key,
		QuoteKeys: swap.PublicKeys{swap.KeyID(quotePublic): quotePublic}, Store: filepath.Join(dir, "attest", "store.db"),
		Ahead: 5, HotRange: 3, Now: func() time.Time { return d.now }}
	if err := Create(d.config.Store, d.config.Accounts); err != nil {
		t.Fatalf("create: %v", err)
	}
	d.open(t)
	d.userBitcoin = derive(t, accountsOf(t, swaptest.Networks, 2), asset.Bitcoin, keys.Deposit, keys.External, 0)
	return d
}

func (d *desk) open(t swaptest.Reporter) {
	t.Helper()
	var err error
	if d.attestor, err = Open(d.config); err != nil {
		t.Fatalf("open: %v", err)
	}
}

func (d *desk) reopen(t swaptest.Reporter) {
	t.Helper()
	if err := d.attestor.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	d.open(t)
}

func deskFor(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, t.TempDir())
	t.Cleanup(func() {
		if err := d.attestor.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d
}

func derive(t swaptest.Reporter, accounts keys.Accounts, chain asset.Chain, role keys.Role, branch, index uint32) string {
	t.Helper()
	key, err := accounts.Derive(chain, role, branch, index)
	if err != nil {
		t.Fatalf("derive: %v", err)
	}
	return key.Address
}

func (d *desk) own(t swaptest.Reporter, chain asset.Chain, role keys.Role, branch, index uint32) string {
	t.Helper()
	return derive(t, d.config.Accounts, chain, role, branch, index)
}

func (d *desk) quote(t swaptest.Reporter, from, to asset.ID, change func(q *swap.Quote)) string {
	t.Helper()
	amount := func(id asset.ID, units uint64) asset.Amount {
		return asset.Amount{Asset: id, Units: asset.NewUnits(units)}
	}
	q := swap.Quote{
		ID: swap.NewID(swap.QuotePrefix, testNow), Pair: asset.Pair{From: from, To: to}, Deposit: amount(from, 1_000_000),
		Payout: amount(to, 2_000_000), Rate: "2", ServiceFee: amount(to, 10), NetworkFee: amount(to, 10), RefundFeeMax: amount(from, 10),
		IssuedAt: testNow, AcceptBy: testNow.Add(time.Minute), DepositWindowSeconds: 600, ConfirmWindowSeconds: 1200,
	}
	if change != nil {
		change(&q)
	}
	signed, err := swap.SignQuote(q, d.quoteKey)
	if err != nil {
		t.Fatalf("sign quote: %v", err)
	}
	return signed
}

// request is a good one for an index of the chain of from.
func (d *desk) request(t swaptest.Reporter, from, to asset.ID, index uint32) *ferryv1.AttestRequest {
	t.Helper()
	users := map[asset.ID]string{asset.BTC: d.userBitcoin, asset.ETH: swaptest.EthereumAddress}
	return &ferryv1.AttestRequest{
		FencingToken: 7, Index: index, Address: d.own(t, asset.MustLookup(from).Chain, keys.Deposit, keys.External, index),
		Terms: &ferryv1.IssueRequest{
			SwapId: swap.NewID(swap.SwapPrefix, testNow), SignedQuote: d.quote(t, from, to, nil), PayoutAddress: users[to], RefundAddress: users[from],
			Policy: &ferryv1.Policy{OnShort: "refund", OnOver: "refund", OnLate: "refund", OnExtra: "refund"}, SecretHash: strings.Repeat("0a", 32),
		},
	}
}

func (d *desk) attest(req *ferryv1.AttestRequest) (string, error) {
	res, err := d.attestor.Attest(context.Background(), connect.NewRequest(req))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedReceipt(), nil
}

func (d *desk) mustAttest(t swaptest.Reporter, req *ferryv1.AttestRequest) string {
	t.Helper()
	signed, err := d.attest(req)
	if err != nil {
		t.Fatalf("attest: %v", err)
	}
	return signed
}

func (d *desk) highWater(t swaptest.Reporter, chain asset.Chain) uint32 {
	t.Helper()
	res, err := d.attestor.HighWater(context.Background(), connect.NewRequest(&ferryv1.HighWaterRequest{Chain: string(chain)}))
	if err != nil {
		t.Fatalf("high water: %v", err)
	}
	return res.Msg.GetNextIndex()
}

func TestReceiptSaysWhatWasAgreed(t *testing.T) {
	t.Parallel()
	for _, pair := range []asset.Pair{{From: asset.BTC, To: asset.ETH}, {From: asset.ETH, To: asset.BTC}} {
		t.Run(pair.String(), func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			req := d.request(t, pair.From, pair.To, 2)
			signed := d.mustAttest(t, req)
			attestKeys := swap.PublicKeys{swap.KeyID(d.attestor.PublicKey()): d.attestor.PublicKey()}
			terms, err := swap.VerifyTerms(req.GetTerms().GetSignedQuote(), signed, d.config.QuoteKeys, attestKeys)
			if err != nil {
				t.Fatal(err)
			}
			path := map[asset.ID]string{asset.BTC: "m/84'/1'/0'/0/2", asset.ETH: "m/44'/60'/0'/0/2"}[pair.From]
			now := testNow.Truncate(time.Millisecond)
			want := swap.Receipt{
				SwapID: req.GetTerms().GetSwapId(), QuoteID: terms.Quote.ID, QuoteHash: swap.HashDocument(req.GetTerms().GetSignedQuote()),
				DepositChain: asset.MustLookup(pair.From).Chain, DepositAsset: pair.From, DepositAddress: req.GetAddress(), DepositPath: path,
				PayoutAddress: req.GetTerms().GetPayoutAddress(), RefundAddress: req.GetTerms().GetRefundAddress(), Policy: swap.RefundPolicy(),
				SecretHash: req.GetTerms().GetSecretHash(), IssuedAt: now, DepositBy: now.Add(600 * time.Second), ConfirmBy: now.Add(1200 * time.Second),
			}
			if terms.Receipt != want {
				t.Errorf("receipt is\n%+v, want\n%+v", terms.Receipt, want)
			}
			if got := d.highWater(t, want.DepositChain); got != 3 {
				t.Errorf("high water is %d, want 3", got)
			}
		})
	}
}

// Each case breaks one rule of an otherwise good request. In the end that request
// is answered, so no refusal used up its index, swap or quote.
func TestAttestRefuses(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	good := d.request(t, asset.BTC, asset.ETH, 0)
	other := func(change func(q *swap.Quote)) func(*ferryv1.AttestRequest) {
		return func(req *ferryv1.AttestRequest) { req.Terms.SignedQuote = d.quote(t, asset.BTC, asset.ETH, change) }
	}
	for name, c := range map[string]struct {
		breakIt  func(req *ferryv1.AttestRequest)
		code     swap.Code
		field    string
		sentence string
	}{
		"an altered address":  {func(r *ferryv1.AttestRequest) { r.Address = d.own(t, asset.Bitcoin, keys.Deposit, 0, 1) }, swap.CodeRefused, "address", "not the one of this index"},
		"address in capitals": {func(r *ferryv1.AttestRequest) { r.Address = strings.ToUpper(r.Address) }, swap.CodeRefused, "address", "not the one of this index"},
		"address of the hot account": {func(r *ferryv1.AttestRequest) { r.Address = d.own(t, asset.Bitcoin, keys.Hot, 0, 0) },
			swap.CodeRefused, "address", "not the one of this index"},
		"another index":    {func(r *ferryv1.AttestRequest) { r.Index = 1 }, swap.CodeRefused, "address", "not the one of this index"},
		"an index far off": {func(r *ferryv1.AttestRequest) { r.Index = 5 }, swap.CodeRefused, "index", "too far ahead"},
		"a hardened index": {func(r *ferryv1.AttestRequest) { r.Index = 1 << 31 }, swap.CodeRefused, "index", "hardened"},
		"no swap":          {func(r *ferryv1.AttestRequest) { r.Terms.SwapId = "swap_1" }, swap.CodeRefused, "terms.swap_id", "malformed"},
		"no terms":         {func(r *ferryv1.AttestRequest) { r.Terms = nil }, swap.CodeRefused, "terms.swap_id", "malformed"},
		"no quote":         {func(r *ferryv1.AttestRequest) { r.Terms.SignedQuote = "" }, swap.CodeQuoteInvalid, "terms.signed_quote", "does not verify"},
		"a tampered quote": {func(r *ferryv1.AttestRequest) {
			r.Terms.SignedQuote = strings.Replace(r.Terms.SignedQuote, ".", ".A", 1)
		}, swap.CodeQuoteInvalid, "terms.signed_quote", "does not verify"},
		"a foreign quote": {func(r *ferryv1.AttestRequest) { r.Terms.SignedQuote = stranger.quote(t, asset.BTC, asset.ETH, nil) },
			swap.CodeQuoteInvalid, "terms.signed_quote", "does not verify"},
		"an expired quote": {other(func(q *swap.Quote) {
			q.IssuedAt, q.AcceptBy = testNow.Add(-time.Hour), testNow.Add(-Grace).Truncate(time.Millisecond).Add(-time.Millisecond)
		}), swap.CodeQuoteExpired, "terms.signed_quote", "expired"},
		"windows without end": {other(func(q *swap.Quote) { q.ConfirmWindowSeconds = 1 << 62 }), swap.CodeQuoteInvalid, "terms.signed_quote", "too long"},
		"payout on the deposit's chain": {func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = d.userBitcoin },
			swap.CodeInvalidAddress, "terms.payout_address", "can't be paid on ethereum"},
		"refund on the payout's chain": {func(r *ferryv1.AttestRequest) { r.Terms.RefundAddress = swaptest.EthereumAddress },
			swap.CodeInvalidAddress, "terms.refund_address", "can't be paid on bitcoin"},
		"refund on another network": {func(r *ferryv1.AttestRequest) { r.Terms.RefundAddress = "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu" },
			swap.CodeWrongNetwork, "terms.refund_address", "another network"},
		"payout without checksum": {func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = strings.ToLower(swaptest.EthereumAddress) },
			swap.CodeInvalidAddress, "terms.payout_address", "canonical"},
		"payout to nobody": {func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = "0x" + strings.Repeat("0", 40) },
			swap.CodeForbiddenAddress, "terms.payout_address", "lost"},
		"our hot address": {func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = d.own(t, asset.Ethereum, keys.Hot, 0, 2) },
			swap.CodeForbiddenAddress, "terms.payout_address", "our own"},
		"our change address": {func(r *ferryv1.AttestRequest) { r.Terms.RefundAddress = d.own(t, asset.Bitcoin, keys.Hot, 1, 0) },
			swap.CodeForbiddenAddress, "terms.refund_address", "our own"},
		"our next deposit address": {func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = d.own(t, asset.Ethereum, keys.Deposit, 0, 4) },
			swap.CodeForbiddenAddress, "terms.payout_address", "our own"},
		"its own deposit address": {func(r *ferryv1.AttestRequest) { r.Terms.RefundAddress = r.Address },
			swap.CodeForbiddenAddress, "terms.refund_address", "our own"},
		"a policy not offered": {func(r *ferryv1.AttestRequest) { r.Terms.Policy.OnLate = "keep" }, swap.CodeInvalidPolicy, "policy.on_late", ""},
		"no policy":            {func(r *ferryv1.AttestRequest) { r.Terms.Policy = nil }, swap.CodeInvalidPolicy, "", ""},
		"no secret":            {func(r *ferryv1.AttestRequest) { r.Terms.SecretHash = "" }, swap.CodeRefused, "terms.secret_hash", "64"},
		"secret in capitals": {func(r *ferryv1.AttestRequest) { r.Terms.SecretHash = strings.Repeat("0A", 32) },
			swap.CodeRefused, "terms.secret_hash", "lower case"},
	} {
		t.Run(name, func(t *testing.T) {
			req := proto.Clone(good).(*ferryv1.AttestRequest)
			c.breakIt(req)
			_, err := d.attest(req)
			var refusal *swap.Error
			if name == "no policy" && errors.As(err, &refusal) {
				c.field = refusal.Field // whichever of the four is looked at first
			}
			swaptest.WantRefusal(t, err, c.code, c.field, c.sentence)
		})
	}
	d.mustAttest(t, good)
	if _, err := d.attestor.HighWater(context.Background(), connect.NewRequest(&ferryv1.HighWaterRequest{Chain: "dogecoin"})); swap.ErrorCode(err) != swap.CodeRefused {
		t.Errorf("high water of an unknown chain: %v", err)
	}
}

func TestGraceAfterAcceptBy(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	d.now = testNow.Add(time.Minute + Grace)
	req := d.request(t, asset.BTC, asset.ETH, 0)
	signed := d.mustAttest(t, req)
	d.now = d.now.Add(time.Millisecond)
	_, err := d.attest(d.request(t, asset.BTC, asset.ETH, 1))
	swaptest.WantRefusal(t, err, swap.CodeQuoteExpired, "terms.signed_quote", "expired")
	if again := d.mustAttest(t, req); again != signed {
		t.Error("a repetition after the quote's end got another receipt")
	}
}
