package simulation

import (
	"context"
	"fmt"
	"time"

	"ferry/statemachine"
	state "ferry/statemachine/model"
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
	// Stranded are payments that wait for a coin which the chain took back for good.
	Stranded int
	// Anew are payments that lost their coin for good after they were signed, and were made anew.
	Anew int
	// Broken says which invariant did not hold, "" if all did. Story is what
	// happened, the last line last.
	Broken string
	Story  []string
	// Log are the records of facts by partition, States what they led to.
	// Rules are those that it was decided by.
	Log    [][]bus.Record
	States *state.Store
	Rules  statemachine.Rules
}

// A seed takes stepsLeast steps before the calm and up to stepsMore more, and goes on
// until there are factsLeast facts, or stepsMost.
const (
	stepsLeast = 100
	stepsMore  = 150
	stepsMost  = 1000
	factsLeast = 50
)

// Run plays one seed to its end, or to the first invariant that does not hold.
func Run(ctx context.Context, seed uint64, o Options) (r Result) {
	w := newWorld(ctx, seed, o)
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case violation:
			r.Broken = cause.what
		default:
			panic(fmt.Sprintf("seed %d at step %d: %v", seed, w.steps, cause))
		}
		r.Seed, r.Steps, r.Virtual, r.Pairs, r.Story = seed, w.steps, w.now.Sub(w.start), w.pairs, w.story
		r.Stranded, r.Anew = len(w.stranded()), w.anew()
		r.Facts, r.Log, r.States = w.facts(), w.kafka.topics[bus.TopicFacts], w.states
		r.Rules = w.decisions
	}()
	w.play()
	return r
}

// play has the steps, and then the calm.
func (w *World) play() {
	w.poor = w.chance(2)
	w.fund(!w.poor)
	w.create()
	w.slow = one(w, []asset.Chain{"", asset.Bitcoin, asset.Ethereum})
	w.lazy = one(w, []string{"", "", "gateway", "gateway", "hotwallet", "swap", "liquidity"})
	w.rough = []int{0, 50, 150, 400}[w.rng.IntN(4)]
	w.desk.slow = w.chance(4)
	for last := stepsLeast + w.rng.IntN(stepsMore); w.steps < last || w.steps < stepsMost && w.told() < factsLeast; {
		if w.ctx.Err() != nil {
			return
		}
		w.steps++
		w.step()
		w.check.step()
	}
	w.check.all()
	w.calm()
}

// facts counts the records of facts, those that come again included.
func (w *World) facts() (n int) {
	for _, records := range w.kafka.topics[bus.TopicFacts] {
		n += len(records)
	}
	return n
}

// told counts the facts that are told, published or not.
func (w *World) told() int {
	return len(w.gateway.rows) + len(w.wallets.Schema().Outbox()) + len(w.desk.schema.Outbox())
}

// step is one thing that happens.
func (w *World) step() {
	actions := []struct {
		weight int
		do     func()
	}{
		{14, w.look}, {10, w.pay}, {16, w.relay}, {16, w.read}, {8, w.take}, {3, w.sweep},
		{14, w.mine}, {6, w.pass}, {9, w.deposit}, {5, w.topUp}, {2, w.createFew}, {3, w.replace}, {2, w.evict},
		{6, w.reorg}, {9, w.waver}, {1, w.leave}, {4, w.trouble}, {3, w.opinion}, {1, w.again}, {2, w.operate}, {2, w.kill},
		{8, w.ask}, {2, w.wander}, {6, w.answer}, {2, w.astray}, {4, w.tidy}, {4, w.sayYes}, {3, w.nameRefund}, {4, w.staff}, {3, w.approve},
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
	if len(w.users) < 4 {
		w.create()
	}
}

// again is a gateway that tells of a swap a second time.
func (w *World) again() {
	if len(w.users) > 0 {
		u := one(w, w.users)
		w.gateway.put(u.created())
	}
}

func (w *World) look() { w.hot[one(w, networks.Chains())].look() }

// pay is a round of an engine; now and then of one that was given up and still runs.
func (w *World) pay() {
	h := w.hot[one(w, networks.Chains())]
	if h.on == w.slow && !w.chance(30) {
		return
	}
	if h.before != nil && w.chance(8) {
		living(func() {
			h.tolerate(h.before.Round(w.ctx))
			h.tolerate(h.watchedBefore.Step(w.ctx))
		})
		return
	}
	h.pay()
}

// relay publishes some of an outbox; that of the lazy one seldom.
func (w *World) relay() {
	r := one(w, w.relays)
	if r.source == w.lazy && !w.chance(6) {
		return
	}
	r.publish(w.kafka, 1+w.rng.IntN(40), w.chance(10))
}

func (w *World) read() { one(w, w.swapd).read(w.rng.Int32N(partitions), 1+w.rng.IntN(12)) }

// take is a wallet that reads orders.
func (w *World) take() {
	h := w.hot[one(w, networks.Chains())]
	h.step(func() { h.orders.poll(w.kafka, w.rng.Int32N(partitions), 1+w.rng.IntN(8)) })
}

func (w *World) sweep() { one(w, w.swapd).sweep() }

// kill ends a daemon between two steps.
func (w *World) kill() {
	switch w.rng.IntN(5) {
	case 0, 1:
		one(w, w.swapd).begin()
		return
	case 2:
		w.desk.begin()
		return
	}
	on := one(w, networks.Chains())
	w.hot[on].begin()
	w.tell("%s: hotwalletd is killed and started", on)
}
