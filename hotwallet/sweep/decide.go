package sweep

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Held is what one deposit address holds of one asset and no reorganisation takes back.
type Held struct {
	Address string
	Asset   asset.ID
	Units   asset.Units
	// Since is when the oldest of it came.
	Since time.Time
}

// Account is a deposit address that holds something and could be swept now: nothing it
// sends or is sent by us is under way.
type Account struct {
	Address string
	// Nonce is what its next transaction has.
	Nonce uint64
	// Gas is what it holds of the chain's own asset, buried as well.
	Gas asset.Units
	// ToppedUp is what it got by top-ups in the last 24 hours.
	ToppedUp asset.Units
}

// State is what Decide looks at, of a chain of accounts. Costs are at today's fees.
type State struct {
	Native   asset.ID
	Held     []Held
	Accounts map[string]Account
	// Cost is what a sweep of each asset costs at most, in the chain's own asset, Exact
	// what a certain address's does where it was asked for. An asset that is missing is
	// not swept now.
	Cost  map[asset.ID]asset.Units
	Exact map[Spend]asset.Units
	// FeeMax is the most that a transaction of the sender's may cost: nothing after its
	// nonce is mined before it, so that a top-up must be able to outbid what comes.
	FeeMax asset.Units
	// FeesUsual: fees are at or below what is usual.
	FeesUsual bool
	// Sender holds so much of the chain's own asset, and SenderFree of it can be spent.
	Sender, SenderFree asset.Units
	// Begun is how many house payments were stored in the last hour, ToppedUp what all
	// top-ups of the last 24 hours brought.
	Begun    int
	ToppedUp asset.Units
}

// Spend is an address and what is to be swept from it.
type Spend struct {
	Address string
	Asset   asset.ID
}

// Intent is a payment of the house's own that should be made.
type Intent struct {
	Purpose swap.Purpose
	// Address is the deposit address: it sends a sweep, and is sent a top-up. Of a gap-fill
	// it is the sender.
	Address string
	// Nonce is the address's, by which there is one sweep or top-up for it, or the one that
	// is filled.
	Nonce uint64
	// Coin is the first that a sweep of coins spends, in place of Address and Nonce.
	Coin string
	// Asset and Units are what moves: all of it, of the chain's own less the fee.
	Asset asset.ID
	Units asset.Units
	// FeeMax is the most it may cost: more, and it waits.
	FeeMax asset.Units
}

// OrderID names a house payment by what it does, so that it can't be stored twice.
func (i Intent) OrderID() string {
	if i.Coin != "" {
		return string(i.Purpose) + ":" + i.Coin
	}
	return fmt.Sprintf("%s:%s:%s:%d", i.Purpose, i.Address, i.Asset, i.Nonce)
}

// Decide lists what should be begun now, the most valuable first: of each asset the
// largest, and of what is equal the oldest. It is pure.
func Decide(s Settings, st State) ([]Intent, error) {
	left := s.PerHour - st.Begun
	day, err := rest(s.TopUpDay, st.ToppedUp)
	if err != nil {
		return nil, err
	}
	free := st.SenderFree
	held := slices.Clone(st.Held)
	slices.SortFunc(held, func(a, b Held) int {
		// Tokens come first: a native sweep would take the gas that they need.
		return cmp.Or(native(a, st.Native)-native(b, st.Native), b.Units.Cmp(a.Units), a.Since.Compare(b.Since),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Asset, b.Asset))
	})
	busy := map[string]bool{}
	var all []Intent
	for _, h := range held {
		account, can := st.Accounts[h.Address]
		if left <= 0 || !can || busy[h.Address] {
			continue
		}
		i, ok, err := s.one(st, h, account, day, free)
		if err != nil {
			return nil, fmt.Errorf("sweep %s of %s: %w", h.Asset, h.Address, err)
		}
		if !ok {
			continue
		}
		if i.Purpose == swap.PurposeGasTopUp {
			if day, err = day.Sub(i.Units); err != nil {
				return nil, err
			}
			spent, err := i.Units.Add(st.Cost[st.Native])
			if err != nil {
				return nil, err
			}
			if free, err = free.Sub(spent); err != nil {
				return nil, err
			}
		}
		busy[h.Address], left = true, left-1
		all = append(all, i)
	}
	return all, nil
}

