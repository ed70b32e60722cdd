package gateway

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/price"
)

// market is the newest price of each pair and the newest balance of each asset,
// as the topics told them. Both are bounded by the assets there are.
type market struct {
	rateAge time.Duration
	now     func() time.Time
	log     *slog.Logger
	// assets are those that the deployment swaps, in order.
	assets []asset.Asset

	mu       sync.RWMutex
	rates    map[asset.Pair]*heardRate
	balances map[asset.ID]swap.Balance
}

// heardRate is a rate with what every indicative quote from it has in common.
type heardRate struct {
	stream.Priced
	// tail is the end of such a quote.
	tail string
}

func newMarket(assets []asset.Asset, rateAge time.Duration, now func() time.Time, log *slog.Logger) *market {
	return &market{assets: assets, rateAge: rateAge, now: now, log: log,
		rates: map[asset.Pair]*heardRate{}, balances: map[asset.ID]swap.Balance{}}
}

// hearRate takes a record of the rates topic.
func (m *market) hearRate(r bus.Record) {
	rate, err := bus.Decode[swap.Rate](r)
	if err == nil {
		err = checkRate(rate)
	}
	if err != nil {
		m.log.Warn("rate passed over", "key", r.Key, "offset", r.Offset, "error", err)
		return
	}
	heard := &heardRate{Priced: stream.Price(rate), tail: quoteTail(rate)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.rates[rate.Pair]; before == nil || !rate.At.Before(before.Rate.At) {
		m.rates[rate.Pair] = heard
	}
}

// hearBalance takes a record of the balances topic.
func (m *market) hearBalance(r bus.Record) {
	balance, err := bus.Decode[swap.Balance](r)
	if err == nil {
		if _, known := asset.Lookup(balance.Asset); !known {
			err = fmt.Errorf("asset %.20q is not known", balance.Asset)
		}
	}
	if err != nil {
		m.log.Warn("balance passed over", "key", r.Key, "offset", r.Offset, "error", err)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !balance.At.Before(m.balances[balance.Asset].At) {
		m.balances[balance.Asset] = balance
	}
}

// ratePlaces bounds what is read as a price; 10^-36 is the smallest number two
// assets of 18 decimals can make.
const ratePlaces = 36

// feeWhole is the whole amount in basis points.
const feeWhole = 10_000

func checkRate(r swap.Rate) error {
	if _, known := asset.Lookup(r.Pair.From); !known {
		return fmt.Errorf("asset %.20q is not known", r.Pair.From)
	}
	if _, known := asset.Lookup(r.Pair.To); !known || r.Pair.From == r.Pair.To {
		return fmt.Errorf("pair %.20q-%.20q is not known", r.Pair.From, r.Pair.To)
	}
	if r.Unavailable != "" {
		return nil
	}
	if _, err := asset.ParsePlaces(r.Price, ratePlaces); err != nil {
		return fmt.Errorf("price of %s: %w", r.Pair, err)
	}
	if r.RatioNum.IsZero() || r.RatioDen.IsZero() || r.FeeBPS < 0 || r.FeeBPS >= feeWhole {
		return fmt.Errorf("rate of %s lacks its exact ratio, or has an absurd fee", r.Pair)
	}
	if err := price.Curve(r.Curve).Validate(price.Ratio{Num: r.RatioNum.Big(), Den: r.RatioDen.Big()}); err != nil {
		return fmt.Errorf("rate of %s: %w", r.Pair, err)
	}
	if r.Min.Asset != r.Pair.From || r.Max.Asset != r.Pair.From || r.NetworkFee.Asset != r.Pair.To {
		return fmt.Errorf("rate of %s has a limit or fee in another asset", r.Pair)
	}
	return nil
}

// listRates answers for every ordered pair.
func (m *market) listRates() []api.Rate {
	m.mu.RLock()
	defer m.mu.RUnlock()
	now := m.now()
	var list []api.Rate
	for _, from := range m.assets {
		for _, to := range m.assets {
			if from.ID == to.ID {
				continue
			}
			list = append(list, m.show(from.ID, to.ID, m.rates[asset.Pair{From: from.ID, To: to.ID}], now))
		}
	}
	return list
}

// rate is a pair's newest rate, as it was heard and as it is shown now.
func (m *market) rate(p asset.Pair) (swap.Rate, api.Rate) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	heard := m.rates[p]
	shown := m.show(p.From, p.To, heard, m.now())
	if heard == nil {
		return swap.Rate{}, shown
	}
	return heard.Rate, shown
}

// newest is a pair's newest rate, or why nothing may be priced from it.
func (m *market) newest(p asset.Pair) (r *heardRate, reason string) {
	m.mu.RLock()
	r = m.rates[p]
	m.mu.RUnlock()
	return r, m.unavailable(r, m.now())
}

func (m *market) unavailable(r *heardRate, now time.Time) string {
	switch {
	case r == nil:
		return "No price has been heard yet."
	case r.Rate.Unavailable != "":
		return r.Rate.Unavailable
	case now.Sub(r.Rate.At) > m.rateAge:
		return "The last price is too old."
	}
	return ""
}

func (m *market) show(from, to asset.ID, r *heardRate, now time.Time) api.Rate {
	out := api.Rate{From: string(from), To: string(to)}
	if r != nil {
		out.At = api.MillisOf(r.Rate.At)
	}
	if out.Unavailable = m.unavailable(r, now); out.Unavailable == "" {
		out.Price, out.NetworkFee = r.Rate.Price, r.Rate.NetworkFee.Decimal()
		out.MinDeposit, out.MaxDeposit = r.Rate.Min.Decimal(), r.Rate.Max.Decimal()
	}
	return out
}

// listAssets answers with what is known of every asset.
func (m *market) listAssets(rules swap.DepositRules) []api.Asset {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var list []api.Asset
	for _, a := range m.assets {
		out := api.Asset{Id: string(a.ID), Name: a.Name, Chain: string(a.Chain), Decimals: a.Decimals,
			Unit: a.Unit, Confirmations: rules.Confirmations[a.Chain]}
		for _, t := range rules.Tiers[a.ID] {
			out.ConfirmationTiers = append(out.ConfirmationTiers, api.ConfirmationTier{
				Above: asset.FormatUnits(t.Above, a.Decimals), Confirmations: t.Confirmations})
		}
		if limit, limited := rules.SafeAbove[a.ID]; limited {
			out.SafeAbove = asset.FormatUnits(limit, a.Decimals)
		}
		if limit, limited := rules.FinalizedAbove[a.ID]; limited {
			out.FinalizedAbove = asset.FormatUnits(limit, a.Decimals)
		}
		if b, known := m.balances[a.ID]; known {
			out.DustThreshold = asset.FormatUnits(b.DustThreshold, a.Decimals)
			out.Halted = b.Halted
		}
		list = append(list, out)
	}
	return list
}
