package hedge

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	ethBTC  = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	btcUSDT = liquidity.Instrument{Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 8, SizeDecimals: 8}
)

func amount(id asset.ID, units string) asset.Amount {
	return asset.Amount{Asset: id, Units: asset.MustUnits(units)}
}

func policies() Config {
	return Config{Assets: map[asset.ID]Policy{asset.ETH: {Instrument: ethBTC, Target: big.NewInt(0), Band: asset.NewUnits(10), OrderMost: asset.NewUnits(100),
		Early: asset.NewUnits(1000), AtLock: asset.NewUnits(5000), UnconfirmedMost: asset.NewUnits(9000)}},
		Every: time.Second, OrderFor: 5 * time.Second, Grace: time.Second, SlipBPS: 50, PauseFor: time.Second}
}

// Test: what is traded away of a position, at the edges of its band and of the largest order.
func TestExcess(t *testing.T) {
	t.Parallel()
	p := policies().Assets[asset.ETH]
	p.Target = big.NewInt(-7)
	for position, want := range map[int64]int64{-7: 0, 3: 0, 4: 11, -17: 0, -18: -11, 93: 100, 1000: 100, -1000: -100} {
		if got := p.Excess(big.NewInt(position)); got.Int64() != want {
			t.Errorf("of %d %s is too much, want %d", position, got, want)
		}
	}
}

// Test: each stage of a swap, from the lock to the fees, and what takes it back.
func TestExpose(t *testing.T) {
	t.Parallel()
	deposit := func(state swap.DepositState, units string) swap.Deposit {
		return swap.Deposit{ID: "d", Amount: amount(asset.BTC, units), State: state}
	}
	payout := func(state swap.PaymentState) []swap.Payment {
		return []swap.Payment{{Purpose: swap.PurposePayout, Deposits: []string{"d"}, Amount: amount(asset.ETH, "2000"), State: state, Fee: asset.NewUnits(30)}}
	}
	refund := []swap.Payment{{Purpose: swap.PurposeRefund, Deposits: []string{"d"}, Amount: amount(asset.BTC, "60"), State: swap.PaymentFinal, Fee: asset.NewUnits(15)}}
	small, large := &Promise{amount(asset.BTC, "70"), amount(asset.ETH, "2000")}, &Promise{amount(asset.BTC, "70"), amount(asset.ETH, "6000")}
	back := &Promise{amount(asset.ETH, "2000"), amount(asset.BTC, "70")}
	lost := deposit(swap.DepositReorgedTo, "70")
	lost.Lost = true
	for name, c := range map[string]struct {
		u       swap.Update
		promise *Promise
		stage   Stage
		want    string
	}{
		"waiting, small":        {swap.Update{State: swap.AwaitingDeposit}, small, StageNone, "map[]"},
		"waiting, large":        {swap.Update{State: swap.AwaitingDeposit}, large, StageLock, "map[BTC:70 ETH:-6000]"},
		"no lock is known":      {swap.Update{State: swap.AwaitingDeposit}, nil, StageNone, "map[]"},
		"seen":                  {swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{deposit(swap.DepositSeen, "70")}}, small, StageDetected, "map[BTC:70 ETH:-2000]"},
		"seen, the other way":   {swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{{ID: "d", Amount: amount(asset.ETH, "2000"), State: swap.DepositSeen}}}, back, StageDetected, "map[BTC:-70 ETH:2000]"},
		"seen in part":          {swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{deposit(swap.DepositSeen, "69")}}, small, StageNone, "map[]"},
		"replaced":              {swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{deposit(swap.DepositReplaced, "70")}}, small, StageNone, "map[]"},
		"a mismatch":            {swap.Update{State: swap.DepositConfirmed, Deposits: []swap.Deposit{deposit(swap.DepositFinal, "70")}, Mismatches: make([]swap.Mismatch, 1)}, small, StageNone, "map[]"},
		"expired":               {swap.Update{State: swap.Expired}, large, StageNone, "map[]"},
		"exchanged":             {swap.Update{State: swap.PayoutQueued, Deposits: []swap.Deposit{deposit(swap.DepositFinal, "70")}, Payments: payout(swap.PaymentQueued)}, large, StageConfirmed, "map[BTC:70 ETH:-2000]"},
		"paid, with its fee":    {swap.Update{State: swap.Settled, Deposits: []swap.Deposit{deposit(swap.DepositFinal, "70")}, Payments: payout(swap.PaymentFinal)}, nil, StageConfirmed, "map[BTC:70 ETH:-2030]"},
		"reversed":              {swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{deposit(swap.DepositReorgedTo, "70")}, Payments: payout(swap.PaymentQueued)}, large, StageNone, "map[]"},
		"lost":                  {swap.Update{State: swap.Held, Deposits: []swap.Deposit{lost}, Payments: payout(swap.PaymentQueued)}, nil, StageConfirmed, "map[ETH:-2000]"},
		"refunded, with a loss": {swap.Update{State: swap.Refunded, Deposits: []swap.Deposit{deposit(swap.DepositFinal, "70")}, Payments: refund}, nil, StageConfirmed, "map[BTC:-5]"},
	} {
		e := policies().Expose(c.u, c.promise, nil)
		if got := fmt.Sprint(e.Flows); e.Stage != c.stage || got != c.want {
			t.Errorf("%s: %s %s, want %s %s", name, e.Stage, got, c.stage, c.want)
		}
		if unconfirmed := e.Stage == StageLock || e.Stage == StageDetected; unconfirmed == e.Unconfirmed.Units.IsZero() {
			t.Errorf("%s: %s counts before it is confirmed", name, e.Unconfirmed)
		}
	}
}

