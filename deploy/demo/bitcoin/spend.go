package bitcoin

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Coin is an unspent output of a key's.
type Coin struct {
	At    wire.OutPoint
	Sat   int64
	Key   Key
	Depth int64 // confirmations, 0 in the mempool
}

// ErrFunds means the coins do not cover the outputs and the fee.
var ErrFunds = errors.New("the coins do not cover the payment and its fee")

// FeeRate is what the demo pays, in satoshi per virtual byte: five times what
// btcd relays at least, and fixed, because a simnet has no market to estimate.
const FeeRate = 5

// Sizes in virtual bytes, rounded up (BIP 141): an input is 41 bytes and a
// quarter of a witness of at most 108.
const (
	overheadSize     = 11
	inputSize        = 68
	outputOverhead   = 9
	witnessDustLimit = 294 // below it btcd does not relay a P2WPKH output
)

// Fee is what a transaction with so many inputs, these outputs and one P2WPKH
// change output costs at FeeRate, in satoshi.
func Fee(inputs int, outputs []*wire.TxOut) int64 {
	size := int64(overheadSize + inputs*inputSize + outputOverhead + 22)
	for _, out := range outputs {
		size += int64(outputOverhead + len(out.PkScript))
	}
	return size * FeeRate
}

// Spend builds and signs a transaction from all of the coins. What is left goes
// to the change script, or to the miner where it would be dust. Its inputs
// signal no replacement (BIP 125): what is sent stays sent.
//
// Two payments are never the same bytes, even from the same coins to the same
// outputs by two processes: both would be told that theirs was sent. A random
// lock time tells them apart; with final inputs it is not in force.
func Spend(coins []Coin, outputs []*wire.TxOut, change []byte) (*wire.MsgTx, error) {
	tx := wire.NewMsgTx(2)
	var nonce [4]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("tell a transaction apart: %w", err)
	}
	tx.LockTime = binary.BigEndian.Uint32(nonce[:])
	known := txscript.NewMultiPrevOutFetcher(nil)
	var have, need int64
	for _, c := range coins {
		tx.AddTxIn(wire.NewTxIn(&c.At, nil, nil))
		known.AddPrevOut(c.At, wire.NewTxOut(c.Sat, c.Key.script))
		have += c.Sat
	}
	for _, out := range outputs {
		tx.AddTxOut(out)
		need += out.Value
	}
	rest := have - need - Fee(len(coins), outputs)
	if rest < 0 {
		return nil, fmt.Errorf("%d sat for outputs of %d sat: %w", have, need, ErrFunds)
	}
	if rest >= witnessDustLimit {
		tx.AddTxOut(wire.NewTxOut(rest, change))
	}
	hashes := txscript.NewTxSigHashes(tx, known)
	for i, c := range coins {
		witness, err := txscript.WitnessSignature(tx, hashes, i, c.Sat, c.Key.script, txscript.SigHashAll, c.Key.private, true)
		if err != nil {
			return nil, fmt.Errorf("sign input %d: %w", i, err)
		}
		tx.TxIn[i].Witness = witness
	}
	return tx, nil
}
