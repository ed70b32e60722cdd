package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ferry/liquidity/book"
)

// okx speaks the public WebSocket v5.
type okx struct{ unnumbered }

func (okx) symbol(m Market) string { return m.Instrument.String() }

func (okx) hello(time.Time) []byte     { return nil }
func (okx) heartbeat(time.Time) []byte { return nil }

func (okx) notice(time.Time) []byte {
	return []byte(`{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`)
}

func (okx) hear(raw []byte, known func(string) bool, _ time.Time) (o order, symbols []string, answers [][]byte) {
	if string(raw) == "ping" {
		return answered, nil, [][]byte{[]byte("pong")}
	}
	var r struct {
		Op   string `json:"op"`
		Args []struct {
			Channel    string `json:"channel"`
			Instrument string `json:"instId"`
		} `json:"args"`
	}
	refuse := func(code, why string) (order, []string, [][]byte) {
		return answered, nil, [][]byte{fmt.Appendf(nil, `{"event":"error","code":%q,"msg":%q,"connId":"a4d3ae55"}`, code, why)}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return refuse("60012", "Invalid request")
	}
	books := true
	for _, a := range r.Args {
		books = books && a.Channel == "books"
		symbols = append(symbols, a.Instrument)
	}
	switch {
	case !books || !all(symbols, known):
		return refuse("60018", "Wrong URL or channel or instId doesn't exist.")
	case r.Op == "subscribe":
		o = subscribed
	case r.Op == "unsubscribe":
		o = unsubscribed
	default:
		return refuse("60012", "Invalid request")
	}
	for _, symbol := range symbols {
		answers = append(answers, fmt.Appendf(nil, `{"event":%q,"arg":{"channel":"books","instId":%q},"connId":"a4d3ae55"}`, r.Op, symbol))
	}
	return o, symbols, answers
}

func (o okx) update(m Market, t told) ([]byte, error) {
	return o.tell("update", m, t, int64(t.First-1)), nil
}

func (o okx) snapshot(m Market, t told) ([]byte, error) { return o.tell("snapshot", m, t, -1), nil }

func (o okx) tell(action string, m Market, t told, previous int64) []byte {
	return fmt.Appendf(nil, `{"arg":{"channel":"books","instId":%q},"action":%q,"data":[{"asks":[%s],"bids":[%s],"ts":"%d","checksum":0,"seqId":%d,"prevSeqId":%d}]}`,
		o.symbol(m), action, okxLevels(t.Asks), okxLevels(t.Bids), t.at.UnixMilli(), t.Last, previous)
}

// okxLevels have two more parts: one that is not used any more, and orders there.
func okxLevels(levels []book.Level) string {
	parts := make([]string, len(levels))
	for i, l := range levels {
		parts[i] = `["` + short(l.Price) + `","` + short(l.Size) + `","0","1"]`
	}
	return strings.Join(parts, ",")
}
