package litecoin

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain/utxo"
)

// minTx is the size of the smallest transaction: version, two counts and lock time.
const minTx = 10

// decodeBlock reads a block as Litecoin Core writes it (primitives/block.h): header,
// transactions and, if the last of several is a HogEx, whether extension data follow
// and these, to the end.
func decodeBlock(raw []byte) (*utxo.Block, error) {
	d := decoder{rest: raw}
	header, err := d.header()
	if err != nil {
		return nil, err
	}
	b := &utxo.Block{Header: header}
	count := d.count(minTx)
	for i := range count {
		tx, ext := d.transaction()
		if d.err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, d.err)
		}
		b.Transactions = append(b.Transactions, tx)
		switch {
		case ext == none:
		case ext == hogEx && i > 0 && i == count-1:
			b.PegOuts = int(i)
		default:
			return nil, fmt.Errorf("transaction %d has extension data of its own", i)
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return b, d.extension(b.PegOuts > 0)
}

// extension passes over what follows the transactions.
func (d *decoder) extension(announced bool) error {
	if !announced {
		if len(d.rest) > 0 {
			return fmt.Errorf("%d bytes follow the block", len(d.rest))
		}
		return nil
	}
	switch there := d.byte(); {
	case d.err != nil:
		return fmt.Errorf("extension data: %w", d.err)
	case there > 1:
		return fmt.Errorf("extension data begin with %d", there)
	case (there == 1) != (len(d.rest) > 0):
		return errors.New("extension data are announced and missing, or the other way round")
	}
	return nil
}

// decodeTx reads a transaction from a mempool or an index. One with extension data
// of its own, as peg-ins have until they are in a block, ends with these and the
// lock time; its id leaves them out.
func decodeTx(raw []byte) (*wire.MsgTx, error) {
	d := decoder{rest: raw}
	tx, ext := d.transaction()
	if d.err == nil && ext == carried {
		if len(d.rest) <= lockTimeSize {
			return nil, errors.New("decode: the transaction's extension data are missing")
		}
		d.rest = d.rest[len(d.rest)-lockTimeSize:]
		tx.LockTime = d.uint32()
	}
	if d.err != nil {
		return nil, fmt.Errorf("decode: %w", d.err)
	}
	if len(d.rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the transaction", len(d.rest))
	}
	return tx, nil
}

// extensionOnly are transactions within the extension block: they have no inputs
// and outputs that others see, and an id made of their kernel.
func extensionOnly(tx *wire.MsgTx) bool { return len(tx.TxIn) == 0 && len(tx.TxOut) == 0 }
