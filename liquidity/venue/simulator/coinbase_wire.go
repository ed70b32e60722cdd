package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity/book"
)

// coinbase speaks the Advanced Trade WebSocket.
type coinbase struct{}

func (coinbase) symbol(m Market) string { return m.Instrument.String() }

func (coinbase) hello(time.Time) []byte  { return nil }
func (coinbase) notice(time.Time) []byte { return nil } // it ends connections without a word

// unset is where number writes.
var unset = []byte(`"sequence_num":0,`)

func (coinbase) number(raw []byte, n uint64) []byte {
	return bytes.Replace(raw, unset, []byte(`"sequence_num":`+strconv.FormatUint(n, 10)+`,`), 1)
}

func (coinbase) envelope(channel string, at time.Time, event string) []byte {
	return fmt.Appendf(nil, `{"channel":%q,"client_id":"","timestamp":%q,%s"events":[%s]}`, channel, at.UTC().Format(time.RFC3339Nano), unset, event)
}

func (c coinbase) heartbeat(now time.Time) []byte {
	return c.envelope("heartbeats", now, fmt.Sprintf(`{"current_time":%q,"heartbeat_counter":%d}`, now.UTC().String(), now.Unix()))
}

func (c coinbase) hear(raw []byte, known func(string) bool, now time.Time) (o order, symbols []string, answers [][]byte) {
	var r struct {
		Type     string   `json:"type"`
		Products []string `json:"product_ids"`
		Channel  string   `json:"channel"`
	}
	refuse := func(why string) (order, []string, [][]byte) {
		return answered, nil, [][]byte{fmt.Appendf(nil, `{"type":"error","message":%q}`, why)}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return refuse("failure to subscribe")
	}
	switch {
	case r.Channel == "heartbeats" && r.Type == "subscribe":
		return heartbeats, nil, [][]byte{c.envelope("subscriptions", now, `{"subscriptions":{"heartbeats":["heartbeats"]}}`)}
	case r.Channel != "level2" || !all(r.Products, known):
		return refuse("failure to subscribe")
	case r.Type == "subscribe":
		return subscribed, r.Products, [][]byte{c.envelope("subscriptions", now, fmt.Sprintf(`{"subscriptions":{"level2":["%s"]}}`, strings.Join(r.Products, `","`)))}
	case r.Type == "unsubscribe":
		return unsubscribed, r.Products, [][]byte{c.envelope("subscriptions", now, `{"subscriptions":{}}`)}
	}
	return refuse("type not supported")
}

func (c coinbase) update(m Market, t told) ([]byte, error)   { return c.tell("update", m, t), nil }
func (c coinbase) snapshot(m Market, t told) ([]byte, error) { return c.tell("snapshot", m, t), nil }

func (c coinbase) tell(kind string, m Market, t told) []byte {
	at := t.at.UTC().Format(time.RFC3339Nano)
	if kind == "snapshot" {
		at = "1970-01-01T00:00:00Z"
	}
	var levels []string
	add := func(side string, list []book.Level) {
		for _, l := range list {
			levels = append(levels, `{"side":"`+side+`","event_time":"`+at+`","price_level":"`+short(l.Price)+`","new_quantity":"`+short(l.Size)+`"}`)
		}
	}
	add("bid", t.Bids)
	add("offer", t.Asks)
	return c.envelope("l2_data", t.at, fmt.Sprintf(`{"type":%q,"product_id":%q,"updates":[%s]}`, kind, c.symbol(m), strings.Join(levels, ",")))
}
