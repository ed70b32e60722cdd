package bitcoin

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// Coins lists what a key holds that nothing spends yet, unconfirmed ones too where the
// node indexes addresses (litecoind does not).
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
// not, in satoshi; on Litecoin, whose node indexes no addresses, what is not spent.
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
	find := n.Transactions
	if n.cfg.Chain == asset.Litecoin {
		find = n.holding
	}
	txs, err := find(ctx, address)
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

const (
	// codeScanning is what Litecoin Core answers while it looks through its coins for
	// somebody else (RPC_INVALID_PARAMETER); it does so for one at a time.
	codeScanning = -8
	// scanAgain is when to ask once more: a scan of a development chain takes milliseconds.
	scanAgain = 20 * time.Millisecond
)

// holding are the transactions in blocks that have paid an address what nothing in a
// block has spent, each once.
func (n *Node) holding(ctx context.Context, address string) ([]*wire.MsgTx, error) {
	var found struct {
		Unspents []struct {
			TxID string `json:"txid"`
		} `json:"unspents"`
	}
	ticker := time.NewTicker(scanAgain)
	defer ticker.Stop()
	for {
		err := n.call(ctx, &found, "scantxoutset", "start", []string{"addr(" + address + ")"})
		var answered *rpcError
		if err == nil {
			break
		}
		if !errors.As(err, &answered) || answered.Code != codeScanning {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
	var txs []*wire.MsgTx
	seen := map[string]bool{}
	for _, u := range found.Unspents[:min(len(found.Unspents), maxFound)] {
		if seen[u.TxID] {
			continue
		}
		seen[u.TxID] = true
		tx, err := n.Transaction(ctx, u.TxID)
		if err != nil {
			return nil, err
		}
		txs = append(txs, tx)
	}
	return txs, nil
}
