package simulator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity/book"
)

// depthUpdate is an event of the diff depth stream, in the documents' order.
type depthUpdate struct {
	Event  string      `json:"e"`
	Time   int64       `json:"E"`
	Symbol string      `json:"s"`
	First  uint64      `json:"U"`
	Last   uint64      `json:"u"`
	Bids   [][2]string `json:"b"`
	Asks   [][2]string `json:"a"`
}

// depthAnswer is the answer of GET /api/v3/depth.
type depthAnswer struct {
	Last uint64      `json:"lastUpdateId"`
	Bids [][2]string `json:"bids"`
	Asks [][2]string `json:"asks"`
}

// shutdownNotice is the event serverShutdown, and shutdownStream its name in
// combined streams.
type shutdownNotice struct {
	Event string `json:"e"`
	Time  int64  `json:"E"`
}

const shutdownStream = "!serverShutdown"

// streamOf names the stream of a market's changes every 100 ms.
func streamOf(m Market) string { return strings.ToLower(m.Symbol()) + "@depth@100ms" }

func encodeUpdate(m Market, u Update, now time.Time) ([]byte, error) {
	raw, err := json.Marshal(depthUpdate{Event: "depthUpdate", Time: now.UnixMilli(), Symbol: m.Symbol(),
		First: u.First, Last: u.Last, Bids: encodeLevels(u.Bids), Asks: encodeLevels(u.Asks)})
	if err != nil {
		return nil, fmt.Errorf("encode update %d: %w", u.Last, err)
	}
	return raw, nil
}

func encodeSnapshot(s Snapshot) ([]byte, error) {
	raw, err := json.Marshal(depthAnswer{Last: s.Last, Bids: encodeLevels(s.Bids), Asks: encodeLevels(s.Asks)})
	if err != nil {
		return nil, fmt.Errorf("encode snapshot %d: %w", s.Last, err)
	}
	return raw, nil
}

// encodeLevels writes all eight places, as the venue does.
func encodeLevels(levels []book.Level) [][2]string {
	pairs := make([][2]string, len(levels))
	for i, l := range levels {
		pairs[i] = [2]string{fixed(l.Price), fixed(l.Size)}
	}
	return pairs
}

func fixed(ticks uint64) string { return string(appendFixed(nil, ticks)) }

// short leaves out zeros at the end, and a point that nothing follows, as other venues do.
func short(ticks uint64) string {
	return strings.TrimSuffix(strings.TrimRight(fixed(ticks), "0"), ".")
}

// appendFixed writes all eight places.
func appendFixed(b []byte, ticks uint64) []byte {
	b = append(strconv.AppendUint(b, ticks/coin, 10), '.')
	for place := uint64(coin / 10); place > 0; place /= 10 {
		b = append(b, byte('0'+ticks/place%10))
	}
	return b
}
