package swap_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// deposits splits an amount over n deposits of at least one unit each, in their one
// form.
func deposits(id asset.ID, units uint64, n int) []swap.OrderDeposit {
	list := make([]swap.OrderDeposit, n)
	for i := range list {
		part := units
		if i < n-1 {
			part = 1
			units--
		}
		list[i] = swap.OrderDeposit{ID: "bitcoin:" + string(rune('a'+i)) + ":0", Amount: asset.Amount{Asset: id, Units: asset.NewUnits(part)}}
	}
	return list
}

// requoteOf is a requote of the deposits that pays gross less fees.
func requoteOf(t swap.Terms, parts []swap.OrderDeposit, gross, service, network *big.Int) swap.Requote {
	to := func(n *big.Int) asset.Amount {
		u, err := asset.UnitsFromBig(n)
		if err != nil {
			panic(err)
		}
		return asset.Amount{Asset: t.Quote.Pair.To, Units: u}
	}
	total, err := swap.Order{Deposits: parts}.Total()
	if err != nil {
		panic(err)
	}
	payout := new(big.Int).Sub(new(big.Int).Sub(gross, service), network)
	return swap.Requote{ID: swap.RequestID(parts[0].ID, 1), SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt),
		Main: true, DepositsHash: swap.HashDeposits(parts), Deposit: total, Payout: to(payout), ServiceFee: to(service),
		NetworkFee: to(network), Rate: "1", IssuedAt: swaptest.Start}
}

func big10(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic(text)
	}
	return n
}

// Setup: 0.01 BTC were quoted to 0.282 ETH gross, of which 0.0015 service and 0.0005
// network. Test: half of it at the locked rate is permitted by a policy that requotes,
// and every single change that takes something from the user is refused by name.
func TestPermitsByHand(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) { r.Policy = swap.DefaultPolicy() })
	extra := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
		r.Policy = swap.RefundPolicy()
		r.Policy.OnExtra = swap.AnswerRequote
	})
	half := deposits(asset.BTC, 500_000, 2)
	gross, service, network := big10("141000000000000000"), big10("750000000000000"), big10("500000000000000")
	good := func() swap.Requote { return requoteOf(terms, half, gross, service, network) }
	with := func(change func(r *swap.Requote)) swap.Requote {
		r := good()
		change(&r)
		return r
	}
	move := func(from, to *asset.Units, text string) {
		units := asset.MustUnits(text)
		less, err := from.Sub(units)
		if err != nil {
			t.Fatal(err)
		}
		more, err := to.Add(units)
		if err != nil {
			t.Fatal(err)
		}
		*from, *to = less, more
	}
	one := deposits(asset.BTC, 500_000, 1)
	for _, c := range []struct {
		name     string
		terms    swap.Terms
		requote  swap.Requote
		deposits []swap.OrderDeposit
		refusal  string
	}{
		{"at the locked rate", terms, good(), half, ""},
		{"1 % below", terms, with(func(r *swap.Requote) {
			r.Payout.Units, r.ServiceFee.Units = asset.MustUnits("138347500000000000"), asset.MustUnits("742500000000000")
		}), half, ""},
		{"a step more below", terms, with(func(r *swap.Requote) {
			r.Payout.Units, r.ServiceFee.Units = asset.MustUnits("138347480000000000"), asset.MustUnits("742500000000000")
		}), half, "more than 100 basis points"},
		{"a step of the fee is rounding", terms, with(func(r *swap.Requote) { move(&r.Payout.Units, &r.ServiceFee.Units, "10000000000") }), half, ""},
		{"two are not", terms, with(func(r *swap.Requote) { move(&r.Payout.Units, &r.ServiceFee.Units, "20000000000") }), half, "service fee"},
		{"a network fee above the quote's", terms, with(func(r *swap.Requote) { move(&r.Payout.Units, &r.NetworkFee.Units, "1") }), half, "network fee"},
		{"a fee in another asset", terms, with(func(r *swap.Requote) { r.NetworkFee = asset.Amount{Asset: asset.BTC} }), half, "two assets"},
		{"of nothing", terms, with(func(r *swap.Requote) { r.Payout.Units = asset.Units{} }), half, "is zero"},
		{"another swap", terms, with(func(r *swap.Requote) { r.SwapID = swap.NewID(swap.SwapPrefix, swaptest.Start) }), half, "another receipt"},
		{"another receipt", extra, good(), half, "another receipt"},
		{"other deposits", terms, good(), one, "other deposits"},
		{"another sum", terms, with(func(r *swap.Requote) { r.Deposit.Units = asset.NewUnits(500_001) }), half, "deposits are"},
		{"an unsorted list", terms, with(func(r *swap.Requote) {
			r.DepositsHash = swap.HashDeposits([]swap.OrderDeposit{half[1], half[0]})
		}), []swap.OrderDeposit{half[1], half[0]}, "sorted"},
		{"no deposit", terms, with(func(r *swap.Requote) { r.DepositsHash = swap.HashDeposits(nil) }), nil, "uses up no deposit"},
		{"extra, in two", extra, requoteOf(extra, half, gross, service, network), half, "the policy for a deposit that is short is refund"},
		{"a consent that is not there", terms, with(func(r *swap.Requote) { r.ConsentHash = swap.HashDocument("x") }), half, "not there"},
	} {
		if c.name == "extra, in two" {
			c.requote.Main = false
			c.refusal = "by itself"
		}
		refused(t, c.name, c.terms.Permits(c.requote, c.deposits, nil, ""), c.refusal)
	}
	single := requoteOf(extra, one, gross, service, network)
	refused(t, "an extra deposit passed off as the main leg", extra.Permits(single, one, nil, ""), "refund")
	single.Main = false
	refused(t, "an extra deposit", extra.Permits(single, one, nil, ""), "")
}

