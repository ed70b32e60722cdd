package stream

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// obey does what a client's message says. A refusal is sent to the client; the
// connection goes on. Whatever it sends is sent before it returns, so that a client
// that does not read is not read either.
func (h *Hub) obey(ctx context.Context, s *session, raw []byte, out send) error {
	c, err := decode(raw)
	if err == nil {
		switch c.Type {
		case kindSubscribe:
			err = h.subscribe(ctx, s, c, out)
		case kindUnsubscribe:
			err = h.unsubscribe(ctx, s, c, out)
		case kindQuote:
			err = h.ask(s, c)
		case kindQuoteStop:
			h.quote(s, nil)
		}
	}
	var broken sendError
	if err == nil || errors.As(err, &broken) {
		return err
	}
	return out(ctx, failure{Type: "error", ID: c.ID, Problem: h.config.Source.Problem(ctx, err)})
}

// sendError is an error of the connection, as opposed to one of the message.
type sendError struct{ error }

// Unwrap is the error itself.
func (e sendError) Unwrap() error { return e.error }

func (h *Hub) subscribe(ctx context.Context, s *session, c command, out send) error {
	pairs, err := h.check(c)
	if err != nil {
		return err
	}
	if c.Topic == topicSwap {
		if err := h.checkSwap(ctx, s, c.SwapID); err != nil {
			return err
		}
	}
	// Before the first message of the topic.
	if err := out(ctx, c.ack("subscribed")); err != nil {
		return sendError{err}
	}
	switch c.Topic {
	case topicPrices:
		h.follow(s, pairs)
	case topicSwap:
		h.watch(s, c.SwapID, c.After)
	case topicRecent:
		h.mu.Lock()
		defer h.mu.Unlock()
		s.recent, s.recentDirty = true, h.recentKnown
		h.askRecent()
		s.rouse()
	}
	return nil
}

func (h *Hub) unsubscribe(ctx context.Context, s *session, c command, out send) error {
	pairs, err := h.check(c)
	if err != nil {
		return err
	}
	h.mu.Lock()
	switch c.Topic {
	case topicPrices:
		for _, pair := range pairs {
			delete(s.pairs, pair)
		}
	case topicSwap:
		h.forget(s, c.SwapID)
	case topicRecent:
		s.recent, s.recentDirty = false, false
	}
	h.mu.Unlock()
	if err := out(ctx, c.ack("unsubscribed")); err != nil {
		return sendError{err}
	}
	return nil
}

func (c command) ack(kind string) ack {
	return ack{Type: kind, ID: c.ID, Topic: c.Topic, From: c.From, To: c.To, SwapID: c.SwapID}
}

// check checks a topic's fields and returns the pairs that are meant.
func (h *Hub) check(c command) ([]asset.Pair, error) {
	has := map[string]bool{"swap_id": c.SwapID != "", "after": c.After >= 0, "from": c.From != "", "to": c.To != ""}
	var may []string
	switch {
	case c.Topic == topicPrices:
		may = []string{"from", "to"}
	case c.Topic == topicSwap:
		may = []string{"swap_id", "after"}
	case c.Topic == topicRecent && h.config.Recent:
	default:
		return nil, swap.Refuse(swap.CodeNotFound, "topic", "", "There is no such topic here.")
	}
	for _, field := range []string{"swap_id", "after", "from", "to"} {
		if has[field] && !slices.Contains(may, field) {
			return nil, malformed(field, "", "This topic has no such field.")
		}
	}
	switch {
	case c.Topic != topicPrices:
		return nil, nil
	case c.From == "" && c.To == "":
		return h.pairs, nil
	case !slices.Contains(h.pairs, c.pair()):
		return nil, swap.Refuse(swap.CodeUnknownPair, "from", "", "These assets are not swapped; GET /v1/rates lists the pairs that are.")
	}
	return []asset.Pair{c.pair()}, nil
}

// checkSwap refuses a swap that there is not, and one too many. Only the session's
// own reader adds watches, so the count can't grow in between.
func (h *Hub) checkSwap(ctx context.Context, s *session, id string) error {
	h.mu.Lock()
	_, again := s.swaps[id]
	full := !again && len(s.swaps) >= h.config.Limits.Swaps
	h.mu.Unlock()
	if full {
		return swap.Refuse(swap.CodeTooManyRequests, "swap_id", strconv.Itoa(h.config.Limits.Swaps),
			"This connection watches as many swaps as it may.")
	}
	return h.known(ctx, "swap_id", id)
}

// known refuses a swap that there is not; field is what the client calls it.
func (h *Hub) known(ctx context.Context, field, id string) error {
	missing := swap.Refuse(swap.CodeNotFound, field, "", "There is no such swap.")
	if !swap.ValidID(swap.SwapPrefix, id) {
		return missing
	}
	ctx, done, err := h.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	known, err := h.config.Source.Known(ctx, id)
	if err == nil && !known {
		return missing
	}
	return err
}

// ask makes the message the newest request for a quote. One that is refused ends
// the one before all the same: the client no longer has that amount before it.
func (h *Hub) ask(s *session, c command) error {
	h.quote(s, nil)
	if c.ID == "" {
		return malformed("id", "1 byte or more", "A request for a quote needs an id.")
	}
	a, err := h.config.Source.ReadAsk(api.QuoteRequest{From: c.From, To: c.To, DepositAmount: c.DepositAmount, PayoutAmount: c.PayoutAmount})
	if err != nil {
		return err
	}
	h.quote(s, &typed{id: c.ID, ask: a})
	return nil
}
