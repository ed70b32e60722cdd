package bitstamp

import (
	"bytes"
	"fmt"

	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// channel is what the changes of a market are told on.
func channel(market string) string { return "diff_order_book_" + market }

// wire has a request for each channel.
type wire struct{ feed.Spoken }

// Hello implements feed.Wire.
func (w wire) Hello(names []string) [][]byte { return w.Subscribe(names) }

// Subscribe implements feed.Wire; snapshots are fetched.
func (wire) Subscribe(names []string) [][]byte { return requests("subscribe", names) }

// Unsubscribe implements feed.Wire.
func (wire) Unsubscribe(names []string) [][]byte { return requests("unsubscribe", names) }

func requests(what string, names []string) (list [][]byte) {
	for _, name := range names {
		list = append(list, fmt.Appendf(nil, `{"event":"bts:%s","data":{"channel":"%s"}}`, what, name))
	}
	return list
}

// The end of a message as the venue writes it: nearly all of it is before the channel.
var (
	openChannel = []byte(`"channel":"`)
	closeData   = []byte(`","event":"data"}`)
)

// Route implements feed.Wire. Other events have a channel too; they are of no book.
func (wire) Route(raw []byte) (name, body []byte, err error) {
	if rest, ok := bytes.CutSuffix(raw, closeData); ok {
		if i := bytes.LastIndex(rest, openChannel); i >= 0 {
			return rest[i+len(openChannel):], raw, nil
		}
	}
	if event := scan.Find(raw, "event"); string(event) != "data" {
		return nil, raw, nil
	}
	return scan.Find(raw, "channel"), raw, nil
}
