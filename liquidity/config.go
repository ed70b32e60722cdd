package liquidity

import (
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// Config is liquidityd's policy. Validate it before use; New does.
type Config struct {
	Pairs []PairConfig
	// Fees are per asset: what moving it on its chain costs.
	Fees map[asset.ID]Fees
	// DepositWindowSeconds and ConfirmWindowSeconds go into every quote: how long
	// after a swap's creation its deposit must be seen, and confirmed.
	DepositWindowSeconds int64
	ConfirmWindowSeconds int64
	// VariableWindowSeconds is how long after a swap's creation its deposit must be seen where
	// no price is locked; 0 for DepositWindowSeconds. It has as long to be confirmed then.
	VariableWindowSeconds int64
	// LockFor is how long a quote can be accepted.
	LockFor time.Duration
	// MaxLocksPerClient caps a client's quotes that are neither accepted nor lapsed.
	MaxLocksPerClient int
	// OversubscribePPM, UnconfirmedPPM and ClientPPM are shares of a balance: see Bounds.
	OversubscribePPM, UnconfirmedPPM, ClientPPM int64
	// BalanceStaleAfter is the age from which the hot wallet's word on a balance
	// does not count.
	BalanceStaleAfter time.Duration
	// Market is how the venues' books become prices.
	Market MarketConfig
}

// promised is how long a price holds for whoever wants it: until it is accepted, and
// until the deposit is seen.
func (c Config) promised() time.Duration {
	return c.LockFor + time.Duration(c.DepositWindowSeconds)*time.Second
}

// PairConfig is one direction of exchange.
type PairConfig struct {
	Pair asset.Pair
	// SpreadBPS is taken off the venue's price, FeeBPS off the gross payout, both
	// in basis points.
	SpreadBPS int64
	FeeBPS    int64
	// FloorBPS is what margin and fee come to at least, whatever spread, fee, and skew say, so
	// that nobody who changes those while liquidityd runs can sell at the books' price; 0 for no
	// floor.
	FloorBPS int64
	// Min and Max bound the deposit, in Pair.From.
	Min, Max asset.Amount
	// RiskMost is how much of Pair.From may be promised at once for as long as a price
	// holds, while no deposit is confirmed and net of the opposite direction; 0 for no
	// bound.
	RiskMost asset.Units
	// Stopped says why nothing new is promised, in words that users read; "" where the pair
	// is open. What was promised before is kept.
	Stopped string
}

// Fees are what moving an asset costs, in the asset, with at most QuotePlaces places.
type Fees struct {
	// Network is taken off every payout; RefundMax is the most a refund costs.
	Network   asset.Amount
	RefundMax asset.Amount
}

// Limits of a configuration: beyond them it is a typing error.
const (
	maxBPS     = 1000
	maxLockFor = 10 * time.Minute
	// More than twice a balance is promised by no house that means it.
	maxOversubscribePPM = 2 * ppmWhole
	maxWindow           = int64(7 * 24 * time.Hour / time.Second)
)

// Default swaps BTC and ETH both ways with fees fit for a simulated network.
func Default() Config {
	amount := func(id asset.ID, units string) asset.Amount {
		return asset.Amount{Asset: id, Units: asset.MustUnits(units)}
	}
	btcToEth, ethToBtc := asset.Pair{From: asset.BTC, To: asset.ETH}, asset.Pair{From: asset.ETH, To: asset.BTC}
	return Config{
		Pairs: []PairConfig{
			{Pair: btcToEth, SpreadBPS: 20, FeeBPS: 50, Min: amount(asset.BTC, "20000"), Max: amount(asset.BTC, "100000000")},
			{Pair: ethToBtc, SpreadBPS: 20, FeeBPS: 50, Min: amount(asset.ETH, "5000000000000000"), Max: amount(asset.ETH, "30000000000000000000")},
		},
		Fees: map[asset.ID]Fees{
			asset.BTC: {Network: amount(asset.BTC, "2000"), RefundMax: amount(asset.BTC, "3000")},
			asset.ETH: {Network: amount(asset.ETH, "500000000000000"), RefundMax: amount(asset.ETH, "500000000000000")},
		},
		DepositWindowSeconds: int64(30 * time.Minute / time.Second),
		ConfirmWindowSeconds: int64(24 * time.Hour / time.Second),
		LockFor:              time.Minute,
		MaxLocksPerClient:    10,
		BalanceStaleAfter:    20 * time.Second,
	}
}

// Validate reports everything that is wrong, with what to set.
func (c Config) Validate() error {
	var errs []error
	report := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	report(len(c.Pairs) == 0, "no pair is configured")
	seen := map[asset.Pair]bool{}
	for _, p := range c.Pairs {
		report(seen[p.Pair], "pair %s is configured twice", p.Pair)
		seen[p.Pair] = true
		errs = append(errs, p.validate(c.Fees))
	}
	for id, f := range c.Fees {
		errs = append(errs, f.validate(id))
	}
	report(c.DepositWindowSeconds <= 0 || c.ConfirmWindowSeconds < c.DepositWindowSeconds || c.ConfirmWindowSeconds > maxWindow,
		"the windows must be positive, in order and at most a week: %d s to deposit, %d s to confirm", c.DepositWindowSeconds, c.ConfirmWindowSeconds)
	report(c.VariableWindowSeconds < 0 || c.VariableWindowSeconds > maxWindow, "a variable rate's window of %d s is not from 0 to a week", c.VariableWindowSeconds)
	report(c.LockFor < time.Second || c.LockFor > maxLockFor, "locks of %s are not from 1 s to %s", c.LockFor, maxLockFor)
	report(c.MaxLocksPerClient < 1, "a client may have %d locks: at least 1", c.MaxLocksPerClient)
	report(c.OversubscribePPM != 0 && (c.OversubscribePPM < ppmWhole || c.OversubscribePPM > maxOversubscribePPM),
		"an oversubscription of %d is not from %d to %d millionths", c.OversubscribePPM, ppmWhole, maxOversubscribePPM)
	report(c.UnconfirmedPPM < 0 || c.UnconfirmedPPM > maxOversubscribePPM || c.ClientPPM < 0 || c.ClientPPM > ppmWhole,
		"shares of %d unconfirmed and %d a client are not from 0 to %d and %d millionths", c.UnconfirmedPPM, c.ClientPPM, maxOversubscribePPM, ppmWhole)
	report(c.BalanceStaleAfter <= 0, "balances have no staleness limit")
	errs = append(errs, c.Market.validate())
	return errors.Join(errs...)
}

func (p PairConfig) validate(fees map[asset.ID]Fees) error {
	_, okFrom := asset.Lookup(p.Pair.From)
	_, okTo := asset.Lookup(p.Pair.To)
	_, feesFrom := fees[p.Pair.From]
	_, feesTo := fees[p.Pair.To]
	switch {
	case !okFrom || !okTo || p.Pair.From == p.Pair.To:
		return fmt.Errorf("pair %s is not of two known assets", p.Pair)
	case !feesFrom || !feesTo:
		return fmt.Errorf("pair %s: the fees of %s or %s are not configured", p.Pair, p.Pair.From, p.Pair.To)
	case p.SpreadBPS < 0 || p.SpreadBPS > maxBPS || p.FeeBPS < 0 || p.FeeBPS > maxBPS:
		return fmt.Errorf("pair %s: spread %d and fee %d must be from 0 to %d basis points", p.Pair, p.SpreadBPS, p.FeeBPS, maxBPS)
	case p.FloorBPS < 0 || p.FloorBPS > 2*maxBPS:
		return fmt.Errorf("pair %s: a floor of %d is not from 0 to %d basis points", p.Pair, p.FloorBPS, 2*maxBPS)
	case p.Min.Asset != p.Pair.From || p.Max.Asset != p.Pair.From:
		return fmt.Errorf("pair %s: min and max must be in %s", p.Pair, p.Pair.From)
	case p.Min.Units.IsZero() || p.Max.Units.Less(p.Min.Units):
		return fmt.Errorf("pair %s: min %s and max %s must be positive and in order", p.Pair, p.Min, p.Max)
	}
	return nil
}

// least is what a margin comes to at least, in millionths: the floor, less the fee, which is
// charged besides.
func (p PairConfig) least() int64 { return max(p.FloorBPS-p.FeeBPS, 0) * ppmPerBPS }

// open refuses a pair that is stopped, with the reason.
func (p PairConfig) open() error {
	if p.Stopped == "" {
		return nil
	}
	return noPrice("Ferry does not swap " + string(p.Pair.From) + " to " + string(p.Pair.To) + " for now: " + p.Stopped)
}

func (f Fees) validate(id asset.ID) error {
	for _, a := range []asset.Amount{f.Network, f.RefundMax} {
		if a.Asset != id {
			return fmt.Errorf("a fee of %s is in %q", id, a.Asset)
		}
		rounded, err := a.RoundPlaces(asset.Down)
		if err != nil {
			return err
		}
		if rounded != a {
			return fmt.Errorf("fee %s has more than %d places", a, asset.QuotePlaces)
		}
	}
	return nil
}
