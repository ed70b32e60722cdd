package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/deploy/demo/faucet"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// broadcastMost is what an order may take until its payment is with a node. No
	// window is set here in which payments are gathered.
	broadcastMost = 5 * time.Second
	// paymentWaves of paymentSwaps each way are made one after the other; the payments of
	// a wave are ordered all at once.
	paymentWaves, paymentSwaps = 4, 10
	// paymentBlocks is how far apart Bitcoin's blocks are while a wave runs.
	paymentBlocks = time.Second
	// Coins the house gets, for each payout in bitcoin one and some to spare.
	paymentCoins   = 2 * paymentWaves * paymentSwaps
	paymentCoinSat = 2_000_000
)

func init() {
	register(Row{
		Number: 34, Name: "payments", Slow: true, Rounds: 1, Goal: 1, Unit: "limits",
		What:    fmt.Sprintf("a whole deployment: a deposit is confirmed to its payout's broadcast told in Kafka, on btcd and geth, %d at once, p99 of all within %s", 2*paymentSwaps, broadcastMost),
		Prepare: preparePayments,
	})
}

// payments are those of a running Ferry.
type payments struct {
	*deployment
	env *Env
	// took is how long each payment was on its way, by the chain it was made on.
	took map[asset.Chain][]time.Duration
}

func preparePayments(ctx context.Context, env *Env) (*Trial, error) {
	p := &payments{env: env, deployment: newDeployment(env), took: map[asset.Chain][]time.Duration{}}
	limited, cancel := context.WithTimeout(ctx, liveFillLimit)
	defer cancel()
	if err := p.open(limited); err != nil {
		return nil, errors.Join(err, p.close(ctx))
	}
	return &Trial{Baseline: limits, Subject: Side{Name: "what is used of them", Run: p.round}, Notes: p.notes,
		Close: func() error { return p.close(ctx) },
	}, nil
}

// open brings all up, and gives the house ether, and coins that can be spent.
func (p *payments) open(ctx context.Context) error {
	err := p.start(ctx, func(f swap.Fact) bool {
		return f.Kind == swap.FactDepositConfirmed || f.Kind == swap.FactPaymentBroadcast
	})
	if err != nil {
		return err
	}
	if err := p.fundEther(ctx); err != nil {
		return err
	}
	house, err := p.fundAddress(ctx, asset.Bitcoin)
	if err != nil {
		return err
	}
	coins := slices.Repeat([]faucet.Output{{Address: house, Units: asset.NewUnits(paymentCoinSat)}}, paymentCoins)
	if _, err := p.btc.Pay(ctx, coins); err != nil {
		return err
	}
	return p.btc.Mine(ctx, 6)
}

// round makes all waves. Its seconds are the share of the limit that the 99th
// percentile of all payments used.
func (p *payments) round(ctx context.Context, _ int) (Sample, error) {
	for range p.env.scale(paymentWaves) {
		if err := p.wave(ctx); err != nil {
			return Sample{}, err
		}
	}
	used := share(quantile(slices.Concat(p.took[asset.Bitcoin], p.took[asset.Ethereum]), 99), broadcastMost)
	return Sample{Operations: 1, Seconds: used, CPU: used}, nil
}

// wave makes swaps each way, pays for them, and follows them until all are paid out.
func (p *payments) wave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, liveFillLimit)
	defer cancel()
	deposits := map[asset.Chain][]faucet.Output{}
	open := map[string]asset.Chain{} // by swap, the chain that pays
	for range paymentSwaps {
		for _, way := range []struct {
			from, to asset.ID
			deposit  string
		}{{asset.BTC, asset.ETH, "0.005"}, {asset.ETH, asset.BTC, "0.1"}} {
			made, err := p.book(ctx, way.from, way.to, way.deposit)
			if err != nil {
				return err
			}
			r, q := made.Terms.Receipt, made.Terms.Quote
			deposits[r.DepositChain] = append(deposits[r.DepositChain], faucet.Output{Address: r.DepositAddress, Units: q.Deposit.Units})
			open[r.SwapID] = q.PayoutChain()
		}
	}
	if err := p.payIn(ctx, deposits); err != nil {
		return err
	}
	return p.paidOut(ctx, open)
}

// payIn pays all deposits at once.
func (p *payments) payIn(ctx context.Context, deposits map[asset.Chain][]faucet.Output) error {
	if _, err := p.btc.Pay(ctx, deposits[asset.Bitcoin]); err != nil {
		return err
	}
	together, ctx := errgroup.WithContext(ctx)
	for _, d := range deposits[asset.Ethereum] {
		together.Go(func() error {
			_, err := p.eth.Pay(ctx, d.Address, d.Units)
			return err
		})
	}
	return together.Wait()
}

// paidOut takes the time from each swap's confirmed deposit to its payment, while
// Bitcoin has blocks.
func (p *payments) paidOut(ctx context.Context, open map[string]asset.Chain) (err error) {
	mining, stop := context.WithCancel(ctx)
	mined := make(chan error, 1)
	go func() { mined <- p.mine(mining) }()
	defer func() {
		stop()
		err = errors.Join(err, <-mined)
	}()
	ordered := map[string]time.Time{}
	for len(open) > 0 {
		select {
		case f := <-p.facts:
			chain, ours := open[f.SwapID]
			switch {
			case !ours:
			case f.Kind == swap.FactDepositConfirmed:
				ordered[f.SwapID] = f.At
			case ordered[f.SwapID].IsZero():
				return fmt.Errorf("%s was paid out before its deposit was confirmed", f.SwapID)
			default:
				p.took[chain] = append(p.took[chain], max(time.Since(ordered[f.SwapID]), 0))
				delete(open, f.SwapID)
			}
		case err := <-p.up.Failed():
			return err
		case <-ctx.Done():
			return fmt.Errorf("%d of %d payouts are not with a node: %w", len(open), 2*paymentSwaps, ctx.Err())
		}
	}
	return nil
}

// mine makes blocks on Bitcoin until it is stopped.
func (p *payments) mine(ctx context.Context) error {
	each := time.NewTicker(paymentBlocks)
	defer each.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-each.C:
			if err := p.btc.Mine(ctx, 1); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

func (p *payments) notes() []string {
	var lines []string
	for _, chain := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		all := p.took[chain]
		lines = append(lines, fmt.Sprintf("payouts on %s: median %s, p99 %s of %d; limit %s", chain, quantile(all, 50).Round(time.Millisecond),
			quantile(all, 99).Round(time.Millisecond), len(all), broadcastMost))
	}
	return lines
}
