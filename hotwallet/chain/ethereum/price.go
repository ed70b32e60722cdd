package ethereum

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
)

// Replaceable implements chain.Payer: a transaction of the same nonce that offers more
// takes the other's place.
func (a *Adapter) Replaceable() bool { return true }

// price is EIP-1559's, in wei per gas: the next block's base fee, and what is offered.
type price struct{ base, tip, feeCap *big.Int }

// rate is what is paid for gas in the next block.
func (p price) rate() chain.Rate {
	sum := new(big.Int).Add(p.base, p.tip)
	if p.feeCap.Cmp(sum) < 0 {
		sum = p.feeCap
	}
	return chain.Rate(sum.Uint64()) // within FeeCapMax
}

// price offers twice the next base fee and the tip. The base fee rises by at most an
// eighth a block, so that lasts for six full blocks. Where the configured cap or
// FeeMax does not allow as much, it offers what they allow, as long as that
// covers the next block and what is to be replaced.
func (a *Adapter) price(ctx context.Context, gas uint64, f chain.Funds, r chain.Request) (price, error) {
	base, err := a.nextBase(ctx)
	if err != nil {
		return price{}, err
	}
	p := price{base: base, tip: a.tip(ctx, base, r.Rate)}
	p.feeCap = new(big.Int).Add(new(big.Int).Lsh(p.base, 1), p.tip)
	if wanted := new(big.Int).SetUint64(uint64(r.Rate)); p.feeCap.Cmp(wanted) < 0 {
		p.feeCap = wanted
	}
	least := new(big.Int)
	for i, earlier := range r.Replaces {
		tip, feeCap, err := outbid(earlier, f)
		if err != nil {
			return price{}, fmt.Errorf("attempt %d: %w", i+1, err)
		}
		p.tip, p.feeCap, least = larger(p.tip, tip), larger(p.feeCap, feeCap), larger(least, feeCap)
	}
	affordable := new(big.Int).Div(r.FeeMax.Big(), new(big.Int).SetUint64(gas))
	for _, limit := range []*big.Int{new(big.Int).SetUint64(a.cfg.FeeCapMax), affordable} {
		if limit.Cmp(p.feeCap) < 0 {
			p.feeCap = limit
		}
	}
	if needed := larger(new(big.Int).Add(p.base, p.tip), least); needed.Cmp(p.feeCap) > 0 {
		return price{}, fmt.Errorf("%s wei per gas of at most %s: %w", needed, p.feeCap, chain.ErrFeeMax)
	}
	return p, nil
}

// outbid is what nodes ask for in place of an earlier attempt: geth a tenth more of tip and
// of cap (core/txpool/legacypool, PriceBump), others up to an eighth.
func outbid(earlier chain.Plan, f chain.Funds) (tip, feeCap *big.Int, err error) {
	if earlier.Nonce != f.Nonce || earlier.SenderPath != f.SenderPath {
		return nil, nil, fmt.Errorf("it has nonce %d of %s, not %d of %s: both could be mined", earlier.Nonce, earlier.SenderPath, f.Nonce, f.SenderPath)
	}
	var tx types.Transaction
	if err := tx.UnmarshalBinary(earlier.Unsigned); err != nil {
		return nil, nil, fmt.Errorf("its transaction: %w", err)
	}
	return eighthMore(tx.GasTipCap()), eighthMore(tx.GasFeeCap()), nil
}

// eighthMore is n and an eighth, at least 1, more.
func eighthMore(n *big.Int) *big.Int {
	more := new(big.Int).Add(n, big.NewInt(7))
	return more.Add(n, larger(more.Rsh(more, 3), big.NewInt(1)))
}

func larger(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// tip is what the wanted rate leaves for it above the base fee, or what the node suggests;
// no answer is no error: a fallback is configured. A replacement may have to offer more.
func (a *Adapter) tip(ctx context.Context, base *big.Int, wanted chain.Rate) *big.Int {
	tip := new(big.Int).SetUint64(a.cfg.TipFallback)
	if wanted > 0 {
		tip = tip.Sub(new(big.Int).SetUint64(uint64(wanted)), base)
	} else {
		var suggested hexutil.Big
		if err := a.call(ctx, &suggested, "eth_maxPriorityFeePerGas"); err == nil {
			tip = suggested.ToInt()
		}
	}
	if least := new(big.Int).SetUint64(a.cfg.TipFloor); tip.Cmp(least) < 0 {
		return least
	}
	if most := new(big.Int).SetUint64(a.cfg.TipCap); tip.Cmp(most) > 0 {
		return most
	}
	return tip
}
