package faucet

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap/asset"
)

const (
	// coinbaseMaturity is consensus: an output of block h can be spent in block h+100.
	coinbaseMaturity = 100
	// maxInputs bounds a payment: 50 blocks' subsidies are 2,500 BTC.
	maxInputs = 50
	// maxOutputs bounds a payment.
	maxOutputs = 200
	// maxTries is how often a payment is built again because another process
	// was faster to spend one of its coins.
	maxTries = 10
)

// Output is what one address is to be paid, in satoshi.
type Output struct {
	Address string
	Units   asset.Units
}

// Bitcoin is the faucet of a node of Bitcoin or a sibling, which was started with
// MiningAddress if it is a btcd or bchd.
// Its methods may be called from several goroutines.
type Bitcoin struct {
	node     *bitcoin.Node
	networks asset.Networks
	key      bitcoin.Key

	mining sync.Mutex // btcd refuses to generate twice at a time

	mu   sync.Mutex
	next int64 // the lowest block whose coinbase may still be unspent
}

// NewBitcoin makes the faucet; it does not call the node.
func NewBitcoin(cfg bitcoin.NodeConfig, networks asset.Networks) (*Bitcoin, error) {
	node, err := bitcoin.NewNode(cfg)
	if err != nil {
		return nil, err
	}
	key, err := miningKeyOn(node.Chain(), networks)
	if err != nil {
		return nil, err
	}
	return &Bitcoin{node: node, networks: networks, key: key, next: 1}, nil
}

// Close lets go of idle connections.
func (b *Bitcoin) Close() { b.node.Close() }

// Pay sends one transaction with these outputs, and change to the faucet. It
// does not mine. An output below btcd's dust limit (294 sat for P2WPKH, 546 for
// P2PKH) is the node's to refuse; anything above, however useless, is sent.
func (b *Bitcoin) Pay(ctx context.Context, outputs []Output) (txid string, err error) {
	if len(outputs) == 0 || len(outputs) > maxOutputs {
		return "", fmt.Errorf("a payment has 1 to %d outputs, not %d", maxOutputs, len(outputs))
	}
	outs := make([]*wire.TxOut, 0, len(outputs))
	for _, o := range outputs {
		out, err := bitcoin.OutputOn(b.node.Chain(), b.networks, o.Address, o.Units)
		if err != nil {
			return "", err
		}
		outs = append(outs, out)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var sendErr error
	for range maxTries {
		coins, err := b.pick(ctx, outs)
		if err != nil {
			return "", errors.Join(err, sendErr)
		}
		tx, err := bitcoin.Spend(coins, outs, b.key.Script())
		if err != nil {
			return "", err
		}
		if txid, sendErr = b.node.SendOwn(ctx, tx); sendErr == nil {
			return txid, nil
		}
		lost, err := b.lost(ctx, coins)
		if err != nil || !lost {
			return "", errors.Join(fmt.Errorf("pay from the faucet: %w", sendErr), err)
		}
	}
	return "", fmt.Errorf("pay from the faucet: others took its coins %d times: %w", maxTries, sendErr)
}

// lost reports whether somebody else has spent one of the coins.
func (b *Bitcoin) lost(ctx context.Context, coins []bitcoin.Coin) (bool, error) {
	for _, c := range coins {
		if _, unspent, err := b.node.Unspent(ctx, c.At); err != nil || !unspent {
			return err == nil, err
		}
	}
	return false, nil
}

// pick finds coins for the outputs, lowest block first, and moves past them: a
// coin that was picked is not offered again by this faucet, whatever becomes of
// the payment. Another start finds it again if nothing spent it. Coins that were
// found but are not enough are not moved past.
func (b *Bitcoin) pick(ctx context.Context, outs []*wire.TxOut) ([]bitcoin.Coin, error) {
	start := b.next
	var need, have int64
	for _, out := range outs {
		need += out.Value
	}
	tip, err := b.node.Height(ctx)
	if err != nil {
		return nil, err
	}
	var coins []bitcoin.Coin
	for ; b.next <= tip+1-coinbaseMaturity; b.next++ {
		coin, ok, err := b.coinbase(ctx, b.next)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		coins, have = append(coins, coin), have+coin.Sat
		if have >= need+bitcoin.Fee(b.node.Chain(), len(coins), outs) {
			b.next++
			return coins, nil
		}
		if len(coins) == maxInputs {
			b.next = start
			return nil, fmt.Errorf("the faucet pays at most what %d blocks gave: %d sat are not enough for %d", maxInputs, have, need)
		}
	}
	b.next = start
	return nil, fmt.Errorf("the faucet has %d mature sat left, %d are needed: mine more blocks (at height %d): %w", have, need, tip, bitcoin.ErrFunds)
}

// coinbase is the spendable coin of a block, if it is the faucet's and unspent.
func (b *Bitcoin) coinbase(ctx context.Context, height int64) (bitcoin.Coin, bool, error) {
	block, err := b.node.Block(ctx, height)
	if err != nil {
		return bitcoin.Coin{}, false, err
	}
	mined := block.Transactions[0]
	for i, out := range mined.TxOut {
		if string(out.PkScript) != string(b.key.Script()) || out.Value == 0 {
			continue
		}
		at := wire.OutPoint{Hash: mined.TxHash(), Index: uint32(i)}
		depth, unspent, err := b.node.Unspent(ctx, at)
		return bitcoin.Coin{At: at, Sat: out.Value, Key: b.key, Depth: depth}, unspent, err
	}
	return bitcoin.Coin{}, false, nil
}
