package signer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// sigHashForkID is SIGHASH_ALL with the flag by which Bitcoin Cash tells its
// signatures from Bitcoin's ("Replay Protected Sighash", spec of the 2017-08-01
// upgrade). The value of the fork is 0, so that nothing stands above the byte.
const sigHashForkID = uint32(txscript.SigHashAll) | 0x40

// forkIDDigest is what a signature of input i is made over: the digest of BIP143,
// with the script of the coin as script code and its amount, for a hash type that
// covers all inputs and outputs.
func forkIDDigest(tx *wire.MsgTx, i int, spent *wire.TxOut, hashType uint32) (chainhash.Hash, error) {
	var prevOuts, sequences, outputs, digest bytes.Buffer
	for _, in := range tx.TxIn {
		writeOutPoint(&prevOuts, in.PreviousOutPoint)
		sequences.Write(binary.LittleEndian.AppendUint32(nil, in.Sequence))
	}
	for _, out := range tx.TxOut {
		if err := wire.WriteTxOut(&outputs, 0, tx.Version, out); err != nil {
			return chainhash.Hash{}, fmt.Errorf("digest of input %d: %w", i, err)
		}
	}
	number := func(n uint32) { digest.Write(binary.LittleEndian.AppendUint32(nil, n)) }
	hash := func(of []byte) {
		sum := chainhash.DoubleHashH(of)
		digest.Write(sum[:])
	}
	number(uint32(tx.Version))
	hash(prevOuts.Bytes())
	hash(sequences.Bytes())
	writeOutPoint(&digest, tx.TxIn[i].PreviousOutPoint)
	if err := wire.WriteVarBytes(&digest, 0, spent.PkScript); err != nil {
		return chainhash.Hash{}, fmt.Errorf("digest of input %d: %w", i, err)
	}
	digest.Write(binary.LittleEndian.AppendUint64(nil, uint64(spent.Value)))
	number(tx.TxIn[i].Sequence)
	hash(outputs.Bytes())
	number(tx.LockTime)
	number(hashType)
	return chainhash.DoubleHashH(digest.Bytes()), nil
}

func writeOutPoint(to *bytes.Buffer, p wire.OutPoint) {
	to.Write(p.Hash[:])
	to.Write(binary.LittleEndian.AppendUint32(nil, p.Index))
}

// signForkID signs P2PKH inputs, which is what coins are on Bitcoin Cash.
func signForkID(b utxoTx, keyAt func(position) (*btcec.PrivateKey, error)) error {
	return eachInput(len(b.tx.TxIn), func(i int) error {
		digest, err := forkIDDigest(b.tx, i, b.spent[i], sigHashForkID)
		if err != nil {
			return err
		}
		key, err := keyAt(b.at[i])
		if err != nil {
			return err
		}
		defer key.Zero()
		signed, err := signDigest(key, digest[:])
		if err != nil {
			return err
		}
		b.tx.TxIn[i].SignatureScript, err = txscript.NewScriptBuilder().AddData(append(signed, byte(sigHashForkID))).AddData(b.public[i]).Script()
		return err
	})
}

// verifyForkID does for P2PKH what the script engine, which does not know the fork's
// hash type, would do: the key is that of the coin's script, the signature is its
// key's over the digest, and everything is in the one encoding that relays accept.
func verifyForkID(b utxoTx) error {
	return eachInput(len(b.tx.TxIn), func(i int) error {
		return verifyForkIDInput(b.tx, i, b.spent[i], b.tx.TxIn[i].SignatureScript)
	})
}

// The errors of one input that does not verify.
var (
	errSignatureScript = errors.New("its script is not a signature and a compressed key, each in its shortest form")
	errHashType        = errors.New("its hash type is not that of all inputs and outputs on Bitcoin Cash")
	errOtherKey        = errors.New("its key is not that of the coin")
	errSignature       = errors.New("its signature is not the key's over this transaction")
)

func verifyForkIDInput(tx *wire.MsgTx, i int, spent *wire.TxOut, script []byte) error {
	pushes := txscript.MakeScriptTokenizer(0, script)
	if !pushes.Next() || pushes.Data() == nil {
		return errSignatureScript
	}
	signed := pushes.Data()
	if !pushes.Next() || len(pushes.Data()) != btcec.PubKeyBytesLenCompressed || pushes.Err() != nil || !pushes.Done() {
		return errSignatureScript
	}
	public := pushes.Data()
	again, err := txscript.NewScriptBuilder().AddData(signed).AddData(public).Script()
	if err != nil || !bytes.Equal(again, script) {
		return errSignatureScript
	}
	last := len(signed) - 1
	if signed[last] != byte(sigHashForkID) {
		return errHashType
	}
	if !bytes.Equal(scriptOf(asset.BitcoinCash, public), spent.PkScript) {
		return errOtherKey
	}
	digest, err := forkIDDigest(tx, i, spent, sigHashForkID)
	if err != nil {
		return err
	}
	return verifySignature(public, digest[:], signed[:last])
}
