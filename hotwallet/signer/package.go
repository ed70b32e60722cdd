package signer

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap"
	"ferry/swap/asset"
)

// ancestorsOf is the transaction that a child pays for (CPFP): a sweep of one change output
// of a transaction that was signed here. Miners weigh both together, so the child's rate
// alone says nothing: the limit by rate is that of the package. It is nothing for all else.
func (s *Signer) ancestorsOf(p payment, b utxoTx) (ancestors, error) {
	if p.parts[0].purpose != swap.PurposeSweep || len(b.at) != 1 || !b.at[0].change() {
		return ancestors{}, nil
	}
	parent, found, err := s.memory.signedAs(b.tx.TxIn[0].PreviousOutPoint.Hash.String())
	if err != nil || !found {
		return ancestors{}, err
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(parent.Raw)); err != nil {
		return ancestors{}, fmt.Errorf("decode what was signed as %s: %w", parent.TxID, err)
	}
	size := uint64(tx.SerializeSize())
	if p.chain != asset.BitcoinCash {
		size = uint64(3*tx.SerializeSizeStripped()+tx.SerializeSize()+3) / 4
	}
	return ancestors{size: size, fee: parent.Fee}, nil
}
