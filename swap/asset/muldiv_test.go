package asset_test

import (
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

// FuzzFixedWidth holds the arithmetic of fixed width to big integers: of 4 × 32 bytes and
// one more, so that operands come of every width, beyond 256 bits too.
func FuzzFixedWidth(f *testing.F) {
	f.Add([]byte{1}, []byte{2}, []byte{3}, byte(0))
	f.Add([]byte(strings.Repeat("\xff", 32)), []byte(strings.Repeat("\xff", 32)), []byte(strings.Repeat("\xff", 32)), byte(1))
	f.Add([]byte(strings.Repeat("\xff", 32)), []byte(strings.Repeat("\xff", 33)), []byte(strings.Repeat("\xff", 34)), byte(2))
	f.Add(binary.BigEndian.AppendUint64(nil, 10_000_000_000_000_000_000), []byte{}, []byte{}, byte(3))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00"), []byte{7}, []byte("\x8a\xc7\x23\x04\x89\xe8\x00\x00"), byte(1))
	f.Fuzz(func(t *testing.T, u, num, den []byte, how byte) {
		if len(u) > 32 || len(num) > 80 || len(den) > 80 {
			t.Skip("wider than any operand")
		}
		units, err := asset.UnitsFromBig(new(big.Int).SetBytes(u))
		if err != nil {
			t.Fatal(err)
		}
		sameAsBig(t, units, new(big.Int).SetBytes(num), new(big.Int).SetBytes(den), asset.Rounding(how%2))
		sameText(t, units, int(how)%40)
	})
}

func TestFixedWidthIsAsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		bytes := func(name string, most int) *big.Int {
			return new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, most).Draw(r, name))
		}
		u := drawUnits(r, "u")
		sameAsBig(r, u, bytes("num", 34), bytes("den", 34), asset.Rounding(rapid.IntRange(0, 1).Draw(r, "rounding")))
		sameText(r, u, rapid.IntRange(0, 40).Draw(r, "places"))
	})
}

// sameAsBig compares MulDiv, Scale and RoundPlaces with what big integers give.
func sameAsBig(t rapid.TB, u asset.Units, num, den *big.Int, r asset.Rounding) {
	t.Helper()
	got, err := u.MulDiv(num, den, r)
	compare(t, "MulDiv", got, err, quotient(u.Big(), num, den, r))
	n, wide := asset.UnitsFromBig(num)
	d, wider := asset.UnitsFromBig(den)
	if wide == nil && wider == nil {
		got, err = u.Scale(n, d, r)
		compare(t, "Scale", got, err, quotient(u.Big(), num, den, r))
	}
	for _, a := range asset.All() {
		step := asset.Pow10(max(0, a.Decimals-asset.QuotePlaces))
		rounded, err := asset.Amount{Asset: a.ID, Units: u}.RoundPlaces(r)
		want := quotient(u.Big(), big.NewInt(1), step, r)
		compare(t, "RoundPlaces", rounded.Units, err, want.Mul(want, step))
	}
}

// quotient is u*num/den; nil where it is none.
func quotient(u, num, den *big.Int, r asset.Rounding) *big.Int {
	if den.Sign() == 0 {
		return nil
	}
	q, rest := new(big.Int).QuoRem(new(big.Int).Mul(u, num), den, new(big.Int))
	if r == asset.Up && rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

func compare(t rapid.TB, what string, got asset.Units, err error, want *big.Int) {
	t.Helper()
	fits := want != nil && want.BitLen() <= 256
	if fits != (err == nil) || fits && got.Big().Cmp(want) != 0 {
		t.Fatalf("%s is %s, %v; want %v", what, got, err, want)
	}
}

// sameText compares the texts with those of big integers, and reads them back.
func sameText(t rapid.TB, u asset.Units, places int) {
	t.Helper()
	if got, want := u.String(), u.Big().String(); got != want {
		t.Fatalf("%s units are written %s", want, got)
	}
	want := u.Big().String()
	if short := places + 1 - len(want); short > 0 {
		want = strings.Repeat("0", short) + want
	}
	if places > 0 {
		want = want[:len(want)-places] + "." + want[len(want)-places:]
		want = strings.TrimRight(strings.TrimRight(want, "0"), ".")
	}
	got := asset.FormatUnits(u, places)
	if got != want {
		t.Fatalf("%s units of %d places are written %s, want %s", u, places, got, want)
	}
	if back, err := asset.ParsePlaces(got, places); err != nil || back != u {
		t.Fatalf("%s reads back as %s, %v", got, back, err)
	}
}
