package gateway

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"ferry/gateway/api"
	"ferry/swap"
)

// FuzzCheckBody: whatever is accepted decodes strictly with encoding/json into the
// shape, holds no name twice and nothing else, and means the same when written
// again; whatever is refused is refused as invalid_body.
func FuzzCheckBody(f *testing.F) {
	for _, seed := range []string{
		`{"from":"BTC","to":"ETH","deposit_amount":"1"}`, `{"from":"a","from":"b"}`, `{"from":"BTC","to":"ETH"}{}`,
		`{"signed_quote":"x","payout_address":"y","refund_address":"z","policy":{"on_short":"refund","on_over":"refund","on_late":"refund","on_extra":"refund"}}`,
		`{"signed_quote":"x","policy":[1,{"a":null}]}`, `[]`, `null`, `{`, `{"from":"\ud800","to":"\u0000"}`, "\xef\xbb\xbf{}", `{"FROM":"BTC","to":"ETH"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, into := range []any{&api.QuoteRequest{}, &api.SwapRequest{}} {
			shape := reflect.TypeOf(into).Elem()
			if err := checkBody(raw, shape); err != nil {
				if swap.ErrorCode(err) != swap.CodeInvalidBody {
					t.Fatalf("refused with %v", err)
				}
				continue
			}
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			if err := d.Decode(into); err != nil || d.More() {
				t.Fatalf("accepted %q, which does not decode: %v", raw, err)
			}
			var members map[string]json.RawMessage
			if err := json.Unmarshal(raw, &members); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(into)
			if err != nil {
				t.Fatal(err)
			}
			second := reflect.New(shape).Interface()
			if err := json.Unmarshal(again, second); err != nil || !reflect.DeepEqual(into, second) {
				t.Fatalf("%q means %+v, then %+v (%v)", raw, into, second, err)
			}
			for name := range members {
				if _, known := fieldOf(shape, name); !known {
					t.Fatalf("accepted the unknown field %q", name)
				}
			}
		}
	})
}