// native orders tokens before the chain's own asset.
func native(h Held, id asset.ID) int {
	if h.Asset == id {
		return 1
	}
	return 0
}

// one is what should be done about one holding; false for nothing.
func (s Settings) one(st State, h Held, a Account, day, free asset.Units) (Intent, bool, error) {
	cost, known := st.Cost[h.Asset]
	if exact, asked := st.Exact[Spend{h.Address, h.Asset}]; asked {
		cost, known = exact, true
	}
	if !known || cost.IsZero() {
		return Intent{}, false, nil
	}
	if h.Asset == st.Native {
		return s.ether(st, h, a, cost)
	}
	return s.token(st, h, a, cost, day, free)
}

// ether: what is there is worth a multiple of the cost, and fees are no higher than
// usual unless the sender runs dry.
func (s Settings) ether(st State, h Held, a Account, cost asset.Units) (Intent, bool, error) {
	worth, err := cost.MulDiv(big.NewInt(s.multiple()), big.NewInt(1), asset.Up)
	if err != nil || h.Units.Less(worth) {
		return Intent{}, false, err
	}
	if !st.FeesUsual && !st.Sender.Less(s.Floor) {
		return Intent{}, false, nil
	}
	units, err := h.Units.Sub(cost)
	if err != nil {
		return Intent{}, false, err
	}
	most, err := budget(cost)
	return Intent{Purpose: swap.PurposeSweep, Address: h.Address, Nonce: a.Nonce, Asset: h.Asset, Units: units, FeeMax: most}, true, err
}

// budget is the most that a sweep may come to cost: twice what it costs now, so that it
// can be replaced while fees rise. That is a tenth of what it brings at most.
func budget(cost asset.Units) (asset.Units, error) { return cost.Add(cost) }

// enough is the gas with which a token's sweep may begin. Its cost is reckoned at twice
// the base fee: with three quarters of it there is room for some blocks, and fees that
// rose a little since the top-up don't ask for another one.
func enough(cost asset.Units) (asset.Units, error) {
	return cost.MulDiv(big.NewInt(3), big.NewInt(4), asset.Up)
}

// token: at least the operator's least amount; the gas has to be at the address first.
func (s Settings) token(st State, h Held, a Account, cost, day, free asset.Units) (Intent, bool, error) {
	least, swept := s.TokenLeast[h.Asset]
	if !swept || h.Units.Less(least) || !st.FeesUsual {
		return Intent{}, false, nil
	}
	needed, err := enough(cost)
	if err != nil {
		return Intent{}, false, err
	}
	if !a.Gas.Less(needed) {
		most, err := budget(cost)
		if a.Gas.Less(most) {
			most = a.Gas
		}
		return Intent{Purpose: swap.PurposeSweep, Address: h.Address, Nonce: a.Nonce, Asset: h.Asset, Units: h.Units, FeeMax: most}, true, err
	}
	lacks, err := cost.Sub(a.Gas)
	if err != nil {
		return Intent{}, false, err
	}
	today, err := rest(s.TopUpAddressDay, a.ToppedUp)
	if err != nil {
		return Intent{}, false, err
	}
	// The top-up is a payment too, and costs what a transfer does.
	fee, known := st.Cost[st.Native]
	if !known || s.TopUpMax.Less(lacks) || today.Less(lacks) || day.Less(lacks) {
		return Intent{}, false, nil
	}
	spent, err := lacks.Add(fee)
	if err != nil || free.Less(spent) {
		return Intent{}, false, err
	}
	return Intent{Purpose: swap.PurposeGasTopUp, Address: h.Address, Nonce: a.Nonce, Asset: st.Native, Units: lacks, FeeMax: st.FeeMax}, true, nil
}

// rest is what of a limit is not used up.
func rest(limit, used asset.Units) (asset.Units, error) {
	if limit.Less(used) {
		return asset.Units{}, nil
	}
	return limit.Sub(used)
}
