package fakechain

import (
	"errors"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// errAway is what calls answer while the node is away.
var errAway = errors.New("fakechain: the node is away")

// Fault is what goes wrong with one Broadcast.
type Fault string

// The faults.
const (
	// AnswerLost: the transaction arrives and is judged, the answer does not.
	AnswerLost Fault = "answer-lost"
	// CallLost: the transaction never arrives. The caller can't tell it from
	// AnswerLost.
	CallLost Fault = "call-lost"
	// Refused: the node rejects the bytes.
	Refused Fault = "refused"
)

type faults struct {
	away      bool
	awayCalls int
	broadcast []Fault
	before    func(call string)
	heldLess  asset.Units
	heldMore  asset.Units
	calls     []string
	// stalled holds final back, noFinal has the node tell none.
	stalled, noFinal bool
	final            chain.Final
}

// FailBroadcasts has the next broadcasts fail, one fault each.
func (c *Chain) FailBroadcasts(f ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.broadcast = append(c.faults.broadcast, f...)
}

// SetAway makes every call fail until it is set back. A Broadcast answers Unknown.
func (c *Chain) SetAway(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.away = away
}

// FailCalls makes the next n calls fail.
func (c *Chain) FailCalls(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.awayCalls = n
}

// Before runs f at the start of each call of the adapter, with the name of the
// method. f may script the chain, though not call the adapter: that is how a test
// puts a reorg between two calls. Nil ends it.
func (c *Chain) Before(f func(call string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.before = f
}

// UnderstateHeld makes Held answer that much less than is there (never below 0),
// as if coins had been taken behind our back.
func (c *Chain) UnderstateHeld(units asset.Units) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.heldLess = units
}

// OverstateHeld makes Held answer that much more than the blocks show, as after a
// contract's internal transfer to an address of ours that the node does not show.
func (c *Chain) OverstateHeld(units asset.Units) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.heldMore = units
}

// Forbid makes CheckDestination refuse an address, as a token contract.
func (c *Chain) Forbid(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forbid[address] = true
}

// SetFeeRate is what Plan pays from now on, per vbyte in sat or per gas in gwei.
func (c *Chain) SetFeeRate(rate uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate = rate
}

// SetMinRate is the relay minimum; Broadcast rejects what pays less.
func (c *Chain) SetMinRate(rate uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.minRate = rate
}

// Broadcasts lists the txids that were handed in and arrived, in order.
func (c *Chain) Broadcasts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults.calls)
}

// enter starts a call: it runs the hook, and fails while the node is away.
// The caller holds no lock before and the lock after, also with an error.
func (c *Chain) enter(call string) error {
	c.mu.Lock()
	if hook := c.faults.before; hook != nil {
		c.mu.Unlock()
		hook(call)
		c.mu.Lock()
	}
	if c.faults.awayCalls > 0 {
		c.faults.awayCalls--
		return errAway
	}
	if c.faults.away {
		return errAway
	}
	return nil
}

// broadcast is Broadcast with the lock held.
func (c *Chain) broadcast(raw []byte) (chain.Acceptance, error) {
	var fault Fault
	if len(c.faults.broadcast) > 0 {
		fault, c.faults.broadcast = c.faults.broadcast[0], c.faults.broadcast[1:]
	}
	switch fault {
	case CallLost:
		return chain.Unknown, errors.New("fakechain: the call was cut off")
	case Refused:
		return chain.Rejected, errors.New("fakechain: refused by policy")
	case AnswerLost: // it arrives: see below
	}
	t, signed, err := Decode(raw)
	if err != nil {
		return chain.Rejected, err
	}
	if !signed {
		return chain.Rejected, errors.New("fakechain: it is not signed")
	}
	c.faults.calls = append(c.faults.calls, t.ID())
	acceptance, err := c.accept(t)
	if fault == AnswerLost {
		return chain.Unknown, errors.New("fakechain: the call was cut off")
	}
	return acceptance, err
}

// ClearFaults ends what FailBroadcasts, SetAway and FailCalls have begun.
func (c *Chain) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.broadcast, c.faults.away, c.faults.awayCalls = nil, false, 0
}
