package signer

import (
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// everything is the largest amount there is.
var everything = asset.MustUnits("115792089237316195423570985008687907853269984665640564039457584007913129639935") // 2^256-1

// sweep: what is ours stays ours. On a chain of accounts one asset goes from a deposit
// address to the hot sender; on a chain of coins every output is a change address.
// Nothing bounds the amount, since none of it leaves; the fee has its caps.
//
// A native sweep moves all but the fee, so a replacement at another fee moves another
// amount; a token's is fixed by the first.
func (s *Signer) sweep(c *claim, a *ferryv1.Authority) error {
	native := c.chain.NativeID()
	c.asset = asset.ID(a.GetAsset())
	moved, known := asset.Lookup(c.asset)
	_, pinned := s.ring.networks.Contract(c.asset)
	if !known || moved.Chain != c.chain || c.asset != native && !pinned {
		return refuse(fieldAsset, string(native), "Asset %.20q is none that a sweep can move on %s.", a.GetAsset(), c.chain)
	}
	c.least, c.most, c.amountFree = asset.NewUnits(1), everything, c.asset == native
	if c.chain.Family() == asset.UTXO {
		c.toChange = true
		return nil
	}
	return s.toOurs(c, hotSender(c.chain))
}

// sends reports whether a transaction from a position is the claim's: a sweep comes from a
// deposit address, everything else from the hot sender.
func (c claim) sends(at position) bool {
	if c.purpose == swap.PurposeSweep {
		return at.chain == c.chain && at.role == keys.Deposit && at.branch == keys.External
	}
	return at == hotSender(c.chain)
}