// Test: in a lively market small swaps count once their deposit is seen, and locks only if
// they are large besides, since a lock costs nothing; so does
// the rate of a variable swap, which has no lock.
func TestExposeInALivelyMarket(t *testing.T) {
	t.Parallel()
	c := policies()
	p := c.Assets[asset.ETH]
	p.EarlyMovePPM, p.LockMovePPM = 5000, 9000
	c.Assets[asset.ETH] = p
	promise := &Promise{amount(asset.BTC, "7"), amount(asset.ETH, "200")}
	large := &Promise{amount(asset.BTC, "7"), amount(asset.ETH, "5000")}
	waiting := swap.Update{State: swap.AwaitingDeposit}
	seen := swap.Update{State: swap.DepositDetected, Deposits: []swap.Deposit{{ID: "d", Amount: amount(asset.BTC, "7"), State: swap.DepositSeen}}}
	rated, gone := seen, seen
	rated.Rates = []swap.SetRate{{DepositID: "d", SignedRequote: "signed", Deposit: amount(asset.BTC, "7"), Payout: amount(asset.ETH, "200")}}
	gone.Rates = []swap.SetRate{{DepositID: "d", SignedRequote: "signed", Deposit: amount(asset.BTC, "7"), Payout: amount(asset.ETH, "200"), Gone: true}}
	for name, c2 := range map[string]struct {
		u       swap.Update
		promise *Promise
		move    int64
		stage   Stage
	}{
		"calm, locked":          {waiting, promise, 8999, StageNone},
		"lively, locked":        {waiting, promise, 9000, StageNone},
		"calm, large, locked":   {waiting, large, 8999, StageNone},
		"lively, large, locked": {waiting, large, 9000, StageLock},
		"calm, seen":            {seen, promise, 4999, StageNone},
		"lively, seen":          {seen, promise, 5000, StageDetected},
		"lively, rate set":      {rated, nil, 5000, StageDetected},
		"lively, rate is gone":  {gone, nil, 5000, StageNone},
		"lively, no rate":       {seen, nil, 5000, StageNone},
		"calm, its rate is set": {rated, nil, 4999, StageNone},
	} {
		if e := c.Expose(c2.u, c2.promise, map[asset.ID]int64{asset.ETH: c2.move}); e.Stage != c2.stage {
			t.Errorf("%s: %s, want %s", name, e.Stage, c2.stage)
		}
	}
	p.AtLock = asset.Units{}
	if p.validate(asset.ETH) == nil {
		t.Error("locks of any size count in a lively market")
	}
	p.UnconfirmedMost, p.LockMovePPM = asset.Units{}, 0
	p.Early, p.AtLock = asset.Units{}, asset.Units{}
	if p.validate(asset.ETH) == nil {
		t.Error("early hedges without a cap are taken")
	}
}

// Test: too much of either side of an instrument becomes the right order.
func TestDemand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		i      liquidity.Instrument
		id     asset.ID
		excess string
		fair   uint64
		side   trade.Side
		size   uint64
	}{
		{ethBTC, asset.ETH, "1500000000000000000", 3_500_000, trade.Sell, 1_5000_0000},
		{ethBTC, asset.ETH, "-19999999999", 3_500_000, trade.Buy, 1},
		{btcUSDT, asset.USDT, "30000000000", 60_000_0000_0000, trade.Buy, 5000_0000},
		{btcUSDT, asset.USDT, "-30000000000", 60_000_0000_0000, trade.Sell, 5000_0000},
	} {
		excess, _ := new(big.Int).SetString(c.excess, 10)
		if side, size := demand(c.i, c.id, excess, c.fair); side != c.side || size != c.size {
			t.Errorf("%s of %s: %s %d, want %s %d", c.excess, c.id, side, size, c.side, c.size)
		}
	}
}

