package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ferry/swap/asset"
)

// orderShare is the part of the file's order_max that a version leaves of it at least: below
// that a position is as good as not hedged.
const orderShare = 100

// written reports what is wrong with changes that somebody makes now.
func (h Hedging) written(changes []Change) []error {
	if len(h.Assets) == 0 {
		return nil
	}
	changed, beyond := map[string]bool{}, h.Beyond()
	var errs []error
	for _, c := range changes {
		rest, ok := strings.CutPrefix(c.Path, kindHedging+".")
		if !ok || c.To == nil {
			continue
		}
		changed[c.Path] = true
		if err := beyond[c.Path]; err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Path, err))
		}
		of, _, found := strings.Cut(rest, ".")
		if _, ok := h.Assets[asset.ID(of)]; found && !ok {
			errs = append(errs, fmt.Errorf("%s: %s is not hedged by this deployment", c.Path, of))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.Assets)) {
		errs = append(errs, h.Assets[id].written(changed)...)
		if err := h.Assets[id].orderShort(); err != nil && changed[path(kindHedging, string(id), settingOrder)] {
			errs = append(errs, err)
		}
	}
	return errs
}

// orderShort reports orders that are too small to bring anything back.
func (h Hedge) orderShort() error {
	floor, err := h.File.OrderMost.Scale(asset.NewUnits(1), asset.NewUnits(orderShare), asset.Up)
	if err != nil || !h.OrderMost.Less(floor) {
		return err
	}
	told := func(u asset.Units) string { return asset.Amount{Asset: h.Asset, Units: u}.String() }
	return fmt.Errorf("%s: %s would hedge next to nothing: give at least %s, a hundredth of the deployment's file's %s",
		path(kindHedging, string(h.Asset), settingOrder), told(h.OrderMost), told(floor), told(h.File.OrderMost))
}

// written reports thresholds that contradict one another.
func (h Hedge) written(changed map[string]bool) []error {
	mine := slices.ContainsFunc(hedgeSettings, func(x setting[Hedge]) bool { return changed[path(kindHedging, string(h.Asset), x.name)] })
	p, lockMove := h.Policy, path(kindHedging, string(h.Asset), settingLockMove)
	switch early := !p.Early.IsZero() || !p.AtLock.IsZero() || p.EarlyMovePPM > 0; {
	case !mine:
		return nil
	case early && p.UnconfirmedMost.IsZero():
		return []error{fmt.Errorf("hedging.%s: nothing is hedged before it is confirmed with unconfirmed_max at 0: set early_from, early_move_ppm and lock_from to none, or unconfirmed_max above 0", h.Asset)}
	case changed[lockMove] && p.LockMovePPM > 0 && p.AtLock.IsZero():
		return []error{fmt.Errorf("%s: locks never count: set hedging.%s.lock_from, too", lockMove, h.Asset)}
	}
	return nil
}

// Unheard reports settings of hedging that a document sets anew although none of the daemons,
// by their settings, hedges: nobody could check them, or obey.
func Unheard(newest, next Document, daemons []Document) error {
	if slices.ContainsFunc(daemons, func(d Document) bool { return d[settingSlip] != "" }) {
		return nil
	}
	for _, c := range Diff(newest, next) {
		if c.To != nil && strings.HasPrefix(c.Path, kindHedging+".") {
			return fmt.Errorf("%s: no liquidityd hedges, which FERRY_HEDGE turns on", c.Path)
		}
	}
	return nil
}
