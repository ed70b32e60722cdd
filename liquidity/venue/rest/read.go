package rest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity/book"
	"ferry/swap/asset"
)

// feePlaces is how precisely venues may tell a fee.
const feePlaces = 24

// Decode reads an answer's JSON.
func Decode[T any](a Answer) (T, error) {
	var v T
	if err := json.Unmarshal(a.Body, &v); err != nil {
		return v, fmt.Errorf("status %d, an answer that can't be read: %w", a.Status, err)
	}
	return v, nil
}

// Ticks reads a decimal into units of 10^-places. Zeros beyond the places say nothing.
func Ticks(text string, places int) (uint64, error) {
	if whole, fraction, ok := strings.Cut(text, "."); ok {
		text = whole
		if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
			text += "." + fraction
		}
	}
	return book.ParseTicks(text, places)
}

// Step reads a venue's step or least amount; one finer than our ticks is one tick.
func Step(text string, places int) (uint64, error) {
	units, err := asset.ParsePlaces(text, feePlaces)
	if err != nil {
		return 0, err
	}
	ticks, err := units.MulDiv(big.NewInt(1), asset.Pow10(feePlaces-places), asset.Up)
	if err != nil {
		return 0, err
	}
	n, fits := ticks.Uint64()
	if !fits {
		return 0, fmt.Errorf("%.40q does not fit 64 bits", text)
	}
	return n, nil
}

// Format writes ticks as a plain decimal.
func Format(ticks uint64, places int) string { return book.FormatTicks(ticks, places) }

// Coins reads coins of an asset into base units; what does not fit is rounded as asked.
func Coins(id asset.ID, text string, r asset.Rounding) (asset.Units, error) {
	units, err := asset.ParsePlaces(text, feePlaces)
	if err != nil {
		return asset.Units{}, err
	}
	return units.MulDiv(big.NewInt(1), asset.Pow10(feePlaces-asset.MustLookup(id).Decimals), r)
}

// Fee reads what a venue kept, rounded up; none for zero.
func Fee(id asset.ID, text string) (asset.Amount, error) {
	if _, known := asset.Lookup(id); !known {
		units, err := asset.ParsePlaces(text, feePlaces)
		if err == nil && units.IsZero() {
			return asset.Amount{}, nil
		}
		return asset.Amount{}, fmt.Errorf("a fee in %.20q, which is no asset of Ferry's", id)
	}
	units, err := Coins(id, text, asset.Up)
	if err != nil || units.IsZero() {
		return asset.Amount{}, err
	}
	return asset.Amount{Asset: id, Units: units}, nil
}

// Seconds reads a decimal of seconds since 1970, such as "1688667796.8802", exactly to the
// nanosecond.
func Seconds(text string) (time.Time, error) {
	units, err := asset.ParsePlaces(text, feePlaces)
	if err != nil {
		return time.Time{}, err
	}
	nanos, err := units.MulDiv(big.NewInt(1), asset.Pow10(feePlaces-9), asset.Down)
	if err != nil {
		return time.Time{}, err
	}
	n, fits := nanos.Uint64()
	if !fits || n > 1<<62 {
		return time.Time{}, fmt.Errorf("%.40q is no time", text)
	}
	return time.Unix(0, int64(n)), nil
}

// Millis reads whole milliseconds since 1970.
func Millis(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, fmt.Errorf("%.40q is no time", text)
	}
	return time.UnixMilli(n), nil
}

// Levels reads levels of which the first two texts are price and size.
func Levels(pairs [][]json.RawMessage, price, size int) ([]book.Level, error) {
	levels := make([]book.Level, 0, len(pairs))
	for _, pair := range pairs {
		if len(pair) < 2 {
			return nil, fmt.Errorf("a level of %d texts", len(pair))
		}
		p, err := Ticks(Text(pair[0]), price)
		if err != nil {
			return nil, fmt.Errorf("a level's price: %w", err)
		}
		s, err := Ticks(Text(pair[1]), size)
		if err != nil {
			return nil, fmt.Errorf("a level's size: %w", err)
		}
		levels = append(levels, book.Level{Price: p, Size: s})
	}
	return levels, nil
}

// Text is a JSON string's text, or a number's digits as they are.
func Text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }
