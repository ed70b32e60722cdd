package signer

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// utxoTx is an unsigned transaction with what its inputs spend, proved by their
// previous transactions.
type utxoTx struct {
	chain asset.Chain
	tx    *wire.MsgTx
	spent []*wire.TxOut
	at    []position
}

// checkUTXO recomputes what a transaction does and compares it with the claim. The
// bytes do not say of which chain they are: the claim does, and every script is one
// of that chain's own accounts, whose keys no other chain has; the refund of a coin that
// came to a sibling's address may spend that coin besides (siblingCoin).
func (s *Signer) checkUTXO(c claim, req *ferryv1.SignUTXORequest) (payment, utxoTx, error) {
	tx, err := decodeUTXO(c.chain, req.GetUnsignedTx())
	if err != nil {
		return payment{}, utxoTx{}, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	b := utxoTx{chain: c.chain, tx: tx}
	in, err := s.checkInputs(c, &b, req.GetInputs())
	if err != nil {
		return payment{}, utxoTx{}, err
	}
	amount, change, err := s.checkOutputs(c, tx, req.GetChange())
	if err != nil {
		return payment{}, utxoTx{}, err
	}
	out := amount + change
	if in < out {
		return payment{}, utxoTx{}, refuse("unsigned_tx", fmt.Sprint(in), "The outputs %d are more than the inputs.", out)
	}
	p := payment{claim: c, amount: asset.NewUnits(amount), fee: asset.NewUnits(in - out), unsigned: req.GetUnsignedTx()}
	for _, txIn := range tx.TxIn {
		p.spends = append(p.spends, fmt.Sprintf("%s:%s:%d", c.chain, txIn.PreviousOutPoint.Hash, txIn.PreviousOutPoint.Index))
	}
	if err := c.checkAmount(p.amount); err != nil {
		return payment{}, utxoTx{}, err
	}
	return p, b, s.caps.check(c.asset, p.amount, p.fee, signedSize(b))
}

// checkInputs proves each input's amount by the transaction that made it, and
// that its script is that of a key that may spend it. It returns their sum in base units.
func (s *Signer) checkInputs(c claim, b *utxoTx, inputs []*ferryv1.UTXOInput) (uint64, error) {
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
		at, err := s.inputKey(c, outpoint, coin, input.GetPath(), field+".path")
		if err != nil {
			return 0, err
		}
		if coin.Value <= 0 || coin.Value > maxSupply[b.chain] {
			return 0, refuse(field+".previous_tx", "", "The coin's amount is out of range.")
		}
		sum += uint64(coin.Value) // at most 200 × 84e14: no overflow
		b.spent, b.at = append(b.spent, coin), append(b.at, at)
	}
	return sum, nil
}

// checkOutputs accepts one output to the claim's destination and declared change,
// and nothing else. It returns the amount paid and the change in base units.
func (s *Signer) checkOutputs(c claim, tx *wire.MsgTx, declared []*ferryv1.UTXOChange) (amount, change uint64, err error) {
	destination, err := keys.Script(s.ring.networks, c.chain, c.destination)
	if err != nil {
		return 0, 0, fmt.Errorf("destination: %w", err)
	}
	scripts, err := s.changeScripts(c.chain, tx, declared)
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

func (s *Signer) changeScripts(chain asset.Chain, tx *wire.MsgTx, declared []*ferryv1.UTXOChange) (map[uint32][]byte, error) {
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
		at, err := parsePath(s.ring.networks, chain, d.GetPath())
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
