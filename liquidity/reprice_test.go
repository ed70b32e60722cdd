package liquidity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
	"ferry/swap/swaptest"
)

// The formula, worked by hand: 0.01 BTC were quoted to 0.282 ETH gross (28.2 a coin), of
// which 0.0015 service (1/188) and 0.0005 network.
func TestRepriceByHand(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) { r.Policy = swap.DefaultPolicy() })
	patient := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
		r.Policy = swap.DefaultPolicy()
		r.Policy.ToleranceBPS = swap.MaxToleranceBPS
	})
	strict := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) { r.Policy = swap.RefundPolicy() })
	precise := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		r.Policy = swap.DefaultPolicy()
		q.Payout = amount(t, asset.ETH, "0.280000000000000001")
	})
	at := func(milli int64) *price.Ratio { // thousandths of an ether per coin: units of 1e-18 per 1e-8
		return &price.Ratio{Num: new(big.Int).Mul(big.NewInt(milli), asset.Pow10(7)), Den: big.NewInt(1)}
	}
	for _, c := range []struct {
		name           string
		terms          swap.Terms
		basis          swap.Basis
		deposit        string
		market         *price.Ratio
		payout, fee    string
		withoutAPayout error
	}{
		// 0.005 × 27 = 0.135; a 188th of it up; 0.0005.
		{"market", terms, swap.BasisMarket, "0.005", at(27000), "0.13378191", "0.00071809", nil},
		{"market above the locked rate", terms, swap.BasisMarket, "0.005", at(30000), "0.14870212", "0.00079788", nil},
		// 0.005 × 28.2 = 0.141.
		{"locked", terms, swap.BasisLocked, "0.005", nil, "0.13975", "0.00075", nil},
		{"locked, whatever the market", terms, swap.BasisLocked, "0.01001", at(1), "0.2802805", "0.0015015", nil},
		// 27.918 is 99 % of 28.2.
		{"late within the tolerance", terms, swap.BasisLate, "0.01", at(27918), "0.28", "0.0015", nil},
		{"late beyond it", terms, swap.BasisLate, "0.01", at(27917), "0.27718505", "0.00148495", nil},
		{"late and better for the house", terms, swap.BasisLate, "0.01", at(30000), "0.28", "0.0015", nil},
		{"late, with more places than are computed", precise, swap.BasisLate, "0.01", at(28000), "0.280000000000000001", "0.0015", nil},
		{"late and short", terms, swap.BasisLate, "0.005", at(28000), "0.13975", "0.00075", nil},
		// The user takes 10 % less; the house gives 1 %.
		{"late, a patient user", patient, swap.BasisLate, "0.01", at(27917), "0.27718505", "0.00148495", nil},
		{"late without a tolerance", strict, swap.BasisLate, "0.01", at(28200), "0.28", "0.0015", nil},
		{"late without one, a little below", strict, swap.BasisLate, "0.01", at(28199), "0.27999005", "0.00149995", nil},
		{"all fees", terms, swap.BasisMarket, "0.00001", at(28200), "", "", ErrFees},
		{"a satoshi", terms, swap.BasisLocked, "0.00000001", nil, "", "", ErrFees},
	} {
		o, err := Reprice(c.terms, c.basis, amount(t, asset.BTC, c.deposit), c.market)
		if !errors.Is(err, c.withoutAPayout) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (o.Payout.Decimal() != c.payout || o.ServiceFee.Decimal() != c.fee || o.NetworkFee != terms.Quote.NetworkFee) {
			t.Errorf("%s: %+v, want %s and %s", c.name, o, c.payout, c.fee)
		}
	}
	for _, basis := range []swap.Basis{swap.BasisMarket, swap.BasisLate} {
		if _, err := Reprice(terms, basis, terms.Quote.Deposit, nil); swap.ErrorCode(err) != swap.CodePriceUnavailable {
			t.Errorf("%s without a market: %v", basis, err)
		}
	}
}

// shop is a desk with a market and balances that a test sets.
type shop struct {
	desk *Desk
	keys swaptest.Keys
	now  time.Time
}

