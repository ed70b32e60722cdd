package signer

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// minInputSize is the least an input takes up, in bytes.
const minInputSize = 41

// decodeUTXO reads an unsigned transaction strictly: its bytes are the only
// encoding of it, it has no witness and no signature script, each coin once, and
// nothing that could delay it.
func decodeUTXO(chain asset.Chain, raw []byte) (*wire.MsgTx, error) {
	if len(raw) > maxUnsignedUTXO {
		return nil, fmt.Errorf("it has %d bytes, at most %d", len(raw), maxUnsignedUTXO)
	}
	if err := plausible(raw, 4); err != nil {
		return nil, err
	}
	tx := new(wire.MsgTx)
	r := bytes.NewReader(raw)
	if err := tx.DeserializeNoWitness(r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	var again bytes.Buffer
	if err := tx.SerializeNoWitness(&again); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if r.Len() != 0 || !bytes.Equal(again.Bytes(), raw) {
		return nil, errors.New("it is not in its one encoding")
	}
	// A lock time would only delay the payment; the signer can't tell by how long.
	if tx.Version < 1 || tx.Version > 2 || tx.LockTime != 0 {
		return nil, fmt.Errorf("version %d or lock time %d is not accepted", tx.Version, tx.LockTime)
	}
	return tx, errors.Join(checkShape(tx), checkValues(chain, tx))
}

func checkShape(tx *wire.MsgTx) error {
	if len(tx.TxIn) == 0 || len(tx.TxIn) > maxInputs || len(tx.TxOut) == 0 || len(tx.TxOut) > maxBatch+maxChange {
		return fmt.Errorf("%d inputs and %d outputs are not accepted", len(tx.TxIn), len(tx.TxOut))
	}
	seen := map[wire.OutPoint]bool{}
	for i, in := range tx.TxIn {
		switch {
		case seen[in.PreviousOutPoint]:
			return fmt.Errorf("input %d spends a coin twice", i)
		case len(in.SignatureScript) != 0:
			return fmt.Errorf("input %d has a signature script", i)
		case in.Sequence < wire.MaxTxInSequenceNum-2:
			// Below, BIP68 may read it as a relative lock time.
			return fmt.Errorf("input %d has sequence %#x", i, in.Sequence)
		}
		seen[in.PreviousOutPoint] = true
	}
	return nil
}

func checkValues(chain asset.Chain, tx *wire.MsgTx) error {
	for i, out := range tx.TxOut {
		if out.Value <= 0 || out.Value > maxSupply[chain] {
			return fmt.Errorf("output %d has an amount out of range", i)
		}
	}
	return nil
}

// decodePrevious reads a transaction with or without witnesses; its txid is the
// caller's to compare.
func decodePrevious(raw []byte) (*wire.MsgTx, error) {
	if len(raw) > maxPreviousTx {
		return nil, fmt.Errorf("it has %d bytes, at most %d", len(raw), maxPreviousTx)
	}
	start := 4
	if len(raw) > 6 && raw[4] == wire.TxFlagMarker && raw[5] == wire.WitnessFlag {
		start = 6
	}
	if err := plausible(raw, start); err != nil {
		return nil, err
	}
	tx := new(wire.MsgTx)
	r := bytes.NewReader(raw)
	if err := tx.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if r.Len() != 0 {
		return nil, fmt.Errorf("%d bytes follow it", r.Len())
	}
	return tx, nil
}

// plausible refuses a count of inputs that the bytes can't hold, before a decoder
// makes room for them.
func plausible(raw []byte, start int) error {
	if len(raw) < start {
		return errors.New("it is cut short")
	}
	count, err := wire.ReadVarInt(bytes.NewReader(raw[start:]), 0)
	if err != nil {
		return fmt.Errorf("count of inputs: %w", err)
	}
	if count > uint64(len(raw)/minInputSize) {
		return fmt.Errorf("it can't hold %d inputs", count)
	}
	return nil
}
