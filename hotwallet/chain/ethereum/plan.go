package ethereum

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// transferGas is what a transfer to an address without code costs (yellow paper,
// Gtransaction).
const transferGas = 21000

// Plan implements chain.Payer: an EIP-1559 transfer from f.Sender, of ether or of a token
// by its contract.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	to, err := a.cfg.Networks.ParseAddress(asset.Ethereum, r.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	from, err := a.cfg.Networks.ParseAddress(asset.Ethereum, f.Sender)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("sender: %w", err)
	}
	if r.Units.IsZero() {
		return chain.Plan{}, fmt.Errorf("amount 0 is below %s", a.MinOutput())
	}
	var c call
	if r.Asset == asset.ETH {
		c, err = a.etherCall(ctx, f, r, from, to)
	} else {
		c, err = a.tokenCall(ctx, f, r, from, to)
	}
	if err != nil {
		return chain.Plan{}, err
	}
	return a.finish(ctx, c, f, r)
}

// call is what a payment has the chain do.
type call struct {
	to    common.Address
	value asset.Units
	data  []byte
	gas   uint64
}

func (a *Adapter) etherCall(ctx context.Context, f chain.Funds, r chain.Request, from, to string) (call, error) {
	if f.Balance.Less(r.Units) {
		return call{}, &chain.ShortError{Asset: r.Asset, Has: f.Balance, Needs: r.Units}
	}
	gas, err := a.gas(ctx, from, to, r.Units)
	if err != nil {
		return call{}, fmt.Errorf("gas: %w", err)
	}
	return call{to: common.HexToAddress(to), value: r.Units, gas: gas}, nil
}

// finish prices a call and makes it a transaction.
func (a *Adapter) finish(ctx context.Context, c call, f chain.Funds, r chain.Request) (chain.Plan, error) {
	p, err := a.price(ctx, c.gas, r.FeeMax)
	if err != nil {
		return chain.Plan{}, err
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(p.feeCap, new(big.Int).SetUint64(c.gas)))
	if err != nil {
		return chain.Plan{}, fmt.Errorf("fee: %w", err)
	}
	total, err := c.value.Add(fee)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("amount and fee: %w", err)
	}
	if f.Balance.Less(total) {
		return chain.Plan{}, &chain.ShortError{Asset: asset.ETH, Has: f.Balance, Needs: total}
	}
	raw, err := types.NewTx(&types.DynamicFeeTx{
		ChainID: a.chainID, Nonce: f.Nonce, GasTipCap: p.tip, GasFeeCap: p.feeCap, Gas: c.gas,
		To: &c.to, Value: c.value.Big(), Data: c.data,
	}).MarshalBinary()
	if err != nil {
		return chain.Plan{}, fmt.Errorf("encode the transaction: %w", err)
	}
	return chain.Plan{Unsigned: raw, ChangeIndex: -1, SenderPath: f.SenderPath, Nonce: f.Nonce, Fee: fee}, nil
}

// gas is a transfer's, or for a contract what the node estimates and a quarter
// more: a wallet's costs change with its state.
func (a *Adapter) gas(ctx context.Context, from, to string, units asset.Units) (uint64, error) {
	code, err := a.code(ctx, to)
	if err != nil {
		return 0, err
	}
	if len(code) == 0 {
		return transferGas, nil
	}
	var estimate hexutil.Uint64
	err = a.call(ctx, &estimate, "eth_estimateGas", map[string]any{
		"from": from, "to": to, "value": (*hexutil.Big)(units.Big()),
	})
	if err != nil {
		return 0, err
	}
	if uint64(estimate) > a.cfg.GasMax {
		return 0, fmt.Errorf("the destination's contract takes %d gas, at most %d is paid", uint64(estimate), a.cfg.GasMax)
	}
	return min(uint64(estimate)+uint64(estimate)/4, a.cfg.GasMax), nil
}

// price is EIP-1559's, in wei per gas.
type price struct{ tip, feeCap *big.Int }

// price offers twice the base fee and the tip. The base fee rises by at most an
// eighth a block, so that lasts for five full blocks. Where the configured cap or
// FeeMax does not allow as much, it offers what they allow, as long as that
// covers the next block.
func (a *Adapter) price(ctx context.Context, gas uint64, feeMax asset.Units) (price, error) {
	h, err := a.header(ctx, "latest")
	if err != nil {
		return price{}, err
	}
	base := h.BaseFee
	if base == nil {
		return price{}, fmt.Errorf("block %s has no base fee", refOf(h))
	}
	p := price{tip: a.tip(ctx)}
	p.feeCap = new(big.Int).Add(new(big.Int).Mul(base, big.NewInt(2)), p.tip)
	affordable := new(big.Int).Div(feeMax.Big(), new(big.Int).SetUint64(gas))
	for _, limit := range []*big.Int{new(big.Int).SetUint64(a.cfg.FeeCapMax), affordable} {
		if limit.Cmp(p.feeCap) < 0 {
			p.feeCap = limit
		}
	}
	next := new(big.Int).Add(base, new(big.Int).Div(base, big.NewInt(8)))
	if next.Add(next, p.tip).Cmp(p.feeCap) > 0 {
		return price{}, fmt.Errorf("%s wei per gas of at most %s: %w", next, p.feeCap, chain.ErrFeeMax)
	}
	return p, nil
}

// tip asks the node. No answer is no error: a fallback is configured.
func (a *Adapter) tip(ctx context.Context) *big.Int {
	var suggested hexutil.Big
	tip := new(big.Int).SetUint64(a.cfg.TipFallback)
	if err := a.call(ctx, &suggested, "eth_maxPriorityFeePerGas"); err == nil {
		tip = suggested.ToInt()
	}
	if least := new(big.Int).SetUint64(a.cfg.TipFloor); tip.Cmp(least) < 0 {
		return least
	}
	if most := new(big.Int).SetUint64(a.cfg.TipCap); tip.Cmp(most) > 0 {
		return most
	}
	return tip
}
