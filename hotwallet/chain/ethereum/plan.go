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

// Plan implements chain.Payer: an EIP-1559 transfer from f.Sender.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	if r.Asset != asset.ETH {
		return chain.Plan{}, fmt.Errorf("%s is no asset of ethereum", r.Asset)
	}
	to, err := a.cfg.Networks.ParseAddress(asset.Ethereum, r.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	from, err := a.cfg.Networks.ParseAddress(asset.Ethereum, f.Sender)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("sender: %w", err)
	}
	if r.Units.IsZero() {
		return chain.Plan{}, fmt.Errorf("amount 0 wei is below %s", a.MinOutput())
	}
	if f.Balance.Less(r.Units) {
		return chain.Plan{}, fmt.Errorf("balance %s for %s wei: %w", f.Balance, r.Units, chain.ErrFunds)
	}
	gas, err := a.gas(ctx, from, to, r.Units)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("gas: %w", err)
	}
	p, err := a.price(ctx, gas, r.FeeMax)
	if err != nil {
		return chain.Plan{}, err
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(p.feeCap, new(big.Int).SetUint64(gas)))
	if err != nil {
		return chain.Plan{}, fmt.Errorf("fee: %w", err)
	}
	if total, err := r.Units.Add(fee); err != nil || f.Balance.Less(total) {
		return chain.Plan{}, fmt.Errorf("balance %s for %s wei and a fee of %s: %w", f.Balance, r.Units, fee, chain.ErrFunds)
	}
	destination := common.HexToAddress(to)
	raw, err := types.NewTx(&types.DynamicFeeTx{
		ChainID: a.chainID, Nonce: f.Nonce, GasTipCap: p.tip, GasFeeCap: p.feeCap, Gas: gas,
		To: &destination, Value: r.Units.Big(),
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
