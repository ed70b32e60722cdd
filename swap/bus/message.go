package bus

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"ferry/swap"
)

// Topics. Facts, orders, requests for a price and updates are keyed by swap id; rates by pair,
// balances by asset and configurations by whose they are, and those three are compacted.
const (
	TopicFacts    = "ferry.facts"
	TopicOrders   = "ferry.orders"
	TopicRequotes = "ferry.requotes"
	TopicUpdates  = "ferry.updates"
	TopicRates    = "ferry.rates"
	TopicBalances = "ferry.balances"
	TopicConfig   = "ferry.config"
)

// Kinds of messages that are no facts.
const (
	KindOrder   = "payment.order"
	KindRequote = "requote.request"
	KindUpdate  = "swap.update"
	KindRate    = "rate"
	KindBalance = "balance"
	KindConfig  = "config.version"
)

// MaxBody is the largest body of a message, in bytes; the outbox has the same limit.
const MaxBody = 256 << 10

// Message is something to tell.
type Message struct {
	Topic string
	// Key decides the partition, and so what stays in order.
	Key  string
	Kind string
	// Body is JSON.
	Body []byte
}

// FactMessage wraps a fact; one that does not validate is refused here, before
// it can be stored.
func FactMessage(f swap.Fact) (Message, error) {
	if err := f.Validate(); err != nil {
		return Message{}, err
	}
	return message(TopicFacts, f.SwapID, string(f.Kind), f)
}

// OrderMessage wraps an order.
func OrderMessage(o swap.Order) (Message, error) {
	if err := o.Validate(); err != nil {
		return Message{}, err
	}
	return message(TopicOrders, o.SwapID, KindOrder, o)
}

// RequoteMessage wraps a request for a price.
func RequoteMessage(r swap.RequoteRequest) (Message, error) {
	if err := r.Validate(); err != nil {
		return Message{}, err
	}
	return message(TopicRequotes, r.SwapID, KindRequote, r)
}

// UpdateMessage wraps an update.
func UpdateMessage(u swap.Update) (Message, error) {
	return message(TopicUpdates, u.SwapID, KindUpdate, u)
}

func message(topic, key, kind string, body any) (Message, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return Message{}, fmt.Errorf("encode %s of %s: %w", kind, key, err)
	}
	if len(raw) > MaxBody {
		return Message{}, fmt.Errorf("%s of %s has %d bytes, at most %d", kind, key, len(raw), MaxBody)
	}
	return Message{Topic: topic, Key: key, Kind: kind, Body: raw}, nil
}

// Execer is a transaction of pgx (or a pool, in tests).
type Execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Put writes messages to the outbox of the transaction's schema, in their order,
// in one round trip.
//
// Order between transactions is the order of their transaction ids. Where two
// transactions may tell of one swap, take a lock that serialises them before the
// first write of either.
func Put(ctx context.Context, tx Execer, messages ...Message) error {
	if len(messages) == 0 {
		return nil
	}
	topics, keys, kinds, bodies := columns(messages)
	_, err := tx.Exec(ctx, putSQL, topics, keys, kinds, bodies)
	if err != nil {
		return fmt.Errorf("put %d messages in the outbox: %w", len(messages), err)
	}
	return nil
}
