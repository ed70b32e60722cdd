package binance

import (
	"bytes"
	"fmt"
	"strings"

	"ferry/liquidity/venue/feed/scan"
)

// streamOf names the stream of a symbol's changes every 100 ms.
func streamOf(symbol string) string { return strings.ToLower(symbol) + "@depth@100ms" }

// wire is a feed.Wire: a combined stream: the address names those it begins with, requests those that come
// and go later.
type wire struct {
	// requests numbers them, as the venue wants it.
	requests int
}

// Address implements feed.Wire: the path of a combined stream, with the @ of names as it is, as the venue's
// documents have it. They are of nothing else that an address would have to escape.
func (*wire) Address(stream string, names []string) string {
	return strings.TrimSuffix(stream, "/") + "/stream?streams=" + strings.Join(names, "/")
}

// Hello implements feed.Wire: the address says it all.
func (*wire) Hello([]string) [][]byte { return nil }

// Subscribe implements feed.Wire; snapshots are fetched.
func (w *wire) Subscribe(names []string) [][]byte { return w.request("SUBSCRIBE", names) }

// Unsubscribe implements feed.Wire.
func (w *wire) Unsubscribe(names []string) [][]byte { return w.request("UNSUBSCRIBE", names) }

func (w *wire) request(method string, names []string) [][]byte {
	w.requests++
	return [][]byte{fmt.Appendf(nil, `{"method":"%s","params":["%s"],"id":%d}`, method, strings.Join(names, `","`), w.requests)}
}

// The fixed parts of an event as the venue wraps it.
var (
	openStream = []byte(`{"stream":"`)
	openData   = []byte(`","data":`)
)

// Route implements feed.Wire. Streams of no symbol begin with an exclamation mark.
func (*wire) Route(raw []byte) (name, body []byte, err error) {
	if rest, ok := bytes.CutPrefix(raw, openStream); ok {
		name, body, ok = bytes.Cut(rest, openData)
		if ok && bytes.IndexByte(name, '"') < 0 && len(body) > 0 && body[len(body)-1] == '}' {
			return booked(name), body[:len(body)-1], nil
		}
	}
	return booked(scan.Find(raw, "stream")), raw, nil
}

func booked(name []byte) []byte {
	if len(name) > 0 && name[0] == '!' {
		return nil
	}
	return name
}
