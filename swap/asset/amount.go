package asset

import (
	"fmt"
	"math/big"
	"strings"
)

// Amount is a quantity of one asset.
type Amount struct {
	Asset ID    `json:"asset"`
	Units Units `json:"units"`
}

// String is the amount in coins with its ticker, for people: "0.015 BTC".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Asset) }

// Decimal is the amount in coins, exact, without trailing zeros: "0.015".
func (a Amount) Decimal() string {
	asset, ok := Lookup(a.Asset)
	if !ok {
		return a.Units.String() + " base units"
	}
	return FormatUnits(a.Units, asset.Decimals)
}

// AppendDecimal appends Decimal to a text.
func (a Amount) AppendDecimal(to []byte) []byte {
	asset, ok := Lookup(a.Asset)
	if !ok {
		return append(to, a.Decimal()...)
	}
	return appendUnits(to, a.Units, asset.Decimals)
}

// ParseDecimal reads an amount in coins such as "0.015". Digits and at most one
// point with digits on both sides are accepted; signs, exponents, spaces and
// separators are ErrSyntax, too many places ErrPlaces, too large ErrRange.
func ParseDecimal(id ID, s string) (Amount, error) {
	asset, ok := Lookup(id)
	if !ok {
		return Amount{}, fmt.Errorf("asset %.20q is not known", id)
	}
	u, err := ParsePlaces(s, asset.Decimals)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Asset: id, Units: u}, nil
}

// ParsePlaces reads a decimal number into units of 10^-places.
func ParsePlaces(s string, places int) (Units, error) {
	whole, fraction, hasPoint := strings.Cut(s, ".")
	if whole == "" || len(s) > maxText || hasPoint && fraction == "" || !onlyDigits(whole) || !onlyDigits(fraction) {
		return Units{}, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	if len(fraction) > places {
		return Units{}, fmt.Errorf("%.40q has %d places, at most %d: %w", s, len(fraction), places, ErrPlaces)
	}
	if len(whole)+places <= shortDigits {
		n := shortNumber(shortNumber(0, whole), fraction)
		for range places - len(fraction) {
			n *= 10
		}
		return NewUnits(n), nil
	}
	return ParseUnits(whole + fraction + strings.Repeat("0", places-len(fraction)))
}

// RoundPlaces rounds an amount to at most QuotePlaces decimal places.
func (a Amount) RoundPlaces(r Rounding) (Amount, error) {
	asset, ok := Lookup(a.Asset)
	if !ok {
		return Amount{}, fmt.Errorf("asset %.20q is not known", a.Asset)
	}
	if asset.Decimals <= QuotePlaces {
		return a, nil
	}
	n, err := a.Units.roundTo(quoteSteps[asset.Decimals-QuotePlaces], r)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Asset: a.Asset, Units: n}, nil
}

// quoteSteps are 1, 10, 100 and so on, for every asset's places beyond QuotePlaces.
var quoteSteps = func() []Units {
	steps := []Units{NewUnits(1)}
	for _, a := range assets {
		for len(steps) <= a.Decimals-QuotePlaces {
			steps = append(steps, MustUnits(steps[len(steps)-1].String()+"0"))
		}
	}
	return steps
}()

// Pow10 is 10^n for n >= 0.
func Pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
