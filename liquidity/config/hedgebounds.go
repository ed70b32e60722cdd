package config

import (
	"errors"
	"fmt"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// bounded is the policy with what goes beyond the file as the file has it.
func (h Hedge) bounded() hedge.Policy {
	p := h.Policy
	p.Band, p.OrderMost, p.UnconfirmedMost = least(p.Band, h.BandMost), least(p.OrderMost, h.File.OrderMost), least(p.UnconfirmedMost, h.File.UnconfirmedMost)
	switch {
	case h.File.AtLock.IsZero():
		p.AtLock = asset.Units{} // never
	case p.AtLock.Less(h.File.AtLock) && !p.AtLock.IsZero():
		p.AtLock = h.File.AtLock
	}
	p.LockMovePPM = max(p.LockMovePPM, h.File.LockMovePPM)
	if p.UnconfirmedMost.IsZero() {
		p.Early, p.AtLock, p.EarlyMovePPM = asset.Units{}, asset.Units{}, 0
	}
	if p.AtLock.IsZero() {
		p.LockMovePPM = 0
	}
	return p
}

func least(a, b asset.Units) asset.Units {
	if b.Less(a) {
		return b
	}
	return a
}

// Beyond are the settings that go further than the deployment's file allows, by their paths:
// the file's value is taken for them.
func (h Hedging) Beyond() map[string]error {
	found := map[string]error{}
	if h.SlipBPS > h.SlipMost {
		found[settingSlip] = fmt.Errorf("%d is more than the deployment's file allows, %d basis points", h.SlipBPS, h.SlipMost)
	}
	for id, of := range h.Assets {
		told := func(u asset.Units) string { return asset.Amount{Asset: id, Units: u}.String() }
		at := func(name string) string { return path(kindHedging, string(id), name) }
		for name, x := range map[string][2]asset.Units{settingBand: {of.Band, of.BandMost}, settingOrder: {of.OrderMost, of.File.OrderMost},
			"unconfirmed_max": {of.UnconfirmedMost, of.File.UnconfirmedMost}} {
			if x[1].Less(x[0]) {
				found[at(name)] = fmt.Errorf("%s is more than the deployment's file allows, %s", told(x[0]), told(x[1]))
			}
		}
		if of.AtLock.IsZero() {
			continue
		}
		switch {
		case of.File.AtLock.IsZero():
			found[at("lock_from")] = errors.New("the deployment's file says never: a lock costs whoever takes it nothing")
		case of.AtLock.Less(of.File.AtLock):
			found[at("lock_from")] = fmt.Errorf("%s is less than the deployment's file allows, %s", told(of.AtLock), told(of.File.AtLock))
		}
		if of.LockMovePPM < of.File.LockMovePPM {
			found[at(settingLockMove)] = fmt.Errorf("%d (none is 0) is less than the deployment's file allows, %d millionths", of.LockMovePPM, of.File.LockMovePPM)
		}
	}
	return found
}
