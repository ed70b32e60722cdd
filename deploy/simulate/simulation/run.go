package simulation

import (
	"context"
	"fmt"
	"time"

	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Result is what a seed came to.
type Result struct {
	Seed  uint64
	Steps int
	// Facts are the records of facts that were read to the end, Virtual the time
	// that went by in the world.
	Facts   int
	Virtual time.Duration
	Pairs   map[Pair]int
	// Broken says which invariant did not hold, "" if all did. Story is what
	// happened, the last line last.
	Broken string
	Story  []string
}

// stepsLeast and stepsMore say how many steps a seed takes before the calm.
const (
	stepsLeast = 80
	stepsMore  = 120
)

// Run plays one seed to its end, or to the first invariant that does not hold.
func Run(ctx context.Context, seed uint64, bug Bug) (r Result) {
	w := newWorld(ctx, seed, bug)
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case violation:
			r.Broken = cause.what
		default:
			panic(fmt.Sprintf("seed %d at step %d: %v", seed, w.steps, cause))
		}
		r.Seed, r.Steps, r.Virtual, r.Pairs, r.Story = seed, w.steps, w.now.Sub(w.start), w.pairs, w.story
		for _, records := range w.kafka.topics[bus.TopicFacts] {
			r.Facts += len(records)
		}
	}()
	w.fund()
	w.create()
	w.rough = []int{0, 20, 60, 200}[w.rng.IntN(4)]
	for range stepsLeast + w.rng.IntN(stepsMore) {
		if ctx.Err() != nil {
			return r
		}
		w.steps++
		w.step()
		w.check.step()
	}
	w.calm()
	return r
}

// step is one thing that happens.
func (w *World) step() {
	actions := []struct {
		weight int
		do     func()
	}{
		{14, w.look}, {10, w.pay}, {16, w.relay}, {16, w.read}, {8, w.take}, {3, w.sweep},
		{14, w.mine}, {6, w.pass}, {9, w.deposit}, {2, w.createFew}, {3, w.replace}, {2, w.evict},
		{3, w.reorg}, {1, w.leave}, {2, w.trouble}, {2, w.operate}, {2, w.kill},
	}
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	pick := w.rng.IntN(total)
	for _, a := range actions {
		if pick -= a.weight; pick < 0 {
			a.do()
			return
		}
	}
}

func (w *World) createFew() {
	if len(w.users) < 5 {
		w.create()
	}
}

func (w *World) look() { w.hot[one(w, asset.Chains())].look() }

// pay is a round of an engine; now and then of one that was given up and still runs.
func (w *World) pay() {
	h := w.hot[one(w, asset.Chains())]
	if h.before != nil && w.chance(8) {
		living(func() { h.tolerate(h.before.Round(w.ctx)) })
		return
	}
	h.pay()
}

func (w *World) relay() {
	one(w, w.relays).publish(w.kafka, 1+w.rng.IntN(40), w.chance(10))
}

func (w *World) read() { one(w, w.swapd).read(w.rng.Int32N(partitions), 1+w.rng.IntN(12)) }

// take is a wallet that reads orders.
func (w *World) take() {
	h := w.hot[one(w, asset.Chains())]
	h.step(func() { h.orders.poll(w.kafka, w.rng.Int32N(partitions), 1+w.rng.IntN(8)) })
}

func (w *World) sweep() { one(w, w.swapd).sweep() }

// kill ends a daemon between two steps.
func (w *World) kill() {
	if w.chance(2) {
		one(w, w.swapd).begin()
		return
	}
	on := one(w, asset.Chains())
	w.hot[on].begin()
	w.tell("%s: hotwalletd is killed and started", on)
}
