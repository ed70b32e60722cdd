package signer

import (
	"ferry/hotwallet/keys"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// gasTopUp: the native asset from the hot sender to a deposit address, so that what a
// token's sweep burns is there. The address is derived here; the amount is capped by a
// limit of its own, without which none is signed.
func (s *Signer) gasTopUp(c *claim, a *ferryv1.Authority) error {
	if c.chain.Family() != asset.Account {
		return refuse("authority.purpose", "", "Only addresses on chains of accounts need gas; %s has none.", c.chain)
	}
	c.asset = c.chain.NativeID()
	most := s.caps[c.asset].GasTopUp
	if most.IsZero() {
		return refuse("authority.purpose", "0", "The signer has no limit for gas top-ups in %s, so it signs none.", c.asset)
	}
	at, err := parsePath(s.ring.networks, c.chain, a.GetDepositPath())
	if err != nil || at.role != keys.Deposit || at.branch != keys.External {
		return refuse(fieldDepositPath, "", "The path is not that of a deposit address.")
	}
	c.least, c.most = asset.NewUnits(1), most
	return s.toOurs(c, at)
}