func drawOffers(r *rapid.T, side trade.Side) []Offer {
	offers := make([]Offer, rapid.IntRange(1, 4).Draw(r, "venues"))
	for n := range offers {
		offers[n] = Offer{Venue: fmt.Sprint(n), FeeBPS: rapid.Int64Range(0, 50).Draw(r, "fee"),
			Rules: trade.Rules{PriceStep: rapid.Uint64Range(1, 20).Draw(r, "tick"), SizeStep: rapid.Uint64Range(1, 1000).Draw(r, "lot"), MinSize: rapid.Uint64Range(0, 2000).Draw(r, "least")}}
		price := rapid.Uint64Range(900_000, 1_100_000).Draw(r, "best")
		for range rapid.IntRange(0, 6).Draw(r, "levels") {
			offers[n].Levels = append(offers[n].Levels, book.Level{Price: price, Size: rapid.Uint64Range(1, 10_000).Draw(r, "size")})
			step := rapid.Uint64Range(1, 5_000).Draw(r, "step")
			if side == trade.Sell {
				step = -step
			}
			price += step
		}
	}
	return offers
}

// Property: the pieces are never more than was asked for, keep each venue's rules and
// books, and no venue that was left out or had more to give was cheaper than one that was
// used, fees included.
func TestSplitIsBestExecution(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		side := rapid.SampledFrom([]trade.Side{trade.Buy, trade.Sell}).Draw(r, "side")
		offers, size := drawOffers(r, side), rapid.Uint64Range(1, 30_000).Draw(r, "size")
		limit := rapid.Uint64Range(900_000, 1_100_000).Draw(r, "limit")
		pieces := Split(ethBTC, side, size, limit, offers)
		taken := map[string]Piece{}
		sum := uint64(0)
		for _, p := range pieces {
			taken[p.Venue] = p
			sum += p.Size
		}
		if sum > size || len(taken) != len(pieces) {
			r.Fatalf("%d of %d in %d pieces", sum, size, len(pieces))
		}
		worse := func(price uint64, fee int64) *big.Int { // what a coin costs, or brings (negative)
			n := new(big.Int).SetUint64(price)
			if side == trade.Buy {
				return n.Mul(n, big.NewInt(10_000+fee))
			}
			return n.Neg(n.Mul(n, big.NewInt(10_000-fee)))
		}
		var worst, best *big.Int
		for _, o := range offers {
			p := taken[o.Venue]
			if p.Size%o.Rules.SizeStep != 0 || p.Price%o.Rules.PriceStep != 0 || p.Size > 0 && p.Size < o.Rules.MinSize {
				r.Fatalf("piece %+v breaks %+v", p, o.Rules)
			}
			left := p.Size
			for _, l := range o.Levels {
				beyond := side == trade.Buy && l.Price > limit || side == trade.Sell && l.Price < limit
				n := min(left, l.Size)
				left -= n
				if n > 0 && beyond {
					r.Fatalf("piece %+v needs a level beyond %d", p, limit)
				}
				cost := worse(l.Price, o.FeeBPS)
				if n > 0 && (worst == nil || worst.Cmp(cost) < 0) {
					worst = cost
				}
				// What a venue's steps cut off is no better offer that was passed over.
				if untaken := l.Size - n; untaken >= o.Rules.SizeStep+o.Rules.MinSize && !beyond && (best == nil || best.Cmp(cost) > 0) {
					best = cost
				}
			}
			if left > 0 {
				r.Fatalf("piece %+v is more than its book", p)
			}
		}
		if worst != nil && best != nil && best.Cmp(worst) < 0 {
			r.Fatalf("%s was taken and %s was left: %+v of %+v", worst, best, pieces, offers)
		}
	})
}

// Test: a book that is better than the fair price by as much as it may be is believed, one by a
// tick more is not.
func TestBelieved(t *testing.T) {
	t.Parallel()
	for best, want := range map[uint64]map[trade.Side]bool{
		995_000:   {trade.Buy: true, trade.Sell: true},
		994_999:   {trade.Buy: false, trade.Sell: true},
		1_005_000: {trade.Buy: true, trade.Sell: true},
		1_005_001: {trade.Buy: true, trade.Sell: false},
	} {
		for side, is := range want {
			if got := len(Believed(side, 1_000_000, 50, []book.Level{{Price: best, Size: 1}})) > 0; got != is {
				t.Errorf("side %v, best %d: believed %t", side, best, got)
			}
		}
	}
	if Believed(trade.Buy, 1, 50, nil) != nil {
		t.Error("nothing is believed to be something")
	}
}

