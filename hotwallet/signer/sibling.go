package signer

import (
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// siblingCoin is a deposit that came on another chain than the swap's, to the form that
// the swap's address has there. It is the one coin that a key of one chain ever spends
// on another: in the refund of that very deposit, by the key at the receipt's path.
type siblingCoin struct {
	// home is the chain of the key, path its path there.
	home asset.Chain
	path string
	// id is the deposit's.
	id string
}

// position is the key's, if this is the coin and the path is the receipt's own; false if
// either is another.
func (c *siblingCoin) position(n asset.Networks, on asset.Chain, coin wire.OutPoint, path string) (position, bool) {
	if c == nil || path != c.path || c.id != fmt.Sprintf("%s:%s:%d", on, coin.Hash, coin.Index) {
		return position{}, false
	}
	at, err := parsePath(n, c.home, path)
	return at, err == nil && at.role == keys.Deposit && at.branch == keys.External
}

// inputKey finds where the key of an input is: among the chain's own accounts, or the one of
// another's that the claim permits.
func (s *Signer) inputKey(c claim, outpoint wire.OutPoint, path, field string) (position, error) {
	if at, sibling := c.sibling.position(s.ring.networks, c.chain, outpoint, path); sibling {
		return at, nil
	}
	at, err := parsePath(s.ring.networks, c.chain, path)
	if err != nil || !at.spendable() {
		return at, refuse(field, "", "The path is not one whose coins may be spent.")
	}
	return at, nil
}
