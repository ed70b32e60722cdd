package hedge

import (
	"cmp"
	"math/big"
	"slices"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/swap/asset"
)

// Offer is what a venue would do now.
type Offer struct {
	Venue  string
	Levels []book.Level // the side that is traded against, best first
	Rules  trade.Rules
	// FeeBPS is what the venue takes of a trade, in basis points.
	FeeBPS int64
}

// Piece is a part of a trade at one venue.
type Piece struct {
	Venue       string
	Size, Price uint64
}

// demand is what an excess of an asset comes to as an order: the side, and the size at the
// fair price, rounded down.
func demand(i liquidity.Instrument, id asset.ID, excess *big.Int, fair uint64) (trade.Side, uint64) {
	side, size := trade.Sell, new(big.Int).Abs(excess)
	if id == i.Base {
		if excess.Sign() < 0 {
			side = trade.Buy
		}
		size = scale(size, i.SizeDecimals-asset.MustLookup(id).Decimals, asset.Down)
	} else {
		// Too much of Quote buys Base with it.
		if excess.Sign() > 0 {
			side = trade.Buy
		}
		size = scale(size, i.SizeDecimals+i.PriceDecimals-asset.MustLookup(id).Decimals, asset.Down)
		size.Quo(size, new(big.Int).SetUint64(fair))
	}
	if !size.IsUint64() {
		return side, 1<<64 - 1
	}
	return side, size.Uint64()
}

// limitOf is the worst price that is accepted: so many basis points beyond the fair one.
func limitOf(side trade.Side, fair uint64, slipBPS int64) uint64 {
	off := new(big.Int).SetUint64(fair)
	off.Mul(off, big.NewInt(slipBPS)).Quo(off, big.NewInt(10_000))
	if side == trade.Buy {
		return fair + off.Uint64()
	}
	return fair - off.Uint64()
}

// Believed are the levels of a side unless its best is better than the fair price by more than so
// many basis points: such a book is no bargain but wrong, or old, and orders by it would find
// nothing again and again while other venues wait.
func Believed(side trade.Side, fair uint64, mostBPS int64, levels []book.Level) []book.Level {
	if len(levels) == 0 {
		return nil
	}
	best := levels[0].Price
	if side == trade.Buy && best < limitOf(trade.Sell, fair, mostBPS) || side == trade.Sell && best > limitOf(trade.Buy, fair, mostBPS) {
		return nil
	}
	return levels
}

// Split shares a size out to the venues where it costs least with their fees: the levels of
// all books, best first after the fee, none beyond the limit (each venue's own price, without
// fee). Each piece is cut to its venue's steps; one below the venue's least is left out. What
// is left of the size waits for the next look. The price of a piece is that of the worst
// level it needs. Smart order routing as for one consolidated book, without assumptions on
// what comes back after a trade.
func Split(i liquidity.Instrument, side trade.Side, size, limit uint64, offers []Offer) []Piece {
	type row struct {
		book.Level
		offer int
		cost  *big.Int
	}
	var rows []row
	for n, o := range offers {
		for _, l := range o.Levels {
			if side == trade.Buy && l.Price > limit || side == trade.Sell && l.Price < limit || l.Price == 0 {
				break
			}
			fee := 10_000 + o.FeeBPS
			if side == trade.Sell {
				fee = 10_000 - o.FeeBPS
			}
			rows = append(rows, row{l, n, new(big.Int).Mul(new(big.Int).SetUint64(l.Price), big.NewInt(fee))})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if side == trade.Sell {
			a, b = b, a
		}
		return cmp.Or(a.cost.Cmp(b.cost), cmp.Compare(a.offer, b.offer))
	})
	pieces := make([]Piece, len(offers))
	for _, r := range rows {
		n := min(size, r.Size)
		if n == 0 {
			continue
		}
		size -= n
		pieces[r.offer] = Piece{offers[r.offer].Venue, pieces[r.offer].Size + n, r.Price}
	}
	var kept []Piece
	for n, p := range pieces {
		if p = p.cut(i, offers[n].Rules, side); p.Size > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// cut keeps a venue's rules: sizes down, prices to the worse step.
func (p Piece) cut(i liquidity.Instrument, r trade.Rules, side trade.Side) Piece {
	if r.SizeStep == 0 || r.PriceStep == 0 {
		return Piece{}
	}
	p.Size -= p.Size % r.SizeStep
	if over := p.Price % r.PriceStep; over > 0 {
		p.Price -= over
		if side == trade.Buy {
			p.Price += r.PriceStep
		}
	}
	worth := new(big.Int).Mul(new(big.Int).SetUint64(p.Size), new(big.Int).SetUint64(p.Price))
	least := new(big.Int).Mul(new(big.Int).SetUint64(r.MinCost), asset.Pow10(i.PriceDecimals))
	if p.Size < max(r.MinSize, 1) || p.Price == 0 || worth.Cmp(least) < 0 {
		return Piece{}
	}
	return p
}