// Property: what lots and the trade come to is the same before and after; shares are of the
// trade's sign, not more than it; and where anything of the trade is left no lot of the
// opposite sign is.
func TestAttribute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var lots []Lot
		before := new(big.Int)
		for n, units := range rapid.SliceOfN(rapid.Int64Range(-50, 50).Filter(func(n int64) bool { return n != 0 }), 0, 8).Draw(r, "lots") {
			lots = append(lots, Lot{fmt.Sprint(n), big.NewInt(units)})
			before.Add(before, big.NewInt(units))
		}
		traded := big.NewInt(rapid.Int64Range(-120, 120).Draw(r, "traded"))
		left, shares := Attribute(lots, traded)
		after, shared := new(big.Int), new(big.Int)
		signs := map[int]bool{}
		for _, l := range left {
			after.Add(after, l.Units)
			signs[l.Units.Sign()] = true
		}
		for _, s := range shares {
			shared.Add(shared, s.Units)
			if s.Units.Sign() != traded.Sign() {
				r.Fatalf("share %s of a trade of %s", s.Units, traded)
			}
		}
		if after.Cmp(new(big.Int).Add(before, shared)) != 0 || shared.CmpAbs(traded) > 0 {
			r.Fatalf("%s with shares %s became %s; traded %s", before, shared, after, traded)
		}
		if signs[1] && signs[-1] || shared.Cmp(traded) != 0 && signs[-traded.Sign()] {
			r.Fatalf("lots %v of %v are left though they cover one another or %s", left, lots, traded)
		}
	})
}

// Property: every entry balances in each asset, the position gets exactly the flows, and what
// was gained and spent is what the trade differed from the mark by.
func TestEntriesBalance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		i := rapid.SampledFrom([]liquidity.Instrument{ethBTC, btcUSDT}).Draw(r, "instrument")
		o := Outcome{Intent: Intent{Asset: i.Base, Mark: rapid.Uint64Range(1_000_000, 1<<45).Draw(r, "mark"), Order: trade.Order{ClientID: "c", Instrument: i,
			Side: rapid.SampledFrom([]trade.Side{trade.Buy, trade.Sell}).Draw(r, "side")}}}
		if o.Asset == Numeraire {
			o.Asset = i.Quote
		}
		for range rapid.IntRange(1, 4).Draw(r, "fills") {
			f := trade.Fill{Price: rapid.Uint64Range(1_000_000, 1<<45).Draw(r, "price"), Size: rapid.Uint64Range(100_000, 1<<40).Draw(r, "size")}
			if rapid.Bool().Draw(r, "fee") {
				f.Fee = asset.Amount{Asset: rapid.SampledFrom([]asset.ID{i.Base, i.Quote}).Draw(r, "in"), Units: asset.NewUnits(rapid.Uint64Range(1, 1<<20).Draw(r, "kept"))}
			}
			o.Fills = append(o.Fills, f)
		}
		flows, cost, fees := o.Flows()
		var shares []Share
		if whole := flows[o.Asset]; whole != nil {
			shares = []Share{{"a", new(big.Int).Quo(whole, big.NewInt(3))}, {"b", new(big.Int).Quo(whole, big.NewInt(2))}}
		}
		entries, err := o.Entries(shares) // which validates each: zero in each asset
		if err != nil {
			r.Fatal(err)
		}
		sums := postings{}
		for _, e := range entries {
			for _, p := range e.Postings {
				sums.add(p.Account, p.Amount.Asset, p.Signed())
			}
		}
		if d := flows.Minus(sums[PositionAccount]); len(d) > 0 {
			r.Fatalf("the position is off by %v", d)
		}
		spent := new(big.Int)
		for account, want := range map[string]*big.Int{string(HedgingCost): cost, string(HedgeFees): fees} {
			got := new(big.Int)
			for _, e := range entries {
				for _, p := range e.Postings {
					if string(p.Account) == account {
						got.Add(got, p.Signed())
					}
				}
			}
			if got.Cmp(want) != 0 {
				r.Fatalf("%s is %s, want %s", account, got, want)
			}
			spent.Add(spent, want)
		}
		if shared := sums[SwapHedging][Numeraire]; shared != nil && shared.CmpAbs(spent) > 0 {
			r.Fatalf("swaps bear %s of %s", shared, spent)
		}
	})
}

