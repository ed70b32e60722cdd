package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
	"golang.org/x/sync/errgroup"

	"ferry/hotwallet/chain"
)

// Block implements chain.Reader. That the block is in the best chain is asked
// first: what comes with the hash is then right whatever happens in between.
func (a *Adapter) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	c, m, err := a.read(ctx, ref, w, true)
	if err != nil {
		return chain.Block{}, err
	}
	if err := a.compare(ctx, m); err != nil {
		return chain.Block{}, err
	}
	if err := a.confirmTokens(ctx, c, &m.Block, w); err != nil {
		return chain.Block{}, err
	}
	return m.Block, nil
}

// Transfers implements chain.TransferReader: it asks for no trace and no balance.
func (a *Adapter) Transfers(ctx context.Context, ref chain.Ref, w chain.Watch) ([]chain.Credit, error) {
	_, m, err := a.read(ctx, ref, w, false)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(m.Credits, func(c chain.Credit) bool { return c.Source != chain.Transfer }), nil
}

// sender watches one address.
type sender string

// Address implements chain.Watch.
func (s sender) Address(address string) bool { return address == string(s) }

// Coin implements chain.Watch.
func (sender) Coin(string) bool { return false }

// read reads a block and what its header commits to and, if asked, what went on inside
// of its transactions. Nothing is compared with balances yet.
func (a *Adapter) read(ctx context.Context, ref chain.Ref, w chain.Watch, inside bool) (c content, m matched, err error) {
	if err := a.CheckTokens(ctx); err != nil {
		return c, m, err
	}
	if err := a.checkCanonical(ctx, ref); err != nil {
		return c, m, err
	}
	var block json.RawMessage
	if err := a.call(ctx, &block, "eth_getBlockByHash", ref.Hash, true); err != nil {
		return c, m, err
	}
	h, ok, err := decodeHeader(block)
	if err != nil {
		return c, m, fmt.Errorf("block %s: %w", ref, err)
	}
	if !ok {
		return c, m, fmt.Errorf("block %s: %w", ref, chain.ErrBlockGone)
	}
	if refOf(h) != ref {
		return c, m, fmt.Errorf("block %s: the node sent %s instead", ref, refOf(h))
	}
	c, err = readBody(h, block)
	if err != nil {
		return c, m, fmt.Errorf("block %s: %w", ref, err)
	}
	if err := a.complete(ctx, ref, &c, w, inside); err != nil {
		return c, m, err
	}
	if m, err = match(c, a.signer, w); err != nil {
		return c, m, fmt.Errorf("block %s: %w", ref, err)
	}
	return c, m, nil
}

// complete reads receipts and, if asked, the trace, at once, and recovers the senders
// while the node works: that takes longer than all else we do, and transactions keep them.
func (a *Adapter) complete(ctx context.Context, ref chain.Ref, c *content, w chain.Watch, inside bool) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		receipts := json.RawMessage("[]")
		if len(c.txs) > 0 {
			if err := a.call(ctx, &receipts, "eth_getBlockReceipts", ref.Hash); err != nil {
				return err
			}
		}
		if string(receipts) == "null" {
			return fmt.Errorf("receipts of block %s: %w", ref, chain.ErrBlockGone)
		}
		if err := c.readReceipts(receipts); err != nil {
			return fmt.Errorf("block %s: %w", ref, err)
		}
		return nil
	})
	var trace []changes
	if inside {
		group.Go(func() (err error) {
			trace, err = a.trace(ctx, ref, c.txs, w)
			return err
		})
	}
	for _, tx := range c.txs {
		if _, err := types.Sender(a.signer, tx); err != nil {
			break // match says which
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	c.trace = trace
	return nil
}

var errBalancesDiffer = errors.New("the trace and the balances contradict each other")

// compare holds what only the trace says against the balances of these addresses
// before and after the block. A trace is in no header: this notices a tracer that is
// wrong. It is rarely asked, and a block in which they differ is not read.
func (a *Adapter) compare(ctx context.Context, m matched) error {
	if len(m.doubtful) == 0 {
		return nil
	}
	expected := map[string]*big.Int{}
	for address := range m.doubtful {
		expected[address] = new(big.Int)
	}
	add := func(address string, by *big.Int) {
		if sum := expected[address]; sum != nil {
			sum.Add(sum, by)
		}
	}
	for _, c := range m.Credits {
		add(c.Address, c.Units.Big())
	}
	for _, d := range m.Debits {
		add(d.Address, new(big.Int).Neg(d.Units.Big()))
		add(d.Address, new(big.Int).Neg(d.Fee.Big()))
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(expected)), maxBatch/2) {
		grown, err := a.growth(ctx, m.Block, some)
		if err != nil {
			if gone := a.checkCanonical(ctx, m.Ref); gone != nil {
				return errors.Join(gone, err)
			}
			return fmt.Errorf("block %s: %w", m.Ref, err)
		}
		for i, address := range some {
			if grown[i].Cmp(expected[address]) != 0 {
				return fmt.Errorf("block %s: %w: %s has %s wei more, the trace has %s",
					m.Ref, errBalancesDiffer, address, grown[i], expected[address])
			}
		}
	}
	return nil
}

// growth is by how much each balance grew in a block.
func (a *Adapter) growth(ctx context.Context, b chain.Block, addresses []string) ([]*big.Int, error) {
	var batch []rpc.BatchElem
	for _, address := range addresses {
		for _, hash := range []string{b.Parent, b.Hash} {
			batch = append(batch, balanceAt(address, hash))
		}
	}
	if err := a.batch(ctx, batch); err != nil {
		return nil, err
	}
	grown := make([]*big.Int, len(addresses))
	for i := range grown {
		before, after := batch[2*i].Result.(*hexutil.Big), batch[2*i+1].Result.(*hexutil.Big)
		grown[i] = new(big.Int).Sub(after.ToInt(), before.ToInt())
	}
	return grown, nil
}
