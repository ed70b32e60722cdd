package hedge

import "math/big"

// Lot is what a swap has left of an asset that no hedge has covered.
type Lot struct {
	SwapID string
	Units  *big.Int
}

// Share is the part of a trade that covers a swap.
type Share struct {
	SwapID string
	Units  *big.Int
}

// Attribute covers lots, oldest first, with what a trade changed of the asset (positive was
// bought). Lots of opposite signs cover one another first, for nothing: that is netting.
// It answers the lots that are left and the trade's shares; what the lots don't take is
// nobody's.
func Attribute(lots []Lot, traded *big.Int) (left []Lot, shares []Share) {
	left = make([]Lot, len(lots))
	for i, l := range lots {
		left[i] = Lot{l.SwapID, new(big.Int).Set(l.Units)}
	}
	for i := range left {
		for j := i + 1; j < len(left) && left[i].Units.Sign() != 0; j++ {
			offset(left[i].Units, left[j].Units)
		}
	}
	rest := new(big.Int).Set(traded)
	for i := range left {
		if covered := offset(left[i].Units, rest); covered.Sign() != 0 {
			shares = append(shares, Share{left[i].SwapID, covered})
		}
	}
	return left, shares
}

// offset takes the same from two amounts of opposite signs, and answers what b lost.
func offset(a, b *big.Int) *big.Int {
	if a.Sign()*b.Sign() >= 0 {
		return new(big.Int)
	}
	taken := new(big.Int).Set(b)
	if a.CmpAbs(b) < 0 {
		taken.Neg(a)
	}
	a.Add(a, taken)
	b.Sub(b, taken)
	return taken
}
