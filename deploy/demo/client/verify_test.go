package client

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

const (
	secret  = "what only the owner knows"
	refund  = "sb1qdassnmuntgqt8zdhcvk8j4kv2qwhhf30wl2vjt"
	strange = "0x52908400098527886E0F7030069857D2E4169EE7"
)

// story is an honest exchange, made anew for each case, to be tampered with.
type story struct {
	quoteAsk QuoteRequest
	quote    swap.Quote
	swapAsk  SwapRequest
	receipt  swap.Receipt
	// After signing, these change what is beside the signed texts.
	quoteAnswer func(*QuoteAnswer)
	swapAnswer  func(*SwapAnswer)
	// quoteKey and attestKey sign.
	quoteKey, attestKey ed25519.PrivateKey
	now                 time.Time
}

func newStory() *story {
	keys, sum := swaptest.NewKeys(), sha256.Sum256([]byte(secret))
	start := swaptest.Start
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, start), Pair: asset.Pair{From: asset.BTC, To: asset.ETH},
		Deposit: swaptest.Amount(asset.BTC, "0.01"), Payout: swaptest.Amount(asset.ETH, "0.28"), Rate: "28.2",
		ServiceFee: swaptest.Amount(asset.ETH, "0.0015"), NetworkFee: swaptest.Amount(asset.ETH, "0.0005"),
		RefundFeeMax: swaptest.Amount(asset.BTC, "0.00002"), IssuedAt: start, AcceptBy: start.Add(time.Minute),
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
	r := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, start), DepositChain: asset.Bitcoin, DepositAsset: asset.BTC,
		DepositAddress: swaptest.BitcoinAddress, DepositPath: "m/84'/1'/0'/0/0", PayoutAddress: swaptest.EthereumAddress,
		RefundAddress: refund, Policy: swap.DefaultPolicy(), SecretHash: hex.EncodeToString(sum[:]),
		IssuedAt: start.Add(time.Second), DepositBy: start.Add(1201 * time.Second), ConfirmBy: start.Add(7201 * time.Second)}
	return &story{
		quoteAsk: QuoteRequest{From: asset.BTC, To: asset.ETH, DepositAmount: "0.01"}, quote: q,
		swapAsk: SwapRequest{PayoutAddress: strings.ToLower(swaptest.EthereumAddress), RefundAddress: refund}, receipt: r,
		quoteAnswer: func(*QuoteAnswer) {}, swapAnswer: func(*SwapAnswer) {},
		quoteKey: keys.Quote, attestKey: keys.Attest, now: start.Add(2 * time.Second),
	}
}

// run lets the client check both answers.
func (s *story) run(t *testing.T) error {
	t.Helper()
	keys := swaptest.NewKeys()
	c, err := New(Config{URL: "http://127.0.0.1:1", Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(),
		AttestKeys: keys.AttestKeys(), Now: func() time.Time { return s.now }})
	must(t, err)
	qa := s.signQuote(t)
	if _, err := c.CheckQuote(s.quoteAsk, qa); err != nil {
		return err
	}
	s.swapAsk.SignedQuote = qa.SignedQuote
	terms, err := c.CheckSwap(s.swapAsk, s.signReceipt(t, qa.SignedQuote))
	if err == nil && (terms.Quote.ID != s.quote.ID || terms.Receipt.DepositAddress != s.receipt.DepositAddress) {
		t.Errorf("terms %+v", terms)
	}
	return err
}

func (s *story) signQuote(t *testing.T) QuoteAnswer {
	t.Helper()
	q := s.quote
	signed, err := swap.SignQuote(q, s.quoteKey)
	must(t, err)
	a := QuoteAnswer{QuoteID: q.ID, From: q.Pair.From, To: q.Pair.To, DepositAmount: q.Deposit.Decimal(),
		PayoutAmount: q.Payout.Decimal(), Rate: q.Rate, ServiceFee: q.ServiceFee.Decimal(), NetworkFee: q.NetworkFee.Decimal(),
		RefundFeeMax: q.RefundFeeMax.Decimal(), IssuedAt: q.IssuedAt, AcceptBy: q.AcceptBy,
		DepositWindowSeconds: q.DepositWindowSeconds, ConfirmWindowSeconds: q.ConfirmWindowSeconds, Policy: policyOf(s.quoteAsk.Policy), SignedQuote: signed}
	s.quoteAnswer(&a)
	return a
}

