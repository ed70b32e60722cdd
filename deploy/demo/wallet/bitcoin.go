package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap/asset"
)

const (
	// maxKeys is how many addresses a wallet gives out, each searched when it pays.
	maxKeys = 100
	// maxInputs bounds a payment.
	maxInputs = 50
)

// ErrKeys means a wallet has given out all the addresses it may.
var ErrKeys = errors.New("a throw-away wallet has no more addresses to give")

// Bitcoin is a wallet of random keys on Bitcoin or the sibling that its node is of. Its
// methods may be called from several goroutines.
type Bitcoin struct {
	node     *bitcoin.Node
	networks asset.Networks

	mu   sync.Mutex
	keys []bitcoin.Key
}

// NewBitcoin makes an empty wallet; it does not call the node.
func NewBitcoin(cfg bitcoin.NodeConfig, networks asset.Networks) (*Bitcoin, error) {
	node, err := bitcoin.NewNode(cfg)
	if err != nil {
		return nil, err
	}
	return &Bitcoin{node: node, networks: networks}, networks.Validate()
}

// Close lets go of idle connections.
func (b *Bitcoin) Close() { b.node.Close() }

// NewAddress makes a key and gives its address, never the same twice.
func (b *Bitcoin) NewAddress() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, err := b.newKey()
	return key.Address(), err
}

func (b *Bitcoin) newKey() (bitcoin.Key, error) {
	if len(b.keys) == maxKeys {
		return bitcoin.Key{}, ErrKeys
	}
	key, err := bitcoin.NewKeyOn(b.node.Chain(), b.networks)
	if err != nil {
		return bitcoin.Key{}, err
	}
	b.keys = append(b.keys, key)
	return key, nil
}

// Pay signs and broadcasts one transaction with an output of exactly these
// satoshi to the address and the change to a fresh address of the wallet. It
// spends confirmed coins; bitcoin.ErrFunds if they are not enough.
func (b *Bitcoin) Pay(ctx context.Context, to string, units asset.Units) (txid string, err error) {
	out, err := bitcoin.OutputOn(b.node.Chain(), b.networks, to, units)
	if err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	outs := []*wire.TxOut{out}
	coins, err := b.pick(ctx, outs)
	if err != nil {
		return "", err
	}
	change, err := b.newKey()
	if err != nil {
		return "", err
	}
	tx, err := bitcoin.Spend(coins, outs, change.Script())
	if err != nil {
		return "", err
	}
	txid, err = b.node.SendOwn(ctx, tx)
	if err != nil {
		return "", fmt.Errorf("broadcast %s %s: %w", asset.FormatUnits(units, 8), b.node.Chain().NativeID(), err)
	}
	return txid, nil
}

// pick takes coins, the largest first, until they cover the outputs and the fee.
func (b *Bitcoin) pick(ctx context.Context, outs []*wire.TxOut) ([]bitcoin.Coin, error) {
	coins, err := b.confirmed(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(coins, func(x, y bitcoin.Coin) int { return int(min(max(y.Sat-x.Sat, -1), 1)) })
	var have, need int64
	for _, out := range outs {
		need += out.Value
	}
	for i, c := range coins[:min(len(coins), maxInputs)] {
		if have += c.Sat; have >= need+bitcoin.Fee(b.node.Chain(), i+1, outs) {
			return coins[:i+1], nil
		}
	}
	return nil, fmt.Errorf("the wallet has %d confirmed sat for %d and the fee: %w", have, need, bitcoin.ErrFunds)
}

func (b *Bitcoin) confirmed(ctx context.Context) ([]bitcoin.Coin, error) {
	var confirmed []bitcoin.Coin
	for _, key := range b.keys {
		coins, err := b.node.Coins(ctx, key)
		if err != nil {
			return nil, err
		}
		for _, c := range coins {
			if c.Depth > 0 {
				confirmed = append(confirmed, c)
			}
		}
	}
	return confirmed, nil
}

// Balance is what the wallet's confirmed, unspent coins add up to, in satoshi.
func (b *Bitcoin) Balance(ctx context.Context) (asset.Units, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	coins, err := b.confirmed(ctx)
	var sum int64
	for _, c := range coins {
		sum += c.Sat
	}
	return asset.NewUnits(uint64(sum)), err
}

// Received is what transactions in blocks have paid to an address of the
// wallet, in satoshi, whether spent since or not (on Litecoin: what is not spent).
func (b *Bitcoin) Received(ctx context.Context, address string) (asset.Units, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.keys, func(k bitcoin.Key) bool { return k.Address() == address })
	if i < 0 {
		return asset.Units{}, fmt.Errorf("%.128q is no address of this wallet", address)
	}
	sat, err := b.node.Received(ctx, b.keys[i])
	return asset.NewUnits(uint64(sat)), err
}