func refused(t interface{ Errorf(string, ...any) }, name string, err error, sentence string) {
	switch {
	case sentence == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case sentence != "" && (err == nil || !strings.Contains(err.Error(), sentence)):
		t.Errorf("%s: %v, want %q", name, err, sentence)
	}
}

// A deposit that is there twice would make the sum a lie.
func TestPermitsNoDepositTwice(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) { r.Policy = swap.DefaultPolicy() })
	one := deposits(asset.BTC, 250_000, 1)[0]
	twice := []swap.OrderDeposit{one, one}
	r := requoteOf(terms, twice, big10("141000000000000000"), big10("750000000000000"), big10("500000000000000"))
	refused(t, "twice", terms.Permits(r, twice, nil, ""), "distinct")
}

// The exemption for an excess that a refund would eat: 2,000 sat are the most a refund
// costs, so 4,000 are the most that is added.
func TestPermitsASmallExcess(t *testing.T) {
	t.Parallel()
	policy := func(over swap.Answer) swap.Terms {
		return swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
			r.Policy = swap.RefundPolicy()
			r.Policy.OnOver = over
		})
	}
	refunds, asks := policy(swap.AnswerRefund), policy(swap.AnswerAsk)
	// Gross at the locked rate: 282e9 wei a satoshi.
	priced := func(terms swap.Terms, sat uint64, lessWei string) (swap.Requote, []swap.OrderDeposit) {
		list := deposits(asset.BTC, sat, 1)
		gross := new(big.Int).Mul(new(big.Int).SetUint64(sat), big10("282000000000"))
		gross.Sub(gross, big10(lessWei))
		service := big10("1500000000000000")
		if sat < 1_000_000 {
			service.SetInt64(0)
		}
		return requoteOf(terms, list, gross, service, big10("500000000000000")), list
	}
	for _, c := range []struct {
		name    string
		terms   swap.Terms
		sat     uint64
		less    string
		refusal string
	}{
		{"one satoshi more", refunds, 1_000_001, "0", ""},
		{"as much as may be", refunds, 1_004_000, "0", ""},
		{"one satoshi too many", refunds, 1_004_001, "0", "is refund"},
		{"half", refunds, 500_000, "0", "is refund"},
		{"exactly the quote, late", refunds, 1_000_000, "0", "is refund"},
		{"the policy asks", asks, 1_000_001, "0", "is ask"},
		{"below the locked rate", refunds, 1_004_000, "20000000000", "is refund"},
		// Still the locked rate but for rounding, and less than was quoted.
		{"less than quoted", refunds, 1_000_001, "292000000000", "is refund"},
		// A payout of exactly what was quoted pays for an excess of less than a step.
		{"what was quoted", refunds, 1_000_001, "282000000000", "is refund"}, // 28 steps below the locked rate
	} {
		r, list := priced(c.terms, c.sat, c.less)
		refused(t, c.name, c.terms.Permits(r, list, nil, ""), c.refusal)
	}
	// 1 wei more than 10 ETH buys no satoshi more.
	ether := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		sat := func(n uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(n)} }
		q.Pair = asset.Pair{From: asset.ETH, To: asset.BTC}
		q.Deposit, q.RefundFeeMax = swaptest.Amount(asset.ETH, "10"), swaptest.Amount(asset.ETH, "0.0005")
		q.Payout, q.ServiceFee, q.NetworkFee = sat(34_000_000), sat(900_000), sat(2_000)
		r.DepositAsset, r.DepositChain = asset.ETH, asset.Ethereum
	})
	list := []swap.OrderDeposit{{ID: "ethereum:a:0", Amount: asset.Amount{Asset: asset.ETH, Units: asset.MustUnits("10000000000000000001")}}}
	r := requoteOf(ether, list, big.NewInt(34_902_000), big.NewInt(900_000), big.NewInt(2_000))
	refused(t, "a wei more", ether.Permits(r, list, nil, ""), "")
	// The fee's step of rounding may not come out of what was quoted.
	r = requoteOf(ether, list, big.NewInt(34_902_000), big.NewInt(900_001), big.NewInt(2_000))
	refused(t, "a wei more for a satoshi less", ether.Permits(r, list, nil, ""), "is refund")
}

