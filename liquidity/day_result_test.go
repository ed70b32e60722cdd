package liquidity_test

import (
	"math/big"
	"time"

	"ferry/liquidity/hedge"
	"ferry/swap"
	"ferry/swap/asset"
)

// bandETH is how far the house's ether may be from where it should be: 3.
var bandETH = asset.MustUnits("3000000000000000000")

// account is what a test sums up by itself of a day: what the house has got, what was earned
// and paid against the true price, and what the market gave later.
type account struct {
	eth, btc           *big.Int
	spread, cost, fees *big.Int
	// later has each flow of ether with the price it was booked at, 0 for none.
	later []flow
}

type flow struct {
	eth, btc *big.Int
	mid      uint64
}

func newAccount() account {
	return account{eth: new(big.Int), btc: new(big.Int), spread: new(big.Int), cost: new(big.Int), fees: new(big.Int)}
}

// worth is ether in satoshi at a price of 10^-8 bitcoin, rounded towards nothing.
func worth(eth *big.Int, mid uint64) *big.Int {
	n := new(big.Int).Mul(eth, new(big.Int).SetUint64(mid))
	return n.Quo(n, big.NewInt(1e18))
}

func (a *account) take(eth, btc *big.Int, mid uint64) {
	a.eth.Add(a.eth, eth)
	a.btc.Add(a.btc, btc)
	a.later = append(a.later, flow{eth, btc, mid})
}

// update takes what is new in an update: the exchange in the first version, the fee in the
// second. What is in ether has earned nothing without a price.
func (a *account) update(u swap.Update, mid uint64, priced bool) {
	p, in := u.Payments[0], u.Deposits[0].Amount
	flows := map[asset.ID]*big.Int{asset.ETH: new(big.Int), asset.BTC: new(big.Int)}
	if u.Version == 1 {
		flows[in.Asset].Add(flows[in.Asset], in.Units.Big())
		flows[p.Amount.Asset].Sub(flows[p.Amount.Asset], p.Amount.Units.Big())
	}
	flows[p.Amount.Asset].Sub(flows[p.Amount.Asset], p.Fee.Big())
	eth, btc := flows[asset.ETH], flows[asset.BTC]
	if !priced && eth.Sign() != 0 {
		mid = 0
	} else {
		a.spread.Add(a.spread, btc).Add(a.spread, worth(eth, mid))
	}
	a.take(eth, btc, mid)
}

// trades takes a venue's fills, which are in the order of their orders.
func (a *account) trades(b *bourse, path []uint64, start time.Time) {
	for n := 0; n < len(b.fills); {
		mid := path[int(b.fills[n].At.Sub(start)/tick)]
		eth, btc, fees := new(big.Int), new(big.Int), new(big.Int)
		for first := b.fills[n]; n < len(b.fills) && b.fills[n].ClientID == first.ClientID; n++ {
			e, c := moved(b.fills[n])
			eth.Add(eth, e)
			btc.Add(btc, c)
			fees.Add(fees, b.fills[n].Fee.Units.Big())
		}
		a.cost.Sub(a.cost, btc).Sub(a.cost, worth(eth, mid))
		a.fees.Add(a.fees, fees)
		a.take(eth, btc.Sub(btc, fees), mid)
	}
}

// market is what the ether has gained after it was booked, at the last price.
func (a *account) market(last uint64) *big.Rat {
	sum := new(big.Rat)
	for _, f := range a.later {
		gained := new(big.Int).SetUint64(last)
		gained.Sub(gained, new(big.Int).SetUint64(f.mid)).Mul(gained, f.eth)
		sum.Add(sum, new(big.Rat).SetFrac(gained, big.NewInt(1e18)))
		if f.mid == 0 {
			sum.Add(sum, new(big.Rat).SetInt(f.btc))
		}
	}
	return sum
}

// evening holds the books to the day's sums.
func (d *played) evening() {
	for n, b := range d.venues {
		d.want.trades(b, d.path, d.start)
		for _, f := range b.fills {
			if at := int(f.At.Sub(d.start) / tick); d.halted[at] || d.out.has(n, at) {
				d.t.Errorf("traded at venue %d at tick %d, while it was gone or the pair stood still", n, at)
			}
		}
	}
	last := d.path[ticks-1]
	for name, c := range map[string]struct {
		account ledgerAccount
		want    *big.Int
	}{
		"the position in ether": {ledgerAccount{"position", asset.ETH}, d.want.eth}, "in bitcoin": {ledgerAccount{"position", asset.BTC}, d.want.btc},
		"the spread": {ledgerAccount{"spread_earned", asset.BTC}, new(big.Int).Neg(d.want.spread)},
		"the cost":   {ledgerAccount{"hedging_cost", asset.BTC}, d.want.cost}, "the fees": {ledgerAccount{"hedge_fees", asset.BTC}, d.want.fees},
	} {
		if got := d.booked(c.account); got.Cmp(c.want) != 0 {
			d.t.Errorf("%s is %s in the books, want %s", name, got, c.want)
		}
	}
	result := new(big.Int).Add(d.want.btc, worth(d.want.eth, last))
	d.parts(result, last)
	flows, err := d.hedges.Flows(d.t.Context(), d.start)
	if err != nil {
		d.t.Fatal(err)
	}
	mark := hedge.Mark{Num: new(big.Int).SetUint64(last), Den: big.NewInt(1e18)}
	if got, known := hedge.Result(flows, hedge.Marks{asset.ETH: mark}); !known || got.Cmp(result) != 0 {
		d.t.Errorf("the day's result is told as %s, want %s", got, result)
	}
	d.closed()
}

// parts sums the result up again from what was earned, paid and gained.
func (d *played) parts(result *big.Int, last uint64) {
	sum := new(big.Int).Sub(d.want.spread, d.want.cost)
	sum.Sub(sum, d.want.fees)
	off := new(big.Rat).SetInt(sum.Sub(result, sum))
	off.Sub(off, d.want.market(last))
	// Each value was rounded once, by less than a satoshi.
	if most := new(big.Rat).SetInt64(int64(len(d.want.later)) + 1); off.Abs(off).Cmp(most) > 0 {
		d.t.Errorf("the result of %s is %s away from the sum of its parts", result, off.FloatString(3))
	}
	d.t.Logf("%d swaps, %d refused, %d flows; result %s sat: spread %s, cost %s, fees %s, market %s", d.swaps, d.refused, len(d.want.later), result,
		d.want.spread, d.want.cost, d.want.fees, d.want.market(last).FloatString(0))
	if d.swaps == 0 || d.refused == 0 && d.wanted() > 0 || d.want.fees.Sign() <= 0 {
		d.t.Error("the day has no swap, no refusal that it implies, or no hedge")
	}
}

// wanted is how many swaps were asked for while the pair stood still.
func (d *played) wanted() (n int) {
	for at := range d.wishes {
		if d.halted[at] {
			n++
		}
	}
	return n
}
