package fakechain

import (
	"errors"
	"fmt"
	"math/big"
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
	for _, r := range rivals {
		if !outbids(t, r) {
			return chain.Conflicting, fmt.Errorf("%s is in the mempool with fee %s", r.ID(), r.Fee)
		}
	}
	rest := without(c.mempool, rivals)
	after, _ := c.follow(rest)
	switch v := after.check(t, c.tip().Height+1); v {
	case valid, waiting:
	case spent, missing:
		return chain.Conflicting, errors.New(string(v))
	default:
		return chain.Rejected, errors.New(string(v))
	}
	c.mempool = append(rest, t)
	c.prune()
	return chain.Accepted, nil
}

// outbids is the rule of replacement: a tenth more than the rival, as geth asks;
// BIP125 comes to nearly the same.
func outbids(t, rival Tx) bool {
	least, err := rival.Fee.MulDiv(big.NewInt(11), big.NewInt(10), asset.Up)
	return err == nil && rival.Fee.Less(t.Fee) && !t.Fee.Less(least)
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
