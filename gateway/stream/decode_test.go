package stream

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"ferry/swap"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		raw  string
		want command
	}{
		{`{"type":"quote_stop"}`, command{Type: "quote_stop", After: -1}},
		{` { "type" : "subscribe", "topic":"swap", "swap_id":"s", "after":0 } `, command{Type: "subscribe", Topic: "swap", SwapID: "s"}},
		{`{"id":"1","type":"quote","from":"BTC","to":"ETH","payout_amount":"1"}`, command{Type: "quote", ID: "1", From: "BTC", To: "ETH", PayoutAmount: "1", After: -1}},
		{`{"type":"unsubscribe","topic":"prices","from":"BTC","to":"ETH"}`, command{Type: "unsubscribe", Topic: "prices", From: "BTC", To: "ETH", After: -1}},
	} {
		if got, err := decode([]byte(row.raw)); err != nil || got != row.want {
			t.Errorf("%s: %+v, %v", row.raw, got, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for raw, field := range map[string]string{
		``: "", `null`: "", `[]`: "", `"x"`: "", `{`: "", `{}`: "type", `{"type":"quote_stop"}{}`: "", `{"type":"quote_stop"} x`: "",
		`{"type":"quote_stop","type":"quote_stop"}`: "type", `{"type":"dance"}`: "type", `{"type":1}`: "type", `{"type":null}`: "type",
		`{"type":"quote_stop","topic":"x"}`: "topic", `{"type":"quote","after":1}`: "after", `{"Type":"quote_stop"}`: "",
		`{"type":"subscribe","after":-1}`: "after", `{"type":"subscribe","after":1.5}`: "after", `{"type":"subscribe","after":"1"}`: "after",
		`{"type":"subscribe","after":1e2}`: "after", `{"type":"subscribe","after":9223372036854775808}`: "after",
		`{"type":"subscribe","topic":{"a":1}}`: "topic", `{"type":"subscribe","topic":["a"]}`: "topic", `{"type":"quote_stop","id":7}`: "id",
		`{"type":"quote_stop","id":"` + strings.Repeat("x", 65) + `"}`: "id", "{\"type\":\"\xff\"}": "",
	} {
		_, err := decode([]byte(raw))
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Code != swap.CodeInvalidBody || refusal.Field != field || refusal.Message == "" {
			t.Errorf("%s: %v, want field %q", raw, err, field)
		}
	}
}

// Whatever comes: a refusal with a code, or a command that says the same when it is
// written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"type":"quote_stop"}`, `{"type":"subscribe","topic":"swap","swap_id":"s","after":0}`,
		`{"type":"quote","id":"1","from":"BTC","to":"ETH","deposit_amount":"0.1"}`, `{"type":{"type":1}}`, `{"a":1,"a":2}`, "{\"type\":\"\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decode(raw)
		if err != nil {
			var refusal *swap.Error
			if !errors.As(err, &refusal) || refusal.Code != swap.CodeInvalidBody || !utf8.ValidString(refusal.Message+refusal.Field) || len(refusal.Message) > 200 {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		fields := map[string]any{"type": c.Type}
		for name, text := range map[string]string{"id": c.ID, "topic": c.Topic, "swap_id": c.SwapID, "from": c.From, "to": c.To,
			"deposit_amount": c.DepositAmount, "payout_amount": c.PayoutAmount} {
			if text != "" {
				fields[name] = text
			}
		}
		if c.After >= 0 {
			fields["after"] = c.After
		}
		written, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decode(written); err != nil || again != c {
			t.Fatalf("%q became %s became %+v, %v", raw, written, again, err)
		}
		var loose map[string]any
		if err := json.Unmarshal(raw, &loose); err != nil {
			t.Fatalf("%q was read and is no JSON object: %v", raw, err)
		}
	})
}
