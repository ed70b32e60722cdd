package psbt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	library "github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// Spent are the outputs that it spends, in order, as BIP 174 has a signer check them: made
// by the transaction that is said to have made them, and with the scripts that they are
// locked by. ErrFormat where they are missing or contradict one another.
func (d Document) Spent() ([]*wire.TxOut, error) {
	spent := make([]*wire.TxOut, 0, len(d.packet.Inputs))
	for i, in := range d.packet.Inputs {
		out, err := spentBy(d.packet.UnsignedTx.TxIn[i].PreviousOutPoint, in)
		if err != nil {
			return nil, fmt.Errorf("%w: input %d: %w", ErrFormat, i, err)
		}
		spent = append(spent, out)
	}
	return spent, nil
}

// Fee is what its inputs are worth above its outputs, in base units.
func (d Document) Fee() (asset.Units, error) {
	spent, err := d.Spent()
	if err != nil {
		return asset.Units{}, err
	}
	in, err := sum(spent)
	if err != nil {
		return asset.Units{}, fmt.Errorf("%w: its inputs: %w", ErrFormat, err)
	}
	out, err := sum(d.packet.UnsignedTx.TxOut)
	if err != nil {
		return asset.Units{}, fmt.Errorf("%w: its outputs: %w", ErrFormat, err)
	}
	fee, err := in.Sub(out)
	if err != nil {
		return asset.Units{}, fmt.Errorf("%w: it pays %s base units and spends %s", ErrFormat, out, in)
	}
	return fee, nil
}

func sum(outs []*wire.TxOut) (total asset.Units, err error) {
	for i, out := range outs {
		if out.Value < 0 {
			return total, fmt.Errorf("%d is worth %d", i, out.Value)
		}
		if total, err = total.Add(asset.NewUnits(uint64(out.Value))); err != nil {
			return total, err
		}
	}
	return total, nil
}

func spentBy(at wire.OutPoint, in library.PInput) (*wire.TxOut, error) {
	out := in.WitnessUtxo
	if previous := in.NonWitnessUtxo; previous != nil {
		if previous.TxHash() != at.Hash || int64(at.Index) >= int64(len(previous.TxOut)) {
			return nil, fmt.Errorf("the transaction that came with it did not make %s", at)
		}
		made := previous.TxOut[at.Index]
		if out != nil && (out.Value != made.Value || !bytes.Equal(out.PkScript, made.PkScript)) {
			return nil, errors.New("its two outputs differ")
		}
		out = made
	}
	if out == nil {
		return nil, errors.New("it does not say what it spends")
	}
	return out, unlocks(out.PkScript, in)
}

// unlocks: a script that came with an input is the one that its output is locked by, and
// an output that came without its transaction is of the kind whose signatures cover its
// amount.
func unlocks(script []byte, in library.PInput) error {
	if in.RedeemScript != nil {
		if !txscript.IsPayToScriptHash(script) || !bytes.Equal(script[2:22], address.Hash160(in.RedeemScript)) {
			return errors.New("its redeem script is not what the output is locked by")
		}
		script = in.RedeemScript
	}
	if in.WitnessScript != nil {
		hash := sha256.Sum256(in.WitnessScript)
		if !txscript.IsPayToWitnessScriptHash(script) || !bytes.Equal(script[2:], hash[:]) {
			return errors.New("its witness script is not what the output is locked by")
		}
	}
	witness := txscript.IsWitnessProgram(script) || in.FinalScriptWitness != nil && txscript.IsPayToScriptHash(script)
	if in.NonWitnessUtxo == nil && !witness {
		return errors.New("it comes without the transaction that made it, and its signature would not cover its amount")
	}
	return nil
}
