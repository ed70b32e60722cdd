package utxo

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
)

// DecodeBlock is Rules.DecodeBlock of a chain whose blocks are Bitcoin's.
func DecodeBlock(raw []byte) (*Block, error) {
	var msg wire.MsgBlock
	r := bytes.NewReader(raw)
	if err := msg.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if r.Len() != 0 {
		return nil, fmt.Errorf("%d bytes follow the block", r.Len())
	}
	return &Block{Header: msg.Header, Transactions: msg.Transactions}, nil
}

// DecodeTx is Rules.DecodeTx of a chain whose transactions are Bitcoin's.
func DecodeTx(raw []byte) (*wire.MsgTx, error) {
	var tx wire.MsgTx
	r := bytes.NewReader(raw)
	if err := tx.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if r.Len() != 0 {
		return nil, fmt.Errorf("%d bytes follow the transaction", r.Len())
	}
	return &tx, nil
}
