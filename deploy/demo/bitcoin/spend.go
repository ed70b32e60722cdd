package bitcoin

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
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

// Sizes in virtual bytes, rounded up (BIP 141): an input is 41 bytes and a quarter of
// a witness of at most 108, on Bitcoin Cash all of a script of at most 107.
const (
	overheadSize     = 11
	inputSize        = 68
	cashInputSize    = 148
	outputOverhead   = 9
	changeScriptSize = 25  // of P2PKH, the longer of the two
	witnessDustLimit = 294 // below it btcd does not relay a P2WPKH output
	cashDustLimit    = 546 // below it bchd does not relay a P2PKH output
)

// Fee is what a transaction of a chain with so many inputs, these outputs and one
// change output costs at FeeRate, in satoshi.
func Fee(chain asset.Chain, inputs int, outputs []*wire.TxOut) int64 {
	each := inputSize
	if chain == asset.BitcoinCash {
		each = cashInputSize
	}
	size := int64(overheadSize + inputs*each + outputOverhead + changeScriptSize)
	for _, out := range outputs {
		size += int64(outputOverhead + len(out.PkScript))
	}
	return size * FeeRate
}

// Spend builds and signs a transaction from all of the coins, which are of one chain
// and at least one. What is left goes
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
	if len(coins) == 0 {
		return nil, fmt.Errorf("no coins: %w", ErrFunds)
	}
	chain, least := coins[0].Key.chain, int64(witnessDustLimit)
	if chain == asset.BitcoinCash {
		least = cashDustLimit
	}
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
	rest := have - need - Fee(chain, len(coins), outputs)
	if rest < 0 {
		return nil, fmt.Errorf("%d sat for outputs of %d sat: %w", have, need, ErrFunds)
	}
	if rest >= least {
		tx.AddTxOut(wire.NewTxOut(rest, change))
	}
	hashes := txscript.NewTxSigHashes(tx, known)
	for i, c := range coins {
		if err := sign(tx, hashes, i, c); err != nil {
			return nil, fmt.Errorf("sign input %d: %w", i, err)
		}
	}
	return tx, nil
}

// forkID is Bitcoin Cash's hash type: all inputs and outputs, with the fork's flag.
const forkID = txscript.SigHashAll | 0x40

// sign puts the key's signature into an input: a witness, on Bitcoin Cash a script with
// BIP 143's digest under that chain's hash type.
func sign(tx *wire.MsgTx, hashes *txscript.TxSigHashes, i int, c Coin) (err error) {
	if c.Key.chain != asset.BitcoinCash {
		tx.TxIn[i].Witness, err = txscript.WitnessSignature(tx, hashes, i, c.Sat, c.Key.script, txscript.SigHashAll, c.Key.private, true)
		return err
	}
	digest, err := txscript.CalcWitnessSigHash(c.Key.script, hashes, forkID, tx, i, c.Sat)
	if err != nil {
		return err
	}
	signature := append(ecdsa.Sign(c.Key.private, digest).Serialize(), byte(forkID))
	tx.TxIn[i].SignatureScript, err = txscript.NewScriptBuilder().AddData(signature).AddData(c.Key.private.PubKey().SerializeCompressed()).Script()
	return err
}
