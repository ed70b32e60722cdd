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
// by its contract. What a whole payment of ether leaves is what the fee falls short of its
// most.
func (a *Adapter) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	if len(r.Outputs) != 1 {
		return chain.Plan{}, fmt.Errorf("%d outputs, a transaction of Ethereum pays one", len(r.Outputs))
	}
	o := r.Outputs[0]
	to, err := a.cfg.Networks.ParseAddress(asset.Ethereum, o.Destination)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("destination: %w", err)
	}
	from, err := a.cfg.Networks.ParseAddress(asset.Ethereum, f.Sender)
	if err != nil {
		return chain.Plan{}, fmt.Errorf("sender: %w", err)
	}
	fills := o.Asset == asset.ETH && to == from
	switch {
	case r.Whole && !o.Units.IsZero():
		return chain.Plan{}, fmt.Errorf("it takes everything and names %s base units", o.Units)
	case !r.Whole && o.Units.IsZero() && !fills:
		return chain.Plan{}, fmt.Errorf("amount 0 is below %s", a.MinOutput())
	}
	var c call
	if o.Asset == asset.ETH {
		c, err = a.etherCall(ctx, f, r, from, to)
	} else {
		c, err = a.tokenCall(ctx, f, r, from, to)
	}
	if err != nil {
		return chain.Plan{}, err
	}
	return a.finish(ctx, c, f, r)
}

// call is what a payment has the chain do. units are those of the payment's asset, value
// the ether that goes with it.
type call struct {
	to           common.Address
	units, value asset.Units
	data         []byte
	gas          uint64
}

func (a *Adapter) etherCall(ctx context.Context, f chain.Funds, r chain.Request, from, to string) (call, error) {
	units := r.Outputs[0].Units
	if r.Whole {
		units = f.Balance // less the fee, which finish knows
	}
	if f.Balance.Less(units) {
		return call{}, &chain.ShortError{Asset: asset.ETH, Has: f.Balance, Needs: units}
	}
	gas, err := a.gas(ctx, from, to, units)
	if err != nil {
		return call{}, fmt.Errorf("gas: %w", err)
	}
	return call{to: common.HexToAddress(to), units: units, value: units, gas: gas}, nil
}

// finish prices a call and makes it a transaction.
func (a *Adapter) finish(ctx context.Context, c call, f chain.Funds, r chain.Request) (chain.Plan, error) {
	p, err := a.price(ctx, c.gas, f, r)
	if err != nil {
		return chain.Plan{}, err
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(p.feeCap, new(big.Int).SetUint64(c.gas)))
	if err != nil {
		return chain.Plan{}, fmt.Errorf("fee: %w", err)
	}
	if r.Whole && len(c.data) == 0 {
		if c.value, err = f.Balance.Sub(fee); err != nil || c.value.IsZero() {
			return chain.Plan{}, &chain.ShortError{Asset: asset.ETH, Has: f.Balance, Needs: fee}
		}
		c.units = c.value
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
	paid := r.Outputs[0]
	paid.Units = c.units
	return chain.Plan{Unsigned: raw, Outputs: []chain.Output{paid}, ChangeIndex: -1, SenderPath: f.SenderPath, Nonce: f.Nonce,
		Fee: fee, Size: c.gas, Rate: p.rate()}, nil
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
