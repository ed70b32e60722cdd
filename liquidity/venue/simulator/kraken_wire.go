package simulator

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"ferry/liquidity/book"
)

// kraken speaks WebSocket v2.
type kraken struct{ unnumbered }

func (kraken) symbol(m Market) string {
	return string(m.Instrument.Base) + "/" + string(m.Instrument.Quote)
}

func (kraken) hello(time.Time) []byte {
	return []byte(`{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":12893824623034001085}]}`)
}

func (kraken) heartbeat(time.Time) []byte { return []byte(`{"channel":"heartbeat"}`) }

// notice: the venue tells maintenance as its status and ends connections without
// another word.
func (kraken) notice(time.Time) []byte {
	return []byte(`{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"maintenance","api_version":"v2","connection_id":12893824623034001085}]}`)
}

func (kraken) hear(raw []byte, known func(string) bool, now time.Time) (o order, symbols []string, answers [][]byte) {
	var r struct {
		Method string `json:"method"`
		Params struct {
			Channel string   `json:"channel"`
			Symbol  []string `json:"symbol"`
			Depth   int      `json:"depth"`
		} `json:"params"`
	}
	at := now.UTC().Format(time.RFC3339Nano)
	refuse := func(why string) (order, []string, [][]byte) {
		return answered, nil, [][]byte{fmt.Appendf(nil, `{"error":%q,"method":%q,"success":false,"time_in":%q,"time_out":%q}`, why, r.Method, at, at)}
	}
	switch err := json.Unmarshal(raw, &r); {
	case err != nil:
		return refuse("Malformed request")
	case r.Params.Channel != "book":
		return refuse("Currently this simulator has books only")
	case !all(r.Params.Symbol, known):
		return refuse("Currency pair not supported " + strings.Join(r.Params.Symbol, ","))
	case r.Params.Depth != 100 && r.Params.Depth != 500 && r.Params.Depth != 1000:
		return refuse("Subscription depth not supported")
	}
	switch r.Method {
	case "subscribe":
		o = subscribed
	case "unsubscribe":
		o = unsubscribed
	default:
		return refuse("Method not supported")
	}
	for _, symbol := range r.Params.Symbol {
		answers = append(answers, fmt.Appendf(nil, `{"method":%q,"result":{"channel":"book","depth":%d,"snapshot":true,"symbol":%q},"success":true,"time_in":%q,"time_out":%q}`,
			r.Method, r.Params.Depth, symbol, at, at))
	}
	return o, r.Params.Symbol, answers
}

func (k kraken) update(m Market, t told) ([]byte, error)   { return k.tell("update", m, t), nil }
func (k kraken) snapshot(m Market, t told) ([]byte, error) { return k.tell("snapshot", m, t), nil }

func (k kraken) tell(kind string, m Market, t told) []byte {
	sum := krakenChecksum(t.top)
	if t.wrong {
		sum ^= 1
	}
	return fmt.Appendf(nil, `{"channel":"book","type":%q,"data":[{"symbol":%q,"bids":[%s],"asks":[%s],"checksum":%d,"timestamp":%q}]}`,
		kind, k.symbol(m), krakenLevels(t.Bids), krakenLevels(t.Asks), sum, t.at.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

func krakenLevels(levels []book.Level) string {
	var all []byte
	for i, l := range levels {
		if i > 0 {
			all = append(all, ',')
		}
		all = append(appendFixed(append(all, `{"price":`...), l.Price), `,"qty":`...)
		all = append(appendFixed(all, l.Size), '}')
	}
	return string(all)
}

// krakenChecksum: of the best ten asks, then bids, the digits of price and quantity
// without the point and zeros in front.
func krakenChecksum(s Snapshot) uint32 {
	var all strings.Builder
	for _, side := range [][]book.Level{s.Asks, s.Bids} {
		for _, l := range side[:min(10, len(side))] {
			for _, n := range []uint64{l.Price, l.Size} {
				all.WriteString(strings.TrimLeft(strings.Replace(fixed(n), ".", "", 1), "0"))
			}
		}
	}
	return crc32.ChecksumIEEE([]byte(all.String()))
}
