package scan_test

import (
	"encoding/json"
	"testing"

	"ferry/liquidity/venue/feed/scan"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw  string
		path []string
		want string
	}{
		{`{"a":1,"b":{"c":"x"}}`, []string{"b", "c"}, "x"},
		{`{"b":[{"c":"x"},{"c":"y"}]}`, []string{"b", "c"}, "x"},
		{`[{"c":"x"}]`, []string{"c"}, "x"},
		{` { "b" : [ { "d" : [1,{}] , "c" : "x" } `, []string{"b", "c"}, "x"}, // what follows is not read
		{`{"b":[]}`, []string{"b", "c"}, ""},
		{`{"b":{"c":1}}`, []string{"b", "c"}, ""},
		{`{"b":"c"}`, []string{"b", "c"}, ""},
		{`{"a":{"b":"x"}}`, []string{"b"}, ""},
		{`{"b":"x\n"}`, []string{"b"}, ""},
		{`{"b"}`, []string{"b"}, ""},
		{``, []string{"b"}, ""},
		{`pong`, []string{"b"}, ""},
	} {
		if got := string(scan.Find([]byte(c.raw), c.path...)); got != c.want {
			t.Errorf("%s: %v is %q, want %q", c.raw, c.path, got, c.want)
		}
	}
}

// Whatever is JSON, what Find finds is there.
func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[{"c":"x"}]}`))
	f.Add([]byte(`{"b":{"d":[1,2],"c":"x"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := scan.Find(raw, "b", "c")
		if got == nil || !json.Valid(raw) {
			return
		}
		var whole struct {
			B json.RawMessage `json:"b"`
		}
		if err := json.Unmarshal(raw, &whole); err != nil {
			return // members that differ in case, or a list around it
		}
		var texts []string
		if !json.Valid(whole.B) || json.Unmarshal([]byte(`["`+string(got)+`"]`), &texts) != nil || len(texts) != 1 {
			t.Errorf("%q in %q", got, raw)
		}
	})
}
