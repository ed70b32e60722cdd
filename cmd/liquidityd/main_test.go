package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/daemon"
	"ferry/deploy/deployment"
	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/liquidity/venue/simulator"
	"ferry/migrations/pgtest"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

const patience = time.Minute

// exchange runs the simulator of the venue on loopback until the test ends.
func exchange(t *testing.T) (server *simulator.Server, address string) {
	t.Helper()
	market, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	server, err = simulator.New(simulator.Config{Seed: 1, Markets: []simulator.Market{market}, Every: 2 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	during(t, func(ctx context.Context) error { return server.Run(ctx, l) })
	return server, l.Addr().String()
}

// during runs a part until the test ends.
func during(t *testing.T, part func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func testPolicy(t *testing.T) liquidity.Config {
	t.Helper()
	chain := deployment.Chain{Confirmations: 1, DustThreshold: "0.00001", NetworkFee: "0.0001", RefundFeeMax: "0.0001", PaymentFeeMax: "0.01", PaymentMax: "10"}
	config, err := policy(deployment.Deployment{
		Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
		Chains:   map[asset.Chain]deployment.Chain{asset.Bitcoin: chain, asset.Ethereum: chain},
		Pairs:    []deployment.Pair{{From: asset.BTC, To: asset.ETH, SpreadBasisPoints: 50, ServiceFeeBasisPoints: 50, MinDeposit: "0.001", MaxDeposit: "1"}},
		Locks:    deployment.Locks{LockSeconds: 60, DepositWindowSeconds: 900, ConfirmWindowSeconds: 7200, MaxPerClient: 5}})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// metric reads one value from /metrics as Prometheus would, -1 where it is missing.
func metric(t *testing.T, address, name string) float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

// await reads a metric until it has a value.
func await(t *testing.T, address, name string, want float64) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		got := metric(t, address, name)
		if got == want {
			return
		}
		select {
		case <-limit.C:
			t.Fatalf("%s is %v, want %v", name, got, want)
		case <-ticker.C:
		}
	}
}

// Setup: the daemon's venue, engine and metrics as main puts them together, on the
// simulator. Test: each gap that the exchange is told to make is one on /metrics.
func TestAGapReachesTheMetrics(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	server, address := exchange(t)
	venue, err := onBinance(place{instruments[asset.ETH], "ws://" + address, "http://" + address, log, nil})
	if err != nil {
		t.Fatal(err)
	}
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicRates, bus.TopicBalances, bus.TopicUpdates, bus.TopicRequotes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	brokers, pool := kafka.ListenAddrs(), pgtest.New(t, "liquidity")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := liquidity.New(testPolicy(t), liquidity.Parts{Store: postgres.New(pool, time.Now), Sources: []liquidity.Source{venue},
		Key: key, AttestKeys: swaptest.NewKeys().AttestKeys(), Brokers: brokers, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	probe, err := bus.NewProbe(brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	a, err := admin.Open(t.Context(), admin.Default, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	observe(a, engine, pool, probe)
	during(t, func(ctx context.Context) error { return daemon.Group(ctx, a.Run, engine.Run) })

	const (
		gaps    = `ferry_price_gaps_total{instrument="ETH-BTC"}`
		outages = `ferry_price_outages_total{instrument="ETH-BTC"}`
		usable  = `ferry_price_usable{instrument="ETH-BTC"}`
	)
	await(t, a.Address(), usable, 1)
	for group, topic := range map[string]string{liquidity.Group: bus.TopicUpdates, liquidity.RequoteGroup: bus.TopicRequotes} {
		await(t, a.Address(), fmt.Sprintf("ferry_consumer_lag_records{group=%q,partition=\"0\",topic=%q}", group, topic), 0)
	}
	await(t, a.Address(), `ferry_outbox_rows{source="liquidity"}`, 0)
	if n := metric(t, a.Address(), gaps); n != 0 {
		t.Fatalf("%v gaps before there was any", n)
	}
	for n := range 2 {
		if err := server.Inject(simulator.Fault{Kind: simulator.Gap, Count: 1}); err != nil {
			t.Fatal(err)
		}
		await(t, a.Address(), gaps, float64(n+1))
		// Usable again, that is after the outage, so that the next gap is one of its own.
		await(t, a.Address(), outages, float64(n+1))
		await(t, a.Address(), usable, 1)
	}
}
