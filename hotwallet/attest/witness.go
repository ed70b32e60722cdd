package attest

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// Limits of a look at a deposit.
const (
	// lookLimit is how long one may take, over all nodes asked; it is below what a
	// call between daemons may take.
	lookLimit = 12 * time.Second
	// looksMost is how many are under way at once on a chain, of either kind.
	looksMost = 4
	// tipPause is between two looks at a node's tip, and tipLimit how long one may
	// take until the node counts as silent.
	tipPause = 2 * time.Second
	tipLimit = 5 * time.Second
)

// Node is a node of the attestor's own: nobody else's word is asked for.
type Node struct {
	Reader chain.Reader
	// Identified says what software it is. Nodes of one chain are told apart by it.
	Identified chain.Identified
}

// WitnessConfig is what a Witness is made from.
type WitnessConfig struct {
	// Nodes are one for each chain or, where deposits above a limit need a second
	// opinion by other software, two.
	Nodes map[asset.Chain][]Node
	// Rules are what deposits need from the start on; see Witness.SetRules.
	Rules swap.DepositRules
	// StaleAfter is how long a node's tip may stay where it is, by chain; 0 is for ever.
	StaleAfter map[asset.Chain]time.Duration
	// Observer may be empty.
	Observer WitnessObserver
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Validate reports a setting that is missing or wrong.
func (c WitnessConfig) Validate() error {
	if err := c.covers(c.Rules); err != nil {
		return err
	}
	for name, nodes := range c.Nodes {
		if n := len(nodes); n < 1 || n > 2 {
			return fmt.Errorf("%s has %d nodes, one or two are looked at", name, n)
		}
		for _, n := range nodes {
			if n.Reader == nil || n.Identified == nil || n.Reader.Chain() != name {
				return fmt.Errorf("a node of %s has no reader of that chain, or does not say what it is", name)
			}
		}
	}
	return nil
}

// covers reports rules that are wrong, or lack a chain that there are nodes of.
func (c WitnessConfig) covers(rules swap.DepositRules) error {
	if err := rules.Validate(); err != nil {
		return err
	}
	for name := range c.Nodes {
		if rules.Confirmations[name] == 0 {
			return fmt.Errorf("deposits on %s have no least depth", name)
		}
	}
	return nil
}

// Witness looks for deposits, and for spends of ours, on nodes of the attestor's own. It remembers nothing
// that was seen: each look is a new one. It is safe for concurrent use.
type Witness struct {
	config WitnessConfig
	turns  map[asset.Chain]chan struct{}
	rules  atomic.Pointer[swap.DepositRules]

	mu    sync.Mutex
	feeds map[asset.Chain][]nodeFeed
}

// nodeFeed is what the watchdog knows of a node.
type nodeFeed struct {
	chain.Feed
	// silent is why the last look at its tip failed, "" if it did not.
	silent string
}

// NewWitness checks the configuration. It calls no node.
func NewWitness(c WitnessConfig) (*Witness, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	w := &Witness{config: c, turns: map[asset.Chain]chan struct{}{}, feeds: map[asset.Chain][]nodeFeed{}}
	w.rules.Store(&c.Rules)
	for name, nodes := range c.Nodes {
		w.turns[name] = make(chan struct{}, looksMost)
		for range nodes {
			w.feeds[name] = append(w.feeds[name], nodeFeed{Feed: chain.NewFeed(c.Now())})
		}
	}
	return w, nil
}

// SetRules has the looks that begin from now on judged by other rules. Rules that are
// wrong change nothing.
func (w *Witness) SetRules(rules swap.DepositRules) error {
	if err := w.config.covers(rules); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	w.rules.Store(&rules)
	return nil
}

// Outcome is how a look ended.
type Outcome string

// The outcomes. All but Attested are refusals.
const (
	Attested Outcome = "attested"
	// NoNode: a node did not answer, or there is none.
	NoNode Outcome = "no_node"
	// Unreadable: a node answers, and this one block can't be had from it.
	Unreadable Outcome = "unreadable"
	// OtherBlock: the block is not in the chain that the node has (a false chain, of
	// either side, or a reorganisation that one of them has not seen yet).
	OtherBlock Outcome = "other_block"
	// Shallow: the node has not enough blocks on it, or does not know it yet.
	Shallow Outcome = "shallow"
	// NotFinal: it is not safe, or not finalized, and its amount needs that.
	NotFinal Outcome = "not_final"
	// Missing: no such coin came to the address in that block.
	Missing Outcome = "missing"
	// OtherAmount: it did, of another amount or asset.
	OtherAmount Outcome = "other_amount"
	// OneSoftware: nodes of two kinds of software are needed, and there are not.
	OneSoftware Outcome = "one_software"
	// NotSpent: nothing in that block spends the coin or nonce.
	NotSpent Outcome = "not_spent"
	// OtherSpender: another transaction does than the one that was told.
	OtherSpender Outcome = "other_spender"
)

// The fields that refusals of a look name, one for each outcome.
var outcomeField = map[Outcome]string{NoNode: "node", Unreadable: "block", OtherBlock: "block_hash", Shallow: "depth", NotFinal: "finality",
	Missing: "deposit_id", OtherAmount: "units", OneSoftware: "second_software", NotSpent: "spent", OtherSpender: "spender"}

// unlike is a look that ended in a refusal.
type unlike struct {
	outcome Outcome
	limit   string
	message string
}

func (u *unlike) Error() string { return u.message }

// refusal is what a caller hears. That a node does not answer passes.
func (u *unlike) refusal() *swap.Error {
	code := swap.CodeRefused
	if u.outcome == NoNode {
		code = swap.CodeUnavailable
	}
	return swap.Refuse(code, outcomeField[u.outcome], u.limit, u.message)
}

func differs(o Outcome, limit, format string, args ...any) error {
	return &unlike{outcome: o, limit: limit, message: fmt.Sprintf(format, args...)}
}

// OutcomeOf is how a look that ended with err ended.
func OutcomeOf(err error) Outcome {
	var u *unlike
	switch {
	case err == nil:
		return Attested
	case errors.As(err, &u):
		return u.outcome
	}
	return NoNode
}
