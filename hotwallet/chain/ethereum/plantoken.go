package ethereum

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/hotwallet/chain"
)

var errToSender = errors.New("the destination is the sender itself")

// tokenCall has the token's pinned contract pay. Before it costs anything, the node is
// asked what the contract would do: one that stops or bars us reverts, and others say
// false, as a transaction with status 1 that pays nobody would.
func (a *Adapter) tokenCall(ctx context.Context, f chain.Funds, r chain.Request, from, to string) (call, error) {
	o := r.Outputs[0]
	contract, known := a.tokens.contract(o.Asset)
	if !known {
		return call{}, fmt.Errorf("no contract is pinned for %.20q", o.Asset)
	}
	if r.Whole {
		o.Units = f.TokenBalance
	}
	if to == from { // no balance would change, so nothing would show that it is paid
		return call{}, errToSender
	}
	if f.TokenBalance.Less(o.Units) || o.Units.IsZero() {
		return call{}, &chain.ShortError{Asset: o.Asset, Has: f.TokenBalance, Needs: o.Units}
	}
	if err := a.CheckTokens(ctx); err != nil {
		return call{}, err
	}
	c := call{to: contract, units: o.Units, data: encodeCall(transferCall, common.HexToAddress(to).Bytes(), o.Units.Big().Bytes())}
	message := map[string]any{"from": from, "to": contract, "input": hexutil.Bytes(c.data)}
	if err := a.tryTransfer(ctx, message); err != nil {
		return call{}, fmt.Errorf("%s: %w", o.Asset, err)
	}
	gas, err := a.tokenGas(ctx, message)
	if err != nil {
		return call{}, fmt.Errorf("%s: gas: %w", o.Asset, err)
	}
	c.gas = gas
	return c, nil
}

// tryTransfer is ErrRefused if the transfer would do nothing now. USDT answers nothing
// where it succeeds; others answer true.
func (a *Adapter) tryTransfer(ctx context.Context, message map[string]any) error {
	var answer hexutil.Bytes
	err := a.call(ctx, &answer, "eth_call", message, "latest")
	switch {
	case err != nil && reverted(err):
		return fmt.Errorf("%w: %w", chain.ErrRefused, err)
	case err != nil:
		return err
	case len(answer) == 0:
		return nil
	case len(answer) != common.HashLength || new(big.Int).SetBytes(answer).Cmp(big.NewInt(1)) != 0:
		return fmt.Errorf("%w: it answers %.66s", chain.ErrRefused, answer)
	}
	return nil
}

// tokenGas is what the node estimates and a quarter more: a holder's first token costs
// more than a later one.
func (a *Adapter) tokenGas(ctx context.Context, message map[string]any) (uint64, error) {
	var estimate hexutil.Uint64
	err := a.call(ctx, &estimate, "eth_estimateGas", message)
	if err != nil && reverted(err) {
		return 0, fmt.Errorf("%w: %w", chain.ErrRefused, err)
	}
	if err != nil {
		return 0, err
	}
	if uint64(estimate) > a.cfg.TokenGasMax {
		return 0, fmt.Errorf("the contract takes %d gas, at most %d is paid", uint64(estimate), a.cfg.TokenGasMax)
	}
	return min(uint64(estimate)+uint64(estimate)/4, a.cfg.TokenGasMax), nil
}