// A consent permits its own matter for at least what it says, at any rate, and no
// higher fees.
func TestPermitsWithConsent(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), nil)
	list := deposits(asset.BTC, 500_000, 2)
	hash := swap.HashDocument("the consent")
	r := requoteOf(terms, list, big10("100000000000000000"), big10("500000000000000"), big10("500000000000000"))
	r.ConsentHash = hash
	yes := swap.Consent{SwapID: terms.Receipt.SwapID, ReceiptHash: r.ReceiptHash, DepositID: list[0].ID, Answer: swap.AnswerRequote, AtLeast: r.Payout}
	for name, c := range map[string]struct {
		change  func(c *swap.Consent)
		refusal string
	}{
		"exactly so much": {func(*swap.Consent) {}, ""},
		"a wei more":      {func(c *swap.Consent) { c.AtLeast.Units = asset.MustUnits("99000000000000001") }, "less than"},
		"another asset":   {func(c *swap.Consent) { c.AtLeast = asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1)} }, "less than"},
		"another swap":    {func(c *swap.Consent) { c.SwapID = "swap_x" }, "another matter"},
		"another receipt": {func(c *swap.Consent) { c.ReceiptHash = hash }, "another matter"},
		"another deposit": {func(c *swap.Consent) { c.DepositID = list[1].ID }, "another matter"},
		"a refund":        {func(c *swap.Consent) { c.Answer = swap.AnswerRefund }, "answer was refund"},
	} {
		changed := yes
		c.change(&changed)
		refused(t, name, terms.Permits(r, list, &changed, hash), c.refusal)
	}
	refused(t, "another text", terms.Permits(r, list, &yes, swap.HashDocument("another")), "not there")
	refused(t, "no consent", terms.Permits(r, list, nil, hash), "not there")
	greedy := requoteOf(terms, list, big10("100000000000000000"), big10("700000000000000"), big10("500000000000000"))
	greedy.ConsentHash = hash
	yes.AtLeast = greedy.Payout
	refused(t, "a greater fee", terms.Permits(greedy, list, &yes, hash), "service fee")
}

