package stream

import (
	"fmt"

	"ferry/gateway/api"
	"ferry/swap/asset"
)

// Topics a client may subscribe to.
const (
	topicPrices = "prices"
	topicSwap   = "swap"
	topicRecent = "recent"
)

// ack answers subscribe and unsubscribe.
type ack struct {
	Type   string `json:"type"` // "subscribed", "unsubscribed"
	ID     string `json:"id,omitempty"`
	Topic  string `json:"topic"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	SwapID string `json:"swap_id,omitempty"`
}

// prices tells of the pairs that changed, or, as a snapshot, of those just
// subscribed to. Sequence never falls on one connection.
type prices struct {
	Type     string     `json:"type"` // "prices"
	Sequence int64      `json:"sequence"`
	Snapshot bool       `json:"snapshot"`
	Rates    []api.Rate `json:"rates"`
}

// indicative answers the newest request for a quote, again whenever the price moves.
type indicative struct {
	Type          string     `json:"type"` // "quote"
	ID            string     `json:"id"`
	Sequence      int64      `json:"sequence"`
	From          string     `json:"from"`
	To            string     `json:"to"`
	DepositAmount string     `json:"deposit_amount"`
	PayoutAmount  string     `json:"payout_amount"`
	Price         string     `json:"price"`
	NetworkFee    string     `json:"network_fee"`
	At            api.Millis `json:"at"`
}

// updates tells of a swap's changes, in order of version.
type updates struct {
	Type    string           `json:"type"` // "swap"
	SwapID  string           `json:"swap_id"`
	Updates []api.SwapUpdate `json:"updates"`
}

// recents is the whole list of the newest swaps.
type recents struct {
	Type  string       `json:"type"` // "recent"
	Swaps []recentSwap `json:"swaps"`
}

type recentSwap struct {
	Ref           string        `json:"ref"`
	From          string        `json:"from"`
	To            string        `json:"to"`
	DepositAmount string        `json:"deposit_amount"`
	PayoutAmount  string        `json:"payout_amount"`
	State         api.SwapState `json:"state"`
	Version       int64         `json:"version"`
	CreatedAt     api.Millis    `json:"created_at"`
	UpdatedAt     api.Millis    `json:"updated_at"`
}

// failure is a refusal. ID is that of the message it answers, if it had one.
type failure struct {
	Type    string      `json:"type"` // "error"
	ID      string      `json:"id,omitempty"`
	Problem api.Problem `json:"problem"`
}

// kindOf is a message's type.
func kindOf(message any) string {
	switch m := message.(type) {
	case ack:
		return m.Type
	case prices:
		return m.Type
	case indicative:
		return m.Type
	case updates:
		return m.Type
	case recents:
		return m.Type
	case failure:
		return m.Type
	}
	panic(fmt.Sprintf("stream: a %T is no message", message))
}

func showRecent(list []Recent) recents {
	out := recents{Type: "recent", Swaps: []recentSwap{}}
	for _, r := range list {
		out.Swaps = append(out.Swaps, recentSwap{Ref: r.Ref, From: string(r.Pair.From), To: string(r.Pair.To),
			DepositAmount: r.DepositAmount, PayoutAmount: r.PayoutAmount, State: api.SwapState(r.State),
			Version: r.Version, CreatedAt: api.MillisOf(r.CreatedAt), UpdatedAt: api.MillisOf(r.UpdatedAt)})
	}
	return out
}

func (c command) pair() asset.Pair { return asset.Pair{From: asset.ID(c.From), To: asset.ID(c.To)} }
