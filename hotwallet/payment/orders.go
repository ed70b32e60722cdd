package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// orderFieldMost bounds each short text of an order, in bytes; the documents
// have their own limit.
const orderFieldMost = 300

// Refusal is an order, or a record that should have been one, which was not
// stored, with the reason. Each is kept for people.
type Refusal struct {
	Target string
	Reason string
}

// Reasons why an order is not stored.
const (
	RefusedDifferent = "a different order is stored under this id"
	RefusedUnknown   = "it was ordered again, and is not known here: whether it was paid nobody knows"
)

// OrderStore stores orders.
type OrderStore interface {
	// OrderOffset is where a consumer's partition stands.
	OrderOffset(ctx context.Context, consumer, topic string, partition int32) (int64, error)
	// AcceptOrders advances the batch's offset by compare-and-set and stores each
	// order that is new, with its fact, in one transaction. An order that differs
	// from the one stored under its id, or uses a deposit that another order has
	// used, is not stored: it is returned, and kept with the refusals. One that is told
	// again with a higher Retry takes the place of the stored one; a payment that has
	// failed by then is open again.
	AcceptOrders(ctx context.Context, consumer string, b bus.Batch, orders []swap.Order, refused []Refusal) ([]Refusal, error)
}

// OrdersConfig is what Orders needs.
type OrdersConfig struct {
	Chain asset.Chain
	Store OrderStore
	// Stored, if not nil, is called after a batch was stored: it wakes the engine.
	Stored func()
	Log    *slog.Logger
}

// Orders takes the orders of one chain off the topic.
type Orders struct{ config OrdersConfig }

// NewOrders checks the configuration.
func NewOrders(c OrdersConfig) (*Orders, error) {
	if c.Store == nil || c.Log == nil {
		return nil, errors.New("orders: a store or log is missing")
	}
	if _, ok := c.Chain.Native(); !ok {
		return nil, fmt.Errorf("orders: chain %.20q is not known", c.Chain)
	}
	return &Orders{config: c}, nil
}

// Group is the name of a chain's consumer of orders. Each chain has its own: every
// chain's hot wallet reads all orders and leaves the others' alone.
func Group(chain asset.Chain) string { return "hotwallet-" + string(chain) }

// Group is the consumer's name.
func (o *Orders) Group() string { return Group(o.config.Chain) }

// Load is bus.ConsumerConfig's.
func (o *Orders) Load(ctx context.Context, topic string, partition int32) (int64, error) {
	return o.config.Store.OrderOffset(ctx, o.Group(), topic, partition)
}

// Handle is bus.ConsumerConfig's: it stores a batch.
func (o *Orders) Handle(ctx context.Context, b bus.Batch) error {
	var orders []swap.Order
	var refused []Refusal
	for _, err := range b.Malformed {
		refused = append(refused, refusal(fmt.Sprintf("%s/%d", b.Topic, b.Partition), err))
	}
	for _, r := range b.Records {
		order, err := decodeOrder(r)
		switch {
		case err != nil:
			refused = append(refused, refusal(fmt.Sprintf("%s/%d@%d", r.Topic, r.Partition, r.Offset), err))
		case order.Chain == o.config.Chain:
			orders = append(orders, order)
		}
	}
	refused, err := o.config.Store.AcceptOrders(ctx, o.Group(), b, orders, refused)
	if err != nil {
		return fmt.Errorf("store %d orders: %w", len(orders), err)
	}
	for _, r := range refused {
		o.config.Log.Error("order not stored", "chain", o.config.Chain, "target", r.Target, "reason", r.Reason)
	}
	if o.config.Stored != nil && len(orders) > 0 {
		o.config.Stored()
	}
	return nil
}

func decodeOrder(r bus.Record) (swap.Order, error) {
	if r.Kind != bus.KindOrder {
		return swap.Order{}, fmt.Errorf("kind %.40q is no order: %w", r.Kind, bus.ErrMalformed)
	}
	o, err := r.Order()
	if err != nil {
		return swap.Order{}, err
	}
	if r.Key != o.SwapID {
		return swap.Order{}, fmt.Errorf("key %.60q is not the order's swap: %w", r.Key, bus.ErrMalformed)
	}
	return o, CheckStorable(o)
}

// CheckStorable reports an order that no row can hold: a text too long or with a
// zero byte, which Postgres refuses.
func CheckStorable(o swap.Order) error {
	for _, d := range o.Deposits {
		if len(d.ID) > orderFieldMost || strings.ContainsRune(d.ID, 0) {
			return fmt.Errorf("a deposit_id is longer than %d bytes or has a zero byte: %w", orderFieldMost, bus.ErrMalformed)
		}
	}
	for name, text := range map[string]string{"order_id": o.ID, "destination": o.Destination} {
		if len(text) > orderFieldMost || strings.ContainsRune(text, 0) {
			return fmt.Errorf("%s is longer than %d bytes or has a zero byte: %w", name, orderFieldMost, bus.ErrMalformed)
		}
	}
	for name, text := range map[string]string{"signed_quote": o.SignedQuote, "signed_receipt": o.SignedReceipt,
		"signed_requote": o.SignedRequote, "signed_consent": o.SignedConsent, "signed_refund_address": o.SignedRefundAddress,
		"signed_wrong_asset_refund": o.SignedWrongAssetRefund} {
		if len(text) > swap.MaxDocument || strings.ContainsRune(text, 0) {
			return fmt.Errorf("%s is longer than %d bytes or has a zero byte: %w", name, swap.MaxDocument, bus.ErrMalformed)
		}
	}
	return nil
}

func refusal(target string, err error) Refusal {
	return Refusal{Target: target, Reason: because("", err)}
}
