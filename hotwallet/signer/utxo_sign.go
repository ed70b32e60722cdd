package signer

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// signUTXO signs every input and verifies each signature before any of them leaves.
func (s *Signer) signUTXO(b utxoTx) (signature, error) {
	signInputs, verifyInputs := signWitnesses, verifyWitnesses
	if b.chain == asset.BitcoinCash {
		signInputs, verifyInputs = signForkID, verifyForkID
	}
	if err := signInputs(b, s.ring.key); err != nil {
		return signature{}, err
	}
	if err := verifyInputs(b); err != nil {
		return signature{}, err
	}
	var raw bytes.Buffer
	if err := b.tx.Serialize(&raw); err != nil {
		return signature{}, fmt.Errorf("encode signed transaction: %w", err)
	}
	return signature{raw: slices.Clip(raw.Bytes()), txid: b.tx.TxHash().String()}, nil
}

// signWitnesses signs P2WPKH inputs, which is what coins are on Bitcoin and Litecoin, and
// P2PKH inputs of another chain's keys as Bitcoin did before it had witnesses: no chain
// that demands to be named in what is signed takes such a signature.
func signWitnesses(b utxoTx, keyAt func(position) (*btcec.PrivateKey, error)) error {
	hashes := txscript.NewTxSigHashes(b.tx, b.fetcher())
	for i := range b.tx.TxIn {
		key, err := keyAt(b.at[i])
		if err != nil {
			return err
		}
		if b.at[i].chain != b.chain {
			b.tx.TxIn[i].SignatureScript, err = txscript.SignatureScript(b.tx, i, b.spent[i].PkScript, txscript.SigHashAll, key, true)
		} else {
			b.tx.TxIn[i].Witness, err = witness(b.tx, hashes, i, b.spent[i], key)
		}
		key.Zero()
		if err != nil {
			return fmt.Errorf("sign input %d: %w", i, err)
		}
	}
	return nil
}

// verifyWitnesses has the script engine accept each input.
func verifyWitnesses(b utxoTx) error {
	fetcher := b.fetcher()
	hashes := txscript.NewTxSigHashes(b.tx, fetcher)
	for i, coin := range b.spent {
		engine, err := txscript.NewEngine(coin.PkScript, b.tx, i, txscript.StandardVerifyFlags, nil, hashes, coin.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		if err != nil {
			return fmt.Errorf("verify input %d: %w", i, err)
		}
	}
	return nil
}

func (b utxoTx) fetcher() *txscript.MultiPrevOutFetcher {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, txIn := range b.tx.TxIn {
		fetcher.AddPrevOut(txIn.PreviousOutPoint, b.spent[i])
	}
	return fetcher
}

// witness signs one P2WPKH input over all of the transaction (BIP143). The nonce
// is RFC 6979's, so the same transaction gives the same signature.
func witness(tx *wire.MsgTx, hashes *txscript.TxSigHashes, i int, spent *wire.TxOut, key *btcec.PrivateKey) (wire.TxWitness, error) {
	return txscript.WitnessSignature(tx, hashes, i, spent.Value, spent.PkScript, txscript.SigHashAll, key, true)
}

// signedSize is what the transaction counts once signed, with signatures of 72 bytes,
// the longest there are: in virtual bytes, and on Bitcoin Cash, which has no
// segregated witness, in bytes.
func signedSize(b utxoTx) uint64 {
	// The length of each signature script is in the unsigned size already, and an input
	// without a witness among others with one has an empty one.
	const markerAndFlag, witnessEach, scriptEach, emptyWitness = 2, 1 + 1 + 72 + 1 + 33, 1 + 72 + 1 + 33, 1
	size := b.tx.SerializeSizeStripped()
	if b.chain == asset.BitcoinCash {
		return uint64(size + scriptEach*len(b.tx.TxIn))
	}
	weight := 4*size + markerAndFlag
	for _, at := range b.at {
		if at.chain != b.chain {
			weight += 4*scriptEach + emptyWitness
		} else {
			weight += witnessEach
		}
	}
	return uint64(weight+3) / 4
}
