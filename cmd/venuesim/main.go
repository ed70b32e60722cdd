// Command venuesim plays venues on loopback: a seeded random walk of each market with
// a book at each venue, served in the venues' own protocols until SIGTERM (see
// liquidity/venue/simulator for the addresses). It prints "listening on <address>"
// when clients can connect.
//
// With -control it misbehaves on demand, all venues or one:
//
//	curl -d '{"fault":"gap"}' http://127.0.0.1:7010/control/fault
//	curl -d '{"fault":"stall","venue":"kraken"}' http://127.0.0.1:7010/control/fault
//
// and tells which orders it has taken at /control/orders. With -accounts it prints the keys
// of its accounts, as a hedge file has them (docs/hedging.md), and ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/deploy/hedgefile"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/simulator/makers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "venuesim:", err)
		os.Exit(1)
	}
}

// run is main without the process.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("venuesim", flag.ContinueOnError)
	flags.SetOutput(errOut)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	seed := flags.Uint64("seed", 1, "seed of the walks: the same one gives the same prices")
	pairs := flags.String("pair", "ETH-BTC=0.035", "markets with their first price, separated by commas")
	venues := flags.String("venues", strings.Join(simulator.Venues(), ","), "venues to play, separated by commas")
	every := flags.Duration("every", 50*time.Millisecond, "time between two steps of a walk; two make an event")
	control := flags.Bool("control", false, "take faults at POST /control/fault, tell orders at GET /control/orders")
	keys := flags.Bool("accounts", false, "print the accounts' keys as a hedge file's venues, and end")
	quotes := flags.String("makers", "", "address to listen on for a market maker and a dealer of the first market, in the form of package makers")
	faults := flags.String("faults", "", "faults by themselves, as kind:count:seconds@time after the start, separated by commas: gap@5s,stall:50@20s,kraken/throttle:2:1@1m")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *keys {
		return json.NewEncoder(out).Encode(accounts()) //nolint:gosec // keys of simulated venues, which are no secret
	}
	script, err := simulator.ParseScript(*faults)
	if err != nil {
		return fmt.Errorf("flag -faults: %w", err)
	}
	config := simulator.Config{Seed: *seed, Venues: strings.Split(*venues, ","), Every: *every, Control: *control, Script: script, Log: slog.New(slog.NewJSONHandler(errOut, nil))}
	for text := range strings.SplitSeq(*pairs, ",") {
		m, err := simulator.ParseMarket(text)
		if err != nil {
			return fmt.Errorf("flag -pair: %w", err)
		}
		config.Markets = append(config.Markets, m)
	}
	server, err := simulator.New(config)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if _, err := fmt.Fprintf(out, "listening on %s\n", l.Addr()); err != nil {
		return fmt.Errorf("print the address: %w", err)
	}
	if *quotes == "" {
		return server.Run(ctx, l)
	}
	m := makers.New(*seed, config.Markets[0], makersEvery, time.Now)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx, l) })
	group.Go(func() error { return serve(ctx, *quotes, m.Handler()) })
	return group.Wait()
}

// accounts are the keys at all venues. They are no secret.
func accounts() map[string]hedgefile.Account {
	all := map[string]hedgefile.Account{}
	for _, venue := range simulator.Venues() {
		all[venue] = hedgefile.Account{Key: simulator.AccountKey, Secret: simulator.Secret(venue), Passphrase: simulator.AccountPhrase, FeeBPS: simulator.FeeBPS}
	}
	return all
}

// makersEvery is the time between two messages of the maker.
const makersEvery = 250 * time.Millisecond

// serve serves on an address until ctx ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // its connections end with the process
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", address, err)
	}
	return nil
}
