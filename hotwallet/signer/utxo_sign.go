package signer

import (
	"bytes"
	"errors"
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
		return signature{}, fmt.Errorf("sign: %w", err)
	}
	if err := verifyInputs(b); err != nil {
		return signature{}, fmt.Errorf("verify: %w", err)
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
	return eachInput(len(b.tx.TxIn), func(i int) error {
		key, err := keyAt(b.at[i])
		if err != nil {
			return err
		}
		defer key.Zero()
		if b.at[i].chain != b.chain {
			b.tx.TxIn[i].SignatureScript, err = txscript.SignatureScript(b.tx, i, b.spent[i].PkScript, txscript.SigHashAll, key, true)
		} else {
			b.tx.TxIn[i].Witness, err = b.witness(hashes, i, key)
		}
		return err
	})
}

// verifyWitnesses accepts what the script engine would accept of each input, and of P2WPKH
// without it: it takes three times as long as the curve's own library in C.
func verifyWitnesses(b utxoTx) error {
	fetcher := b.fetcher()
	hashes := txscript.NewTxSigHashes(b.tx, fetcher)
	return eachInput(len(b.spent), func(i int) error {
		if b.at[i].chain != b.chain {
			return runScript(b.tx, i, b.spent[i], hashes, fetcher)
		}
		return b.verifyWitness(hashes, i)
	})
}

// runScript has the script engine accept an input.
func runScript(tx *wire.MsgTx, i int, coin *wire.TxOut, hashes *txscript.TxSigHashes, fetcher txscript.PrevOutputFetcher) error {
	engine, err := txscript.NewEngine(coin.PkScript, tx, i, txscript.StandardVerifyFlags, nil, hashes, coin.Value, fetcher)
	if err != nil {
		return err
	}
	return engine.Execute()
}

// verifyWitness accepts a P2WPKH input of the one form that is signed here: nothing but a
// signature of all inputs and outputs by the key of the coin, and that key.
func (b utxoTx) verifyWitness(hashes *txscript.TxSigHashes, i int) error {
	in, coin, public := b.tx.TxIn[i], b.spent[i], b.public[i]
	if len(in.SignatureScript) != 0 || len(in.Witness) != 2 || len(in.Witness[0]) == 0 {
		return errWitness
	}
	if !bytes.Equal(in.Witness[1], public) || !bytes.Equal(coin.PkScript, scriptOf(b.chain, public)) {
		return errOtherKey
	}
	last := len(in.Witness[0]) - 1
	if in.Witness[0][last] != byte(txscript.SigHashAll) {
		return errHashType
	}
	digest, err := txscript.CalcWitnessSigHash(coin.PkScript, hashes, txscript.SigHashAll, b.tx, i, coin.Value)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	return verifySignature(public, digest, in.Witness[0][:last])
}

// errWitness is a P2WPKH input's that is not a signature and a key.
var errWitness = errors.New("its witness is not a signature and a key, or it has a script too")

func (b utxoTx) fetcher() *txscript.MultiPrevOutFetcher {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, txIn := range b.tx.TxIn {
		fetcher.AddPrevOut(txIn.PreviousOutPoint, b.spent[i])
	}
	return fetcher
}

// witness signs one P2WPKH input over all of the transaction (BIP143).
func (b utxoTx) witness(hashes *txscript.TxSigHashes, i int, key *btcec.PrivateKey) (wire.TxWitness, error) {
	digest, err := txscript.CalcWitnessSigHash(b.spent[i].PkScript, hashes, txscript.SigHashAll, b.tx, i, b.spent[i].Value)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	signed, err := signDigest(key, digest)
	return wire.TxWitness{append(signed, byte(txscript.SigHashAll)), b.public[i]}, err
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
