package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/deploy/hedgefile"
	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/maker"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// How hedging goes about it, where the file does not say.
const (
	hedgeEvery   = time.Second
	hedgeOrder   = 10 * time.Second
	hedgeGrace   = 10 * time.Second
	hedgePause   = 10 * time.Second
	hedgeAccount = time.Minute
	hedgeSlip    = 30
	hedgeTimeout = 5 * time.Second
)

// tradeRegistration is a venue at which orders can be placed.
type tradeRegistration struct {
	name, url string
	open      func(url string, key rest.Key, timeout time.Duration, now func() time.Time) (trade.Venue, error)
}

// traders lists the venues at which Ferry can trade, a line each.
var traders = []tradeRegistration{
	{binance.Name, binance.TradeURL, trading(binance.NewTrader)},
	{kraken.Name, kraken.TradeURL, trading(kraken.NewTrader)},
	{coinbase.Name, coinbase.TradeURL, trading(coinbase.NewTrader)},
	{okx.Name, okx.TradeURL, trading(okx.NewTrader)},
	{bitstamp.Name, bitstamp.TradeURL, trading(bitstamp.NewTrader)},
	// A dealer has no address of its own: FERRY_DEALER_TRADE_URL is it.
	{maker.DealerName, "", func(url string, key rest.Key, timeout time.Duration, now func() time.Time) (trade.Venue, error) {
		return maker.NewDealer(url, key, dealerLadder, timeout, now)
	}},
}

// dealerLadder are the sizes that a dealer is asked about, a tenth of a coin to ten.
var dealerLadder = []uint64{10_000_000, 100_000_000, 1_000_000_000}

// trading makes a venue's own constructor one of them all.
func trading[T trade.Venue](open func(string, rest.Key, time.Duration, func() time.Time) (T, error)) func(string, rest.Key, time.Duration, func() time.Time) (trade.Venue, error) {
	return func(url string, key rest.Key, timeout time.Duration, now func() time.Time) (trade.Venue, error) {
		return open(url, key, timeout, now)
	}
}

// hedgeParts are what the daemon gives to its hedger besides the file.
type hedgeParts struct {
	brokers  []string
	instance string
	pool     *pgxpool.Pool
	prices   func() []liquidity.Price
	observe  func(venue string, ending hedge.Ending)
	log      *slog.Logger
}

// hedgePlan is what FERRY_HEDGE asks for.
type hedgePlan struct {
	config hedge.Config
	// bandMost are the widest bands that a version of the configuration may set.
	bandMost map[asset.ID]asset.Units
	venues   []hedge.Trader
}

// planHedging reads what FERRY_HEDGE names; nil without it: then nothing is traded.
func planHedging(setting func(name, otherwise string) string) (*hedgePlan, error) {
	path := setting("FERRY_HEDGE", "")
	if path == "" {
		return nil, nil //nolint:nilnil // hedging is off, which is no error
	}
	file, err := hedgefile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("FERRY_HEDGE: %w", err)
	}
	var p hedgePlan
	if p.config, err = policies(file); err == nil {
		p.bandMost, err = widest(file, p.config)
	}
	if err == nil {
		p.venues, err = openTraders(file, setting)
	}
	if err != nil {
		return nil, fmt.Errorf("FERRY_HEDGE: %s: %w", path, err)
	}
	return &p, nil
}

// hedging is the plan as version 0 of the configuration has it.
func (p *hedgePlan) hedging() config.Hedging {
	if p == nil {
		return config.Hedging{}
	}
	return config.NewHedging(p.config.Policies(), p.bandMost)
}

// hedger makes the plan's, as live runs it; nil without a plan.
func (p *hedgePlan) hedger(live *configured, parts hedgeParts) (*hedge.Hedger, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // hedging is off, which is no error
	}
	h, err := hedge.New(p.config, hedge.Parts{Store: postgres.NewHedges(parts.pool), Venues: p.venues, Fair: fairOf(parts.prices), Trusts: trustOf(parts.prices), Move: moveOf(parts.prices), Brokers: parts.brokers,
		Instance: parts.instance, Log: parts.log, Now: time.Now, Observe: parts.observe})
	if err != nil {
		return nil, err
	}
	for _, what := range unfollowed(p.config, p.venues, parts.prices()) {
		parts.log.Warn("an account is not traded with: swaps are not priced from its venue's book", "book", what)
	}
	take, err := h.Prepare(live.running.Hedging.Policies())
	if err != nil {
		return nil, err
	}
	take()
	live.hedger = h
	return h, nil
}

// unfollowed are the books that are to be traded at and that nobody follows: nothing will be.
func unfollowed(c hedge.Config, venues []hedge.Trader, prices []liquidity.Price) []string {
	var list []string
	for _, v := range venues {
		for _, policy := range c.Assets {
			followed := slices.ContainsFunc(prices, func(p liquidity.Price) bool {
				return p.Instrument == policy.Instrument && slices.ContainsFunc(p.Venues, func(at liquidity.VenuePrice) bool { return at.Venue == v.Name() })
			})
			if hasBook(v.Name()) && !followed {
				list = append(list, v.Name()+" "+policy.Instrument.String())
			}
		}
	}
	slices.Sort(list)
	return list
}

// hasBook reports whether a venue has a book that can be followed: a dealer has none.
func hasBook(venue string) bool {
	return slices.ContainsFunc(slices.Concat(register, named), func(r registration) bool { return r.name == venue })
}

