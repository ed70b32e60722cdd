package scan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed/scan"
)

func skip(raw string) error {
	r := scan.New([]byte(raw))
	r.Skip()
	return r.End()
}

// What is accepted is JSON; JSON that is not too deep is accepted.
func FuzzSkip(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e+3,"x\u00e9\n",true,false,null,{}]}`, `[`, `[1,]`, `{"a":1,}`, `01`, `1.`, `-`, `""`, `"\x"`, ` 7 `, `[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]`, `{"a" 1}`, "\"\x01\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		err, valid := skip(raw), json.Valid([]byte(raw))
		if err == nil && !valid {
			t.Fatalf("%q was accepted", raw)
		}
		deep := strings.Count(raw, "[")+strings.Count(raw, "{") > 16
		if err != nil && valid && !deep {
			t.Fatalf("%q was refused: %v", raw, err)
		}
		if err != nil && !errors.Is(err, scan.ErrSyntax) {
			t.Fatalf("%v is not ErrSyntax", err)
		}
	})
}

// Ticks agrees with the exact decimals of the ledger.
func TestTicksAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.IntRange(0, 18).Draw(t, "places")
		text := rapid.OneOf(rapid.StringMatching(`[0-9]{0,22}(\.[0-9]{0,20})?`), rapid.StringMatching(`[0-9.e+\- ]{0,12}`)).Draw(t, "text")
		got, ok := scan.Ticks([]byte(text), places)
		want, err := book.ParseTicks(text, places)
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%q with %d places: %d, %t; want %d, %v", text, places, got, ok, want, err)
		}
	})
}

func TestReader(t *testing.T) {
	t.Parallel()
	r := scan.New([]byte(`{"n": 12, "m":-3, "ok" : true, "no":false, "levels":[["0.5","2","x"],["1","0"]], "more":{"a":[]}}`))
	var n uint64
	var m int64
	var ok, no bool
	var levels []book.Level
	for r.Object(); r.More(); {
		switch string(r.Key()) {
		case "n":
			n = r.Uint()
		case "m":
			m = r.Int()
		case "ok":
			ok = r.True()
		case "no":
			no = r.True()
		case "levels":
			levels = r.Levels(levels, scan.Places{Price: 1, Size: 0, Parts: 3}, 2)
		default:
			r.Skip()
		}
	}
	if err := r.End(); err != nil || n != 12 || m != -3 || !ok || no || len(levels) != 2 || levels[0] != (book.Level{Price: 5, Size: 2}) || levels[1] != (book.Level{Price: 10}) {
		t.Errorf("%d %d %t %t %v, %v", n, m, ok, no, levels, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	levels := func(r *scan.Reader) { r.Levels(nil, scan.Places{Price: 1, Size: 1}, 2) }
	for _, c := range []struct {
		raw  string
		read func(*scan.Reader)
	}{
		{`[["1","1"],["2","1"],["3","1"]]`, levels}, {`[["1"]]`, levels}, {`[["1","1","1"]]`, levels}, {`[["0","1"]]`, levels}, {`[[1,"1"]]`, levels}, {`[["1","1.25"]]`, levels},
		{`[["1","1"]`, levels}, {`{}`, levels}, {`[["-1","1"]]`, levels}, {`[["1","1e5"]]`, levels},
		{`"a\n"`, func(r *scan.Reader) { r.Text() }}, {`1.5`, func(r *scan.Reader) { r.Uint() }}, {`-1`, func(r *scan.Reader) { r.Uint() }},
		{`9223372036854775808`, func(r *scan.Reader) { r.Int() }}, {`18446744073709551616`, func(r *scan.Reader) { r.Uint() }},
		{`yes`, func(r *scan.Reader) { r.True() }}, {`1 2`, func(r *scan.Reader) { r.Uint() }}, {"1\x00", func(r *scan.Reader) { r.Uint() }},
	} {
		r := scan.New([]byte(c.raw))
		c.read(&r)
		if err := r.End(); !errors.Is(err, scan.ErrSyntax) {
			t.Errorf("%s: %v", c.raw, err)
		}
	}
}
