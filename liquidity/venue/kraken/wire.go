package kraken

import (
	"fmt"
	"strings"

	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
)

// wire has lists of symbols in a request. A heartbeat comes only where nothing else does, so
// that any message is one for all books.
type wire struct {
	feed.Spoken
	depth int
}

// Hello implements feed.Wire.
func (w wire) Hello(names []string) [][]byte { return w.Subscribe(names) }

// Subscribe implements feed.Wire: a subscription begins with a snapshot.
func (w wire) Subscribe(names []string) [][]byte {
	return [][]byte{w.request("subscribe", names, `,"snapshot":true`)}
}

// Unsubscribe implements feed.Wire.
func (w wire) Unsubscribe(names []string) [][]byte {
	return [][]byte{w.request("unsubscribe", names, "")}
}

func (w wire) request(method string, names []string, more string) []byte {
	return fmt.Appendf(nil, `{"method":"%s","params":{"channel":"book","symbol":["%s"],"depth":%d%s}}`, method, strings.Join(names, `","`), w.depth, more)
}

// Route implements feed.Wire.
func (wire) Route(raw []byte) (name, body []byte, err error) {
	return scan.Find(raw, "data", "symbol"), raw, nil
}
