package book

import (
	"errors"
	"fmt"

	"ferry/swap/asset"
)

// ErrTicks means that a text is no price or size in whole ticks.
var ErrTicks = errors.New("not a number of whole ticks")

// ParseTicks reads a decimal text such as "0.03500000" into units of 10^-places,
// exactly. ErrTicks if it is no plain decimal, has more places (zeros count), or
// does not fit 64 bits.
func ParseTicks(text string, places int) (uint64, error) {
	units, err := asset.ParsePlaces(text, places)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrTicks, err)
	}
	ticks, fits := units.Uint64()
	if !fits {
		return 0, fmt.Errorf("%.40q does not fit 64 bits: %w", text, ErrTicks)
	}
	return ticks, nil
}

// FormatTicks writes what ParseTicks reads, without trailing zeros.
func FormatTicks(ticks uint64, places int) string {
	return asset.FormatUnits(asset.NewUnits(ticks), places)
}
