package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ferry/deploy/demo/faucet"
	"ferry/swap"
	"ferry/swap/asset"
)

// What each way may take: the limits of the row.
const (
	seenMost    = 3 * time.Second
	blockMost   = 2 * time.Second
	restartMost = 30 * time.Second
	// liveDeposits are followed a round, each through the mempool and a block.
	liveDeposits  = 20
	liveFillLimit = 4 * time.Minute
	// liveWait bounds the wait for one fact.
	liveWait = time.Minute
	// liveSat is dust: it is told as any deposit, and nothing has to be paid back.
	liveSat = 400
)

func init() {
	register(Row{
		Number: 21, Name: "live", Slow: true, Rounds: 3, Goal: 1, Unit: "limits",
		What: fmt.Sprintf("a whole deployment: %d deposits, node to fact in Kafka, p99 within %s from the mempool and %s from a block; hotwalletd killed and live again within %s. The worst of the three",
			liveDeposits, seenMost, blockMost, restartMost),
		Prepare: prepareLive,
	})
}

// live is a running Ferry with one swap that is paid in dust.
type live struct {
	*deployment
	env     *Env
	address string
	// seen, mined and restarted are all that was measured.
	seen, mined, restarted []time.Duration
}

func prepareLive(ctx context.Context, env *Env) (*Trial, error) {
	l := &live{env: env, deployment: newDeployment(env)}
	limited, cancel := context.WithTimeout(ctx, liveFillLimit)
	defer cancel()
	if err := l.open(limited); err != nil {
		return nil, errors.Join(err, l.close(ctx))
	}
	return &Trial{Baseline: limits, Subject: Side{Name: "what is used of them", Run: l.round}, Notes: l.notes,
		Close: func() error { return l.close(ctx) },
	}, nil
}

// open brings all up and makes a swap from bitcoin, for which the house needs ether.
func (l *live) open(ctx context.Context) error {
	if err := l.start(ctx, func(f swap.Fact) bool { return f.Deposit != nil }); err != nil {
		return err
	}
	if err := l.fundEther(ctx); err != nil {
		return err
	}
	created, err := l.book(ctx, asset.BTC, asset.ETH, "0.02")
	l.address = created.Terms.Receipt.DepositAddress
	return err
}

// round follows deposits, and one past the death of hotwalletd. Its seconds are the
// greatest share of a limit that was used.
func (l *live) round(ctx context.Context, _ int) (Sample, error) {
	var seen, mined []time.Duration
	for range l.env.scale(liveDeposits) {
		txid, err := l.pay(ctx)
		if err != nil {
			return Sample{}, err
		}
		took, err := l.until(ctx, txid, swap.FactDepositSeen, time.Now())
		if err != nil {
			return Sample{}, err
		}
		seen = append(seen, took)
		if err := l.btc.Mine(ctx, 1); err != nil {
			return Sample{}, err
		}
		if took, err = l.until(ctx, txid, swap.FactDepositInBlock, time.Now()); err != nil {
			return Sample{}, err
		}
		mined = append(mined, took)
	}
	restarted, err := l.restart(ctx)
	if err != nil {
		return Sample{}, err
	}
	l.seen, l.mined, l.restarted = append(l.seen, seen...), append(l.mined, mined...), append(l.restarted, restarted)
	used := max(share(quantile(seen, 99), seenMost), share(quantile(mined, 99), blockMost), share(restarted, restartMost))
	return Sample{Operations: 1, Seconds: used, CPU: used}, nil
}

// restart kills hotwalletd, pays meanwhile, and takes the time from its start until
// that is told.
func (l *live) restart(ctx context.Context) (time.Duration, error) {
	const name = "hotwalletd-bitcoin"
	if err := l.up.Kill(name); err != nil {
		return 0, err
	}
	txid, err := l.pay(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := l.up.Restart(ctx, name); err != nil {
		return 0, err
	}
	return l.until(ctx, txid, swap.FactDepositSeen, began)
}

func (l *live) pay(ctx context.Context) (string, error) {
	return l.btc.Pay(ctx, []faucet.Output{{Address: l.address, Units: asset.NewUnits(liveSat)}})
}

// until waits for the fact of a transaction and says how long it took since.
func (l *live) until(ctx context.Context, txid string, kind swap.FactKind, since time.Time) (time.Duration, error) {
	limit := time.NewTimer(liveWait)
	defer limit.Stop()
	for {
		select {
		case f := <-l.facts:
			if f.Kind == kind && f.Deposit.TxID == txid {
				return max(time.Since(since), 0), nil
			}
		case err := <-l.up.Failed():
			return 0, err
		case <-limit.C:
			return 0, fmt.Errorf("no %s of %s within %s", kind, txid, liveWait)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (l *live) notes() []string {
	line := func(what string, all []time.Duration, most time.Duration) string {
		return fmt.Sprintf("%s: median %s, p99 %s of %d; limit %s", what, quantile(all, 50).Round(time.Millisecond),
			quantile(all, 99).Round(time.Millisecond), len(all), most)
	}
	return []string{line("node's acceptance to deposit.seen in Kafka", l.seen, seenMost),
		line("block to deposit.in_block in Kafka", l.mined, blockMost), line("start of hotwalletd to the first fact", l.restarted, restartMost)}
}

func share(took, most time.Duration) float64 { return took.Seconds() / most.Seconds() }

// quantile is the least value that so many percent do not exceed.
func quantile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
