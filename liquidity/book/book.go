package book

import (
	"errors"
	"iter"
	"slices"
)

// Level is a price and what is offered there: Price in ticks of the instrument,
// Size in units of 10^-SizeDecimals coins of Base.
type Level struct {
	Price uint64
	Size  uint64
}

// Side is one half of a book.
type Side uint8

// The sides: who wants to buy Base, and who wants to sell it.
const (
	Bid Side = iota
	Ask
)

// better reports whether a is nearer to the top than b.
func (s Side) better(a, b uint64) bool {
	if s == Bid {
		return a > b
	}
	return a < b
}

// ErrLevels means that a list of levels is not the side of a book: out of order,
// one price twice, or a size of nothing.
var ErrLevels = errors.New("not the levels of a side, best first")

// half is one side: sorted, the best at the end, where nearly all changes are.
type half struct {
	side   Side
	levels []Level
	// bounded says that nothing is known beyond the price horizon.
	bounded bool
	horizon uint64
}

// Book is both sides. Its zero value has no room; use New.
type Book struct {
	halves [2]half
	most   int
}

// New is an empty book whose sides keep so many levels each (at least one).
func New(most int) *Book {
	return &Book{halves: [2]half{{side: Bid}, {side: Ask}}, most: max(most, 1)}
}

// Load replaces the book by a snapshot, best levels first. limit is the most
// levels a side of the snapshot can have (0: it is whole): a side that has as many
// may go on, so its last price is the horizon. ErrLevels leaves the book as it was.
func (b *Book) Load(bids, asks []Level, limit int) error {
	var fresh [2]half
	for side, levels := range [2][]Level{bids, asks} {
		h := half{side: Side(side), levels: slices.Clone(levels)}
		for i, l := range h.levels {
			if l.Size == 0 || i > 0 && !h.side.better(h.levels[i-1].Price, l.Price) {
				return ErrLevels
			}
		}
		slices.Reverse(h.levels)
		if limit > 0 && len(levels) >= limit {
			h.bounded, h.horizon = true, h.levels[0].Price
		}
		h.trim(b.most)
		fresh[side] = h
	}
	b.halves = fresh
	return nil
}

// Set makes the size at a price what the venue says it is now; a size of 0 removes
// the price, which need not be there. What lies beyond the horizon is not kept.
func (b *Book) Set(side Side, l Level) {
	h := &b.halves[side]
	if h.bounded && h.side.better(h.horizon, l.Price) {
		return
	}
	i := h.above(l.Price)
	// Everything from i on is better than l, and the level before i is not.
	at := i - 1
	found := at >= 0 && h.levels[at].Price == l.Price
	switch {
	case found && l.Size == 0:
		h.levels = slices.Delete(h.levels, at, at+1)
	case found:
		h.levels[at].Size = l.Size
	case l.Size > 0:
		h.levels = slices.Insert(h.levels, i, l)
		h.trim(b.most)
	}
}

// above is where the levels that are better than a price begin. Nearly all changes are
// near the top, so it looks from there; a loop for each side spares a branch a level.
func (h *half) above(price uint64) int {
	levels := h.levels
	i := len(levels)
	if h.side == Bid {
		for i > 0 && levels[i-1].Price > price {
			i--
		}
		return i
	}
	for i > 0 && levels[i-1].Price < price {
		i--
	}
	return i
}

// trim gives up the worst levels above most and moves the horizon before them.
func (h *half) trim(most int) {
	if extra := len(h.levels) - most; extra > 0 {
		h.levels = slices.Delete(h.levels, 0, extra)
		h.bounded, h.horizon = true, h.levels[0].Price
	}
}

// Truncate gives up the levels of each side below the best depth. Unlike the book's
// own size it leaves no horizon: it is for venues that tell of just so many levels,
// and tell again what comes back among them.
func (b *Book) Truncate(depth int) {
	for i := range b.halves {
		h := &b.halves[i]
		if extra := len(h.levels) - depth; extra > 0 {
			h.levels = slices.Delete(h.levels, 0, extra)
		}
	}
}

// At is level n of a side, 0 the best; false if there are not so many.
func (b *Book) At(side Side, n int) (Level, bool) {
	levels := b.halves[side].levels
	if n < 0 || n >= len(levels) {
		return Level{}, false
	}
	return levels[len(levels)-1-n], true
}

// Best is the top of a side; false if nothing is known there.
func (b *Book) Best(side Side) (Level, bool) {
	levels := b.halves[side].levels
	if len(levels) == 0 {
		return Level{}, false
	}
	return levels[len(levels)-1], true
}

// Crossed reports whether the best bid is at or above the best ask, which no
// venue's book is: events were lost, or the venue is wrong.
func (b *Book) Crossed() bool {
	bid, hasBid := b.Best(Bid)
	ask, hasAsk := b.Best(Ask)
	return hasBid && hasAsk && bid.Price >= ask.Price
}

// Len is the number of levels known on a side.
func (b *Book) Len(side Side) int { return len(b.halves[side].levels) }

// Horizon is the worst price up to which a side is known; false if it is known whole.
func (b *Book) Horizon(side Side) (price uint64, bounded bool) {
	return b.halves[side].horizon, b.halves[side].bounded
}

// Levels goes through a side, the best first.
func (b *Book) Levels(side Side) iter.Seq[Level] {
	return func(yield func(Level) bool) {
		for _, l := range slices.Backward(b.halves[side].levels) {
			if !yield(l) {
				return
			}
		}
	}
}
