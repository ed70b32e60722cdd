package fakechain

import (
	"fmt"

	"ferry/swap/asset"
)

// token tells an asset of the chain: its own as "", or a token. False is neither.
func (c *Chain) token(id asset.ID) (asset.ID, bool) {
	if id == c.chain.NativeID() {
		return "", true
	}
	a, known := asset.Lookup(id)
	return id, known && a.Token && a.Chain == c.chain
}

// mustToken is for tests, which name the chain's tokens.
func (c *Chain) mustToken(id asset.ID) asset.ID {
	token, ok := c.token(id)
	if !ok || token == "" {
		panic(fmt.Sprintf("fakechain: %s is no token of %s", id, c.chain))
	}
	return token
}

// PayToken has a stranger pay an address in a token of the chain: into the mempool
// first. Several outputs are what a contract pays with one transaction. It returns the
// txid.
func (c *Chain) PayToken(id asset.ID, outputs ...Output) string {
	return c.payToken(id, false, outputs)
}

// LogToken is PayToken of a token that says so and moves nothing.
func (c *Chain) LogToken(id asset.ID, outputs ...Output) string {
	return c.payToken(id, true, outputs)
}

func (c *Chain) payToken(id asset.ID, unbacked bool, outputs []Output) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := Tx{Chain: c.chain, Token: c.mustToken(id), Unbacked: unbacked, Stranger: true, Salt: c.seed + "/" + c.next(),
		Sender: c.newAddress(), Outputs: outputs}
	t.Fee = c.feeAt(t, c.rate)
	return c.mustAccept(t)
}

// RefuseToken has the token's contract refuse every plan, as one that is paused, or no
// longer.
func (c *Chain) RefuseToken(id asset.ID, refuse bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse[c.mustToken(id)] = refuse
}

// TokenBalance is what an account holds of a token at the tip.
func (c *Chain) TokenBalance(id asset.ID, address string) asset.Units {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.tokens[holding{c.mustToken(id), address}]
}

// ReceivedToken is what the mined chain paid to an address in a token in all.
func (c *Chain) ReceivedToken(id asset.ID, address string) asset.Units {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received(c.mustToken(id), address)
}

// received sums what an address was paid, in the chain's own asset if token is "".
func (c *Chain) received(token asset.ID, address string) asset.Units {
	var sum asset.Units
	for _, b := range c.blocks {
		for _, t := range b.txs {
			for _, o := range t.Outputs {
				if o.Address == address && t.Token == token && !t.failed && !t.Unbacked {
					sum = mustAdd(sum, o.Units)
				}
			}
		}
	}
	return sum
}