// policies reads the file's amounts.
func policies(f hedgefile.File) (hedge.Config, error) {
	c := hedge.Config{Assets: map[asset.ID]hedge.Policy{}, Every: hedgeEvery, OrderFor: hedgeOrder, Grace: hedgeGrace, PauseFor: hedgePause, SlipBPS: f.SlipBPS,
		VenueBands: map[asset.ID]hedge.VenueBand{}, ProposeEvery: hedgeAccount}
	if c.SlipBPS == 0 {
		c.SlipBPS = hedgeSlip
	}
	for id, p := range f.Assets {
		i, ok := instruments[id]
		if !ok {
			return c, fmt.Errorf("asset %.20q has no book against %s", id, hedge.Numeraire)
		}
		policy := hedge.Policy{Instrument: i, Target: new(big.Int), EarlyMovePPM: p.EarlyMovePPM, LockMovePPM: p.LockMovePPM}
		text, below := strings.CutPrefix(p.Target, "-")
		target := asset.Units{}
		for to, text := range map[*asset.Units]string{&target: text, &policy.Band: p.Band, &policy.OrderMost: p.OrderMost, &policy.Early: p.Early,
			&policy.AtLock: p.AtLock, &policy.UnconfirmedMost: p.UnconfirmedMost} {
			if text == "" {
				continue
			}
			amount, err := asset.ParseDecimal(id, text)
			if err != nil {
				return c, fmt.Errorf("asset %s: %w", id, err)
			}
			*to = amount.Units
		}
		if policy.Target = target.Big(); below {
			policy.Target.Neg(policy.Target)
		}
		c.Assets[id] = policy
	}
	if f.LossMost != "" {
		most, err := asset.ParseDecimal(hedge.Numeraire, f.LossMost)
		if err != nil {
			return c, fmt.Errorf("loss_max: %w", err)
		}
		if most.Units.IsZero() {
			return c, errors.New("loss_max: leave it out for no limit")
		}
		c.LossMost = most.Units
	}
	for id, b := range f.Accounts {
		least, err := asset.ParseDecimal(id, b.Least)
		if err != nil {
			return c, fmt.Errorf("accounts of %.20s: min: %w", id, err)
		}
		most, err := asset.ParseDecimal(id, b.Most)
		if err != nil {
			return c, fmt.Errorf("accounts of %.20s: max: %w", id, err)
		}
		c.VenueBands[id] = hedge.VenueBand{Least: least.Units, Most: most.Units}
	}
	return c, c.Validate()
}

// widest reads the bands that versions may set: at least the file's own.
func widest(f hedgefile.File, c hedge.Config) (map[asset.ID]asset.Units, error) {
	most := map[asset.ID]asset.Units{}
	for id, p := range f.Assets {
		if p.BandMost == "" {
			continue
		}
		amount, err := asset.ParseDecimal(id, p.BandMost)
		if err != nil {
			return nil, fmt.Errorf("asset %s: band_max: %w", id, err)
		}
		if amount.Units.Less(c.Assets[id].Band) {
			return nil, fmt.Errorf("asset %s: band_max is %s, less than its band: leave it out, or make it wider", id, amount)
		}
		most[id] = amount.Units
	}
	return most, nil
}

// openTraders makes the venues' traders, in the order of their registration.
func openTraders(f hedgefile.File, setting func(name, otherwise string) string) ([]hedge.Trader, error) {
	var list []hedge.Trader
	for _, r := range traders {
		account, ok := f.Venues[r.name]
		if !ok {
			continue
		}
		if account.FeeBPS < 0 || account.FeeBPS > 1000 {
			return nil, fmt.Errorf("venue %s: a fee of %d basis points is not from 0 to 1000", r.name, account.FeeBPS)
		}
		url := setting("FERRY_"+strings.ToUpper(r.name)+"_TRADE_URL", r.url)
		key := rest.Key{ID: account.Key, Secret: rest.NewSecret(account.Secret), Passphrase: rest.NewSecret(account.Passphrase)}
		venue, err := r.open(url, key, hedgeTimeout, time.Now)
		if err != nil {
			return nil, fmt.Errorf("venue %s: %w", r.name, err)
		}
		list = append(list, hedge.Trader{Venue: venue, FeeBPS: account.FeeBPS, Judged: hasBook(r.name)})
	}
	for name := range f.Venues {
		if !slices.ContainsFunc(traders, func(r tradeRegistration) bool { return r.name == name }) {
			return nil, fmt.Errorf("venue %.40q is not known", name)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no venue has a key")
	}
	return list, nil
}

// fairOf asks for the price that swaps are priced from.
func fairOf(prices func() []liquidity.Price) func(liquidity.Instrument) (bid, ask uint64, ok bool) {
	return func(i liquidity.Instrument) (bid, ask uint64, ok bool) {
		for _, p := range prices() {
			if p.Instrument == i {
				return p.Bid, p.Ask, p.Unfit == "" && p.Bid > 0 && p.Ask >= p.Bid
			}
		}
		return 0, 0, false
	}
}

// trustOf asks whether a venue's book is one that swaps are priced from. A dealer has no book: its
// offers are judged by the fair price alone.
func trustOf(prices func() []liquidity.Price) func(string, liquidity.Instrument) bool {
	return func(venue string, i liquidity.Instrument) bool {
		if !hasBook(venue) {
			return true
		}
		for _, p := range prices() {
			if p.Instrument == i {
				return slices.ContainsFunc(p.Venues, func(v liquidity.VenuePrice) bool { return v.Venue == venue && v.Unfit == "" && !v.Excluded })
			}
		}
		return false
	}
}

// moveOf asks how lively an instrument's price is.
func moveOf(prices func() []liquidity.Price) func(liquidity.Instrument) int64 {
	return func(i liquidity.Instrument) int64 {
		for _, p := range prices() {
			if p.Instrument == i {
				return int64(min(p.MovePPM, wholePPM))
			}
		}
		return 0
	}
}
