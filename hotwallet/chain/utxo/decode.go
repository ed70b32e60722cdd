package utxo

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
)

// DecodeBlock is Rules.DecodeBlock of a chain whose blocks are Bitcoin's.
func DecodeBlock(raw []byte) (*Block, error) {
	r := bytes.NewReader(raw)
	var b Block
	if err := b.Header.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	count, err := wire.ReadVarInt(r, 0)
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	// Not btcd's own limit, which is of Bitcoin's blocks: others' are larger.
	if count > uint64(r.Len()/leastTx) {
		return nil, fmt.Errorf("decode: %d bytes can't hold %d transactions", r.Len(), count)
	}
	b.Transactions = make([]*wire.MsgTx, count)
	for i := range b.Transactions {
		b.Transactions[i] = new(wire.MsgTx)
		if err := b.Transactions[i].Deserialize(r); err != nil {
			return nil, fmt.Errorf("decode: transaction %d: %w", i, err)
		}
	}
	if r.Len() != 0 {
		return nil, fmt.Errorf("%d bytes follow the block", r.Len())
	}
	return &b, nil
}

// leastTx is the size of the smallest transaction there can be: version, two counts
// and lock time.
const leastTx = 10

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
