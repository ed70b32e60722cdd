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

// FormatUnits writes base units as a decimal with the given number of places,
// exactly and without trailing zeros.
func FormatUnits(u Units, decimals int) string {
	s := u.String()
	if decimals <= 0 {
		return s
	}
	if len(s) <= decimals {
		s = strings.Repeat("0", decimals-len(s)+1) + s
	}
	whole, fraction := s[:len(s)-decimals], strings.TrimRight(s[len(s)-decimals:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
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
	if whole == "" || len(s) > maxText || hasPoint && fraction == "" ||
		strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return Units{}, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	if len(fraction) > places {
		return Units{}, fmt.Errorf("%.40q has %d places, at most %d: %w", s, len(fraction), places, ErrPlaces)
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
	step := Pow10(asset.Decimals - QuotePlaces)
	n, err := a.Units.MulDiv(big.NewInt(1), step, r)
	if err != nil {
		return Amount{}, err
	}
	n, err = n.MulDiv(step, big.NewInt(1), Down)
	if err != nil {
		return Amount{}, err
	}
	return Amount{Asset: a.Asset, Units: n}, nil
}

// Pow10 is 10^n for n >= 0.
func Pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
