package bitcoin

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// maxFound is the most transactions of one address that are looked at. The
// demo's addresses are fresh; each sees a handful.
const maxFound = 100

// Height is that of the best block.
func (n *Node) Height(ctx context.Context) (int64, error) {
	var height int64
	err := n.call(ctx, &height, "getblockcount")
	return height, err
}

// Generate mines count blocks to the node's --miningaddr.
func (n *Node) Generate(ctx context.Context, count int64) error {
	var hashes []string
	return n.call(ctx, &hashes, "generate", count)
}

// GenerateTo mines count blocks to an address, as litecoind must be told each time.
func (n *Node) GenerateTo(ctx context.Context, count int64, address string) error {
	var hashes []string
	return n.call(ctx, &hashes, "generatetoaddress", count, address)
}

// Invalidate makes the node leave its best chain from a height on; its
// transactions go back to the mempool.
func (n *Node) Invalidate(ctx context.Context, height int64) error {
	var hash string
	if err := n.call(ctx, &hash, "getblockhash", height); err != nil {
		return err
	}
	var nothing any
	return n.call(ctx, &nothing, "invalidateblock", hash)
}

// Reconsider takes back that a block was made invalid: the node returns to it if
// its branch is the longer one.
func (n *Node) Reconsider(ctx context.Context, hash string) error {
	var nothing any
	return n.call(ctx, &nothing, "reconsiderblock", hash)
}

// Block is the best chain's block at a height.
func (n *Node) Block(ctx context.Context, height int64) (*wire.MsgBlock, error) {
	var hash, text string
	if err := n.call(ctx, &hash, "getblockhash", height); err != nil {
		return nil, err
	}
	if err := n.call(ctx, &text, "getblock", hash, 0); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", height, err)
	}
	block := new(wire.MsgBlock)
	if err := block.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("block %d: %w", height, err)
	}
	return block, nil
}

// Transactions lists those that pay or spend an address, in blocks first, then
// in the mempool; at most maxFound.
func (n *Node) Transactions(ctx context.Context, address string) ([]*wire.MsgTx, error) {
	var texts []string
	err := n.call(ctx, &texts, "searchrawtransactions", address, 0, 0, maxFound)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	txs := make([]*wire.MsgTx, 0, len(texts))
	for _, text := range texts {
		tx, err := decodeTx(text)
		if err != nil {
			return nil, fmt.Errorf("transactions of %.12s…: %w", address, err)
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// Unspent reports whether an output exists and nothing spends it, in a block or
// in the mempool, and how many confirmations it has (0 in the mempool).
func (n *Node) Unspent(ctx context.Context, at wire.OutPoint) (confirmations int64, ok bool, err error) {
	var found *struct {
		Confirmations int64 `json:"confirmations"`
	}
	if err := n.call(ctx, &found, "gettxout", at.Hash.String(), at.Index, true); err != nil {
		return 0, false, err
	}
	if found == nil {
		return 0, false, nil
	}
	switch n.cfg.Chain {
	case asset.Litecoin: // its gettxout has looked at the mempool too
		return found.Confirmations, true, nil
	case asset.BitcoinCash:
		spent, err := n.spentInMempool(ctx, at)
		return found.Confirmations, !spent, err
	case asset.Bitcoin, asset.Ethereum:
	}
	// btcd's gettxout does not look at what the mempool spends.
	spender, err := n.spender(ctx, at)
	return found.Confirmations, spender == "", err
}

// spender is the transaction in the mempool that spends an output, or "".
func (n *Node) spender(ctx context.Context, at wire.OutPoint) (string, error) {
	type output struct {
		TxID string `json:"txid"`
		Vout uint32 `json:"vout"`
	}
	var found []struct {
		Spender string `json:"spendingtxid"`
	}
	if err := n.call(ctx, &found, "gettxspendingprevout", []output{{at.Hash.String(), at.Index}}); err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s gettxspendingprevout: %d answers to one question", n.cfg.Chain, len(found))
	}
	return found[0].Spender, nil
}

// maxPool is the most transactions of a mempool that are read; a development chain
// has a handful.
const maxPool = 1000

// spentInMempool reads the mempool, because bchd knows no other way to ask.
func (n *Node) spentInMempool(ctx context.Context, at wire.OutPoint) (bool, error) {
	var pool []string
	if err := n.call(ctx, &pool, "getrawmempool", false); err != nil {
		return false, err
	}
	if len(pool) > maxPool {
		return false, fmt.Errorf("the mempool of %s has %d transactions, at most %d are read", n.cfg.Chain, len(pool), maxPool)
	}
	for _, txid := range pool {
		tx, err := n.Transaction(ctx, txid)
		if isNotFound(err) {
			continue // it is in a block by now
		}
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint == at }) {
			return true, nil
		}
	}
	return false, nil
}

// Transaction is one that the node has, in its mempool or in a block.
func (n *Node) Transaction(ctx context.Context, txid string) (*wire.MsgTx, error) {
	var text string
	if err := n.call(ctx, &text, "getrawtransaction", txid, 0); err != nil {
		return nil, err
	}
	return decodeTx(text)
}

func decodeTx(text string) (*wire.MsgTx, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("a transaction in hexadecimal: %w", err)
	}
	tx := new(wire.MsgTx)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("decode a transaction: %w", err)
	}
	return tx, nil
}

// Confirmations of a transaction: 0 while it is in the mempool; ok is false if
// the node does not know it.
func (n *Node) Confirmations(ctx context.Context, txid string) (confirmations int64, ok bool, err error) {
	var found struct {
		Confirmations int64 `json:"confirmations"`
	}
	err = n.call(ctx, &found, "getrawtransaction", txid, 1)
	if isNotFound(err) {
		return 0, false, nil
	}
	return found.Confirmations, err == nil, err
}

// Send hands a transaction in. One that the node has already, in its mempool or
// a block, is sent.
func (n *Node) Send(ctx context.Context, tx *wire.MsgTx) (txid string, err error) {
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		return "", fmt.Errorf("encode a transaction: %w", err)
	}
	id := tx.TxHash().String()
	sendErr := n.call(ctx, &txid, "sendrawtransaction", hex.EncodeToString(raw.Bytes()))
	if sendErr == nil && txid != id {
		return "", fmt.Errorf("%s sendrawtransaction: the node names it %.64q, not %s", n.cfg.Chain, txid, id)
	}
	if sendErr != nil {
		_, known, err := n.Confirmations(ctx, id)
		if err != nil || !known {
			return "", errors.Join(sendErr, err)
		}
	}
	return id, nil
}
