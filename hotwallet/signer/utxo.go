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
	// public are the keys at these, compressed: what is signed is verified by them.
	public [][]byte
}

// checkUTXO recomputes what a transaction does and compares it with the claims. The
// bytes do not say of which chain they are: the claims do, and every script is one
// of that chain's own accounts, whose keys no other chain has; the refund of a coin that
// came to a sibling's address may spend that coin besides (siblingCoin).
func (s *Signer) checkUTXO(claims []claim, req *ferryv1.SignUTXORequest) (payment, utxoTx, error) {
	chain := claims[0].chain
	tx, err := decodeUTXO(chain, req.GetUnsignedTx())
	if err != nil {
		return payment{}, utxoTx{}, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	b := utxoTx{chain: chain, tx: tx}
	in, err := s.checkInputs(claims[0], &b, req.GetInputs())
	if err != nil {
		return payment{}, utxoTx{}, err
	}
	p := payment{chain: chain, token: claims[0].token, unsigned: req.GetUnsignedTx()}
	for _, txIn := range tx.TxIn {
		p.spends = append(p.spends, fmt.Sprintf("%s:%s:%d", chain, txIn.PreviousOutPoint.Hash, txIn.PreviousOutPoint.Index))
	}
	var out uint64
	if p.parts, out, err = s.checkOutputs(claims, tx, req.GetChange()); err != nil {
		return payment{}, utxoTx{}, err
	}
	if in < out {
		return payment{}, utxoTx{}, refuse("unsigned_tx", fmt.Sprint(in), "The outputs %d are more than the inputs.", out)
	}
	p.fee = asset.NewUnits(in - out)
	for i := range p.parts {
		p.parts[i].bind(p.spends[0])
		if err := p.parts[i].checkAmount(p.parts[i].amount); err != nil {
			return payment{}, utxoTx{}, ofMember(err, i, len(p.parts))
		}
	}
	if p.deaths, err = s.readDeaths(p, req.GetSignedDeaths()); err != nil {
		return payment{}, utxoTx{}, err
	}
	behind, err := s.ancestorsOf(p, b)
	if err != nil {
		return payment{}, utxoTx{}, err
	}
	return p, b, s.caps.checkCaps(p, signedSize(b), behind)
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
		at, err := s.inputKey(c, outpoint, input.GetPath(), field+".path")
		if err != nil {
			return 0, err
		}
		if coin.Value <= 0 || coin.Value > maxSupply[b.chain] {
			return 0, refuse(field+".previous_tx", "", "The coin's amount is out of range.")
		}
		sum += uint64(coin.Value) // at most 200 × 84e14: no overflow
		b.spent, b.at = append(b.spent, coin), append(b.at, at)
	}
	return sum, s.checkOwners(b)
}

// checkOwners derives the keys of the inputs, each of which has to own its coin.
func (s *Signer) checkOwners(b *utxoTx) (err error) {
	if b.public, err = s.ring.owned(b.at); err != nil {
		return err
	}
	for i, coin := range b.spent {
		if !bytes.Equal(coin.PkScript, scriptOf(b.at[i].chain, b.public[i])) {
			return refuse(fmt.Sprintf("inputs.%d.path", i), "", "The coin does not belong to the key at this path.")
		}
	}
	return nil
}

// checkOutputs accepts declared change, and one output for each claim in their order, and
// nothing else. It returns what each is paid, and the sum of all outputs in base units.
func (s *Signer) checkOutputs(claims []claim, tx *wire.MsgTx, declared []*ferryv1.UTXOChange) (paid []part, sum uint64, err error) {
	chain := claims[0].chain
	change, err := s.changeScripts(chain, tx, declared)
	if err != nil {
		return nil, 0, err
	}
	if claims[0].toChange {
		return s.checkSwept(claims[0], tx, change)
	}
	for i, out := range tx.TxOut {
		script, isChange := change[uint32(i)]
		if !isChange && len(paid) < len(claims) {
			next := claims[len(paid)]
			if script, err = keys.Script(s.ring.networks, chain, next.destination); err != nil {
				return nil, 0, fmt.Errorf("destination: %w", err)
			}
			paid = append(paid, part{claim: next, amount: asset.NewUnits(uint64(out.Value))})
		}
		if script == nil || !bytes.Equal(out.PkScript, script) {
			return nil, 0, refuse("unsigned_tx", "", "Output %d pays neither the destination nor declared change of ours.", i)
		}
		sum += uint64(out.Value) // at most 104 × 84e14: no overflow
	}
	if len(paid) != len(claims) {
		return nil, 0, refuse("unsigned_tx", fmt.Sprint(len(claims)), "%d outputs pay a destination; there is to be one for each authority.", len(paid))
	}
	return paid, sum, nil
}

// checkSwept accepts declared change only: a sweep leaves everything with us.
func (s *Signer) checkSwept(c claim, tx *wire.MsgTx, change map[uint32][]byte) (paid []part, sum uint64, err error) {
	for i, out := range tx.TxOut {
		if script, isChange := change[uint32(i)]; !isChange || !bytes.Equal(out.PkScript, script) {
			return nil, 0, refuse("unsigned_tx", "", "Output %d of a sweep pays no declared change address of ours.", i)
		}
		sum += uint64(out.Value)
	}
	return []part{{claim: c, amount: asset.NewUnits(sum)}}, sum, nil
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
