package fakechain

import (
	"cmp"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// SetBlockRate is the least that miners take, per vbyte in sat or per gas in gwei: what
// offers less, together with what it depends on, stays in the mempool. 0 takes all.
func (c *Chain) SetBlockRate(rate uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blockRate = rate
}

// SetBlockSpace is the most transactions of a block besides its reward, the highest rates
// first; 0 is no limit.
func (c *Chain) SetBlockSpace(transactions int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blockSpace = transactions
}

// template is what miners put into the next block, in an order that is valid.
func (c *Chain) template() []Tx {
	if c.blockRate == 0 && c.blockSpace == 0 {
		_, taken := c.follow(c.mempool)
		return taken
	}
	s, height := c.state.clone(), c.tip().Height+1
	var taken []Tx
	for left := slices.Clone(c.mempool); ; {
		best := c.bestPackage(s, height, left, len(taken))
		if best == nil {
			return taken
		}
		for _, t := range best {
			s.apply(minedTx{Tx: t, id: t.ID(), failed: c.fails[t.ID()], fee: c.cost(t)}, height)
		}
		taken, left = append(taken, best...), without(left, best)
	}
}

// bestPackage is a transaction with all it depends on, of the highest rate together.
func (c *Chain) bestPackage(s *state, height int64, left []Tx, taken int) (best []Tx) {
	var highest chain.Rate
	for _, t := range left {
		p := append(ancestors(t, left), t)
		rate := packageRate(p)
		fits := c.blockSpace == 0 || taken+len(p) <= c.blockSpace
		if !fits || rate < c.scale(c.blockRate) || best != nil && rate <= highest || !follows(s, height, p) {
			continue
		}
		best, highest = p, rate
	}
	return best
}

// follows reports whether the transactions can follow a state, one after the other.
func follows(s *state, height int64, p []Tx) bool {
	if len(p) == 1 {
		return s.check(p[0], height) == valid
	}
	s = s.clone()
	for _, t := range p {
		if s.check(t, height) != valid {
			return false
		}
		s.apply(minedTx{Tx: t, id: t.ID(), fee: t.Fee}, height)
	}
	return true
}

func packageRate(p []Tx) chain.Rate {
	var fee asset.Units
	var size uint64
	for _, t := range p {
		fee, size = mustAdd(fee, t.Fee), size+t.size()
	}
	return rateOf(p[0].Chain, fee, size)
}

// ancestors are those of pool that t spends outputs of, and theirs, the oldest first.
func ancestors(t Tx, pool []Tx) []Tx {
	var found []Tx
	for _, m := range pool {
		if !slices.ContainsFunc(t.Inputs, func(in string) bool { return spends(in, m.ID()) }) {
			continue
		}
		for _, older := range append(ancestors(m, pool), m) {
			if !slices.ContainsFunc(found, func(f Tx) bool { return f.ID() == older.ID() }) {
				found = append(found, older)
			}
		}
	}
	return found
}

// descendants are those of pool that spend outputs of txs, and theirs.
func descendants(txs, pool []Tx) []Tx {
	var found []Tx
	for grown := true; grown; {
		grown = false
		for _, m := range pool {
			known := func(f Tx) bool { return f.ID() == m.ID() }
			if slices.ContainsFunc(found, known) || slices.ContainsFunc(txs, known) {
				continue
			}
			if slices.ContainsFunc(slices.Concat(txs, found), func(p Tx) bool {
				return slices.ContainsFunc(m.Inputs, func(in string) bool { return spends(in, p.ID()) })
			}) {
				found, grown = append(found, m), true
			}
		}
	}
	return found
}

// spends reports whether a coin is an output of a transaction.
func spends(coin, txid string) bool {
	return len(coin) > len(txid) && coin[:len(txid)] == txid && coin[len(txid)] == ':'
}

// Purge has the node's mempool run full: what offers less than the rate leaves it, also
// together with what depends on it, and the dependants leave too. From then on the node
// relays nothing below it. It returns the txids that left.
func (c *Chain) Purge(rate uint64) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.minRate = max(c.minRate, rate)
	before := slices.Clone(c.mempool)
	slices.SortStableFunc(before, func(a, b Tx) int { return cmp.Compare(a.rate(), b.rate()) })
	for _, t := range before {
		after := descendants([]Tx{t}, c.mempool)
		if t.rate() < c.scale(rate) && packageRate(append([]Tx{t}, after...)) < c.scale(rate) {
			c.mempool = without(c.mempool, append(after, t))
		}
	}
	c.prune()
	var left []string
	for _, t := range before {
		if !slices.ContainsFunc(c.mempool, func(m Tx) bool { return m.ID() == t.ID() }) {
			left = append(left, t.ID())
		}
	}
	return left
}
