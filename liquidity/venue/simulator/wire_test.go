package simulator

import (
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity/book"
)

// Property: the numbers of all venues are read back as what they are, and short is how Ferry
// writes ticks everywhere else.
func TestNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		ticks := rapid.Uint64().Draw(r, "ticks")
		if got, want := short(ticks), book.FormatTicks(ticks, Decimals); got != want {
			r.Errorf("%d is written %s, want %s", ticks, got, want)
		}
		if got, err := book.ParseTicks(fixed(ticks), Decimals); err != nil || got != ticks {
			r.Errorf("%s is read as %d: %v", fixed(ticks), got, err)
		}
	})
}
