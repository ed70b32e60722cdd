package venuetest

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"ferry/liquidity/venue/simulator"
)

const (
	// Patience ends a test that would wait for ever; the longest take a minute on a machine with
	// much else to do.
	Patience = 3 * time.Minute
	// Pace is a simulator in a hurry: an event every 8 ms.
	Pace = 4 * time.Millisecond
)

// Quiet is a log that nobody reads.
var Quiet = slog.New(slog.DiscardHandler)

// Market is the one that is played.
func Market(t testing.TB) simulator.Market {
	t.Helper()
	m, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Markets are those of which a connection carries the books together, the first one first.
func Markets(t testing.TB) []simulator.Market {
	t.Helper()
	list := []simulator.Market{Market(t)}
	for _, text := range []string{"LTC-BTC=0.0011", "BCH-BTC=0.0052"} {
		m, err := simulator.ParseMarket(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// Exchange is a simulator on loopback that a test runs.
type Exchange struct {
	t testing.TB
	*simulator.Server
	// Address is "host:port".
	Address string
	// Stop ends it and waits for its end; the end of the test does so too.
	Stop func()
}

// Play runs the venues of the config, which change may change, on an address.
func Play(t testing.TB, address string, change func(*simulator.Config)) Exchange {
	t.Helper()
	c := simulator.Config{Seed: 1, Markets: []simulator.Market{Market(t)}, Every: Pace, Log: Quiet}
	change(&c)
	server, err := simulator.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address) //nolint:noctx // the test's end closes it
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return Exchange{t, server, l.Addr().String(), stop}
}

// Simulate plays venues on loopback until the test ends.
func Simulate(t testing.TB, venues ...string) Exchange {
	t.Helper()
	return Play(t, "127.0.0.1:0", func(c *simulator.Config) { c.Venues = venues })
}

// Fault makes the exchange misbehave.
func (x Exchange) Fault(kind simulator.Kind, count, seconds int) {
	x.t.Helper()
	if err := x.Inject(simulator.Fault{Kind: kind, Count: count, Seconds: seconds}); err != nil {
		x.t.Fatal(err)
	}
}
