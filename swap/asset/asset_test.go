package asset_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id    asset.ID
		text  string
		units string
		err   error
	}{
		{asset.BTC, "0.015", "1500000", nil},
		{asset.BTC, "21000000", "2100000000000000", nil},
		{asset.BTC, "0.00000001", "1", nil},
		{asset.BTC, "007.5", "750000000", nil},
		{asset.ETH, "0.000000000000000001", "1", nil},
		{asset.ETH, "0", "0", nil},
		{asset.BTC, "0.000000001", "", asset.ErrPlaces},
		{asset.BTC, "0.100000000", "", asset.ErrPlaces},
		{asset.BTC, "", "", asset.ErrSyntax},
		{asset.BTC, ".5", "", asset.ErrSyntax},
		{asset.BTC, "5.", "", asset.ErrSyntax},
		{asset.BTC, "-1", "", asset.ErrSyntax},
		{asset.BTC, "+1", "", asset.ErrSyntax},
		{asset.BTC, "1e3", "", asset.ErrSyntax},
		{asset.BTC, "1,000", "", asset.ErrSyntax},
		{asset.BTC, " 1", "", asset.ErrSyntax},
		{asset.BTC, "0x10", "", asset.ErrSyntax},
		{asset.BTC, "１", "", asset.ErrSyntax},
		{asset.BTC, "1.2.3", "", asset.ErrSyntax},
		{asset.BTC, strings.Repeat("9", 101), "", asset.ErrSyntax},
		{asset.BTC, strings.Repeat("9", 90), "", asset.ErrRange},
	} {
		a, err := asset.ParseDecimal(c.id, c.text)
		if !errors.Is(err, c.err) || err == nil && a.Units.String() != c.units {
			t.Errorf("%s %q: %s, %v; want %s, %v", c.id, c.text, a.Units, err, c.units, c.err)
		}
	}
	if _, err := asset.ParseDecimal("DOGE", "1"); err == nil {
		t.Error("an unknown asset was parsed")
	}
}

// Writing and reading an amount gives it back, in every form it is stored in.
func TestUnitsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		u := drawUnits(r, "units")
		for _, a := range asset.All() {
			amount := asset.Amount{Asset: a.ID, Units: u}
			back, err := asset.ParsePlaces(amount.Decimal(), a.Decimals)
			if err != nil || back != u {
				r.Fatalf("%s reads back as %s: %v", amount, back, err)
			}
		}
		raw, err := json.Marshal(u)
		if err != nil {
			r.Fatal(err)
		}
		var fromJSON, fromSQL asset.Units
		if err := json.Unmarshal(raw, &fromJSON); err != nil || fromJSON != u {
			r.Fatalf("%s reads back as %s: %v", raw, fromJSON, err)
		}
		value, err := u.Value()
		if err != nil {
			r.Fatal(err)
		}
		if err := fromSQL.Scan(value); err != nil || fromSQL != u {
			r.Fatalf("%v scans as %s: %v", value, fromSQL, err)
		}
	})
}

// Arithmetic agrees with big integers, and says so instead of wrapping round.
func TestUnitsArithmetic(t *testing.T) {
	t.Parallel()
	limit := new(big.Int).Lsh(big.NewInt(1), 256)
	inRange := func(n *big.Int) bool { return n.Sign() >= 0 && n.Cmp(limit) < 0 }
	rapid.Check(t, func(r *rapid.T) {
		a, b := drawUnits(r, "a"), drawUnits(r, "b")
		check := func(what string, got asset.Units, err error, want *big.Int) {
			if inRange(want) != (err == nil) || err == nil && got.Big().Cmp(want) != 0 {
				r.Fatalf("%s of %s and %s: %s, %v; want %s", what, a, b, got, err, want)
			}
			if err != nil && !errors.Is(err, asset.ErrRange) {
				r.Fatalf("%s: %v is not ErrRange", what, err)
			}
		}
		sum, err := a.Add(b)
		check("sum", sum, err, new(big.Int).Add(a.Big(), b.Big()))
		difference, err := a.Sub(b)
		check("difference", difference, err, new(big.Int).Sub(a.Big(), b.Big()))
		den := big.NewInt(rapid.Int64Range(1, 1<<62).Draw(r, "den"))
		down, err := a.MulDiv(b.Big(), den, asset.Down)
		quotient, rest := new(big.Int).QuoRem(new(big.Int).Mul(a.Big(), b.Big()), den, new(big.Int))
		check("quotient", down, err, quotient)
		if rest.Sign() > 0 {
			quotient.Add(quotient, big.NewInt(1))
		}
		up, err := a.MulDiv(b.Big(), den, asset.Up)
		check("quotient rounded up", up, err, quotient)
	})
}

func TestMulDivRefuses(t *testing.T) {
	t.Parallel()
	one := asset.NewUnits(1)
	for _, c := range []struct{ num, den int64 }{{1, 0}, {1, -1}, {-1, 1}} {
		if _, err := one.MulDiv(big.NewInt(c.num), big.NewInt(c.den), asset.Down); !errors.Is(err, asset.ErrRange) {
			t.Errorf("%d/%d: %v, want ErrRange", c.num, c.den, err)
		}
	}
}

// Rounding moves an amount by less than one step, the right way, and only once.
func TestRoundPlaces(t *testing.T) {
	t.Parallel()
	step := asset.Pow10(asset.MustLookup(asset.ETH).Decimals - asset.QuotePlaces)
	rapid.Check(t, func(r *rapid.T) {
		a := asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(rapid.Uint64().Draw(r, "wei"))}
		down, err := a.RoundPlaces(asset.Down)
		if err != nil {
			r.Fatal(err)
		}
		up, err := a.RoundPlaces(asset.Up)
		if err != nil {
			r.Fatal(err)
		}
		if a.Units.Less(down.Units) || up.Units.Less(a.Units) {
			r.Fatalf("%s rounds to %s and %s", a, down, up)
		}
		width := new(big.Int).Sub(up.Units.Big(), down.Units.Big())
		if width.Sign() != 0 && width.Cmp(step) != 0 {
			r.Fatalf("%s rounds to %s and %s", a, down, up)
		}
		if again, err := down.RoundPlaces(asset.Up); err != nil || again != down {
			r.Fatalf("%s rounds again to %s: %v", down, again, err)
		}
	})
}

func TestBadJSONUnits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`5`, `"-5"`, `"5.0"`, `""`, `null`, `"0x5"`, `"1e5"`, `["5"]`} {
		var u asset.Units
		if err := json.Unmarshal([]byte(text), &u); err == nil && text != "null" {
			t.Errorf("%s was read as %s", text, u)
		}
	}
}

func drawUnits(r *rapid.T, name string) asset.Units {
	raw := rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(r, name)
	u, err := asset.UnitsFromBig(new(big.Int).SetBytes(raw))
	if err != nil {
		r.Fatal(err)
	}
	return u
}

// No text makes the parsers panic, and what they accept they write back.
func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "1.5", "1e5", "-1", "00.10", ".", "9999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := asset.ParseDecimal(asset.ETH, s)
		if err != nil {
			return
		}
		back, err := asset.ParseDecimal(asset.ETH, a.Decimal())
		if err != nil || back != a {
			t.Errorf("%q reads as %s, then as %s: %v", s, a, back, err)
		}
	})
}
