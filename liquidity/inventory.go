package liquidity

import (
	"context"
	"math/big"
	"sync"

	"ferry/swap"
	"ferry/swap/asset"
)

// Hedges tells what of an asset is held at venues beyond what the hot wallet shows, in
// base units: negative where more was sold than is there.
type Hedges func(asset.ID) *big.Int

// inventory is what is held and promised of each asset, as it was read last. Prices and
// rates follow from the same reading, so that what is shown is what is locked. Its zero
// value wants nothing and knows nothing.
type inventory struct {
	store  Store
	funds  *Funds
	hedges Hedges
	// targets are those of the configuration.
	targets map[asset.ID]Target

	mu   sync.RWMutex
	held map[asset.ID]holding
	// exposure is what deposits that are not confirmed were promised.
	exposure Exposure
}

type holding struct {
	reserved asset.Units
	position *big.Int
}

// read reads what is promised of the assets. After an error the last reading stands.
func (i *inventory) read(ctx context.Context, assets []asset.ID) error {
	for _, id := range assets {
		b, _ := i.funds.balance(id)
		reserved, err := i.store.Reserved(ctx, id, b.At)
		if err != nil {
			return err
		}
		// position = hot balance − promised + hedges
		position := new(big.Int).Sub(b.Available.Big(), reserved.Big())
		if i.hedges != nil {
			position.Add(position, i.hedges(id))
		}
		i.mu.Lock()
		if i.held == nil {
			i.held = map[asset.ID]holding{}
		}
		i.held[id] = holding{reserved, position}
		i.mu.Unlock()
	}
	exposure, err := i.store.Exposure(ctx)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.exposure = exposure
	return nil
}

// measure is what a lock of a pair would be measured against by the last reading, but for
// its client.
func (i *inventory) measure(p asset.Pair) Measure {
	i.mu.RLock()
	defer i.mu.RUnlock()
	m := Measure{Reserved: i.held[p.To].reserved, Unconfirmed: i.exposure.Unconfirmed[p.To], Risk: i.exposure.Risk[p]}
	if m.Risk == nil {
		m.Risk = new(big.Int)
	}
	return m
}

func (i *inventory) of(id asset.ID) (holding, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	h, ok := i.held[id]
	return h, ok
}

// skew is what the inventory adds to a pair's margin, or takes off it. An asset whose
// position is not known counts as if it stood at the worse end.
func (i *inventory) skew(p asset.Pair, mostPPM int64) int64 {
	away := func(id asset.ID, unknown int64) int64 {
		t, wanted := i.targets[id]
		h, known := i.of(id)
		switch {
		case !wanted:
			return 0
		case !known:
			return unknown
		}
		return t.away(h.position)
	}
	return skew(away(p.From, ppmWhole), away(p.To, -ppmWhole), mostPPM)
}

// room is how much more of an asset may be taken in; false where there is no limit. It
// refuses with insufficient_liquidity where that is less than least.
func (i *inventory) room(id asset.ID, least asset.Units) (asset.Units, bool, error) {
	t := i.targets[id]
	if t.Most.IsZero() {
		return asset.Units{}, false, nil
	}
	h, known := i.of(id)
	if known {
		if left, err := asset.UnitsFromBig(new(big.Int).Sub(t.Most.Big(), h.position)); err == nil && !left.Less(least) {
			return left, true, nil
		}
	}
	return asset.Units{}, true, swap.Refuse(swap.CodeInsufficientLiquidity, "", "", "Ferry holds all the "+string(id)+" that it may for now.")
}
