package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/cmd/internal/daemon"
	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/swap/bus"
)

// How often a daemon looks for a newer configuration without being told of one, and says
// what it runs.
const (
	configEvery  = 5 * time.Second
	configLook   = 500 * time.Millisecond
	configWithin = 5 * time.Second
	// configStale is how long the newest may be unknown before all pairs are stopped.
	configStale = 5 * time.Minute
)

// version0 is the configuration that the environment and the deployment's files say: all
// venues that could be followed, those on that FERRY_VENUES names.
func version0(c liquidity.Config, books []liquidity.Instrument, hedging config.Hedging, setting func(name, otherwise string) string) (config.State, error) {
	s := config.State{Config: c, Venues: map[string]config.Venue{}, Hedging: hedging}
	for _, i := range books {
		s.Instruments = append(s.Instruments, i.String())
	}
	on, err := venuesOn(setting)
	if err != nil {
		return s, err
	}
	for _, r := range slices.Concat(register, named) {
		if r.at(setting).stream == "" {
			if slices.Contains(on, r.name) {
				return s, fmt.Errorf("FERRY_VENUES names %s, which has no address: set FERRY_%s_STREAM_URL", r.name, strings.ToUpper(r.name))
			}
			continue
		}
		terms, ok := c.Market.Venues[r.name]
		if !ok {
			terms.SharePPM = wholePPM
		}
		s.Venues[r.name] = config.Venue{On: slices.Contains(on, r.name), Instruments: s.Instruments, Terms: terms}
	}
	return s, nil
}

// subscriptions are a state's as the engine takes them.
func subscriptions(s config.State, books []liquidity.Instrument) []liquidity.Subscription {
	var list []liquidity.Subscription
	for _, x := range s.Subscriptions() {
		for _, i := range books {
			if i.String() == x.Instrument {
				list = append(list, liquidity.Subscription{Venue: x.Venue, Instrument: i, Generation: x.Generation})
			}
		}
	}
	return list
}

// configured keeps the engine at the newest configuration.
type configured struct {
	base   config.State
	books  []liquidity.Instrument
	store  *postgres.ConfigStore
	engine *liquidity.Engine
	// hedger is nil where nothing is hedged.
	hedger   *hedge.Hedger
	brokers  []string
	instance string
	log      *slog.Logger

	// running is what engine and hedger run.
	running config.State

	mu     sync.Mutex
	report config.Report
	// read is when the newest version was seen last.
	read time.Time
}

// configure is what keeps the daemon at the newest configuration, and what the engine is to
// begin with.
func configure(ctx context.Context, s *daemon.Settings, c liquidity.Config, hedging config.Hedging, pool *pgxpool.Pool, log *slog.Logger) (*configured, liquidity.Config, []liquidity.Subscription, error) {
	books, err := needed(c.Pairs)
	if err != nil {
		return nil, c, nil, err
	}
	base, err := version0(c, books, hedging, s.Or)
	if err != nil {
		return nil, c, nil, err
	}
	live := &configured{base: base, books: books, store: postgres.NewConfigs(pool, time.Now), brokers: s.Brokers(), instance: s.Or(daemon.EnvInstance, ""), log: log}
	c, subscribed, err := newConfigured(ctx, live)
	return live, c, subscribed, err
}

// newConfigured reads the newest configuration, and says what the engine is to begin with:
// version 0 with all pairs stopped where the newest can't be run, hedged by what that says.
func newConfigured(ctx context.Context, c *configured) (liquidity.Config, []liquidity.Subscription, error) {
	c.instance = cmp.Or(c.instance, "liquidityd-"+strconv.Itoa(os.Getpid()))
	newest, err := c.store.Newest(ctx)
	if err != nil {
		return liquidity.Config{}, nil, err
	}
	c.report = config.Report{Instance: c.instance, Defaults: c.base.Document(), Version: newest.Version, Wanted: newest.Version}
	state, err := c.base.With(newest.Settings)
	if err != nil {
		c.log.ErrorContext(ctx, "the configuration can't be run: all pairs are stopped", "version", newest.Version, "error", err)
		c.report.Version, c.report.Problem = config.None, err.Error()
		state = stopped(c.hedging(ctx, newest))
	}
	c.running = state
	c.saw(time.Now())
	c.floors(ctx, state)
	return state.Engine(), subscriptions(state, c.books), nil
}

// hedging is version 0 hedged as a version says that can't be run: another setting's mistake
// must not undo what it narrows.
func (c *configured) hedging(ctx context.Context, v config.Version) config.State {
	state, err := c.base.Hedges(v.Settings)
	if err != nil && len(state.Hedging.Assets) > 0 {
		c.log.ErrorContext(ctx, "what it says of hedging can't be run either: only what is confirmed is hedged", "version", v.Version, "error", err)
	}
	return state
}

// stopped is a state with all pairs stopped.
func stopped(s config.State) config.State {
	s.Config.Pairs = slices.Clone(s.Config.Pairs)
	for i := range s.Config.Pairs {
		s.Config.Pairs[i].Stopped = "Ferry's prices are being set up."
	}
	return s
}

