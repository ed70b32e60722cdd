package stream

import (
	"context"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// updatesAtOnce is how many updates of one swap are sent in one message.
const updatesAtOnce = 100

// pauseMost is the longest pause, in ticks, before a version that was heard of is
// looked for again.
const pauseMost = 64

// send hands one message to a connection.
type send func(ctx context.Context, message any) error

// flush tells a session what has changed, as it is now. Its errors are the
// connection's; what the store did not answer is looked for again.
func (h *Hub) flush(ctx context.Context, s *session, out send) error {
	t := h.take(s)
	var messages []any
	if t.snapshot != nil {
		messages = append(messages, *t.snapshot)
	}
	if t.changed != nil {
		messages = append(messages, *t.changed)
	}
	if t.quote != nil {
		messages = append(messages, h.answer(ctx, t.quote, t.priced))
	}
	if t.recent != nil {
		messages = append(messages, *t.recent)
	}
	for _, m := range messages {
		if err := out(ctx, m); err != nil {
			return err
		}
	}
	return h.flushSwaps(ctx, s, t.looks, out)
}

// answer is the indicative quote, or why there is none.
func (h *Hub) answer(ctx context.Context, q *typed, p newestRate) any {
	offer, err := Offer{}, unpriced(p.shown.Unavailable)
	if p.shown.Unavailable == "" {
		offer, err = Indicate(p.heard, q.ask)
	}
	if err != nil {
		return failure{Type: "error", ID: q.id, Problem: h.config.Source.Problem(ctx, err)}
	}
	return indicative{Type: "quote", ID: q.id, Sequence: p.sequence,
		From: string(q.ask.Pair.From), To: string(q.ask.Pair.To),
		DepositAmount: offer.Deposit.Decimal(), PayoutAmount: offer.Payout.Decimal(),
		Price: p.shown.Price, NetworkFee: p.shown.NetworkFee, At: p.shown.At}
}

// flushSwaps sends what the store has above the versions sent so far.
func (h *Hub) flushSwaps(ctx context.Context, s *session, looks []look, out send) error {
	if len(looks) == 0 {
		return nil
	}
	found, err := h.updatesAfter(ctx, looks)
	if err != nil && ctx.Err() == nil {
		h.config.Log.WarnContext(ctx, "updates can't be read, will look again", "swaps", len(looks), "error", err)
	}
	for _, l := range looks {
		news := h.advance(s, l, found[l.id], err != nil)
		if len(news) == 0 {
			continue
		}
		if err := out(ctx, updates{Type: "swap", SwapID: l.id, Updates: news}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (h *Hub) updatesAfter(ctx context.Context, looks []look) (map[string][]swap.Update, error) {
	ctx, done, err := h.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var from []Position
	for _, l := range looks {
		from = append(from, Position{SwapID: l.id, After: l.after})
	}
	list, err := h.config.Source.UpdatesAfter(ctx, from, updatesAtOnce)
	if err != nil {
		return nil, err
	}
	found := map[string][]swap.Update{}
	for _, u := range list {
		found[u.SwapID] = append(found[u.SwapID], u)
	}
	return found, nil
}

// advance moves a watch past what was found and returns what is new to it, if it
// is still the watch that was looked for. It decides when to look again: soon where
// the read failed, or has not found what was heard of.
func (h *Hub) advance(s *session, l look, found []swap.Update, failed bool) []api.SwapUpdate {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := l.watch
	if s.swaps[l.id] != w {
		return nil
	}
	var news []api.SwapUpdate
	for _, u := range found {
		if u.Version > w.sent {
			w.sent = u.Version
			news = append(news, ShowUpdate(u))
		}
	}
	switch {
	case len(found) == updatesAtOnce:
		w.dirty = true
		s.rouse()
	case failed, w.sent < w.hinted:
		w.due = h.ticks + w.pause
		w.pause = min(2*w.pause, pauseMost)
	default:
		w.due, w.pause = h.ticks+h.recheck(), 1
	}
	return news
}

// follow marks pairs for a snapshot. A pair followed already has it again.
func (h *Hub) follow(s *session, pairs []asset.Pair) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reprice(pairs...)
	for _, pair := range pairs {
		s.pairs[pair] = &follow{dirty: true}
	}
	s.rouse()
}

// watch follows a swap from the version after on; watching it again starts there.
func (h *Hub) watch(s *session, id string, after int64) {
	if after >= 0 {
		h.config.Observer.Replayed(s.kind)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s.swaps[id] = &watch{sent: after, hinted: -1, dirty: true, pause: 1, due: h.ticks + h.recheck()}
	if h.watchers[id] == nil {
		h.watchers[id] = map[*session]struct{}{}
	}
	h.watchers[id][s] = struct{}{}
	s.rouse()
}

// quote replaces the request that is answered; nil ends it.
func (h *Hub) quote(s *session, q *typed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.quote = q
	if q != nil {
		h.reprice(q.ask.Pair)
		q.dirty = true
		s.rouse()
	}
}