// newShop is open: 0.0350 to 0.0360 BTC an ether, and coins in plenty.
func newShop(t interface{ Fatal(...any) }) *shop {
	s := &shop{keys: swaptest.NewKeys(), now: swaptest.Start.Add(time.Hour)}
	clock := func() time.Time { return s.now }
	market, err := NewMarket(clock, scripted{instrument: ethBtc})
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	for i := range c.Pairs {
		c.Pairs[i].SpreadBPS = 0
	}
	s.desk = &Desk{config: c, market: market, funds: NewFunds(c.BalanceStaleAfter, clock, slog.New(slog.DiscardHandler)),
		key: s.keys.Quote, keys: s.keys.QuoteKeys(), attestKeys: s.keys.AttestKeys(), now: clock}
	s.quote(3_500_000, 3_600_000)
	s.fund(asset.BTC, "1000000000000", "")
	s.fund(asset.ETH, "1000000000000000000000000", "")
	return s
}

func (s *shop) quote(bid, ask uint64) {
	f := s.desk.market.fora[0]
	tops := top(bid, ask)
	tops.ReceivedAt, tops.VenueTime = s.now, s.now
	s.desk.market.take(f, f.stalls[0], tops)
}

func (s *shop) fund(id asset.ID, units, halted string) {
	s.desk.funds.balances[id] = swap.Balance{Asset: id, Available: asset.MustUnits(units), DustThreshold: asset.NewUnits(546), Halted: halted, At: s.now}
}

// request asks for a price of one deposit of the terms' swap.
func (s *shop) request(t swap.Terms, basis swap.Basis, main bool, units asset.Units) swap.RequoteRequest {
	d := swap.OrderDeposit{ID: "bitcoin:a:0", Amount: asset.Amount{Asset: t.Quote.Pair.From, Units: units}}
	return swap.RequoteRequest{ID: swap.RequestID(d.ID, 1), SwapID: t.Receipt.SwapID, Main: main, Basis: basis, Deposits: []swap.OrderDeposit{d},
		SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt, At: s.now}
}

