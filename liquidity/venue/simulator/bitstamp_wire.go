package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// bitstamp speaks WebSocket v2 and the REST order book.
type bitstamp struct{ unnumbered }

func (bitstamp) symbol(m Market) string { return strings.ToLower(m.Symbol()) }

func (bitstamp) hello(time.Time) []byte     { return nil }
func (bitstamp) heartbeat(time.Time) []byte { return nil }

func (bitstamp) notice(time.Time) []byte {
	return []byte(`{"event":"bts:request_reconnect","channel":"","data":""}`)
}

const bitstampChannel = "diff_order_book_"

func (bitstamp) hear(raw []byte, known func(string) bool, _ time.Time) (o order, symbols []string, answers [][]byte) {
	var r struct {
		Event string `json:"event"`
		Data  struct {
			Channel string `json:"channel"`
		} `json:"data"`
	}
	err := json.Unmarshal(raw, &r)
	symbol, found := strings.CutPrefix(r.Data.Channel, bitstampChannel)
	what, method := strings.CutPrefix(r.Event, "bts:")
	switch {
	case err == nil && r.Event == "bts:heartbeat":
		return answered, nil, [][]byte{[]byte(`{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}`)}
	case err != nil || !found || !known(symbol) || !method || what != "subscribe" && what != "unsubscribe":
		return answered, nil, [][]byte{[]byte(`{"event":"bts:error","channel":"","data":{"code":null,"message":"Incorrect JSON format."}}`)}
	}
	answer := fmt.Appendf(nil, `{"event":"bts:%sscription_succeeded","channel":%q,"data":{}}`, strings.TrimSuffix(what, "scribe"), r.Data.Channel)
	if what == "subscribe" {
		return subscribed, []string{symbol}, [][]byte{answer}
	}
	return unsubscribed, []string{symbol}, [][]byte{answer}
}

func (b bitstamp) update(m Market, t told) ([]byte, error) {
	body, err := bitstampBody(t)
	return fmt.Appendf(nil, `{"data":%s,"channel":%q,"event":"data"}`, body, bitstampChannel+b.symbol(m)), err
}

// snapshot is fetched.
func (bitstamp) snapshot(Market, told) ([]byte, error) { return nil, nil }

// bitstampBody is an event's data, and the answer of the REST order book.
func bitstampBody(t told) ([]byte, error) {
	body := struct {
		Timestamp      string      `json:"timestamp"`
		Microtimestamp string      `json:"microtimestamp"`
		Bids           [][2]string `json:"bids"`
		Asks           [][2]string `json:"asks"`
	}{fmt.Sprint(t.at.Unix()), fmt.Sprint(t.at.UnixMicro()), encodeLevels(t.Bids), encodeLevels(t.Asks)}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode a book: %w", err)
	}
	return raw, nil
}
