package bitstamp

import "testing"

func TestRoute(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"data":{"bids":[]},"channel":"diff_order_book_ethbtc","event":"data"}`:              "diff_order_book_ethbtc",
		`{"event":"data","channel":"diff_order_book_ethbtc","data":{"bids":[]}}`:              "diff_order_book_ethbtc",
		`{"data":{"bids":[]}, "channel":"diff_order_book_ethbtc", "event":"data"}`:            "diff_order_book_ethbtc",
		`{"event":"bts:subscription_succeeded","channel":"diff_order_book_ethbtc","data":{}}`: "",
		`{"event":"bts:request_reconnect","channel":"","data":""}`:                            "",
		`nonsense`: "",
	} {
		name, body, err := wire{}.Route([]byte(raw))
		if string(name) != want || string(body) != raw || err != nil {
			t.Errorf("%s: %q, %v", raw, name, err)
		}
	}
}
