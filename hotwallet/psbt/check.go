package psbt

import (
	"bytes"
	"fmt"

	library "github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Check compares it with an attempt: the same transaction, coins of the same amounts, the
// same fee, and no signature that is not the attempt's. ErrOther names the first difference,
// ErrFormat what contradicts itself. What it says besides (scripts, paths, records of
// programs) is of no account.
func (d Document) Check(on asset.Chain, plan chain.Plan, signed []byte) error {
	stored, err := Of(on, plan, signed)
	if err != nil {
		return err
	}
	if difference := differs(d.packet.UnsignedTx, stored.packet.UnsignedTx); difference != "" {
		return fmt.Errorf("%w: %s", ErrOther, difference)
	}
	spent, err := d.Spent()
	if err != nil {
		return err
	}
	for i, coin := range plan.Coins {
		if spent[i].Value < 0 || asset.NewUnits(uint64(spent[i].Value)) != coin.Units {
			return fmt.Errorf("%w: input %d is worth %d base units, the attempt's %s", ErrOther, i, spent[i].Value, coin.Units)
		}
	}
	fee, err := d.Fee()
	if err != nil {
		return err
	}
	if fee != plan.Fee {
		return fmt.Errorf("%w: its fee is %s base units, the attempt's %s", ErrOther, fee, plan.Fee)
	}
	for i, in := range d.packet.Inputs {
		if err := signatures(in, stored.packet.Inputs[i]); err != nil {
			return fmt.Errorf("%w: input %d %w", ErrOther, i, err)
		}
	}
	return nil
}

// differs names the first difference between two transactions without signatures, "" for
// none.
func differs(a, b *wire.MsgTx) string {
	switch {
	case len(a.TxIn) != len(b.TxIn) || len(a.TxOut) != len(b.TxOut):
		return fmt.Sprintf("%d inputs and %d outputs, not %d and %d", len(a.TxIn), len(a.TxOut), len(b.TxIn), len(b.TxOut))
	case a.Version != b.Version || a.LockTime != b.LockTime:
		return fmt.Sprintf("version %d and lock time %d, not %d and %d", a.Version, a.LockTime, b.Version, b.LockTime)
	}
	for i, in := range a.TxIn {
		other := b.TxIn[i]
		if in.PreviousOutPoint != other.PreviousOutPoint || in.Sequence != other.Sequence {
			return fmt.Sprintf("input %d spends %s with sequence %#x, not %s with %#x", i,
				in.PreviousOutPoint, in.Sequence, other.PreviousOutPoint, other.Sequence)
		}
	}
	for i, out := range a.TxOut {
		other := b.TxOut[i]
		if out.Value != other.Value || !bytes.Equal(out.PkScript, other.PkScript) {
			return fmt.Sprintf("output %d pays %d base units to script %x, not %d to %x", i, out.Value, out.PkScript, other.Value, other.PkScript)
		}
	}
	return ""
}

// signatures: what is signed is signed as the attempt is.
func signatures(in, stored library.PInput) error {
	if in.FinalScriptSig != nil && !bytes.Equal(in.FinalScriptSig, stored.FinalScriptSig) ||
		in.FinalScriptWitness != nil && !bytes.Equal(in.FinalScriptWitness, stored.FinalScriptWitness) {
		return fmt.Errorf("is signed otherwise than the attempt")
	}
	for _, partial := range in.PartialSigs {
		if !bytes.Contains(stored.FinalScriptWitness, partial.Signature) && !bytes.Contains(stored.FinalScriptSig, partial.Signature) {
			return fmt.Errorf("has a signature of key %x that the attempt has not", partial.PubKey)
		}
	}
	if in.TaprootKeySpendSig != nil || len(in.TaprootScriptSpendSig) > 0 {
		return fmt.Errorf("has a taproot signature, and the attempt spends no such coin")
	}
	return nil
}
