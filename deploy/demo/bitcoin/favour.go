package bitcoin

import (
	"context"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// LitecoinBlockRate is the least that the miner of the demo's Litecoin takes of strangers,
// in litoshi per virtual byte: three times what anybody is seen to pay, so that a wallet
// that goes by what it sees gets stuck, and has to offer more.
const LitecoinBlockRate = 15

// favoured is what the miner adds, in his mind, to the fee of the demo's own
// transactions, in litoshi.
const favoured = 1_000_000

// favour has the miner of Litecoin take a transaction for what it pays. One that he has
// mined already, or that strangers sent, is none the worse.
func (n *Node) favour(ctx context.Context, txid string) error {
	if n.cfg.Chain != asset.Litecoin {
		return nil
	}
	var done bool
	return n.call(ctx, &done, "prioritisetransaction", txid, 0, favoured)
}

// SendOwn hands in a transaction of the demo's own, which the miner takes at FeeRate.
func (n *Node) SendOwn(ctx context.Context, tx *wire.MsgTx) (txid string, err error) {
	if txid, err = n.Send(ctx, tx); err != nil {
		return "", err
	}
	return txid, n.favour(ctx, txid)
}
