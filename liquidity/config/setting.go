package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// setting is one value of a T, as text. write checks its form; what it may be together
// with others is for liquidity.Config.Validate.
type setting[T any] struct {
	name  string
	read  func(T) string
	write func(*T, string) error
}

func setIn[T any](list []setting[T], of *T, name, value string) error {
	for _, x := range list {
		if x.name == name {
			return x.write(of, value)
		}
	}
	return errors.New("there is no such setting")
}

// whole is a setting that is a whole number within limits.
func whole[T any](name string, at func(*T) *int64, least, most int64) setting[T] {
	return setting[T]{name, func(of T) string { return strconv.FormatInt(*at(&of), 10) }, func(of *T, text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%.30q is no whole number from %d to %d", text, least, most)
		}
		*at(of) = n
		return nil
	}}
}

// none is how a bound reads that there is not. Versions from before there was that word say
// 0 for it, and go on to be understood so; who writes 0 now is refused by State.Written.
const none = "none"

var (
	errZero  = errors.New("0 would be no bound at all: write none for that")
	errNever = errors.New("0 reads as if everything counted: write none for never, or the amount from which on it does")
	errCalm  = errors.New("0 reads as if any market were lively: write none for no such threshold")
)

// zeroOf says why a setting that may be none is not written as 0.
func zeroOf(path string) error {
	switch {
	case !strings.HasPrefix(path, kindHedging+"."):
		return errZero
	case strings.HasSuffix(path, "_ppm"):
		return errCalm
	}
	return errNever
}

// bound is a whole number of millionths up to most, or none, which is 0 in a T.
func bound[T any](name string, at func(*T) *int64, most int64) setting[T] {
	number := whole(name, at, 1, most)
	return setting[T]{name, func(of T) string {
		if *at(&of) == 0 {
			return none
		}
		return number.read(of)
	}, func(of *T, text string) error {
		if text == none || text == "0" {
			*at(of) = 0
			return nil
		}
		return number.write(of, text)
	}}
}

// Limits of settings that the engine has no sharper ones for.
const (
	wholePPM    = 1_000_000
	bpsMost     = 1000
	takerMost   = 50_000
	partMost    = 100_000
	locksMost   = 1_000_000
	lockMost    = 600 // seconds
	generations = 1_000_000_000
	reasonMost  = 200 // bytes
)

// settingStopped is the first of pairSettings; settingFloor is no version's to change.
const (
	settingStopped = "stopped"
	settingSpread  = "spread_bps"
	settingFee     = "fee_bps"
	settingFloor   = "floor_bps"
)

// pairSettings are those of one direction of exchange; amounts are in coins of what is
// deposited.
var pairSettings = []setting[liquidity.PairConfig]{
	// Why the pair is stopped, which users read; "" where it is open.
	{settingStopped, func(p liquidity.PairConfig) string { return p.Stopped }, func(p *liquidity.PairConfig, text string) error {
		if len(text) > reasonMost {
			return fmt.Errorf("a reason has at most %d bytes", reasonMost)
		}
		p.Stopped = text
		return nil
	}},
	whole(settingSpread, func(p *liquidity.PairConfig) *int64 { return &p.SpreadBPS }, 0, bpsMost),
	whole(settingFee, func(p *liquidity.PairConfig) *int64 { return &p.FeeBPS }, 0, bpsMost),
	// What spread and fee come to at least. It is the deployment's, see State.With and Written.
	whole(settingFloor, func(p *liquidity.PairConfig) *int64 { return &p.FloorBPS }, 0, 2*bpsMost),
	deposit("min_deposit", func(p *liquidity.PairConfig) *asset.Units { p.Min.Asset = p.Pair.From; return &p.Min.Units }),
	deposit("max_deposit", func(p *liquidity.PairConfig) *asset.Units { p.Max.Asset = p.Pair.From; return &p.Max.Units }),
	boundOf(deposit("risk_most", func(p *liquidity.PairConfig) *asset.Units { return &p.RiskMost }),
		func(p *liquidity.PairConfig) *asset.Units { return &p.RiskMost }),
}

