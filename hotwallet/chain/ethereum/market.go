package ethereum

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
)

// nextBase is the base fee of the block after the newest one, which that block fixes
// (EIP-1559): an eighth more after a full block, an eighth less after an empty one.
func (a *Adapter) nextBase(ctx context.Context) (*big.Int, error) {
	h, err := a.header(ctx, "latest")
	if err != nil {
		return nil, err
	}
	if h.BaseFee == nil || h.BaseFee.Sign() < 0 || h.BaseFee.BitLen() > 63 || h.GasLimit < 2 || h.GasUsed > h.GasLimit {
		return nil, fmt.Errorf("block %s has no base fee, or no room", refOf(h))
	}
	return baseAfter(h), nil
}

func baseAfter(h *types.Header) *big.Int {
	target := h.GasLimit / 2
	off := new(big.Int).Sub(new(big.Int).SetUint64(h.GasUsed), new(big.Int).SetUint64(target))
	step := off.Mul(off, h.BaseFee)
	step.Quo(step, new(big.Int).SetUint64(target)).Quo(step, big.NewInt(8))
	if h.GasUsed > target && step.Sign() == 0 {
		step.SetInt64(1)
	}
	return step.Add(step, h.BaseFee)
}

// EstimateRate implements chain.Market: the next base fee, and the tip that the node
// suggests. The base fee is the same however long one waits for it, so the target is not.
func (a *Adapter) EstimateRate(ctx context.Context, _ int) (chain.Rate, error) {
	base, err := a.nextBase(ctx)
	if err != nil {
		return 0, err
	}
	var tip hexutil.Big
	if err := a.call(ctx, &tip, "eth_maxPriorityFeePerGas"); err != nil {
		return 0, err
	}
	return a.sum(base, tip.ToInt())
}

// tipPercentile of the gas of a block, by what it paid.
const tipPercentile = 50

// BlockRate implements chain.Market: the next base fee, and the median over the newest
// blocks of the tip that the middle of each one's gas paid.
func (a *Adapter) BlockRate(ctx context.Context, blocks int) (chain.Rate, error) {
	base, err := a.nextBase(ctx)
	if err != nil {
		return 0, err
	}
	var history struct {
		Used   []float64        `json:"gasUsedRatio"` // only to tell empty blocks
		Reward [][]*hexutil.Big `json:"reward"`
	}
	err = a.call(ctx, &history, "eth_feeHistory", hexutil.Uint64(blocks), "latest", []int{tipPercentile})
	if err != nil {
		return 0, err
	}
	if len(history.Reward) > blocks || len(history.Used) != len(history.Reward) {
		return 0, fmt.Errorf("eth_feeHistory: tips of %d blocks and room of %d, %d were asked for", len(history.Reward), len(history.Used), blocks)
	}
	var tips []*big.Int
	for i, reward := range history.Reward {
		if history.Used[i] == 0 {
			continue
		}
		if len(reward) != 1 || reward[0] == nil {
			return 0, errors.New("eth_feeHistory: a block without its tip")
		}
		tips = append(tips, reward[0].ToInt())
	}
	if len(tips) == 0 {
		return 0, fmt.Errorf("%w: the newest %d blocks are empty", chain.ErrNoEstimate, blocks)
	}
	slices.SortFunc(tips, (*big.Int).Cmp)
	return a.sum(base, tips[len(tips)/2])
}

// FloorRate implements chain.Market: what pays less than the next base fee and the least
// tip is in no next block.
func (a *Adapter) FloorRate(ctx context.Context) (chain.Rate, error) {
	base, err := a.nextBase(ctx)
	if err != nil {
		return 0, err
	}
	return a.sum(base, new(big.Int).SetUint64(a.cfg.TipFloor))
}

// sum of a base fee and a tip that a node named.
func (a *Adapter) sum(base, tip *big.Int) (chain.Rate, error) {
	if tip.Sign() < 0 || tip.BitLen() > 63 {
		return 0, fmt.Errorf("%.40s wei per gas is no tip", tip)
	}
	return chain.Rate(base.Uint64() + tip.Uint64()), nil
}