// consent signs the user's answer to the request's matter.
func (s *shop) consent(t interface{ Fatal(...any) }, r swap.RequoteRequest, key ed25519.PrivateKey, answer swap.Answer, least asset.Amount) string {
	signed, err := swap.SignConsent(swap.Consent{SwapID: r.SwapID, ReceiptHash: swap.HashDocument(r.SignedReceipt), DepositID: r.Deposits[0].ID,
		Answer: answer, AtLeast: least, IssuedAt: s.now}, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Setup: an open shop; the terms are 28.2 ether a coin, the market 27.77. Test: each
// request gets the answer it should, with what it would have paid where there is one.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const half, whole = 500_000, 1_000_000
	asks := swap.Policy{OnShort: swap.AnswerAsk, OnOver: swap.AnswerAsk, OnLate: swap.AnswerAsk, OnExtra: swap.AnswerAsk}
	wide, narrow := swap.DefaultPolicy(), swap.DefaultPolicy()
	wide.ToleranceBPS, wide.OnExtra = 200, swap.AnswerRequote
	seed := sha256.Sum256([]byte("a stranger"))
	stranger := ed25519.NewKeyFromSeed(seed[:])
	eth := func(text string) asset.Amount { return swaptest.Amount(asset.ETH, text) }
	for name, c := range map[string]struct {
		policy swap.Policy
		basis  swap.Basis
		extra  bool
		sat    uint64
		change func(s *shop, r *swap.RequoteRequest)
		want   string
		offer  string
		faulty bool
		wait   bool
	}{
		"short within the tolerance": {policy: wide, basis: swap.BasisMarket, sat: half},
		"short beyond it":            {policy: narrow, basis: swap.BasisMarket, sat: half, want: swap.RefusedBeyond, offer: "0.1376501"},
		"over":                       {policy: wide, basis: swap.BasisMarket, sat: 2 * whole},
		"extra":                      {policy: wide, basis: swap.BasisMarket, extra: true, sat: half},
		"late at the locked rate": {policy: narrow, basis: swap.BasisLate, sat: whole, change: func(s *shop, _ *swap.RequoteRequest) {
			s.quote(3_500_000, 3_550_000) // 28.17
		}},
		"late beyond":             {policy: narrow, basis: swap.BasisLate, sat: whole, want: swap.RefusedBeyond, offer: "0.27580022"},
		"an excess of dust":       {policy: swap.RefundPolicy(), basis: swap.BasisLocked, sat: whole + 4000},
		"more than dust":          {policy: swap.RefundPolicy(), basis: swap.BasisLocked, sat: whole + 4001, want: swap.RefusedUnavailable, faulty: true},
		"locked for a short one":  {policy: wide, basis: swap.BasisLocked, sat: half, want: swap.RefusedUnavailable, faulty: true},
		"locked for an extra one": {policy: wide, basis: swap.BasisLocked, extra: true, sat: whole + 1, want: swap.RefusedUnavailable, faulty: true},
		"late for an extra one":   {policy: wide, basis: swap.BasisLate, extra: true, sat: whole, want: swap.RefusedUnavailable, faulty: true},
		"where the policy asks":   {policy: asks, basis: swap.BasisMarket, sat: half, want: swap.RefusedBeyond, offer: "0.1376501"},
		"a consent": {policy: asks, basis: swap.BasisMarket, sat: half, change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, s.keys.Attest, swap.AnswerRequote, eth("0.1376"))
		}},
		"a consent for more": {policy: asks, basis: swap.BasisMarket, sat: half, want: swap.RefusedBelow, offer: "0.1376501", change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, s.keys.Attest, swap.AnswerRequote, eth("0.1377"))
		}},
		"a consent in another asset": {policy: asks, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, s.keys.Attest, swap.AnswerRequote, swaptest.Amount(asset.BTC, "0.01"))
		}},
		"a consent to a refund": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, s.keys.Attest, swap.AnswerRefund, asset.Amount{})
		}},
		"a stranger's consent": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, stranger, swap.AnswerRequote, eth("0.1"))
		}},
		"a consent at the locked rate": {policy: swap.RefundPolicy(), basis: swap.BasisLocked, sat: whole + 1, want: swap.RefusedUnavailable, faulty: true, change: func(s *shop, r *swap.RequoteRequest) {
			r.SignedConsent = s.consent(t, *r, s.keys.Attest, swap.AnswerRequote, eth("0.1"))
		}},
		"tampered terms": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(_ *shop, r *swap.RequoteRequest) {
			r.SignedReceipt = r.SignedReceipt[:len(r.SignedReceipt)-4] + "AAAA"
		}},
		"terms of another swap": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(s *shop, r *swap.RequoteRequest) {
			r.SwapID = swap.NewID(swap.SwapPrefix, s.now)
		}},
		"deposits of another asset": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, faulty: true, change: func(_ *shop, r *swap.RequoteRequest) {
			r.Deposits[0].Amount.Asset = asset.ETH
		}},
		"a stopped pair": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, _ *swap.RequoteRequest) {
			s.desk.config.Pairs[0].Stopped = "A drill."
		}},
		"a stopped pair at the locked rate": {policy: swap.RefundPolicy(), basis: swap.BasisLocked, sat: whole + 4000, change: func(s *shop, _ *swap.RequoteRequest) {
			s.desk.config.Pairs[0].Stopped = "A drill."
		}},
		"payout halted": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, _ *swap.RequoteRequest) {
			s.fund(asset.ETH, "1000000000000000000", "a drill")
		}},
		"deposits halted": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, _ *swap.RequoteRequest) {
			s.fund(asset.BTC, "1", "a drill")
		}},
		"above the pair's limit": {policy: wide, basis: swap.BasisMarket, sat: 100_000_001, want: swap.RefusedUnavailable},
		"all fees":               {policy: wide, basis: swap.BasisMarket, sat: 1, want: swap.RefusedUnavailable},
		"a payout of dust": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, _ *swap.RequoteRequest) {
			b := s.desk.funds.balances[asset.ETH]
			b.DustThreshold = asset.MustUnits("137650100000000001")
			s.desk.funds.balances[asset.ETH] = b
		}},
		"a payout at the threshold": {policy: wide, basis: swap.BasisMarket, sat: half, change: func(s *shop, _ *swap.RequoteRequest) {
			b := s.desk.funds.balances[asset.ETH]
			b.DustThreshold = asset.MustUnits("137650100000000000")
			s.desk.funds.balances[asset.ETH] = b
		}},
		"no longer offered": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, _ *swap.RequoteRequest) {
			s.desk.config.Pairs = s.desk.config.Pairs[1:]
		}},
		"no price, soon": {policy: wide, basis: swap.BasisMarket, sat: half, wait: true, change: func(s *shop, r *swap.RequoteRequest) {
			s.quote(3_600_000, 3_600_000)
			r.At = s.now.Add(-priceWait + 1)
		}},
		"no price for long": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, r *swap.RequoteRequest) {
			s.quote(3_600_000, 3_600_000)
			r.At = s.now.Add(-priceWait)
		}},
		"no price, and none is needed": {policy: swap.RefundPolicy(), basis: swap.BasisLocked, sat: whole + 1, change: func(s *shop, _ *swap.RequoteRequest) {
			s.quote(3_600_000, 3_600_000)
		}},
		"no balance, soon": {policy: wide, basis: swap.BasisMarket, sat: half, wait: true, change: func(s *shop, _ *swap.RequoteRequest) {
			delete(s.desk.funds.balances, asset.ETH)
		}},
		"no balance for long": {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, r *swap.RequoteRequest) {
			delete(s.desk.funds.balances, asset.BTC)
			r.At = s.now.Add(-priceWait)
		}},
		"just in time": {policy: wide, basis: swap.BasisMarket, sat: half, change: func(s *shop, r *swap.RequoteRequest) { r.At = s.now.Add(-requestLapses + 1) }},
		"too late":     {policy: wide, basis: swap.BasisMarket, sat: half, want: swap.RefusedUnavailable, change: func(s *shop, r *swap.RequoteRequest) { r.At = s.now.Add(-requestLapses) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			terms := swaptest.NewTerms(t, s.keys, func(_ *swap.Quote, r *swap.Receipt) { r.Policy = c.policy })
			r := s.request(terms, c.basis, !c.extra, asset.NewUnits(c.sat))
			if c.change != nil {
				c.change(s, &r)
			}
			a, err := s.desk.answer(r)
			if errors.Is(err, errNotYet) != c.wait {
				t.Fatalf("error %v", err)
			}
			if c.wait {
				return
			}
			offer := ""
			if !a.Offer.Units.IsZero() {
				offer = a.Offer.Decimal()
			}
			if a.Refused != c.want || offer != c.offer || a.Faulty != c.faulty || (a.Why == nil) != (c.want == "") || (a.Signed == "") != (c.want != "") {
				t.Fatalf("refused %q with offer %q, because of %v; want %q with offer %q", a.Refused, offer, a.Why, c.want, c.offer)
			}
			if err := a.Fact().Validate(); err != nil {
				t.Error(err)
			}
			if a.Signed != "" {
				s.checkSigned(t, terms, a)
			}
		})
	}
}

