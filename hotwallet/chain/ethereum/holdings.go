package ethereum

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// confirmTokens holds what the logs of a block say against the balances before and
// after it, and books what is borne out. It is asked only about holdings that a log
// names, so a block that has none of ours costs no call.
func (a *Adapter) confirmTokens(ctx context.Context, c content, b *chain.Block, w chain.Watch) error {
	for some := range slices.Chunk(c.tokenMoves(a.tokens, w), maxBatch/2) {
		var batch []rpc.BatchElem
		for _, m := range some {
			batch = append(batch, balanceOfAt(m.contract, m.address, b.Parent), balanceOfAt(m.contract, m.address, b.Hash))
		}
		found, err := a.askBalances(ctx, batch)
		if err != nil {
			if gone := a.checkCanonical(ctx, b.Ref); gone != nil {
				return errors.Join(gone, err)
			}
			return fmt.Errorf("block %s: %w", b.Ref, err)
		}
		for i, m := range some {
			before, after := found[2*i], found[2*i+1]
			if before == nil || after == nil {
				m.settle(nil, b)
				continue
			}
			m.settle(new(big.Int).Sub(after, before), b)
		}
	}
	return nil
}

// balanceOfAt asks a contract what an address has at a block, by the block's hash
// (EIP-1898).
func balanceOfAt(contract, address common.Address, hash string) rpc.BatchElem {
	call := map[string]any{"to": contract, "input": hexutil.Bytes(encodeCall(balanceOfCall, address[:]))}
	where := map[string]any{"blockHash": hash, "requireCanonical": true}
	return rpc.BatchElem{Method: "eth_call", Args: []any{call, where}, Result: new(hexutil.Bytes)}
}

// askBalances is what each question of balanceOfAt is answered; nil where the contract
// reverts or answers something else. Without code there is no balance.
func (a *Adapter) askBalances(ctx context.Context, batch []rpc.BatchElem) ([]*big.Int, error) {
	if err := a.send(ctx, batch); err != nil {
		return nil, err
	}
	found := make([]*big.Int, len(batch))
	for i, e := range batch {
		answer := *e.Result.(*hexutil.Bytes)
		switch {
		case e.Error != nil && reverted(e.Error):
		case e.Error != nil:
			return nil, fmt.Errorf("balanceOf: %w", e.Error)
		case len(answer) == 0:
			found[i] = new(big.Int)
		case len(answer) == common.HashLength:
			found[i] = new(big.Int).SetBytes(answer)
		}
	}
	return found, nil
}

// revertCode is geth's for a call that a contract has reverted.
const revertCode = 3

// reverted reports whether it was the contract that refused a call, and not the node.
func reverted(err error) bool {
	refusal, ok := answered(err)
	if !ok {
		return false
	}
	words := strings.ToLower(refusal.Error())
	return refusal.ErrorCode() == revertCode || strings.Contains(words, "revert") || strings.Contains(words, "invalid opcode")
}

// heldTokens sums what addresses have of a token at a block. Every one has to be told.
func (a *Adapter) heldTokens(ctx context.Context, at chain.Ref, contract common.Address, addresses []string) (asset.Units, error) {
	batch := make([]rpc.BatchElem, len(addresses))
	for i, address := range addresses {
		batch[i] = balanceOfAt(contract, common.HexToAddress(address), at.Hash)
	}
	found, err := a.askBalances(ctx, batch)
	if err != nil {
		return asset.Units{}, err
	}
	sum := new(big.Int)
	for i, n := range found {
		if n == nil {
			return asset.Units{}, fmt.Errorf("the contract %s does not say what %s has", contract, addresses[i])
		}
		sum.Add(sum, n)
	}
	return asset.UnitsFromBig(sum)
}

// ErrToken means that a pinned contract is not the token that the deployment says, on
// this node's chain.
var ErrToken = errors.New("not the token that the deployment says")

// CheckTokens holds the pinned contracts against the node: each has to have code, and
// as many decimals as its asset. Errors that wrap ErrToken stay until the deployment or
// the node is another one; nothing is read or paid before all are as they should be.
func (a *Adapter) CheckTokens(ctx context.Context) error {
	if a.tokensChecked.Load() {
		return nil
	}
	for contract, id := range a.tokens {
		code, err := a.code(ctx, contract.Hex())
		if err != nil {
			return err
		}
		if len(code) == 0 {
			return fmt.Errorf("%s: there is no contract at %s: %w", id, contract, ErrToken)
		}
		var answer hexutil.Bytes
		call := map[string]any{"to": contract, "input": hexutil.Bytes(decimalsCall)}
		if err := a.call(ctx, &answer, "eth_call", call, "latest"); err != nil && !reverted(err) {
			return err
		}
		want := asset.MustLookup(id).Decimals
		if n := new(big.Int).SetBytes(answer); len(answer) != common.HashLength || !n.IsInt64() || n.Int64() != int64(want) {
			return fmt.Errorf("%s: the contract at %s does not have %d decimals, but %s: %w", id, contract, want, n, ErrToken)
		}
	}
	a.tokensChecked.Store(true)
	return nil
}
