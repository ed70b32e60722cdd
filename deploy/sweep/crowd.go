package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/deploy/parts"
)

const (
	// crowdPace is how often it is looked whether the crowd still waits.
	crowdPace = 100 * time.Millisecond
	// crowdAhead is how many blocks' worth of it waits: a block is made each second.
	crowdAhead = 2
	// burning is a contract's making that uses up all the gas it is given, at once
	// (INVALID).
	burning = "0xfe"
)

// crowd keeps the blocks of geth full: each is taken by one transaction of the developer's
// account that tips more than who else waits.
type crowd struct {
	w *world
	// tip is what it tips, in wei per gas.
	tip *big.Int
}

// gather keeps blocks full until the returned function is called, which tells what went
// wrong meanwhile. It returns once a block is full.
func (w *world) gather(ctx context.Context, tip *big.Int) (leave func() error, err error) {
	c := crowd{w: w, tip: tip}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- c.run(ctx) }()
	leave = sync.OnceValue(func() error { cancel(); return <-done })
	err = until(ctx, createLimit, "a full block", func() (bool, string, error) {
		h, err := w.geth.HeaderByNumber(ctx, nil)
		if err != nil {
			return later(err)
		}
		return h.GasUsed == h.GasLimit, fmt.Sprintf("block %s uses %d of %d", h.Number, h.GasUsed, h.GasLimit), nil
	})
	if err != nil {
		return nil, errors.Join(err, leave())
	}
	return leave, nil
}

func (c crowd) run(ctx context.Context) error {
	ticker := time.NewTicker(crowdPace)
	defer ticker.Stop()
	for {
		if err := c.fill(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("keep blocks full: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// fill hands in what is missing for the next blocks.
func (c crowd) fill(ctx context.Context) error {
	account := common.HexToAddress(parts.GethDeveloperAddress)
	mined, err := c.w.geth.NonceAt(ctx, account, nil)
	if err != nil {
		return err
	}
	next, err := c.w.geth.PendingNonceAt(ctx, account)
	if err != nil {
		return err
	}
	tip, err := c.w.geth.HeaderByNumber(ctx, nil)
	if err != nil {
		return err
	}
	for ; next < mined+crowdAhead; next++ {
		most := new(big.Int).Add(c.tip, new(big.Int).Lsh(tip.BaseFee, crowdAhead))
		tx := map[string]any{"from": account, "nonce": hexutil.Uint64(next), "gas": hexutil.Uint64(tip.GasLimit), "data": burning,
			"maxPriorityFeePerGas": (*hexutil.Big)(c.tip), "maxFeePerGas": (*hexutil.Big)(most)}
		var hash common.Hash
		if err := c.w.geth.Client().CallContext(ctx, &hash, "eth_sendTransaction", tx); err != nil {
			return err
		}
	}
	return nil
}
