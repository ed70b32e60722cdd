package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/deploy/parts"
	"ferry/hotwallet/chain/ethereum"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

// passes goes through all blocks, several times.
func (c *ethereumChain) passes(read func(context.Context, int64) error) func(context.Context, int) (Sample, error) {
	return func(ctx context.Context, _ int) (Sample, error) {
		blocks := int(c.to-c.from+1) * etherPasses
		return c.env.timed(ctx, blocks, func(ctx context.Context) error {
			for range etherPasses {
				for height := c.from; height <= c.to; height++ {
					if err := read(ctx, height); err != nil {
						return fmt.Errorf("block %d: %w", height, err)
					}
				}
			}
			return nil
		})
	}
}

// fetch is the bare loop: block, receipts and trace, decoded and believed.
func (c *ethereumChain) fetch(ctx context.Context, height int64) error {
	return c.fetchSome(ctx, height, true)
}

func (c *ethereumChain) fetchSome(ctx context.Context, height int64, traced bool) error {
	var raw json.RawMessage
	if err := c.node.CallContext(ctx, &raw, "eth_getBlockByNumber", hexutil.Uint64(height), true); err != nil {
		return err
	}
	var header types.Header
	var block struct {
		Transactions types.Transactions `json:"transactions"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &block); err != nil {
		return err
	}
	var receipts types.Receipts
	if err := c.node.CallContext(ctx, &receipts, "eth_getBlockReceipts", header.Hash()); err != nil {
		return err
	}
	if !traced {
		return nil
	}
	type account struct {
		Balance *hexutil.Big `json:"balance"`
	}
	var trace []struct {
		Result struct{ Pre, Post map[string]account } `json:"result"`
	}
	options := map[string]any{"tracer": "prestateTracer", "tracerConfig": map[string]bool{"diffMode": true, "disableCode": true, "disableStorage": true}}
	return c.node.CallContext(ctx, &trace, "debug_traceBlockByHash", header.Hash(), options)
}

// adapter reads as the watcher does: the reference by height, then the block.
func (c *ethereumChain) adapter(traced bool) (func(context.Context, int64) error, error) {
	config := ethereum.Config{URL: c.url, Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: parts.GethChainID}, Traces: ethereum.TracesRequired}
	if !traced {
		config.Traces = ethereum.TracesOff
	}
	a, err := ethereum.New(config)
	if err != nil {
		return nil, err
	}
	nobody := watch.NewSet()
	return func(ctx context.Context, height int64) error {
		ref, err := a.RefAt(ctx, height)
		if err != nil {
			return err
		}
		_, err = a.Block(ctx, ref, nobody)
		return err
	}, nil
}

// notes compares once with the same blocks without traces.
func (c *ethereumChain) notes(ctx context.Context) []string {
	bare, err := c.passes(func(ctx context.Context, height int64) error { return c.fetchSome(ctx, height, false) })(ctx, 0)
	if err != nil {
		return []string{"without traces: " + err.Error()}
	}
	read, err := c.adapter(false)
	if err != nil {
		return []string{"without traces: " + err.Error()}
	}
	ours, err := c.passes(read)(ctx, 0)
	if err != nil {
		return []string{"without traces: " + err.Error()}
	}
	return []string{fmt.Sprintf("without traces %.0f blocks/s of %.0f/s", ours.Rate(), bare.Rate())}
}
