package ethereum

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Tip implements chain.Reader.
func (a *Adapter) Tip(ctx context.Context) (chain.Ref, error) {
	h, err := a.header(ctx, "latest")
	if err != nil {
		return chain.Ref{}, err
	}
	return refOf(h), nil
}

// header reads the header at a height in hexadecimal or at "latest".
func (a *Adapter) header(ctx context.Context, at string) (*types.Header, error) {
	var reply json.RawMessage
	if err := a.call(ctx, &reply, "eth_getBlockByNumber", at, false); err != nil {
		return nil, err
	}
	h, ok, err := readHeader(reply)
	if err != nil {
		return nil, fmt.Errorf("block %s: %w", at, err)
	}
	if !ok {
		return nil, fmt.Errorf("block %s: %w", at, chain.ErrBlockGone)
	}
	return h, nil
}

// RefAt implements chain.Reader.
func (a *Adapter) RefAt(ctx context.Context, height int64) (chain.Ref, error) {
	if height < 0 {
		return chain.Ref{}, fmt.Errorf("block at height %d: %w", height, chain.ErrBlockGone)
	}
	h, err := a.header(ctx, hexutil.EncodeUint64(uint64(height)))
	if err != nil {
		return chain.Ref{}, err
	}
	if ref := refOf(h); ref.Height == height {
		return ref, nil
	}
	return chain.Ref{}, fmt.Errorf("the node sent block %s for height %d", refOf(h), height)
}

// checkCanonical is ErrBlockGone if the block is not the best chain's.
func (a *Adapter) checkCanonical(ctx context.Context, ref chain.Ref) error {
	there, err := a.RefAt(ctx, ref.Height)
	if err == nil && there != ref {
		err = fmt.Errorf("block %s: %s is at its height: %w", ref, there, chain.ErrBlockGone)
	}
	return err
}

// maxBatch bounds the balances asked with one call.
const maxBatch = 100

// Held implements chain.Reader. A node without the state of an old block answers
// ErrBlockGone for it.
func (a *Adapter) Held(ctx context.Context, at chain.Ref, id asset.ID, _, addresses []string) (asset.Units, error) {
	contract, token := a.tokens.contract(id)
	if !token && id != asset.ETH {
		return asset.Units{}, fmt.Errorf("%.20q is no asset that is watched here", id)
	}
	if err := a.checkCanonical(ctx, at); err != nil {
		return asset.Units{}, err
	}
	balances := a.balances
	if token {
		balances = func(ctx context.Context, at chain.Ref, some []string) (asset.Units, error) {
			return a.heldTokens(ctx, at, contract, some)
		}
	}
	var sum asset.Units
	for some := range slices.Chunk(addresses, maxBatch) {
		part, err := balances(ctx, at, some)
		if err == nil {
			sum, err = sum.Add(part)
		}
		if err != nil {
			return asset.Units{}, a.explainHeld(ctx, at, err)
		}
	}
	return sum, nil
}

// balances sums what addresses have at a block.
func (a *Adapter) balances(ctx context.Context, at chain.Ref, addresses []string) (asset.Units, error) {
	batch := make([]rpc.BatchElem, len(addresses))
	for i, address := range addresses {
		batch[i] = balanceAt(address, at.Hash)
	}
	if err := a.batch(ctx, batch); err != nil {
		return asset.Units{}, err
	}
	var sum asset.Units
	for _, e := range batch {
		value, err := asset.UnitsFromBig(e.Result.(*hexutil.Big).ToInt())
		if err == nil {
			sum, err = sum.Add(value)
		}
		if err != nil {
			return asset.Units{}, fmt.Errorf("balance: %w", err)
		}
	}
	return sum, nil
}

// balanceAt asks for a balance at the block's hash (EIP-1898), so a reorg can't mix
// two.
func balanceAt(address, hash string) rpc.BatchElem {
	where := map[string]any{"blockHash": hash, "requireCanonical": true}
	return rpc.BatchElem{Method: "eth_getBalance", Args: []any{address, where}, Result: new(hexutil.Big)}
}

// send asks at most maxBatch questions at once. Each may be refused by itself.
func (a *Adapter) send(ctx context.Context, batch []rpc.BatchElem) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	if err := a.node.BatchCallContext(ctx, batch); err != nil {
		return fmt.Errorf("%s: %w", batch[0].Method, withoutURL(err))
	}
	return nil
}

// batch is send where all have to be answered.
func (a *Adapter) batch(ctx context.Context, batch []rpc.BatchElem) error {
	if err := a.send(ctx, batch); err != nil {
		return err
	}
	for _, e := range batch {
		if e.Error != nil {
			return fmt.Errorf("%s: %w", e.Method, e.Error)
		}
	}
	return nil
}

// explainHeld turns a refusal into ErrBlockGone where the block is not the tip.
func (a *Adapter) explainHeld(ctx context.Context, at chain.Ref, cause error) error {
	if _, refused := answered(cause); !refused {
		return cause
	}
	tip, err := a.Tip(ctx)
	if err != nil {
		return errors.Join(cause, err)
	}
	if tip != at {
		return fmt.Errorf("held at %s: %w (%w)", at, chain.ErrBlockGone, cause)
	}
	return cause
}

// totalSupply is the first four bytes of Keccak-256("totalSupply()"), which every
// ERC-20 token answers and hardly any wallet.
var totalSupply = hexutil.Bytes{0x18, 0x16, 0x0d, 0xdd}

// CheckDestination implements chain.Reader. A contract that answers totalSupply
// looks like a token: it keeps what it is sent or refuses it. Other contracts
// are wallets for all we know.
func (a *Adapter) CheckDestination(ctx context.Context, address string) error {
	canonical, err := a.cfg.Networks.ParseAddress(asset.Ethereum, address)
	if err != nil {
		return err
	}
	contract, err := a.isContract(ctx, canonical)
	if err != nil || !contract {
		return err
	}
	var answer hexutil.Bytes
	err = a.call(ctx, &answer, "eth_call", map[string]any{"to": canonical, "input": totalSupply}, "latest")
	if _, refused := answered(err); refused {
		return nil // it reverted
	}
	if err != nil {
		return err
	}
	if len(answer) >= 32 {
		return fmt.Errorf("a token contract: %w", asset.ErrAddressForbidden)
	}
	return nil
}

// delegation is how EIP-7702 marks an account with a key that uses a contract's
// code.
var delegation = []byte{0xef, 0x01, 0x00}

func (a *Adapter) isContract(ctx context.Context, address string) (bool, error) {
	code, err := a.code(ctx, address)
	return len(code) > 0 && !bytes.HasPrefix(code, delegation), err
}

func (a *Adapter) code(ctx context.Context, address string) ([]byte, error) {
	var code hexutil.Bytes
	err := a.call(ctx, &code, "eth_getCode", address, "latest")
	return code, err
}
