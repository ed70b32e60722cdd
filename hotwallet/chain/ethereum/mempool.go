package ethereum

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// pendingTx is what display needs of an unconfirmed transaction.
type pendingTx struct {
	Hash  common.Hash     `json:"hash"`
	From  common.Address  `json:"from"`
	To    *common.Address `json:"to"`
	Value *hexutil.Big    `json:"value"`
	Input hexutil.Bytes   `json:"input"`
}

// Mempool implements chain.Reader: the node's pool if it shows it, else the block
// it would make now. Of tokens it shows what a transaction calls itself.
func (a *Adapter) Mempool(ctx context.Context, w chain.Watch) ([]chain.Credit, error) {
	var pool struct {
		Pending map[string]map[string]pendingTx `json:"pending"`
	}
	var found []chain.Credit
	if err := a.call(ctx, &pool, "txpool_content"); err == nil {
		for _, byNonce := range pool.Pending {
			for _, tx := range byNonce {
				found = a.appendPending(found, tx, w)
			}
		}
		slices.SortFunc(found, func(x, y chain.Credit) int { return strings.Compare(x.TxID, y.TxID) })
		return found, nil
	} else if _, refused := answered(err); !refused && !errors.Is(err, errReplyTooLong) {
		return nil, err
	}
	var block *struct {
		Transactions []pendingTx `json:"transactions"`
	}
	if err := a.call(ctx, &block, "eth_getBlockByNumber", "pending", true); err != nil || block == nil {
		return nil, err
	}
	for _, tx := range block.Transactions {
		found = a.appendPending(found, tx, w)
	}
	return found, nil
}

func (a *Adapter) appendPending(found []chain.Credit, tx pendingTx, w chain.Watch) []chain.Credit {
	if tx.To == nil {
		return found
	}
	c := chain.Credit{TxID: tx.Hash.Hex(), Address: tx.To.Hex(), Asset: asset.ETH}
	value := tx.Value.ToInt()
	if id, known := a.tokens[*tx.To]; known {
		t, ok := readCall(tx.From, tx.Input)
		if !ok {
			return found
		}
		c.Asset, c.Source, c.Address, value = id, chain.Token, t.to.Hex(), t.value
	}
	if value == nil || value.Sign() <= 0 || !w.Address(c.Address) {
		return found
	}
	units, err := asset.UnitsFromBig(value)
	if err != nil { // more than there is in 256 bits: not a transaction
		return found
	}
	c.Units = units
	return append(found, c)
}
