package utxo

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
)

const (
	// maxSightings bounds the mempool transactions remembered; about 20 MB.
	maxSightings = 100_000
	// maxFetches bounds the transactions read in one look. The rest is for the next.
	maxFetches = 500
)

// Mempool implements chain.Reader. Each look reads at most 500 transactions it
// does not know yet.
func (a *Adapter) Mempool(ctx context.Context, w chain.Watch) ([]chain.Credit, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return nil, err
	}
	var txids []string
	if err := a.node.call(ctx, &txids, "getrawmempool"); err != nil {
		return nil, err
	}
	slices.Sort(txids)
	unseen := a.forgetAllBut(txids)
	for _, txid := range unseen {
		if err := a.sight(ctx, txid); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []chain.Credit
	for _, txid := range txids {
		found = append(found, a.credits(a.sighted[txid], txid, w)...)
	}
	return found, nil
}

// forgetAllBut drops what left the mempool and returns what to read now.
func (a *Adapter) forgetAllBut(txids []string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := make(map[string][]payment, len(a.sighted))
	var unseen []string
	for _, txid := range txids {
		if paid, ok := a.sighted[txid]; ok {
			kept[txid] = paid
		} else if len(unseen) < maxFetches && isHash(txid) {
			unseen = append(unseen, txid)
		}
	}
	a.sighted = kept
	return unseen
}

// sight reads one transaction; it may have left meanwhile.
func (a *Adapter) sight(ctx context.Context, txid string) error {
	tx, err := a.transaction(ctx, txid)
	if isCode(err, codeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	paid := a.payments(tx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sighted) < maxSightings {
		a.sighted[txid] = paid
	}
	return nil
}

// transaction reads one from the mempool or, with the node's index, from a
// block, and checks that it is the one asked for.
func (a *Adapter) transaction(ctx context.Context, txid string) (*wire.MsgTx, error) {
	var text string
	if err := a.node.call(ctx, &text, "getrawtransaction", txid, 0); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", txid, err)
	}
	tx, err := a.rules.DecodeTx(raw)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", txid, err)
	}
	if got := tx.TxHash().String(); got != txid && (a.rules.Hidden == nil || !a.rules.Hidden(tx)) {
		return nil, fmt.Errorf("the node sent transaction %s instead of %s", got, txid)
	}
	return tx, nil
}
