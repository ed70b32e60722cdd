package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// checker holds the world to its invariants after every step. It remembers how far
// it has looked, so that each event, update and order is looked at once.
type checker struct {
	world *World
	// replayed is each swap as it follows from its timeline alone.
	replayed map[string]*swap.Swap
	// updates is the last version and number told of each swap, read how far.
	versions map[string]int64
	numbers  map[string]int64
	read     [partitions]int
	// ordered counts what was ordered; told is how much of the outbox was looked at.
	orders map[string]swap.Order
	used   map[string]string
	told   int
	// looked is how much there was when everything was looked at last.
	looked    [10]int
	deadlines map[deadlineOf]time.Time
}

func newChecker(w *World) *checker {
	return &checker{world: w, replayed: map[string]*swap.Swap{}, versions: map[string]int64{}, numbers: map[string]int64{},
		orders: map[string]swap.Order{}, used: map[string]string{}, deadlines: map[deadlineOf]time.Time{}}
}

func fail(format string, args ...any) { panic(violation{fmt.Sprintf(format, args...)}) }

// step looks at everything, unless nothing was stored, told or mined since.
func (c *checker) step() {
	w := c.world
	now := [...]int{len(w.states.Schema().Outbox()), len(w.wallets.Schema().Outbox()), w.states.Schema().Book.Len(),
		w.wallets.Schema().Book.Len(), len(w.wallets.Halts()), w.facts(), int(w.height(asset.Bitcoin)), int(w.height(asset.Ethereum)),
		len(w.gateway.rows), len(w.desk.schema.Outbox())}
	if now != c.looked {
		c.all()
	}
	c.looked = now
}

// all is what must hold at any time.
func (c *checker) all() {
	c.halts()
	c.ordersOnce()
	for _, id := range c.world.states.IDs() {
		c.timeline(id)
		c.actor(id)
		c.matters(id)
	}
	c.updates()
	c.books()
	c.leavesOnce()
}

// halts are only for what deserves them. Any other says that rows and blocks
// contradict each other, or that somebody else pays with our keys.
func (c *checker) halts() {
	for on, reason := range c.world.wallets.Halts() {
		switch {
		case reason == stageHalt:
		case strings.Contains(reason, "leaves ours more than"):
		case strings.HasSuffix(reason, "a reorganisation has taken it back"):
		default:
			fail("%s is halted: %s", on, reason)
		}
	}
	for _, a := range c.world.wallets.Actions() {
		if a.Action == "alarm.order_refused" || a.Action == "foreign spend" {
			fail("%s of %s: %s", a.Action, a.Target, a.Reason)
		}
	}
	if bad := c.world.states.Malformed(); len(bad) > 0 {
		fail("a record is no fact: %s", bad[0])
	}
}

// timeline replays what was added to a swap's timeline: versions have no gap, and
// the row is what follows from the events alone.
func (c *checker) timeline(id string) {
	row, _ := c.world.states.Swap(id)
	events := c.world.states.Events(id)
	shadow := c.replayed[id]
	from := int64(0)
	if shadow != nil {
		from = shadow.Version
	}
	if int64(len(events)) != row.Version {
		fail("%s is at version %d with %d events", id, row.Version, len(events))
	}
	if from == row.Version {
		return
	}
	for _, e := range events[from:] {
		shadow = replay(c.world.decisions, shadow, e)
	}
	c.replayed[id] = shadow
	if !reflect.DeepEqual(*shadow, row) {
		fail("%s replayed from its timeline is\n%+v\nand stored is\n%+v", id, *shadow, row)
	}
}

// replay applies an event as it was applied the first time: a fact that had been
// parked has a number below what was seen since.
func replay(rules statemachine.Rules, current *swap.Swap, e statemachine.Event) *swap.Swap {
	var seen int64
	if current != nil {
		copied := *current
		copied.Seen = map[string]int64{}
		for source, seq := range current.Seen {
			copied.Seen[source] = seq
		}
		seen = copied.Seen[e.Fact.Source]
		copied.Seen[e.Fact.Source] = min(seen, e.Fact.Seq-1)
		current = &copied
	}
	d, err := rules.Decide(current, e.Fact)
	if err != nil || d.Outcome != statemachine.Applied {
		fail("event %d of %s can't be replayed: %s %s %v", e.Version, e.Fact.SwapID, d.Outcome, d.Reason, err)
	}
	if d.Swap.Version != e.Version || d.Swap.State != e.To || current != nil && current.State != e.From {
		fail("event %d of %s replays to %s at %d", e.Version, e.Fact.SwapID, d.Swap.State, d.Swap.Version)
	}
	d.Swap.Seen[e.Fact.Source] = max(seen, e.Fact.Seq)
	return &d.Swap
}

