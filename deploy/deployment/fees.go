package deployment

import (
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// Fees is how a chain's payments are priced; what is 0 is the default of the chain's
// family. Rates are in base units per 1000 vbytes (bytes, where there are no witnesses),
// on Ethereum in wei per gas, base fee and tip together.
type Fees struct {
	// TargetBlocks is within how many blocks payments should be mined: 3. RecentBlocks is
	// how many of the newest blocks are looked at for what they were paid: 6.
	TargetBlocks int `json:"target_blocks,omitempty"`
	RecentBlocks int `json:"recent_blocks,omitempty"`
	// Fallback is offered where no source has answered within AgeSeconds: 5000, or 30 gwei;
	// 600 s. Ceiling is the most that is ever offered: 200000, or 500 gwei.
	Fallback   uint64 `json:"fallback,omitempty"`
	Ceiling    uint64 `json:"ceiling,omitempty"`
	AgeSeconds int64  `json:"age_seconds,omitempty"`
	// Factor is by how much sources may differ before that is an alarm, and the most by
	// which one can move the offer above the others: 3.
	Factor uint64 `json:"factor,omitempty"`
}

const gwei = 1_000_000_000

// Fees of a chain, with its defaults.
func (d Deployment) Fees(name asset.Chain) Fees { return d.Chains[name].Fees.withDefaults(name) }

func (f Fees) withDefaults(name asset.Chain) Fees {
	usual := Fees{TargetBlocks: 3, RecentBlocks: 6, Fallback: 5000, Ceiling: 200_000, AgeSeconds: 600, Factor: 3}
	if name.Family() == asset.Account {
		usual.Fallback, usual.Ceiling = 30*gwei, 500*gwei
	}
	f.TargetBlocks, f.RecentBlocks = either(f.TargetBlocks, usual.TargetBlocks), either(f.RecentBlocks, usual.RecentBlocks)
	f.Fallback, f.Ceiling = either(f.Fallback, usual.Fallback), either(f.Ceiling, usual.Ceiling)
	f.AgeSeconds, f.Factor = either(f.AgeSeconds, usual.AgeSeconds), either(f.Factor, usual.Factor)
	return f
}

func either[T comparable](set, usual T) T {
	var none T
	if set == none {
		return usual
	}
	return set
}

// Age is how long a source's answer counts.
func (f Fees) Age() time.Duration { return time.Duration(f.AgeSeconds) * time.Second }

// feesMost bounds a rate: a thousand times what was ever paid, and far from overflow.
const feesMost = 1_000_000 * gwei

func (f Fees) validate(name asset.Chain) error {
	f = f.withDefaults(name)
	switch {
	case f.TargetBlocks < 1 || f.TargetBlocks > 1008 || f.RecentBlocks < 1 || f.RecentBlocks > 144:
		return errors.New("fees: target_blocks must be within 1 to 1008, recent_blocks within 1 to 144")
	case f.Ceiling < f.Fallback || f.Ceiling > feesMost:
		return fmt.Errorf("fees: ceiling %d must be at least the fallback %d and at most %d", f.Ceiling, f.Fallback, uint64(feesMost))
	case f.AgeSeconds < 30 || f.AgeSeconds > 86_400 || f.Factor < 2 || f.Factor > 100:
		return errors.New("fees: age_seconds must be within 30 to 86400, factor within 2 to 100")
	}
	return nil
}
