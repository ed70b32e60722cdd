package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/gateway"
	gatewaystore "ferry/gateway/postgres"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/price"
)

const (
	// indicateAsked requests are sent a round over indicateClients connections at once.
	indicateAsked   = 40_000
	indicateClients = 16
	indicatePath    = "/v1/quotes/indicative?from=BTC&to=ETH&deposit_amount=0.015"
	// indicateWait bounds the wait for the first price.
	indicateWait = time.Minute
)

func init() {
	register(Row{
		Number: 31, Name: "indicate", Goal: 0.6, Unit: "quotes",
		What:    fmt.Sprintf("indicative quotes over HTTP, %d connections, from the curve of the last rate, each request logged", indicateClients),
		Prepare: prepareIndicate,
	})
}

// indicated is a gateway as it runs, and beside it a bare handler that writes the same.
type indicated struct {
	env   *Env
	stop  context.CancelFunc
	group *errgroup.Group
	log   *os.File
	// bare and ours are their addresses; answer is what both write.
	bare, ours string
	answer     []byte
}

func prepareIndicate(ctx context.Context, env *Env) (*Trial, error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &indicated{env: env, stop: stop}
	r.group, running = errgroup.WithContext(running)
	if err := r.open(running); err != nil {
		return nil, errors.Join(err, r.close())
	}
	side := func(name, address string) Side {
		return Side{Name: name, Run: func(ctx context.Context, _ int) (Sample, error) {
			n := env.scale(indicateAsked)
			return env.timed(ctx, n, func(ctx context.Context) error { return askAll(ctx, address, n, r.answer) })
		}}
	}
	return &Trial{Baseline: side("net/http", r.bare), Subject: side("gateway", r.ours), Close: r.close,
		Notes: func() []string { return []string{fmt.Sprintf("answers of %d bytes: %s", len(r.answer), r.answer)} }}, nil
}

func (r *indicated) open(ctx context.Context) error {
	if err := r.openGateway(ctx); err != nil {
		return err
	}
	if err := publishRate(ctx, r.env.Brokers); err != nil {
		return err
	}
	if err := r.hear(ctx); err != nil {
		return err
	}
	l, err := listen(ctx)
	if err != nil {
		return err
	}
	r.bare = l.Addr().String()
	server := &http.Server{ReadHeaderTimeout: indicateWait, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(r.answer) // the client counts what it gets
	})}
	r.group.Go(func() error { <-ctx.Done(); return server.Close() })
	r.group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

func listen(ctx context.Context) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// openGateway runs a gateway with its log in a file, as gatewayd's is.
func (r *indicated) openGateway(ctx context.Context) error {
	schema, err := r.env.schema(ctx, "gateway")
	if err != nil {
		return err
	}
	pool, err := r.env.pool(ctx, schema, "gateway", daemonConnections, nil)
	if err != nil {
		return err
	}
	r.group.Go(func() error { <-ctx.Done(); pool.Close(); return nil })
	if r.log, err = os.Create(filepath.Join(r.env.Dir, "gateway.log")); err != nil {
		return err
	}
	accounts := gateway.Calls{Liquidity: acceptAll{}, Wallets: map[asset.Chain]gateway.Wallet{}}
	for _, chain := range networks.Chains() {
		accounts.Wallets[chain] = unasked{}
	}
	secret := sha256.Sum256([]byte("bench secrets"))
	g, err := gateway.New(gateway.Config{Networks: networks, QuoteKeys: public(quoteKey), AttestKeys: public(attestKey), SecretKey: secret[:],
		Rules:  swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: confirmationsNeeded, asset.Ethereum: confirmationsNeeded}},
		Limits: gateway.DefaultLimits(), Streams: stream.DefaultLimits(), Log: slog.New(slog.NewJSONHandler(r.log, nil))}, gatewaystore.New(pool), accounts)
	if err != nil {
		return err
	}
	l, err := listen(ctx)
	if err != nil {
		return err
	}
	r.ours = l.Addr().String()
	r.group.Go(func() error { return g.Run(ctx, l, r.env.Brokers) })
	return nil
}

// unasked is a wallet that an indicative quote does not ask.
type unasked struct{ gateway.Wallet }

// publishRate tells a price of BTC in ETH by size, from 0.001 to 2, good for the run.
func publishRate(ctx context.Context, brokers []string) error {
	p, err := bus.NewPublisher("liquidityd", brokers)
	if err != nil {
		return err
	}
	defer p.Close()
	units := func(text string) asset.Units { return asset.MustUnits(text) }
	amount := func(id asset.ID, text string) asset.Amount { return asset.Amount{Asset: id, Units: units(text)} }
	// 28.5 ETH for a BTC: 28.5 × 10^18 wei for 10^8 sat; a little less for more.
	rate := swap.Rate{Pair: tickPair, Price: "28.5", RatioNum: units("285000000000"), RatioDen: units("1"), FeeBPS: 0,
		Min: amount(asset.BTC, "100000"), Max: amount(asset.BTC, "200000000"), NetworkFee: amount(asset.ETH, "2000000000000000"),
		Curve: price.Curve{{Deposit: units("100000"), Gross: units("28500000000000000")}, {Deposit: units("1000000"), Gross: units("284900000000000000")},
			{Deposit: units("10000000"), Gross: units("2847000000000000000")}, {Deposit: units("200000000"), Gross: units("56800000000000000000")}},
		// As if told later, so that it does not age during a run.
		At: swap.Millis(time.Now().Add(time.Hour))}
	return p.Publish(ctx, bus.TopicRates, rate.Pair.String(), bus.KindRate, rate)
}

// hear waits until the gateway answers, and keeps its answer.
func (r *indicated) hear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, indicateWait)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		status, body, err := get(ctx, http.DefaultClient, "http://"+r.ours+indicatePath)
		if err == nil && status == http.StatusOK {
			r.answer = body
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no indicative quote came (%d %s, %w): %w", status, body, err, ctx.Err())
		case <-look.C:
		}
	}
}

func get(ctx context.Context, c *http.Client, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, nil, err
	}
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, errors.Join(err, response.Body.Close())
}

func (r *indicated) close() error {
	r.stop()
	err := r.group.Wait()
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	return err
}