// actor demands that somebody must act on a swap that is not at its end, by a time;
// and that a state which only a deadline ends has one to come.
func (c *checker) actor(id string) {
	w := c.world
	row, _ := w.states.Swap(id)
	stage, known := statemachine.StageOf(row.State)
	u := statemachine.Describe(row, "", "")
	if !known || u.Actor == "" || u.Message == "" || !stage.Final && (u.Actor == "nobody" || u.By.IsZero()) && !endless(row) {
		fail("%s is %s: who must act, and by when? %+v", id, row.State, u)
	}
	if row.State == swap.Held && row.Reason == "" {
		fail("%s is held without a reason", id)
	}
	if row.State != swap.AwaitingDeposit && row.State != swap.DepositDetected {
		return
	}
	if _, coming := w.states.Deadline(id, swap.DeadlineConfirmBy); coming || c.deadlineUnderway(id) {
		return
	}
	fail("%s is %s, and no deadline will ever end that", id, row.State)
}

// deadlineUnderway reports that the last deadline is told and not yet applied.
func (c *checker) deadlineUnderway(id string) bool {
	for _, e := range c.world.states.Events(id) {
		if e.Fact.Deadline != nil && e.Fact.Deadline.Name == swap.DeadlineConfirmBy {
			return false
		}
	}
	return true
}

// updates are told in order, each version once, those of quiet events may be left out; a
// record that comes again is recognised by its number.
func (c *checker) updates() {
	for p := range partitions {
		records := c.world.kafka.topics[bus.TopicUpdates][p]
		for _, r := range records[c.read[p]:] {
			if r.Seq <= c.numbers[r.Key] {
				continue
			}
			version := versionOf(r.Body)
			if version <= c.versions[r.Key] || !c.quietBetween(r.Key, c.versions[r.Key], version) {
				fail("%s: update %d follows %d", r.Key, version, c.versions[r.Key])
			}
			c.versions[r.Key], c.numbers[r.Key] = version, r.Seq
		}
		c.read[p] = len(records)
	}
}

// quietBetween reports that all versions between two are of quiet events.
func (c *checker) quietBetween(id string, from, to int64) bool {
	events := c.world.states.Events(id)
	for v := from + 1; v < to; v++ {
		if !events[v-1].Quiet {
			return false
		}
	}
	return true
}

// versionOf reads an update no further than its version, its second field.
func versionOf(body []byte) (version int64) {
	_, rest, ok := bytes.Cut(body, []byte(`"version":`))
	digits, _, more := bytes.Cut(rest, []byte(","))
	version, err := strconv.ParseInt(string(digits), 10, 64)
	if must(err); !ok || !more {
		fail("an update has no version: %.200s", body)
	}
	return version
}

// ordersOnce demands that no deposit is used up by two orders and no order is given
// twice.
func (c *checker) ordersOnce() {
	rows := c.world.states.Schema().Outbox()
	for _, m := range rows[c.told:] {
		if c.deadlineTold(m); m.Topic != bus.TopicOrders {
			continue
		}
		var o swap.Order
		must(json.Unmarshal(m.Body, &o))
		if before, again := c.orders[o.ID]; again {
			c.orderedAgain(before, o)
			continue
		}
		c.young(o)
		c.orders[o.ID] = o
		for _, id := range usedBy(o) {
			if other, taken := c.used[id]; taken {
				fail("deposit %s is used up by %s and by %s", id, other, o.ID)
			}
			c.used[id] = o.ID
		}
	}
	c.told = len(rows)
}

// orderedAgain demands that an order given before is the same one, told once more after
// its payment has failed.
func (c *checker) orderedAgain(before, o swap.Order) {
	if o.Retry != before.Retry+1 {
		fail("%s is ordered twice", o.ID)
	}
	c.orders[o.ID] = o
	before.Retry, before.At = o.Retry, o.At
	if !reflect.DeepEqual(before, o) {
		fail("%s is ordered again as another one", o.ID)
	}
}

// leavesOnce compares what the chains have paid with what was ordered: no address
// of a user has received more than the sum of its orders.
func (c *checker) leavesOnce() {
	due := map[payee]asset.Units{}
	for _, o := range c.orders {
		to := payee{o.Amount.Asset, o.Destination}
		due[to] = add(due[to], o.Amount.Units)
	}
	for _, u := range c.world.users {
		for _, to := range u.payees() {
			if got := c.world.received(to.id, to.address); due[to].Less(got) {
				fail("%s: %s has received %s %s of %s", u.id(), to.address, got, to.id, due[to])
			}
		}
	}
}