func (s *story) signReceipt(t *testing.T, signedQuote string) SwapAnswer {
	t.Helper()
	q, r := s.quote, s.receipt
	if r.QuoteID == "" {
		r.QuoteID, r.QuoteHash = q.ID, swap.HashDocument(signedQuote)
	}
	signed, err := swap.SignReceipt(r, s.attestKey)
	must(t, err)
	a := SwapAnswer{ID: r.SwapID, Secret: secret, State: swap.AwaitingDeposit, DepositAsset: q.Pair.From,
		DepositAmount: q.Deposit.Decimal(), DepositAddress: r.DepositAddress, PayoutAsset: q.Pair.To, PayoutAmount: q.Payout.Decimal(),
		PayoutAddress: r.PayoutAddress, RefundAddress: r.RefundAddress, Policy: r.Policy, DepositBy: r.DepositBy, ConfirmBy: r.ConfirmBy,
		CreatedAt: r.IssuedAt, SignedReceipt: signed}
	s.swapAnswer(&a)
	return a
}

func TestHonestAnswersAreAccepted(t *testing.T) {
	t.Parallel()
	if err := newStory().run(t); err != nil {
		t.Error(err)
	}
	asked := newStory()
	asked.quoteAsk = QuoteRequest{From: asset.BTC, To: asset.ETH, PayoutAmount: "0.280"}
	if err := asked.run(t); err != nil {
		t.Error(err)
	}
	open := newStory()
	policy := swap.Policy{OnShort: swap.AnswerAsk, OnOver: swap.AnswerAsk, OnLate: swap.AnswerAsk, OnExtra: swap.AnswerAsk, ToleranceBPS: 7}
	open.quoteAsk.Policy, open.swapAsk.Policy, open.receipt.Policy = &policy, &policy, policy
	open.swapAsk.RefundAddress, open.receipt.RefundAddress = "", ""
	if err := open.run(t); err != nil {
		t.Error(err)
	}
}

