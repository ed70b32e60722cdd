package coinbase

import (
	"errors"
	"testing"

	"ferry/liquidity/venue/feed"
)

// The numbers of a connection are counted over all its messages, wherever they stand in one.
func TestRoute(t *testing.T) {
	t.Parallel()
	w := &wire{}
	for _, c := range []struct {
		raw, name string
		gap       bool
	}{
		{`{"channel":"subscriptions","sequence_num":0,"events":[{"subscriptions":{"level2":["ETH-BTC"]}}]}`, "", false},
		{`{"channel":"l2_data","sequence_num":1,"events":[{"type":"snapshot","product_id":"ETH-BTC","updates":[]}]}`, "ETH-BTC", false},
		{`{"channel":"l2_data","events":[{"updates":[],"product_id":"LTC-BTC"}],"sequence_num":2}`, "LTC-BTC", false},
		{`{"channel":"heartbeats","sequence_num":3,"events":[{"heartbeat_counter":"3049"}]}`, "", false},
		{`{"type":"error","message":"no"}`, "", false},
		{`{"channel":"l2_data","sequence_num":5,"events":[{"product_id":"ETH-BTC"}]}`, "ETH-BTC", true},
		{`{"channel":"heartbeats","sequence_num":5,"events":[]}`, "", true},
		{`{"sequence_num":`, "", false},
		{`{"channel":"heartbeats","sequence_num":6,"events":[]}`, "", false},
	} {
		name, body, err := w.Route([]byte(c.raw))
		if string(name) != c.name || string(body) != c.raw || errors.Is(err, feed.ErrGap) != c.gap || err != nil && !c.gap {
			t.Errorf("%s: %q, %q, %v", c.raw, name, body, err)
		}
	}
}
