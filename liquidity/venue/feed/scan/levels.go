package scan

import "ferry/liquidity/book"

// Places are how many decimals an instrument's prices and sizes have, and Parts how
// many a level has at most; 0 means 2.
type Places struct{ Price, Size, Parts int }

// Levels appends a list of levels, each a list of texts that begins with price and
// size ("[["0.035","12.5"],…]"); parts after those are passed over. More levels than
// most, more parts than there may be, or a price of nothing, is a failure.
func (r *Reader) Levels(into []book.Level, p Places, most int) []book.Level {
	for r.List(); r.More(); {
		var l book.Level
		n := 0
		for r.List(); r.More(); n++ {
			switch n {
			case 0:
				l.Price = r.Ticks(p.Price)
			case 1:
				l.Size = r.Ticks(p.Size)
			default:
				r.Skip()
			}
		}
		if r.err == nil && (n < 2 || n > max(p.Parts, 2) || l.Price == 0 || len(into) == most) {
			r.Fail("no level, or one too many")
		}
		if r.err != nil {
			return into
		}
		into = append(into, l)
	}
	return into
}

// Ticks reads a text as Ticks does.
func (r *Reader) Ticks(places int) uint64 {
	n, ok := Ticks(r.Text(), places)
	if !ok {
		r.Fail("no decimal")
	}
	return n
}
