package signer

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap"
	"ferry/swap/asset"
)

// ancestorsMost is how many transactions in a row a child is weighed with: what is to be
// mined, and the children before this one.
const ancestorsMost = 5

// ancestorsOf is what a child pays for (CPFP): a sweep of one change output of a transaction
// that was signed here, and where that is such a child itself, what that pays for. Miners weigh
// all of them together, so the child's rate alone says nothing: the limit by rate is that of the
// package. It is nothing for all else. Whether a block has some of them nobody here can say; the
// absolute limit holds in any case.
func (s *Signer) ancestorsOf(p payment, b utxoTx) (all ancestors, err error) {
	if p.parts[0].purpose != swap.PurposeSweep || len(b.at) != 1 || !b.at[0].change() {
		return ancestors{}, nil
	}
	txid := b.tx.TxIn[0].PreviousOutPoint.Hash.String()
	for range ancestorsMost {
		parent, found, err := s.memory.signedAs(txid)
		if err != nil || !found {
			return all, err
		}
		var tx wire.MsgTx
		if err := tx.Deserialize(bytes.NewReader(parent.Raw)); err != nil {
			return all, fmt.Errorf("decode what was signed as %s: %w", parent.TxID, err)
		}
		if all.fee, err = all.fee.Add(parent.Fee); err != nil {
			return all, fmt.Errorf("fees of what a child pays for: %w", err)
		}
		if size := uint64(tx.SerializeSize()); p.chain == asset.BitcoinCash {
			all.size += size
		} else {
			all.size += (3*uint64(tx.SerializeSizeStripped()) + size + 3) / 4
		}
		if len(tx.TxIn) != 1 || !strings.HasPrefix(parent.Authority, string(swap.PurposeSweep)+":") {
			return all, nil
		}
		txid = tx.TxIn[0].PreviousOutPoint.Hash.String()
	}
	return all, nil
}