// checkSigned holds a signed answer to what everybody else will hold it to.
func (s *shop) checkSigned(t interface {
	Fatal(...any)
	Errorf(string, ...any)
}, terms swap.Terms, a Answer) {
	q, err := swap.VerifyRequote(a.Signed, s.keys.QuoteKeys())
	if err != nil {
		t.Fatal(err)
	}
	var consent *swap.Consent
	hash := ""
	if a.Request.SignedConsent != "" {
		c, err := swap.VerifyConsent(a.Request.SignedConsent, s.keys.AttestKeys())
		if err != nil {
			t.Fatal(err)
		}
		consent, hash = &c, swap.HashDocument(a.Request.SignedConsent)
	}
	if err := terms.Permits(q, a.Request.Deposits, consent, hash); err != nil {
		t.Errorf("signed and not permitted: %v", err)
	}
	if q != a.Requote || q.ID != a.Request.ID || q.Main != a.Request.Main {
		t.Errorf("signed %+v, answered %+v", q, a.Requote)
	}
}

// Over any market, terms, policy and deposit: what is signed is permitted, and never
// pays more than the ratio it is due, by exact arithmetic: the market's for most, the
// locked one only for a small excess or where the market is within the tolerance of
// it. What is not signed is not permitted either, or can't be paid.
func TestAnswersAreFairToBoth(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	signed := 0
	rapid.Check(t, func(r *rapid.T) {
		s := newShop(r)
		pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBtc}).Draw(r, "pair")
		for i := range s.desk.config.Pairs {
			s.desk.config.Pairs[i].Max.Units = asset.MustUnits("100000000000000000000000000000000000")
		}
		bid := rapid.Uint64Range(10_000, 1_000_000_000).Draw(r, "bid")
		s.quote(bid, bid+1+rapid.Uint64Range(0, bid/50).Draw(r, "width"))
		terms := drawTerms(t, r, keys, pair, bid)
		main := rapid.Bool().Draw(r, "main")
		basis := swap.BasisMarket
		if main || rapid.IntRange(0, 9).Draw(r, "odd") == 0 {
			basis = rapid.SampledFrom([]swap.Basis{swap.BasisMarket, swap.BasisLate, swap.BasisLocked}).Draw(r, "basis")
		}
		request := s.request(terms, basis, main, drawDeposit(r, terms.Quote))
		a, err := s.desk.answer(request)
		if err != nil {
			r.Fatal(err)
		}
		top, err := s.desk.market.Top(pair)
		if err != nil {
			r.Fatal(err)
		}
		market, err := NewRatio(top, pair, 0)
		if err != nil {
			r.Fatal(err)
		}
		if a.Refused == swap.RefusedBeyond {
			a = s.takeOffer(r, request, a.Offer)
		}
		if a.Signed == "" {
			return
		}
		signed++
		s.checkSigned(r, terms, a)
		checkHouse(r, terms, a, new(big.Rat).SetFrac(market.Num, market.Den))
	})
	if signed == 0 {
		t.Error("no requote was signed: the test has lost its subject")
	}
}

