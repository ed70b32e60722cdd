package utxo

import (
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
)

const (
	// subsidyFirst is the first blocks' subsidy, in base units, on every chain of the family.
	subsidyFirst = 50_0000_0000
	// ratesMost bounds the blocks whose rate is remembered.
	ratesMost = 300
)

// EstimateRate implements chain.Market by the node's own estimate.
func (a *Adapter) EstimateRate(ctx context.Context, blocks int) (chain.Rate, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return 0, err
	}
	rate, err := a.estimate(ctx, blocks)
	return chain.Rate(rate), noEstimate(err)
}

// BlockRate implements chain.Market. A block's rate is what its reward has beyond the
// subsidy, over the size of its other transactions: so no input has to be looked up. What
// a miner pays to himself raises the rate of his own blocks only, which a median of
// several does not follow.
func (a *Adapter) BlockRate(ctx context.Context, blocks int) (chain.Rate, error) {
	tip, err := a.Tip(ctx)
	if err != nil {
		return 0, err
	}
	var rates []uint64
	for height := tip.Height; height > 0 && height > tip.Height-int64(blocks); height-- {
		rate, err := a.rateAt(ctx, height)
		if err != nil {
			return 0, err
		}
		if rate > 0 {
			rates = append(rates, rate)
		}
	}
	if len(rates) == 0 {
		return 0, fmt.Errorf("%w: the newest %d blocks hold no transaction that paid", chain.ErrNoEstimate, blocks)
	}
	slices.Sort(rates)
	return chain.Rate(rates[len(rates)/2]), nil
}

// rateAt reads the block at a height, unless the watcher has done so before.
func (a *Adapter) rateAt(ctx context.Context, height int64) (uint64, error) {
	ref, err := a.RefAt(ctx, height)
	if err != nil {
		return 0, err
	}
	a.mu.Lock()
	rate, known := a.rates[ref.Hash]
	a.mu.Unlock()
	if known {
		return rate, nil
	}
	raw, err := a.rawBlock(ctx, ref)
	if err != nil {
		return 0, err
	}
	b, _, err := a.verified(raw, ref)
	if err != nil {
		return 0, fmt.Errorf("block %s: %w", ref, err)
	}
	return a.rememberRate(ref, b), nil
}

func (a *Adapter) rememberRate(ref chain.Ref, b *Block) uint64 {
	rate := b.rate(a.rules.subsidy(ref.Height))
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.rates) >= ratesMost {
		clear(a.rates)
	}
	a.rates[ref.Hash] = rate
	return rate
}

// rate is what a block was paid per 1000 vbytes; 0 if it holds nothing but its reward, or
// its miner took less than the subsidy. Of Litecoin's extension block the fees are in it
// and the size is not.
func (b *Block) rate(subsidy uint64) uint64 {
	var reward, size uint64
	for i, tx := range b.Transactions {
		if i > 0 && i == b.PegOuts {
			continue // nobody paid for it
		}
		if i > 0 {
			size += uint64(3*tx.SerializeSizeStripped()+tx.SerializeSize()+3) / 4
			continue
		}
		for _, out := range tx.TxOut {
			if out.Value < 0 || out.Value > most {
				return 0
			}
			reward += uint64(out.Value)
		}
	}
	if size == 0 || reward <= subsidy || reward-subsidy > most {
		return 0
	}
	return (reward - subsidy) * 1000 / size
}

// most is above what any reward can be; times 1000 it is within 64 bits.
const most = 1 << 53

// subsidy of the block at a height. A reward halves at most 63 times.
func (r Rules) subsidy(height int64) uint64 { return subsidyFirst >> min(height/r.Halving, 63) }