// Test: an exposure earns what it is worth beyond the marks; without a mark it earns nothing.
func TestSpreadEarned(t *testing.T) {
	t.Parallel()
	e := Exposure{SwapID: "s", Version: 3}
	change := Flows{asset.BTC: big.NewInt(7_100_000), asset.ETH: new(big.Int).Neg(asset.MustUnits("2000000000000000000").Big())}
	for _, c := range []struct {
		marks Marks
		want  string
	}{
		{Marks{asset.ETH: markAt(ethBTC, 3_500_000)}, "[conversion BTC -7000000 conversion ETH 2000000000000000000 position BTC 7100000 position ETH -2000000000000000000 spread_earned BTC -100000]"},
		{Marks{}, "[conversion BTC -7100000 conversion ETH 2000000000000000000 position BTC 7100000 position ETH -2000000000000000000]"},
	} {
		entry, changed, err := e.Entry(change, c.marks)
		if err != nil || !changed {
			t.Fatal(changed, err)
		}
		var list []string
		for _, p := range entry.Postings {
			list = append(list, fmt.Sprintf("%s %s %s", p.Account, p.Amount.Asset, p.Signed()))
		}
		slices.Sort(list)
		if got := fmt.Sprint(list); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	if _, changed, err := e.Entry(Flows{}, nil); changed || err != nil {
		t.Errorf("no change is an entry: %v", err)
	}
}

// Test: what a configuration must have.
func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	if err := policies().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no asset": func(c *Config) { c.Assets = nil }, "the numeraire": func(c *Config) { c.Assets[asset.BTC] = c.Assets[asset.ETH] },
		"another book": func(c *Config) { p := c.Assets[asset.ETH]; p.Instrument = btcUSDT; c.Assets[asset.ETH] = p },
		"no cap":       func(c *Config) { p := c.Assets[asset.ETH]; p.UnconfirmedMost = asset.Units{}; c.Assets[asset.ETH] = p },
		"no target":    func(c *Config) { p := c.Assets[asset.ETH]; p.Target = nil; c.Assets[asset.ETH] = p },
		"any price":    func(c *Config) { c.SlipBPS = 0 }, "half the price": func(c *Config) { c.SlipBPS = 5000 },
		"no grace": func(c *Config) { c.Grace = 0 }, "long orders": func(c *Config) { c.OrderFor = time.Hour }, "no looks": func(c *Config) { c.Every = 0 },
	} {
		c := policies()
		if spoil(&c); c.Validate() == nil {
			t.Errorf("%s: is accepted", name)
		}
	}
}

// Test: outside of its band an account is brought to the middle, as far as the wallet can.
func TestPropose(t *testing.T) {
	t.Parallel()
	band := VenueBand{Least: asset.NewUnits(100), Most: asset.NewUnits(300)}
	for _, c := range []struct {
		has, spare uint64
		want       string
	}{
		{100, 500, ""}, {300, 0, ""}, {200, 0, ""}, {99, 500, "deposit 101"}, {0, 500, "deposit 200"}, {0, 50, "deposit 50"}, {0, 0, ""},
		{301, 0, "withdrawal 101"}, {1000, 0, "withdrawal 800"},
	} {
		p, ok := band.Propose("okx", asset.BTC, asset.NewUnits(c.has), asset.NewUnits(c.spare))
		got := ""
		if ok {
			got = fmt.Sprintf("%s %s", p.Direction, p.Amount.Units)
		}
		if got != c.want || ok && p.Reason == "" {
			t.Errorf("of %d with %d to spare: %q, want %q", c.has, c.spare, got, c.want)
		}
	}
}

// Test: what is held beyond the bands' middles is what the venues said last; who said nothing
// and what has no band count for nothing.
func TestBeyond(t *testing.T) {
	t.Parallel()
	h := &Hedger{config: Config{VenueBands: map[asset.ID]VenueBand{asset.ETH: {Least: asset.NewUnits(100), Most: asset.NewUnits(300)}}},
		held: &holdings{venues: map[string]map[asset.ID]asset.Units{}}}
	for n, step := range []struct {
		venue string
		eth   uint64
		want  int64
	}{{"", 0, 0}, {"okx", 200, 0}, {"okx", 250, 50}, {"kraken", 0, -150}, {"kraken", 350, 200}} {
		if step.venue != "" {
			h.held.take(step.venue, map[asset.ID]asset.Units{asset.ETH: asset.NewUnits(step.eth), asset.BTC: asset.NewUnits(7)})
		}
		if got := h.Beyond(asset.ETH); got.Int64() != step.want {
			t.Errorf("step %d: %s beyond, want %d", n, got, step.want)
		}
		if got := h.Beyond(asset.BTC); got.Sign() != 0 {
			t.Errorf("step %d: %s of an asset without a band", n, got)
		}
	}
}
