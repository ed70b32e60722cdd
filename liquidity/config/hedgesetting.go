package config

import (
	"errors"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// Paths' ends of hedging; settingBandMost is no version's to change.
const (
	settingBand     = "band"
	settingBandMost = "band_max"
	settingOrder    = "order_max"
	settingLockMove = "lock_move_ppm"
	settingSlip     = kindHedging + ".slip_bps"
)

// slip is how far from the fair price an order may be.
var slip = whole(settingSlip, func(h *Hedging) *int64 { return &h.SlipBPS }, 1, hedge.SlipMost)

// hedgeSettings are those of one asset that is hedged, as hedge.Policy has them; amounts are
// in coins of it.
var hedgeSettings = []setting[Hedge]{
	coins(settingBand, func(h *Hedge) *asset.Units { return &h.Band }),
	// How wide the band may be made. It is the deployment's, see State.With.
	coins(settingBandMost, func(h *Hedge) *asset.Units { return &h.BandMost }),
	positive(coins(settingOrder, func(h *Hedge) *asset.Units { return &h.OrderMost }), func(h *Hedge) *asset.Units { return &h.OrderMost }),
	never(coins("early_from", func(h *Hedge) *asset.Units { return &h.Early }), func(h *Hedge) *asset.Units { return &h.Early }),
	bound("early_move_ppm", func(h *Hedge) *int64 { return &h.EarlyMovePPM }, hedge.MovePPMMost),
	never(coins("lock_from", func(h *Hedge) *asset.Units { return &h.AtLock }), func(h *Hedge) *asset.Units { return &h.AtLock }),
	bound(settingLockMove, func(h *Hedge) *int64 { return &h.LockMovePPM }, hedge.MovePPMMost),
	coins("unconfirmed_max", func(h *Hedge) *asset.Units { return &h.UnconfirmedMost }),
}

// coins is an amount of the asset that is hedged.
func coins(name string, at func(*Hedge) *asset.Units) setting[Hedge] {
	return setting[Hedge]{name,
		func(h Hedge) string { return asset.Amount{Asset: h.Asset, Units: *at(&h)}.Decimal() },
		func(h *Hedge, text string) error {
			amount, err := asset.ParseDecimal(h.Asset, text)
			if err != nil {
				return err
			}
			*at(h) = amount.Units
			return nil
		}}
}

// never is an amount from which on something counts, or none, which is 0: then it never does.
func never(amount setting[Hedge], at func(*Hedge) *asset.Units) setting[Hedge] {
	return setting[Hedge]{amount.name,
		func(h Hedge) string {
			if at(&h).IsZero() {
				return none
			}
			return amount.read(h)
		},
		func(h *Hedge, text string) error {
			if text == none {
				*at(h) = asset.Units{}
				return nil
			}
			return amount.write(h, text)
		}}
}

// positive is an amount that is not 0.
func positive(amount setting[Hedge], at func(*Hedge) *asset.Units) setting[Hedge] {
	return setting[Hedge]{amount.name, amount.read, func(h *Hedge, text string) error {
		if err := amount.write(h, text); err != nil {
			return err
		}
		if at(h).IsZero() {
			return errors.New("0 would hedge nothing: give an amount above it")
		}
		return nil
	}}
}