// run takes newer configurations over until ctx ends. The topic says that there may be one;
// what it is, the database says.
func (c *configured) run(ctx context.Context) error {
	told := make(chan struct{}, 1)
	return daemon.Group(ctx, func(ctx context.Context) error {
		return bus.Tail(ctx, c.brokers, bus.TopicConfig, c.log, func(bus.Record) {
			select {
			case told <- struct{}{}:
			default: // it is looked for already
			}
		})
	}, func(ctx context.Context) error { return c.follow(ctx, told) })
}

func (c *configured) follow(ctx context.Context, told <-chan struct{}) error {
	every, look := time.NewTicker(configEvery), time.NewTicker(configLook)
	defer every.Stop()
	defer look.Stop()
	for due := true; ctx.Err() == nil; {
		if err := c.once(ctx, due); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "the configuration can't be looked after, will try again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-told:
			due = true
		case <-every.C:
			due = true
		case <-look.C:
			due = false // only what is still being changed is looked at
		}
	}
	return nil
}

// once takes the newest configuration over if it is due, and reports where that or what is
// still being changed differs from the last report.
func (c *configured) once(ctx context.Context, due bool) error {
	ctx, cancel := context.WithTimeout(ctx, configWithin)
	defer cancel()
	next := c.now()
	if due {
		newest, err := c.store.Newest(ctx)
		if err != nil {
			return errors.Join(err, c.unread())
		}
		c.saw(time.Now())
		if newest.Version != next.Wanted {
			c.take(ctx, newest, &next)
		}
	}
	next.Pending = strings.Join(c.engine.Pending(), ", ")
	if !due && next.Pending == c.now().Pending {
		return nil
	}
	c.mu.Lock()
	c.report = next
	c.mu.Unlock()
	return c.store.Report(ctx, next)
}

// take has the engine run a version, or says why it can't. What a version stops is stopped
// even if it can't be run: whoever stops a pair in an emergency may not be overruled by
// another setting's mistake.
func (c *configured) take(ctx context.Context, v config.Version, report *config.Report) {
	report.Wanted = v.Version
	state, err := c.base.With(v.Settings)
	if err == nil {
		err = c.reconfigure(state)
	}
	if err != nil {
		c.log.ErrorContext(ctx, "the configuration can't be run: the one before goes on, but for what this one stops", "version", v.Version, "error", err)
		report.Problem = err.Error()
		if err := c.reconfigure(c.running.Stops(v.Settings)); err != nil {
			c.log.ErrorContext(ctx, "what it stops can't be stopped", "version", v.Version, "error", err)
			report.Problem += "\nwhat it stops can't be stopped: " + err.Error()
		}
		return
	}
	c.log.InfoContext(ctx, "configuration", "version", v.Version, "actor", v.Actor, "reason", v.Reason)
	c.floors(ctx, state)
	report.Version, report.Problem = v.Version, ""
}

// floors says where a floor prices a pair, or the hedging's file bounds it, and not what a
// version from before that says.
func (c *configured) floors(ctx context.Context, s config.State) {
	for _, p := range s.Config.Pairs {
		if p.SpreadBPS+p.FeeBPS < p.FloorBPS {
			c.log.WarnContext(ctx, "spread and fee of a pair are below its floor, which is taken instead", "pair", p.Pair.String(), "floor_bps", p.FloorBPS)
		}
	}
	for path, err := range s.Hedging.Beyond() {
		c.log.WarnContext(ctx, "a setting goes beyond the file that FERRY_HEDGE names, whose value is taken instead", "setting", path, "error", err)
	}
}

// saw notes that the newest version was seen.
func (c *configured) saw(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = at
}

// age is how long ago the newest version was seen.
func (c *configured) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.read)
}

// unread stops all pairs once the newest version has been unknown for configStale: people
// may have stopped them. The version that is run is taken over anew when it is seen again.
func (c *configured) unread() error {
	if c.age() < configStale || c.now().Version == config.None {
		return nil
	}
	if err := c.reconfigure(stopped(c.running)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Wanted, c.report.Version = config.None, config.None
	return nil
}

// reconfigure has the engine and the hedger run a state, both or none.
func (c *configured) reconfigure(s config.State) error {
	trade := func() {}
	if c.hedger != nil {
		take, err := c.hedger.Prepare(s.Hedging.Policies())
		if err != nil {
			return err
		}
		trade = take
	}
	if err := c.engine.Reconfigure(s.Engine(), subscriptions(s, c.books)); err != nil {
		return err
	}
	trade()
	c.running = s
	return nil
}

// now is what is run, as it was reported last.
func (c *configured) now() config.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report
}

// venuesOn are those that FERRY_VENUES names, all of the register if it is not set.
func venuesOn(setting func(name, otherwise string) string) ([]string, error) {
	var all []string
	for _, r := range register {
		all = append(all, r.name)
	}
	on := strings.Split(setting("FERRY_VENUES", strings.Join(all, ",")), ",")
	for _, name := range on {
		i := slices.IndexFunc(slices.Concat(register, named), func(r registration) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("FERRY_VENUES names %.40q, which is none of %s", name, strings.Join(all, ","))
		}
	}
	return on, nil
}