// takeOffer asks again with the user's yes: to a unit more than was offered the answer
// is no, and to what was offered a requote of exactly that, if it is the same price.
func (s *shop) takeOffer(r *rapid.T, request swap.RequoteRequest, offer asset.Amount) Answer {
	if request.Basis != swap.BasisMarket {
		return Answer{}
	}
	more, err := offer.Units.Add(asset.NewUnits(1))
	if err != nil {
		r.Fatal(err)
	}
	for _, least := range []asset.Units{more, offer.Units} {
		request.SignedConsent = s.consent(r, request, s.keys.Attest, swap.AnswerRequote, asset.Amount{Asset: offer.Asset, Units: least})
		a, err := s.desk.answer(request)
		if err != nil {
			r.Fatal(err)
		}
		if least == offer.Units {
			if a.Signed == "" || a.Requote.Payout != offer {
				r.Fatalf("the offer of %s was taken: refused %q because of %v, pays %s", offer, a.Refused, a.Why, a.Requote.Payout)
			}
			return a
		}
		if a.Refused != swap.RefusedBelow || a.Offer != offer {
			r.Fatalf("more than the offer of %s was asked for: refused %q, offer %s", offer, a.Refused, a.Offer)
		}
	}
	return Answer{}
}

// drawTerms draws terms whose price is near the market's, or anywhere.
func drawTerms(t *testing.T, r *rapid.T, keys swaptest.Keys, pair asset.Pair, bid uint64) swap.Terms {
	near := max(1, bid*rapid.Uint64Range(9_500, 10_500).Draw(r, "moved")/10_000)
	if rapid.IntRange(0, 3).Draw(r, "far") == 0 {
		near = rapid.Uint64Range(10_000, 1_000_000_000).Draw(r, "bid of the quote")
	}
	ratio, err := NewRatio(top(near, near+1), pair, rapid.Int64Range(0, 100).Draw(r, "spread")*ppmPerBPS)
	if err != nil {
		r.Fatal(err)
	}
	p := Pricing{Pair: pair, Ratio: ratio, FeeBPS: rapid.Int64Range(0, 300).Draw(r, "fee"), NetworkFee: drawAmount(r, pair.To, 10_000, "network fee")}
	o, err := p.ByDeposit(drawAmount(r, pair.From, 1_000_000_000, "quoted deposit"))
	skipFees(r, err)
	answer := func(name string) swap.Answer {
		return rapid.SampledFrom([]swap.Answer{swap.AnswerRequote, swap.AnswerRequote, swap.AnswerRefund, swap.AnswerAsk}).Draw(r, name)
	}
	policy := swap.Policy{OnShort: answer("short"), OnOver: answer("over"), OnLate: answer("late"), OnExtra: answer("extra"),
		ToleranceBPS: rapid.Int64Range(0, swap.MaxToleranceBPS).Draw(r, "tolerance")}
	return swaptest.NewTerms(t, keys, func(q *swap.Quote, rc *swap.Receipt) {
		q.Pair, q.Deposit, q.Payout, q.ServiceFee, q.NetworkFee = pair, o.Deposit, o.Payout, o.ServiceFee, o.NetworkFee
		q.RefundFeeMax = drawAmount(r, pair.From, 5_000, "refund fee")
		rc.DepositAsset, rc.DepositChain, rc.Policy = pair.From, asset.MustLookup(pair.From).Chain, policy
	})
}