// Whatever is permitted without a consent takes no more from the user than the policy
// says: against the exact locked rate less the tolerance, and the quote's part of fees,
// at most one step of rounding each. Amounts may be anything, beyond 64 bits too.
func TestPermittedIsNeverWorse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		tolerance := rapid.Int64Range(0, swap.MaxToleranceBPS).Draw(r, "tolerance")
		scale := rapid.SampledFrom([]string{"1", "10000000000", "1000000000000000000", "100000000000000000000000000000000000000"}).Draw(r, "scale")
		draw := func(name string, least, most uint64) *big.Int {
			n := new(big.Int).SetUint64(rapid.Uint64Range(least, most).Draw(r, name))
			return n.Mul(n, big10(scale))
		}
		units := func(n *big.Int) asset.Amount {
			u, err := asset.UnitsFromBig(n)
			if err != nil {
				r.Fatal(err)
			}
			return asset.Amount{Asset: asset.ETH, Units: u}
		}
		payout, service, network := draw("payout", 1, 1e9), draw("service", 0, 1e7), draw("network", 0, 1e7)
		quoted := new(big.Int).Add(new(big.Int).Add(payout, service), network)
		terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, rc *swap.Receipt) {
			q.Deposit.Units = asset.NewUnits(rapid.Uint64Range(1, 1e9).Draw(r, "quoted deposit"))
			q.Payout, q.ServiceFee, q.NetworkFee = units(payout), units(service), units(network)
			rc.Policy = swap.DefaultPolicy()
			rc.Policy.ToleranceBPS = tolerance
		})
		deposit := rapid.Uint64Range(1, 2e9).Draw(r, "deposit")
		if rapid.Bool().Draw(r, "tiny") {
			deposit = rapid.Uint64Range(1, 5).Draw(r, "tiny deposit")
		}
		list := deposits(asset.BTC, deposit, 1)
		// Near the bound, where it matters.
		gross := new(big.Int).Mul(quoted, new(big.Int).SetUint64(deposit))
		gross.Quo(gross, terms.Quote.Deposit.Units.Big())
		gross.Mul(gross, big.NewInt(rapid.Int64Range(10000-2*tolerance-5, 10100).Draw(r, "part"))).Quo(gross, big.NewInt(10000))
		gross.Add(gross, new(big.Int).Mul(big.NewInt(rapid.Int64Range(-3, 3).Draw(r, "steps")), big10("10000000000")))
		fee := new(big.Int).Add(network, big.NewInt(0))
		if gross.Cmp(fee) <= 0 {
			r.SkipNow()
		}
		taken := new(big.Int).Mul(gross, service)
		taken.Quo(taken, quoted)
		taken.Add(taken, new(big.Int).Mul(big.NewInt(rapid.Int64Range(0, 3).Draw(r, "fee steps")), big10("5000000000")))
		if new(big.Int).Add(taken, fee).Cmp(gross) >= 0 {
			r.SkipNow()
		}
		q := requoteOf(terms, list, gross, taken, fee)
		if err := terms.Permits(q, list, nil, ""); err != nil {
			return
		}
		step := new(big.Rat).SetInt(big10("10000000000"))
		rate := new(big.Rat).SetFrac(quoted, terms.Quote.Deposit.Units.Big())
		floor := new(big.Rat).Mul(rate, new(big.Rat).SetFrac64(10000-tolerance, 10000))
		floor.Mul(floor, new(big.Rat).SetInt(new(big.Int).SetUint64(deposit)))
		floor.Sub(floor, step)
		if new(big.Rat).SetInt(gross).Cmp(floor) < 0 {
			r.Fatalf("gross %s is below %s", gross, floor.FloatString(2))
		}
		most := new(big.Rat).Mul(new(big.Rat).SetInt(gross), new(big.Rat).SetFrac(service, quoted))
		most.Add(most, step)
		if new(big.Rat).SetInt(taken).Cmp(most) > 0 {
			r.Fatalf("service fee %s is above %s", taken, most.FloatString(2))
		}
	})
}

