package signer

import (
	"ferry/swap"
	"ferry/swap/asset"
)

// ancestors are unconfirmed transactions of ours, the change of one of which a sweep spends to
// have it mined, and the children before this one: a package of all pays the rate that counts.
type ancestors struct {
	size uint64
	fee  asset.Units
}

// checkCaps holds a payment against the limits that its purpose has. size is the
// transaction's in the unit of the fee rate: virtual bytes, or gas.
func (c Caps) checkCaps(p payment, size uint64, behind ancestors) error {
	first := p.parts[0]
	amount, err := p.total()
	if err != nil {
		return err
	}
	// What a sweep moves stays ours, and the others have caps of their own on the amount.
	if !first.purpose.House() {
		if err := c.checkAmount(first.asset, amount); err != nil {
			return err
		}
	}
	if err := c.checkFee(first.asset, p.fee, size, behind); err != nil {
		return err
	}
	// The fee of a top-up is about what it brings, and a gap-fill brings nothing.
	if first.purpose == swap.PurposeGasTopUp || first.purpose == swap.PurposeGapFill {
		return nil
	}
	if first.purpose != swap.PurposeSweep && !c[first.asset].FeeAnyShare.Less(p.fee) {
		return nil
	}
	return c.checkShare(first.asset, amount, p.fee)
}
