package liquidity

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
	"ferry/swap/price"
)

// NewCross prices a pair that no venue has a book of through an asset that both have
// one with: first covers From and that asset, second it and To. Each leg is priced at
// its own worse side, as NewRatio does, and the margin, in millionths, is taken off once:
//
//	From → via → To:  first × second × (1 − margin)
//
// The units of via cancel out. Nothing is rounded.
func NewCross(first, second Top, p asset.Pair, marginPPM int64) (price.Ratio, error) {
	via, ok := first.Instrument.other(p.From)
	if !ok || !second.Instrument.Covers(asset.Pair{From: via, To: p.To}) {
		return price.Ratio{}, fmt.Errorf("%s can't be priced from %s and %s", p, first.Instrument, second.Instrument)
	}
	to, err := NewRatio(first, asset.Pair{From: p.From, To: via}, 0)
	if err != nil {
		return price.Ratio{}, err
	}
	from, err := NewRatio(second, asset.Pair{From: via, To: p.To}, marginPPM)
	if err != nil {
		return price.Ratio{}, err
	}
	crossed := price.Ratio{Num: new(big.Int).Mul(to.Num, from.Num), Den: new(big.Int).Mul(to.Den, from.Den)}
	// In lowest terms, because a rate publishes both numbers.
	common := new(big.Int).GCD(nil, nil, crossed.Num, crossed.Den)
	crossed.Num.Quo(crossed.Num, common)
	crossed.Den.Quo(crossed.Den, common)
	return crossed, nil
}

// other is the asset beside one of the instrument's two.
func (i Instrument) other(id asset.ID) (asset.ID, bool) {
	if id == i.Base {
		return i.Quote, true
	}
	return i.Base, id == i.Quote
}

// Curve prices a pair by size, for deposits from least to most, less the margin, in
// millionths, that the market's condition calls for: from its own instrument where there is one, else across two that meet in one
// asset, the first such path that has a price. Otherwise price_unavailable with the reason
// as its sentence.
func (m *Market) Curve(p asset.Pair, least, most asset.Units, margin func(Condition) int64) (Curved, error) {
	books, err := m.books(p)
	if err != nil {
		return Curved{}, err
	}
	var all Condition
	for _, b := range books {
		all = all.beside(b.Condition)
	}
	return newCurve(books, p, least, most, margin(all))
}

// books are those of the first way to price a pair that has a price now.
func (m *Market) books(p asset.Pair) ([]depth, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var reason error
	for _, path := range m.paths(p) {
		books := make([]depth, len(path))
		var err error
		for i, f := range path {
			if books[i], err = f.depth(m.now()); err != nil {
				break
			}
		}
		if err == nil {
			return books, nil
		}
		if reason == nil {
			reason = err
		}
	}
	if reason == nil {
		reason = noPrice("No venue prices " + p.String() + ".")
	}
	return nil, reason
}

// paths are the ways to price a pair: its own instrument alone if there is one, else
// each two that meet. The caller has the lock, or nobody else the market yet.
func (m *Market) paths(p asset.Pair) [][]*forum {
	var paths [][]*forum
	for _, first := range m.fora {
		if first.instrument.Covers(p) {
			return [][]*forum{{first}}
		}
		via, ok := first.instrument.other(p.From)
		if !ok {
			continue
		}
		for _, second := range m.fora {
			if second.instrument.Covers(asset.Pair{From: via, To: p.To}) {
				paths = append(paths, []*forum{first, second})
			}
		}
	}
	return paths
}

func (m *Market) covers(p asset.Pair) bool { return len(m.paths(p)) > 0 }