// Whatever one of the parties between wallet and attestor changes, the wallet
// names it and pays nothing.
func TestTamperedAnswersAreRefused(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	_, foreign, err := ed25519.GenerateKey(nil)
	must(t, err)
	for name, test := range map[string]struct {
		tamper func(*story)
		field  string
	}{
		"quote by a foreign key":      {func(s *story) { s.quoteKey = foreign }, "signed_quote"},
		"quote by the attestor":       {func(s *story) { s.quoteKey = keys.Attest }, "signed_quote"},
		"another pair":                {func(s *story) { s.quoteAsk = QuoteRequest{From: asset.ETH, To: asset.BTC} }, "signed_quote.pair"},
		"a larger deposit":            {func(s *story) { s.quote.Deposit = swaptest.Amount(asset.BTC, "0.011") }, "signed_quote.deposit"},
		"another payout than asked":   {func(s *story) { s.quoteAsk = QuoteRequest{From: "BTC", To: "ETH", PayoutAmount: "0.3"} }, "signed_quote.payout"},
		"a lapsed quote":              {func(s *story) { s.now = s.quote.AcceptBy }, "signed_quote.accept_by"},
		"a quote from the future":     {func(s *story) { s.now = s.quote.IssuedAt.Add(-2 * time.Minute) }, "signed_quote.issued_at"},
		"a nicer payout beside it":    {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.PayoutAmount = "0.3" } }, "payout_amount"},
		"a smaller deposit beside it": {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.DepositAmount = "0.001" } }, "deposit_amount"},
		"a smaller refund fee beside": {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.RefundFeeMax = "0" } }, "refund_fee_max"},
		"a longer lock beside it":     {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.AcceptBy = a.AcceptBy.Add(1) } }, "accept_by"},
		"another policy beside it":    {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.Policy.ToleranceBPS++ } }, "policy"},
		"another policy":              {func(s *story) { s.receipt.Policy.ToleranceBPS++ }, "signed_receipt.policy"},
		"a refund address we left":    {func(s *story) { s.swapAsk.RefundAddress = "" }, "signed_receipt.refund_address"},
		"a refund address left open":  {func(s *story) { s.receipt.RefundAddress = "" }, "signed_receipt.refund_address"},
		"no signed quote":             {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.SignedQuote = "" } }, "signed_quote"},
		"one letter of the quote":     {func(s *story) { s.quoteAnswer = func(a *QuoteAnswer) { a.SignedQuote = flip(a.SignedQuote) } }, "signed_quote"},
		"receipt by a foreign key":    {func(s *story) { s.attestKey = foreign }, "signed_receipt"},
		"receipt by the quoter":       {func(s *story) { s.attestKey = keys.Quote }, "signed_receipt"},
		"one letter of the receipt":   {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.SignedReceipt = flip(a.SignedReceipt) } }, "signed_receipt"},
		"the receipt of another quote": {func(s *story) {
			s.receipt.QuoteID, s.receipt.QuoteHash = swap.NewID("quote", s.now), strings.Repeat("0", 64)
		}, "signed_receipt"},
		"the deposit on another chain": {func(s *story) { s.receipt.DepositChain = asset.Ethereum }, "signed_receipt"},
		"somebody else's payout":       {func(s *story) { s.receipt.PayoutAddress = strange }, "signed_receipt.payout_address"},
		"somebody else's refund":       {func(s *story) { s.swapAsk.RefundAddress = swaptest.BitcoinAddress }, "signed_receipt.refund_address"},
		"a deposit to nowhere":         {func(s *story) { s.receipt.DepositAddress = "sb1qnowhere" }, "signed_receipt.deposit_address"},
		"a deposit to ourselves":       {func(s *story) { s.receipt.DepositAddress = refund }, "signed_receipt.deposit_address"},
		"a deposit address beside it":  {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.DepositAddress = refund } }, "deposit_address"},
		"another amount beside it":     {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.DepositAmount = "0.1" } }, "deposit_amount"},
		"another secret":               {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.Secret = "guess" } }, "signed_receipt.secret_hash"},
		"no secret":                    {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.Secret = "" } }, "signed_receipt.secret_hash"},
		"another swap's id":            {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.ID = swap.NewID("swap", s.now) } }, "id"},
		"too little time to deposit":   {func(s *story) { s.receipt.DepositBy = s.receipt.IssuedAt.Add(time.Minute) }, "signed_receipt.deposit_by"},
		"too little time to confirm":   {func(s *story) { s.receipt.ConfirmBy = s.receipt.DepositBy }, "signed_receipt.confirm_by"},
		"an old receipt": {func(s *story) {
			s.receipt.IssuedAt, s.receipt.DepositBy, s.receipt.ConfirmBy = s.now.Add(-time.Hour), s.now.Add(-time.Hour+1200*time.Second), s.now.Add(time.Hour)
		}, "signed_receipt.issued_at"},
		"a payout address we can't use": {func(s *story) { s.swapAsk.PayoutAddress = refund }, "payout_address"},
		"a refund address we can't use": {func(s *story) { s.swapAsk.RefundAddress = strange }, "refund_address"},
		"a later deadline beside it":    {func(s *story) { s.swapAnswer = func(a *SwapAnswer) { a.DepositBy = a.DepositBy.Add(time.Hour) } }, "deposit_by"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			test.tamper(s)
			err := s.run(t)
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Field != test.field || refusal.Reason == "" {
				t.Errorf("got %v, want a refusal of %s", err, test.field)
			}
		})
	}
}

// flip changes a letter in the payload of a compact JWS.
func flip(compact string) string {
	i := strings.IndexByte(compact, '.') + 10
	letter := byte('A')
	if compact[i] == letter {
		letter = 'B'
	}
	return compact[:i] + string(letter) + compact[i+1:]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
