package signer

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// bitcoinTx is an unsigned transaction with what its inputs spend, proved by
// their previous transactions.
type bitcoinTx struct {
	tx    *wire.MsgTx
	spent []*wire.TxOut
	at    []position
}

// checkBitcoin recomputes what a transaction does and compares it with the claim.
func (s *Signer) checkBitcoin(c claim, req *ferryv1.SignBitcoinRequest) (payment, bitcoinTx, error) {
	tx, err := decodeBitcoin(req.GetUnsignedTx())
	if err != nil {
		return payment{}, bitcoinTx{}, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	b := bitcoinTx{tx: tx}
	in, err := s.checkInputs(&b, req.GetInputs())
	if err != nil {
		return payment{}, bitcoinTx{}, err
	}
	amount, change, err := s.checkOutputs(c, tx, req.GetChange())
	if err != nil {
		return payment{}, bitcoinTx{}, err
	}
	out := amount + change
	if in < out {
		return payment{}, bitcoinTx{}, refuse("unsigned_tx", fmt.Sprint(in), "The outputs %d are more than the inputs.", out)
	}
	p := payment{claim: c, amount: asset.NewUnits(amount), fee: asset.NewUnits(in - out), unsigned: req.GetUnsignedTx()}
	for _, txIn := range tx.TxIn {
		p.spends = append(p.spends, fmt.Sprintf("%s:%s:%d", asset.Bitcoin, txIn.PreviousOutPoint.Hash, txIn.PreviousOutPoint.Index))
	}
	if err := c.checkAmount(p.amount); err != nil {
		return payment{}, bitcoinTx{}, err
	}
	return p, b, s.caps.check(c.asset, p.amount, p.fee, signedSize(tx))
}

// checkInputs proves each input's amount by the transaction that made it, and
// that its script is that of one of our keys. It returns their sum in satoshi.
func (s *Signer) checkInputs(b *bitcoinTx, inputs []*ferryv1.BitcoinInput) (uint64, error) {
	if len(inputs) != len(b.tx.TxIn) {
		return 0, refuse("inputs", fmt.Sprint(len(b.tx.TxIn)), "There must be one entry for each of the transaction's inputs.")
	}
	var sum uint64
	for i, input := range inputs {
		field := fmt.Sprintf("inputs.%d", i)
		previous, err := decodePrevious(input.GetPreviousTx())
		if err != nil {
			return 0, refuse(field+".previous_tx", "", "The previous transaction can't be read: %v.", err)
		}
		outpoint := b.tx.TxIn[i].PreviousOutPoint
		if previous.TxHash() != outpoint.Hash || uint64(outpoint.Index) >= uint64(len(previous.TxOut)) {
			return 0, refuse(field+".previous_tx", "", "The previous transaction has not made the coin that is spent.")
		}
		coin := previous.TxOut[outpoint.Index]
		at, err := parsePath(s.ring.networks, asset.Bitcoin, input.GetPath())
		if err != nil || !at.spendable() {
			return 0, refuse(field+".path", "", "The path is not one whose coins may be spent.")
		}
		key, err := s.ring.derive(at)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(coin.PkScript, key.Script) {
			return 0, refuse(field+".path", "", "The coin does not belong to the key at this path.")
		}
		if coin.Value <= 0 || coin.Value > maxSupplySat {
			return 0, refuse(field+".previous_tx", "", "The coin's amount is out of range.")
		}
		sum += uint64(coin.Value) // at most 200 × 21e14: no overflow
		b.spent, b.at = append(b.spent, coin), append(b.at, at)
	}
	return sum, nil
}

// checkOutputs accepts one output to the claim's destination and declared change,
// and nothing else. It returns the amount paid and the change in satoshi.
func (s *Signer) checkOutputs(c claim, tx *wire.MsgTx, declared []*ferryv1.BitcoinChange) (amount, change uint64, err error) {
	destination, err := s.destinationScript(c.destination)
	if err != nil {
		return 0, 0, err
	}
	scripts, err := s.changeScripts(tx, declared)
	if err != nil {
		return 0, 0, err
	}
	paid := 0
	for i, out := range tx.TxOut {
		script, isChange := scripts[uint32(i)]
		switch {
		case isChange && bytes.Equal(out.PkScript, script):
			change += uint64(out.Value)
		case !isChange && bytes.Equal(out.PkScript, destination):
			amount += uint64(out.Value)
			paid++
		default:
			return 0, 0, refuse("unsigned_tx", "", "Output %d pays neither the destination nor declared change of ours.", i)
		}
	}
	if paid != 1 {
		return 0, 0, refuse("unsigned_tx", "1", "%d outputs pay the destination.", paid)
	}
	return amount, change, nil
}

func (s *Signer) changeScripts(tx *wire.MsgTx, declared []*ferryv1.BitcoinChange) (map[uint32][]byte, error) {
	if len(declared) > maxChange {
		return nil, refuse("change", fmt.Sprint(maxChange), "There are too many change outputs.")
	}
	scripts := map[uint32][]byte{}
	for i, d := range declared {
		field := fmt.Sprintf("change.%d", i)
		_, twice := scripts[d.GetOutputIndex()]
		if twice || uint64(d.GetOutputIndex()) >= uint64(len(tx.TxOut)) {
			return nil, refuse(field+".output_index", "", "The output is declared twice or does not exist.")
		}
		at, err := parsePath(s.ring.networks, asset.Bitcoin, d.GetPath())
		if err != nil || !at.change() {
			return nil, refuse(field+".path", "", "The path is not one of our change addresses.")
		}
		key, err := s.ring.derive(at)
		if err != nil {
			return nil, err
		}
		scripts[d.GetOutputIndex()] = key.Script
	}
	return scripts, nil
}

func (s *Signer) destinationScript(destination string) ([]byte, error) {
	params, err := s.ring.networks.BitcoinParams()
	if err != nil {
		return nil, err
	}
	decoded, err := address.DecodeAddress(destination, params)
	if err != nil {
		return nil, fmt.Errorf("destination: %w", err)
	}
	return txscript.PayToAddrScript(decoded)
}

// signBitcoin signs every input and has the script engine accept each.
func (s *Signer) signBitcoin(b bitcoinTx) (signature, error) {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for i, txIn := range b.tx.TxIn {
		fetcher.AddPrevOut(txIn.PreviousOutPoint, b.spent[i])
	}
	hashes := txscript.NewTxSigHashes(b.tx, fetcher)
	for i := range b.tx.TxIn {
		key, err := s.ring.key(b.at[i])
		if err != nil {
			return signature{}, err
		}
		b.tx.TxIn[i].Witness, err = witness(b.tx, hashes, i, b.spent[i], key)
		key.Zero()
		if err != nil {
			return signature{}, fmt.Errorf("sign input %d: %w", i, err)
		}
	}
	for i, coin := range b.spent {
		engine, err := txscript.NewEngine(coin.PkScript, b.tx, i, txscript.StandardVerifyFlags, nil, hashes, coin.Value, fetcher)
		if err == nil {
			err = engine.Execute()
		}
		if err != nil {
			return signature{}, fmt.Errorf("verify input %d: %w", i, err)
		}
	}
	var raw bytes.Buffer
	if err := b.tx.Serialize(&raw); err != nil {
		return signature{}, fmt.Errorf("encode signed transaction: %w", err)
	}
	return signature{raw: slices.Clip(raw.Bytes()), txid: b.tx.TxHash().String()}, nil
}

// witness signs one P2WPKH input over all of the transaction (BIP143). The nonce
// is RFC 6979's, so the same transaction gives the same signature.
func witness(tx *wire.MsgTx, hashes *txscript.TxSigHashes, i int, spent *wire.TxOut, key *btcec.PrivateKey) (wire.TxWitness, error) {
	return txscript.WitnessSignature(tx, hashes, i, spent.Value, spent.PkScript, txscript.SigHashAll, key, true)
}
