package bitcoin

import (
	"bytes"
	"context"

	"github.com/btcsuite/btcd/wire/v2"
)

// Coins lists what a key holds that nothing spends yet, unconfirmed ones too.
func (n *Node) Coins(ctx context.Context, key Key) ([]Coin, error) {
	var coins []Coin
	err := n.paying(ctx, key.address, key.script, func(at wire.OutPoint, sat int64) error {
		depth, ok, err := n.Unspent(ctx, at)
		if ok {
			coins = append(coins, Coin{At: at, Sat: sat, Key: key, Depth: depth})
		}
		return err
	})
	return coins, err
}

// Received is all that transactions in blocks have paid a key, spent since or
// not, in satoshi.
func (n *Node) Received(ctx context.Context, key Key) (int64, error) {
	var sum int64
	err := n.paying(ctx, key.address, key.script, func(at wire.OutPoint, sat int64) error {
		depth, known, err := n.Confirmations(ctx, at.Hash.String())
		if known && depth > 0 {
			sum += sat
		}
		return err
	})
	return sum, err
}

func (n *Node) paying(ctx context.Context, address string, script []byte, each func(wire.OutPoint, int64) error) error {
	txs, err := n.Transactions(ctx, address)
	if err != nil {
		return err
	}
	for _, tx := range txs {
		hash := tx.TxHash()
		for i, out := range tx.TxOut {
			if !bytes.Equal(out.PkScript, script) {
				continue
			}
			if err := each(wire.OutPoint{Hash: hash, Index: uint32(i)}, out.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
