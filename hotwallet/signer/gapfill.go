package signer

import "ferry/swap/asset"

// gapFill: nothing, from the hot sender to itself, so that a nonce that no payment will
// use holds up none behind it. A nonce that was signed for anything else it can't have:
// that is refused with the spend (see claimed).
func (s *Signer) gapFill(c *claim) error {
	if c.chain.Family() != asset.Account {
		return refuse("authority.purpose", "", "Only chains of accounts have nonces; %s has none.", c.chain)
	}
	c.asset = c.chain.NativeID()
	return s.toOurs(c, hotSender(c.chain))
}