// The id of a request is the mismatch's and a number, in one form only.
func TestRequestNumber(t *testing.T) {
	t.Parallel()
	list := deposits(asset.BTC, 5, 2)
	for id, want := range map[string]int{swap.RequestID(list[0].ID, 1): 1, swap.RequestID(list[0].ID, 12): 12,
		swap.RequestID(list[0].ID, 0): 0, swap.RequestID(list[0].ID, -1): 0, swap.RequestID(list[1].ID, 1): 0,
		"requote:" + list[0].ID + ":01": 0, "requote:" + list[0].ID + ":+1": 0, "requote:" + list[0].ID + ":1:1": 0,
		"requote:" + list[0].ID: 0, "": 0, "requote:" + list[0].ID + ":99999999999999999999": 0} {
		r := swap.RequoteRequest{ID: id, SwapID: swap.NewID(swap.SwapPrefix, swaptest.Start), Basis: swap.BasisMarket, Deposits: list,
			SignedQuote: "q", SignedReceipt: "r"}
		if got := r.Number(); got != want || (r.Validate() == nil) != (want > 0) {
			t.Errorf("%q: number %d, want %d; valid: %v", id, got, want, r.Validate())
		}
	}
	if n := (swap.RequoteRequest{}).Number(); n != 0 {
		t.Errorf("without deposits: %d", n)
	}
}

// A variable quote's rate needs no policy but for an extra deposit: one deposit within the
// limits, no more than a tenth below the estimate. What it says of itself is checked.
func TestPermitsVariable(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, _ *swap.Receipt) {
		q.Variable, q.DepositMin, q.DepositMax = true, swaptest.Amount(asset.BTC, "0.005"), swaptest.Amount(asset.BTC, "0.02")
	})
	one := deposits(asset.BTC, 1_000_000, 1)
	of := func(gross string) swap.Requote {
		return requoteOf(terms, one, big10(gross), big10("1269000000000000"), big10("500000000000000"))
	}
	for name, c := range map[string]struct {
		requote swap.Requote
		parts   []swap.OrderDeposit
		refused string
	}{
		"as estimated":      {of("282000000000000000"), one, ""},
		"a tenth below":     {of("253800000000000000"), one, ""},
		"more than a tenth": {of("253799989999999999"), one, "basis points below"},
		"two deposits": {requoteOf(terms, deposits(asset.BTC, 1_000_000, 2), big10("282000000000000000"), big10("1269000000000000"),
			big10("500000000000000")), deposits(asset.BTC, 1_000_000, 2), "rate of its own"},
		"too little": {requoteOf(terms, deposits(asset.BTC, 499_999, 1), big10("141000000000000000"), big10("705000000000000"),
			big10("500000000000000")), deposits(asset.BTC, 499_999, 1), "is not from"},
		"too much": {requoteOf(terms, deposits(asset.BTC, 2_000_001, 1), big10("564000300000000000"), big10("2820000000000000"),
			big10("500000000000000")), deposits(asset.BTC, 2_000_001, 1), "is not from"},
		"an extra deposit": {func() swap.Requote { r := of("282000000000000000"); r.Main = false; return r }(), one, "the policy for a deposit that is extra"},
	} {
		err := terms.Permits(c.requote, c.parts, nil, "")
		if (c.refused == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%s: %v, want %q", name, err, c.refused)
		}
	}
	for name, change := range map[string]func(q *swap.Quote){
		"no limits":          func(q *swap.Quote) { q.DepositMin, q.DepositMax = asset.Amount{}, asset.Amount{} },
		"limits of a locked": func(q *swap.Quote) { q.Variable = false },
		"out of order":       func(q *swap.Quote) { q.DepositMin, q.DepositMax = q.DepositMax, q.DepositMin },
		"estimate below":     func(q *swap.Quote) { q.DepositMin = swaptest.Amount(asset.BTC, "0.01000001") },
		"another asset":      func(q *swap.Quote) { q.DepositMax.Asset = asset.ETH },
	} {
		q := terms.Quote
		change(&q)
		if q.Validate() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
