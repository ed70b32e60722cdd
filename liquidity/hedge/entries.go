package hedge

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"ferry/liquidity/trade"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// Accounts of liquidity's own book. Debits are positive.
const (
	// PositionAccount is what the house holds beyond its capital: the sum of what swaps
	// left and fills changed.
	PositionAccount ledger.Account = "position"
	// Conversion is the other side of every exchange at the fair price of its moment, in
	// each asset. Valued at today's price it is what the market has given or taken since.
	Conversion ledger.Account = "conversion"
	// SpreadEarned is what swaps paid beyond the fair price, in the numeraire: a credit.
	SpreadEarned ledger.Account = "spread_earned"
	// HedgingCost is what fills cost beyond the fair price, in the numeraire; HedgeFees what
	// venues kept, valued in it.
	HedgingCost ledger.Account = "hedging_cost"
	HedgeFees   ledger.Account = "hedge_fees"
	// SwapHedging and HedgingShared are the two sides of what of these costs is each
	// swap's, as Attribute shares them out.
	SwapHedging   ledger.Account = "swap_hedging"
	HedgingShared ledger.Account = "hedging_shared"
)

// postings collects signed sums per account and asset.
type postings map[ledger.Account]Flows

func (p postings) add(account ledger.Account, id asset.ID, n *big.Int) {
	if p[account] == nil {
		p[account] = Flows{}
	}
	p[account].add(id, n)
}

// list is in a fixed order; nothing that is zero is posted.
func (p postings) list() ([]ledger.Posting, error) {
	var list []ledger.Posting
	for account, flows := range p {
		for id, n := range flows {
			units, err := asset.UnitsFromBig(new(big.Int).Abs(n))
			if err != nil {
				return nil, err
			}
			list = append(list, ledger.Posting{Account: account, Amount: asset.Amount{Asset: id, Units: units}, Credit: n.Sign() < 0})
		}
	}
	slices.SortFunc(list, func(a, b ledger.Posting) int {
		return strings.Compare(string(a.Account)+" "+string(a.Amount.Asset), string(b.Account)+" "+string(b.Amount.Asset))
	})
	return list, nil
}

// convert books flows into the position at the marks: what they are worth in sum goes to
// the account of the gain, as a credit. An asset without a mark is worth what the others
// came to, so that nothing is gained by not knowing.
func (p postings) convert(flows Flows, marks Marks, gain ledger.Account) {
	worth, known := new(big.Int), true
	for id, n := range flows {
		p.add(PositionAccount, id, n)
		mark, ok := marks.Of(id)
		if !ok {
			known = false
			continue
		}
		worth.Add(worth, mark.Value(n))
	}
	for id, n := range flows {
		if id != Numeraire {
			p.add(Conversion, id, new(big.Int).Neg(n))
		}
	}
	if known {
		p.add(gain, Numeraire, new(big.Int).Neg(worth))
	}
	rest := new(big.Int)
	if n := flows[Numeraire]; n != nil {
		rest.Sub(rest, n)
	}
	if known {
		rest.Add(rest, worth)
	}
	p.add(Conversion, Numeraire, rest)
}

// Entry books a change of a swap's exposure; false if nothing changed.
func (e Exposure) Entry(change Flows, marks Marks) (ledger.Entry, bool, error) {
	p := postings{}
	p.convert(change, marks, SpreadEarned)
	list, err := p.list()
	entry := ledger.Entry{Key: "exposure:" + e.SwapID + ":" + strconv.FormatInt(e.Version, 10), Kind: "exposure", SwapID: e.SwapID, Postings: list}
	if err != nil || len(list) == 0 {
		return entry, false, err
	}
	return entry, true, entry.Validate()
}

// Flows are what an order's fills changed, fees included; cost and fees are what they cost
// in the numeraire against the mark of when it was decided.
func (o Outcome) Flows() (flows Flows, cost, fees *big.Int) {
	flows, fees = Flows{}, new(big.Int)
	fair := Marks{o.Asset: markAt(o.Instrument, o.Mark)}
	for _, f := range o.Fills {
		o.trade(f, flows)
	}
	worth := fair.worth(flows)
	for _, f := range o.Fills {
		if f.Fee.Asset == "" {
			continue
		}
		fee := Flows{f.Fee.Asset: new(big.Int).Neg(f.Fee.Units.Big())}
		fees.Sub(fees, fair.worth(fee))
		flows.add(f.Fee.Asset, fee[f.Fee.Asset])
	}
	return flows, worth.Neg(worth), fees
}

// worth is the sum of the flows whose marks are known.
func (m Marks) worth(flows Flows) *big.Int {
	sum := new(big.Int)
	for id, n := range flows {
		if mark, ok := m.Of(id); ok {
			sum.Add(sum, mark.Value(n))
		}
	}
	return sum
}

func (o Outcome) trade(f trade.Fill, flows Flows) {
	got, paid := base(o.Order, f.Size), cost(o.Order, f.Size, f.Price)
	if !f.Cost.IsZero() {
		paid = f.Cost.Big()
	}
	if o.Side == trade.Sell {
		got.Neg(got)
	} else {
		paid.Neg(paid)
	}
	flows.add(o.Instrument.Base, got)
	flows.add(o.Instrument.Quote, paid)
}

// Entries book an outcome: the trade as a whole, and for each swap its share of the cost.
// There are none where nothing was filled.
func (o Outcome) Entries(shares []Share) ([]ledger.Entry, error) {
	flows, cost, fees := o.Flows()
	p := postings{}
	for id, n := range flows {
		p.add(PositionAccount, id, n)
		p.add(Conversion, id, new(big.Int).Neg(n))
	}
	spent := new(big.Int).Add(cost, fees)
	p.add(HedgingCost, Numeraire, cost)
	p.add(HedgeFees, Numeraire, fees)
	p.add(Conversion, Numeraire, new(big.Int).Neg(spent))
	list, err := p.list()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	entries := []ledger.Entry{{Key: "hedge:" + o.ClientID, Kind: "hedge", Postings: list}}
	whole := flows[o.Asset]
	if whole == nil {
		return entries, entries[0].Validate() // the fee took as much as was traded: nothing was covered
	}
	for _, s := range shares {
		part := new(big.Int).Mul(spent, new(big.Int).Abs(s.Units))
		if part.Quo(part, new(big.Int).Abs(whole)); part.Sign() == 0 {
			continue
		}
		p := postings{}
		p.add(SwapHedging, Numeraire, part)
		p.add(HedgingShared, Numeraire, new(big.Int).Neg(part))
		list, err := p.list()
		if err != nil {
			return nil, err
		}
		entries = append(entries, ledger.Entry{Key: "hedge:" + o.ClientID + ":" + s.SwapID, Kind: "hedge_share", SwapID: s.SwapID, Postings: list})
	}
	for _, e := range entries {
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("outcome of %s: %w", o.ClientID, err)
		}
	}
	return entries, nil
}
