package asset

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/holiman/uint256"
)

// Errors of amounts. They are wrapped with the text that was refused.
var (
	// ErrSyntax means a text is no plain decimal number.
	ErrSyntax = errors.New("not a plain decimal number")
	// ErrPlaces means a text has more decimal places than its asset.
	ErrPlaces = errors.New("more decimal places than the asset has")
	// ErrRange means a result does not fit in 256 bits or would be negative.
	ErrRange = errors.New("amount out of range")
)

// maxText bounds what the parsers read: 78 digits hold 2^256-1, and a point
// and some leading zeros are tolerated.
const maxText = 100

// Units is a count of base units (satoshi, wei): a whole number from 0 to
// 2^256-1. The zero value is 0. Units is comparable and safe to copy.
//
// In JSON it is a string of digits, in Postgres a numeric.
type Units struct{ v uint256.Int }

// NewUnits returns n base units.
func NewUnits(n uint64) Units {
	var u Units
	u.v.SetUint64(n)
	return u
}

// UnitsFromBig converts a big integer; ErrRange if negative or above 2^256-1.
func UnitsFromBig(n *big.Int) (Units, error) {
	if n == nil || n.Sign() < 0 {
		return Units{}, fmt.Errorf("%v: %w", n, ErrRange)
	}
	var u Units
	if overflow := u.v.SetFromBig(n); overflow {
		return Units{}, fmt.Errorf("%v: %w", n, ErrRange)
	}
	return u, nil
}

// ParseUnits reads a text of digits only, such as "150000".
func ParseUnits(s string) (Units, error) {
	if s == "" || len(s) > maxText || !onlyDigits(s) {
		return Units{}, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	if len(s) <= shortDigits {
		return NewUnits(shortNumber(0, s)), nil
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return Units{}, fmt.Errorf("%.40q: %w", s, ErrSyntax)
	}
	return UnitsFromBig(n)
}

// MustUnits is ParseUnits for constants; it panics on bad text.
func MustUnits(s string) Units {
	u, err := ParseUnits(s)
	if err != nil {
		panic("asset: " + err.Error())
	}
	return u
}

// String is the decimal count of base units.
func (u Units) String() string {
	var room [maxText]byte
	return string(appendDigits(room[:0], u))
}

// Big returns a copy as a big integer.
func (u Units) Big() *big.Int { return u.v.ToBig() }

// Uint64 returns the value and whether it fits.
func (u Units) Uint64() (uint64, bool) { return u.v.Uint64(), u.v.IsUint64() }

// IsZero reports whether u is 0.
func (u Units) IsZero() bool { return u.v.IsZero() }

// Cmp is -1, 0 or 1 as u is less than, equal to or greater than o.
func (u Units) Cmp(o Units) int { return u.v.Cmp(&o.v) }

// Less reports u < o.
func (u Units) Less(o Units) bool { return u.Cmp(o) < 0 }

// Add returns u+o, or ErrRange above 2^256-1.
func (u Units) Add(o Units) (Units, error) {
	var r Units
	if _, overflow := r.v.AddOverflow(&u.v, &o.v); overflow {
		return Units{}, fmt.Errorf("%s + %s: %w", u, o, ErrRange)
	}
	return r, nil
}

// Sub returns u-o, or ErrRange if o is greater.
func (u Units) Sub(o Units) (Units, error) {
	if u.Less(o) {
		return Units{}, fmt.Errorf("%s - %s: %w", u, o, ErrRange)
	}
	var r Units
	r.v.Sub(&u.v, &o.v)
	return r, nil
}

// MarshalJSON writes a string of digits: JSON numbers lose digits in many readers.
func (u Units) MarshalJSON() ([]byte, error) { return json.Marshal(u.String()) }

// UnmarshalJSON reads what MarshalJSON writes and nothing else.
func (u *Units) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("base units must be a string of digits: %w", err)
	}
	parsed, err := ParseUnits(s)
	if err != nil {
		return err
	}
	*u = parsed
	return nil
}

// Value stores u as a numeric.
func (u Units) Value() (driver.Value, error) { return u.String(), nil }

// Scan reads a numeric without a fraction.
func (u *Units) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("scan base units from %T: %w", src, ErrSyntax)
	}
	parsed, err := ParseUnits(s)
	if err != nil {
		return fmt.Errorf("scan base units: %w", err)
	}
	*u = parsed
	return nil
}