// boundOf is an amount that bounds something, or none.
func boundOf(amount setting[liquidity.PairConfig], at func(*liquidity.PairConfig) *asset.Units) setting[liquidity.PairConfig] {
	return setting[liquidity.PairConfig]{amount.name,
		func(p liquidity.PairConfig) string {
			if at(&p).IsZero() {
				return none
			}
			return amount.read(p)
		},
		func(p *liquidity.PairConfig, text string) error {
			if text == none {
				*at(p) = asset.Units{}
				return nil
			}
			return amount.write(p, text)
		}}
}

func deposit(name string, at func(*liquidity.PairConfig) *asset.Units) setting[liquidity.PairConfig] {
	return setting[liquidity.PairConfig]{name,
		func(p liquidity.PairConfig) string {
			return asset.Amount{Asset: p.Pair.From, Units: *at(&p)}.Decimal()
		},
		func(p *liquidity.PairConfig, text string) error {
			amount, err := asset.ParseDecimal(p.Pair.From, text)
			if err != nil {
				return err
			}
			*at(p) = amount.Units
			return nil
		}}
}

const settingInstruments = "instruments"

// venueSettings are those of one venue. Its instruments are set by State.set, which knows
// which there are.
var venueSettings = []setting[Venue]{
	{"on", func(v Venue) string { return strconv.FormatBool(v.On) }, func(v *Venue, text string) error {
		if text != "true" && text != "false" {
			return fmt.Errorf("%.30q is neither true nor false", text)
		}
		v.On = text == "true"
		return nil
	}},
	{settingInstruments, func(v Venue) string { return joined(v.Instruments) }, func(*Venue, string) error {
		return errors.New("instruments are set by the state")
	}},
	whole("generation", func(v *Venue) *int64 { return &v.Generation }, 0, generations),
	whole("share_ppm", func(v *Venue) *int64 { return &v.Terms.SharePPM }, 1, wholePPM),
	whole("taker_ppm", func(v *Venue) *int64 { return &v.Terms.TakerPPM }, 0, takerMost),
}

// houseSettings are of all pairs and venues, with their whole paths.
var houseSettings = []setting[liquidity.Config]{
	whole(path(kindMarket, "premium_most_ppm"), func(c *liquidity.Config) *int64 { return &c.Market.PremiumMostPPM }, 0, partMost),
	whole(path(kindMarket, "skew_most_ppm"), func(c *liquidity.Config) *int64 { return &c.Market.SkewMostPPM }, 0, partMost),
	whole(path(kindMarket, "loss_most_ppm"), func(c *liquidity.Config) *int64 { return &c.Market.LossMostPPM }, 0, partMost),
	whole(path(kindMarket, "drawdown_most_ppm"), func(c *liquidity.Config) *int64 { return &c.Market.DrawdownMostPPM }, 0, partMost),
	bound(path(kindMarket, "stop_move_ppm"), func(c *liquidity.Config) *int64 { return &c.Market.StopMovePPM }, wholePPM),
	whole(path(kindLimits, "oversubscribe_ppm"), func(c *liquidity.Config) *int64 { return &c.OversubscribePPM }, 0, 2*wholePPM),
	bound(path(kindLimits, "unconfirmed_ppm"), func(c *liquidity.Config) *int64 { return &c.UnconfirmedPPM }, 2*wholePPM),
	bound(path(kindLimits, "client_ppm"), func(c *liquidity.Config) *int64 { return &c.ClientPPM }, wholePPM),
	{path(kindLimits, "locks_per_client"), func(c liquidity.Config) string { return strconv.Itoa(c.MaxLocksPerClient) },
		func(c *liquidity.Config, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > locksMost {
				return fmt.Errorf("%.30q is no whole number from 1 to %d", text, locksMost)
			}
			c.MaxLocksPerClient = n
			return nil
		}},
	{path(kindLimits, "lock_seconds"), func(c liquidity.Config) string { return strconv.FormatInt(int64(c.LockFor/time.Second), 10) },
		func(c *liquidity.Config, text string) error {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 1 || n > lockMost {
				return fmt.Errorf("%.30q is no whole number of seconds from 1 to %d", text, lockMost)
			}
			c.LockFor = time.Duration(n) * time.Second
			return nil
		}},
}
