package fakechain

import (
	"errors"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// accept takes a transaction into the mempool by the rules of a node.
func (c *Chain) accept(t Tx) (chain.Acceptance, error) {
	id := t.ID()
	if c.state.mined(id) || slices.ContainsFunc(c.mempool, func(m Tx) bool { return m.ID() == id }) {
		return chain.Accepted, nil
	}
	if t.Chain != c.chain || t.Coinbase {
		return chain.Rejected, errors.New(string(badShape))
	}
	if least := c.feeAt(t, c.minRate); t.Fee.Less(least) {
		return chain.Rejected, fmt.Errorf("fee %s is below the relay minimum %s", t.Fee, least)
	}
	rivals := c.rivals(t)
	if err := c.outbids(t, rivals); err != nil {
		return chain.Conflicting, err
	}
	rest := without(c.mempool, append(descendants(rivals, c.mempool), rivals...))
	after, _ := c.follow(rest)
	switch v := after.check(t, c.tip().Height+1); v {
	case valid, waiting:
	case spent, missing:
		return chain.Conflicting, errors.New(string(v))
	default:
		return chain.Rejected, errors.New(string(v))
	}
	if n := longestChain(t, rest); n > chainMost {
		return chain.Rejected, fmt.Errorf("%d unconfirmed transactions in a row, at most %d are relayed", n, chainMost)
	}
	c.mempool = append(rest, t)
	c.prune()
	return chain.Accepted, nil
}

const (
	// chainMost is Bitcoin Core's DEFAULT_ANCESTOR_LIMIT and DEFAULT_DESCENDANT_LIMIT.
	chainMost = 25
	// incrementalRate is what a replacement pays for its own size (BIP125, rule 4).
	incrementalRate chain.Rate = 1000
)

// longestChain counts t with all it depends on, or one of these with all that depend on it.
func longestChain(t Tx, pool []Tx) int {
	before := ancestors(t, pool)
	most := len(before) + 1
	for _, a := range before {
		most = max(most, len(descendants([]Tx{a}, pool))+2)
	}
	return most
}

// outbids are the rules of replacement: BIP125's on the UTXO chain, where nodes take
// replacements at all, and geth's tenth more on the account chain.
func (c *Chain) outbids(t Tx, rivals []Tx) error {
	if len(rivals) == 0 {
		return nil
	}
	if c.firstSeen {
		return fmt.Errorf("%s is in the mempool", rivals[0].ID())
	}
	var replaced asset.Units
	for _, r := range rivals {
		if t.rate() <= r.rate() || c.chain == asset.Ethereum && t.rate() < r.rate()+r.rate()/10 {
			return fmt.Errorf("%s is in the mempool with fee %s, a replacement's %s is not enough", r.ID(), r.Fee, t.Fee)
		}
	}
	if c.chain == asset.Ethereum {
		return nil
	}
	for _, gone := range append(descendants(rivals, c.mempool), rivals...) {
		replaced = mustAdd(replaced, gone.Fee)
	}
	if least := mustAdd(replaced, t.feeFor(incrementalRate)); t.Fee.Less(least) {
		return fmt.Errorf("replacing %d transactions takes %s, not %s", len(rivals), least, t.Fee)
	}
	for _, parent := range ancestors(t, c.mempool) {
		if !slices.ContainsFunc(rivals, func(r Tx) bool {
			return slices.ContainsFunc(ancestors(r, c.mempool), func(a Tx) bool { return a.ID() == parent.ID() })
		}) {
			return fmt.Errorf("a replacement with a new unconfirmed input, of %s", parent.ID())
		}
	}
	return nil
}

// rivals are the mempool's transactions that can't be mined together with t.
func (c *Chain) rivals(t Tx) []Tx {
	var found []Tx
	for _, m := range c.mempool {
		if conflict(m, t) {
			found = append(found, m)
		}
	}
	return found
}

func conflict(a, b Tx) bool {
	if a.Sender != "" {
		return a.Sender == b.Sender && a.Nonce == b.Nonce
	}
	return slices.ContainsFunc(a.Inputs, func(in string) bool { return slices.Contains(b.Inputs, in) })
}

func without(txs, remove []Tx) []Tx {
	return slices.DeleteFunc(slices.Clone(txs), func(t Tx) bool {
		return slices.ContainsFunc(remove, func(r Tx) bool { return r.ID() == t.ID() })
	})
}

// follow applies the transactions that can be mined on the tip, in an order that
// allows it, and returns the state after them.
func (c *Chain) follow(txs []Tx) (*state, []Tx) {
	s, height := c.state.clone(), c.tip().Height+1
	var taken []Tx
	for left := slices.Clone(txs); ; {
		before := len(left)
		left = slices.DeleteFunc(left, func(t Tx) bool {
			if s.check(t, height) != valid {
				return false
			}
			s.apply(minedTx{Tx: t, id: t.ID(), failed: c.fails[t.ID()], fee: c.cost(t)}, height)
			taken = append(taken, t)
			return true
		})
		if len(left) == before {
			return s, taken
		}
	}
}

// prune drops what the mempool can never mine, such as the descendants of a
// transaction that left. Transactions that wait for a nonce stay.
func (c *Chain) prune() {
	s, taken := c.follow(c.mempool)
	kept := map[string]bool{}
	for _, t := range taken {
		kept[t.ID()] = true
	}
	c.mempool = slices.DeleteFunc(c.mempool, func(t Tx) bool {
		return !kept[t.ID()] && s.check(t, c.tip().Height+1) != waiting
	})
}
