package simulation

import (
	"context"
	"time"

	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/swap/bus"
)

// deadlineGrace is swapd's.
const deadlineGrace = 5 * time.Second

// swapd is one process of the state machine. There are two, and Kafka's promise
// that a partition has one reader is not kept: what holds must hold without it.
type swapd struct {
	world *World
	facts *consumer
}

func newSwapd(w *World) *swapd {
	d := &swapd{world: w}
	d.begin()
	return d
}

func (d *swapd) begin() {
	w := d.world
	handler := consume.Handler{Rules: w.decisions, Store: stateStore{w.stored, w}, Log: w.log}
	d.facts = &consumer{topic: bus.TopicFacts,
		load:   func(p int32) (int64, error) { return w.states.LoadOffset(w.ctx, bus.TopicFacts, p) },
		handle: func(b bus.Batch) error { return handler.Handle(w.ctx, w.bug.told(w, b)) }}
	d.facts.join()
}

func (d *swapd) step(do func()) {
	if !living(do) {
		d.begin()
	}
}

func (d *swapd) read(p int32, n int) {
	d.step(func() { d.facts.poll(d.world.kafka, p, n) })
}

// sweep is one look of the deadline sweeper.
func (d *swapd) sweep() {
	w := d.world
	d.step(func() {
		// A failed look is made again: there is nothing to do about it here.
		_, _ = value(w, func() (int, error) { return w.stored.TellDue(w.ctx, w.now.Add(-deadlineGrace), 1+w.rng.IntN(3)) })
	})
}

// stateStore is the state machine's store with what may go wrong about it.
type stateStore struct {
	StateStore
	w *World
}

func (s stateStore) Load(ctx context.Context, ids []string) (map[string]statemachine.Case, error) {
	return value(s.w, func() (map[string]statemachine.Case, error) { return s.StateStore.Load(ctx, ids) })
}

func (s stateStore) Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	if s.w.bug == BugOffsetFirst {
		return s.offsetFirst(ctx, b, folded)
	}
	return s.w.around(func() error { return s.apply(ctx, b, folded) })
}

func (s stateStore) apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	folded = s.w.bug.stored(folded)
	if err := s.StateStore.Apply(ctx, b, folded); err != nil {
		return err
	}
	s.w.visited(folded)
	return nil
}