// drawDeposit draws one that is the quote's, nearly, or anything; of any units.
func drawDeposit(r *rapid.T, q swap.Quote) asset.Units {
	n := q.Deposit.Units.Big()
	switch rapid.SampledFrom([]string{"part", "near", "exact", "tiny"}).Draw(r, "deposit") {
	case "part":
		n.Mul(n, big.NewInt(rapid.Int64Range(1, 20_000).Draw(r, "share"))).Quo(n, big.NewInt(10_000))
	case "near":
		room := q.RefundFeeMax.Units.Big()
		n.Add(n, room.Mul(room, big.NewInt(rapid.Int64Range(0, 300).Draw(r, "excess"))).Quo(room, big.NewInt(100)))
		n.Add(n, big.NewInt(rapid.Int64Range(0, 3).Draw(r, "units")))
	case "tiny":
		n.SetUint64(rapid.Uint64Range(1, 10_000).Draw(r, "tiny deposit"))
	}
	if n.Sign() <= 0 {
		n.SetInt64(1)
	}
	u, err := asset.UnitsFromBig(n)
	if err != nil {
		r.Fatal(err)
	}
	return u
}

func checkHouse(r *rapid.T, terms swap.Terms, a Answer, market *big.Rat) {
	q := a.Requote
	rat := func(u asset.Units) *big.Rat { return new(big.Rat).SetInt(u.Big()) }
	sum := func(amounts ...asset.Amount) *big.Rat {
		total := new(big.Rat)
		for _, x := range amounts {
			total.Add(total, rat(x.Units))
		}
		return total
	}
	quoted := sum(terms.Quote.Payout, terms.Quote.ServiceFee, terms.Quote.NetworkFee)
	locked := new(big.Rat).Quo(quoted, rat(terms.Quote.Deposit.Units))
	due := market
	late := new(big.Rat).Mul(locked, big.NewRat(10_000-min(terms.Receipt.Policy.ToleranceBPS, LateMostBPS), 10_000))
	switch {
	case a.Request.Basis == swap.BasisLocked:
		due = locked
		if !q.Main || q.Deposit.Units.Cmp(terms.Quote.Deposit.Units) <= 0 || !terms.SmallExcess(q.Deposit) {
			r.Fatalf("the locked rate for %+v of %+v", q, terms.Quote)
		}
	case a.Request.Basis == swap.BasisLate && market.Cmp(late) >= 0:
		due = locked
	}
	gross := sum(q.Payout, q.ServiceFee, q.NetworkFee)
	if worth := new(big.Rat).Mul(due, rat(q.Deposit.Units)); gross.Cmp(worth) > 0 {
		r.Fatalf("gross %s for what is worth %s", gross, worth.FloatString(3))
	}
	if fee := new(big.Rat).Mul(gross, new(big.Rat).Quo(rat(terms.Quote.ServiceFee.Units), quoted)); sum(q.ServiceFee).Cmp(fee) < 0 {
		r.Fatalf("service fee %s, of %s due", q.ServiceFee, fee.FloatString(3))
	}
	if q.NetworkFee != terms.Quote.NetworkFee {
		r.Fatalf("network fee %s, quoted %s", q.NetworkFee, terms.Quote.NetworkFee)
	}
}
