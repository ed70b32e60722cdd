package fakechain

import (
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Pay has a stranger pay an address: into the mempool first. It returns the txid.
func (c *Chain) Pay(address string, units asset.Units) string {
	return c.PayMany(Output{Address: address, Units: units})
}

// PayMany has a stranger pay several outputs with one transaction. On the account
// chain several are what a contract pays inside.
func (c *Chain) PayMany(outputs ...Output) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := Tx{Chain: c.chain, Stranger: true, Salt: c.seed + "/" + c.next(), Outputs: outputs}
	if c.chain == asset.Ethereum {
		t.Sender = c.newAddress()
	} else {
		t.Inputs = []string{coinID(hash("stranger", c.seed, c.next()), 0)}
	}
	t.Fee = c.feeAt(t, c.rate)
	return c.mustAccept(t)
}

// Replace has the stranger who made a mempool transaction replace it with one
// that pays the outputs instead. It returns the new txid.
func (c *Chain) Replace(txid string, outputs ...Output) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.mempool, func(t Tx) bool { return t.ID() == txid })
	if i < 0 || !c.mempool[i].Stranger {
		panic("fakechain: no stranger's transaction " + txid + " in the mempool")
	}
	t := c.mempool[i]
	t.Outputs, t.Salt = outputs, c.seed+"/"+c.next()
	for _, gone := range append(descendants(c.mempool[i:i+1], c.mempool), t) {
		t.Fee = mustAdd(t.Fee, gone.Fee)
	}
	return c.mustAccept(t)
}

func (c *Chain) mustAccept(t Tx) string {
	if _, err := c.accept(t); err != nil {
		panic("fakechain: " + err.Error())
	}
	c.strangers = append(c.strangers, t)
	return t.ID()
}

// Mine makes n blocks, of the mempool what is valid and what SetBlockRate and SetBlockSpace
// let in, and returns the new tip.
func (c *Chain) Mine(n int) chain.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.appendBlock(c.template())
	}
	return c.tip().Ref
}

// MineEmpty makes n blocks and leaves the mempool alone.
func (c *Chain) MineEmpty(n int) chain.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.appendBlock(nil)
	}
	return c.tip().Ref
}

// MineCoinbase makes a block whose reward goes to the address (UTXO chain) and
// returns the reward's txid.
func (c *Chain) MineCoinbase(address string, units asset.Units) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chain != asset.Bitcoin {
		panic("fakechain: only the UTXO chain has coinbase transactions")
	}
	t := Tx{
		Chain: c.chain, Coinbase: true, Stranger: true, Salt: c.seed + "/" + c.next(),
		Outputs: []Output{{Address: address, Units: units}},
	}
	c.appendBlock(append([]Tx{t}, c.template()...))
	return t.ID()
}

// Fate is what becomes of the transactions of blocks that a reorg drops.
type Fate string

// The fates.
const (
	// Return: they go back to the mempool, as with btcd's invalidateblock.
	Return Fate = "return"
	// Drop: the node forgets them, as geth's debug_setHead does, and all that
	// was in the mempool beside them.
	Drop Fate = "drop"
	// DoubleSpend: strangers spend the same inputs or nonces on themselves, in
	// the mempool; our own transactions return to it where they still can.
	DoubleSpend Fate = "double-spend"
)

// Reorg drops the last n blocks and returns the new tip, which is n lower. Mine
// then grows a branch of other hashes.
func (c *Chain) Reorg(n int, fate Fate) chain.Ref {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < 0 || n >= len(c.blocks) {
		panic(fmt.Sprintf("fakechain: can't drop %d of %d blocks", n, len(c.blocks)))
	}
	keep := len(c.blocks) - n
	dropped := c.blocks[keep:]
	c.blocks = slices.Clip(c.blocks[:keep])
	c.state = c.stateAt(c.tip().Height)
	var back []Tx
	for _, b := range dropped {
		for _, t := range b.txs {
			if t.Coinbase {
				continue
			}
			if fate == DoubleSpend && t.Stranger {
				t.Outputs = []Output{{Address: c.newAddress(), Units: asset.NewUnits(dust)}}
				t.Salt = c.seed + "/" + c.next()
				c.strangers = append(c.strangers, t.Tx)
			}
			back = append(back, t.Tx)
		}
	}
	if fate == Drop {
		back, c.mempool = nil, nil
	}
	c.mempool = append(back, c.mempool...)
	c.prune()
	return c.tip().Ref
}

func (c *Chain) stateAt(height int64) *state {
	s := newState()
	for _, b := range c.blocks[:height+1] {
		for _, t := range b.txs {
			s.apply(t, b.Height)
		}
	}
	return s
}

// Remember has strangers hand in again what nodes have forgotten of theirs: of what excludes
// one another the latest.
func (c *Chain) Remember() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range slices.Backward(c.strangers) {
		if len(c.rivals(t)) == 0 {
			_, _ = c.accept(t) // what can't be mined any more is refused
		}
	}
}

// Evict removes a transaction from the mempool, with all that depend on it, and
// reports whether it was there.
func (c *Chain) Evict(txid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.mempool)
	c.mempool = slices.DeleteFunc(c.mempool, func(t Tx) bool { return t.ID() == txid })
	c.prune()
	return len(c.mempool) < before
}

// Fail makes a transaction fail when it is mined: it costs its fee and moves
// nothing (account chain). It may be announced before the transaction exists.
func (c *Chain) Fail(txid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chain != asset.Ethereum {
		panic("fakechain: only the account chain mines failed transactions")
	}
	c.fails[txid] = true
}

// Raw are the bytes of a transaction that is mined or in the mempool, nil if it is
// neither: what its sender would hand in again.
func (c *Chain) Raw(txid string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.mempool {
		if t.ID() == txid {
			return t.encode(true)
		}
	}
	raw, err := c.raw(txid)
	if err != nil {
		return nil
	}
	return raw
}

// Unconfirmed lists the mempool's txids in the order of arrival.
func (c *Chain) Unconfirmed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for _, t := range c.mempool {
		ids = append(ids, t.ID())
	}
	return ids
}

// Confirmations is 1 for a transaction in the tip, 0 if it is not in a block.
func (c *Chain) Confirmations(txid string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	height, ok := c.state.heights[txid]
	if !ok {
		return 0
	}
	return c.tip().Height - height + 1
}

// Received is what the mined chain paid to an address in all in its own asset, spent or not: what
// an independent explorer would tell a payee.
func (c *Chain) Received(address string) asset.Units {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received("", address)
}

// Balance is what an account holds at the tip (account chain).
func (c *Chain) Balance(address string) asset.Units {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.balances[address]
}

func coinID(txid string, index int) string { return fmt.Sprintf("%s:%d", txid, index) }

// Nonce is that of an account's next transaction in a block (account chain).
func (c *Chain) Nonce(address string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.nonces[address]
}

// Unspent reports that the mined chain has a coin, given as "<txid>:<index>", and that
// nothing in it has spent that (UTXO chain).
func (c *Chain) Unspent(coin string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.state.coins[coin]
	return there
}
