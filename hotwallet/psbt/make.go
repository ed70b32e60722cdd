package psbt

import (
	"bytes"
	"errors"
	"fmt"

	library "github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Of is the PSBT of an attempt: its plan and, once it is signed, its signed bytes. It
// refuses with ErrChain a chain that has none, and with another error a plan that
// contradicts itself: coins other than the transaction spends, or another fee than what
// they are worth above its outputs.
func Of(on asset.Chain, plan chain.Plan, signed []byte) (Document, error) {
	if !Supports(on) {
		return Document{}, fmt.Errorf("%s: %w", on, ErrChain)
	}
	tx, err := decode(plan.Unsigned, false)
	if err != nil {
		return Document{}, fmt.Errorf("the plan: %w", err)
	}
	if len(tx.TxIn) == 0 || len(tx.TxIn) != len(plan.Coins) {
		return Document{}, fmt.Errorf("the plan spends %d coins and its transaction %d", len(plan.Coins), len(tx.TxIn))
	}
	packet, err := library.NewFromUnsignedTx(tx)
	if err != nil {
		return Document{}, fmt.Errorf("the plan: %w", err)
	}
	for i, coin := range plan.Coins {
		if packet.Inputs[i], err = inputOf(tx.TxIn[i].PreviousOutPoint, coin); err != nil {
			return Document{}, fmt.Errorf("coin %d of the plan: %w", i, err)
		}
	}
	d := Document{packet}
	fee, err := d.Fee()
	if err != nil {
		return Document{}, fmt.Errorf("the plan: %w", err)
	}
	if fee != plan.Fee {
		return Document{}, fmt.Errorf("the plan's fee is %s and its transaction's %s", plan.Fee, fee)
	}
	if signed == nil {
		return d, nil
	}
	return d, d.sign(signed)
}

// inputOf is a coin with the whole transaction that made it; of a coin with a witness the
// output by itself too, which programs for such coins alone look for (BIP 174).
func inputOf(at wire.OutPoint, coin chain.Coin) (library.PInput, error) {
	if coin.ID() != at.String() {
		return library.PInput{}, fmt.Errorf("it is %s, the transaction spends %s", coin.ID(), at)
	}
	previous, err := decode(coin.PreviousTx, true)
	if err != nil {
		return library.PInput{}, err
	}
	if previous.TxHash() != at.Hash || int(at.Index) >= len(previous.TxOut) {
		return library.PInput{}, errors.New("the transaction that came with it has not made it")
	}
	in := library.PInput{NonWitnessUtxo: previous, SighashType: txscript.SigHashAll}
	out := previous.TxOut[at.Index]
	if out.Value < 0 || asset.NewUnits(uint64(out.Value)) != coin.Units {
		return library.PInput{}, fmt.Errorf("it has %d base units, the plan says %s", out.Value, coin.Units)
	}
	if txscript.IsWitnessProgram(out.PkScript) {
		in.WitnessUtxo = out
	}
	return in, nil
}

// sign adds the signatures of signed bytes. What is final names no hash type any more
// (BIP 174, Input Finalizer).
func (d Document) sign(signed []byte) error {
	tx, err := decode(signed, true)
	if err != nil {
		return fmt.Errorf("the signed bytes: %w", err)
	}
	if len(tx.TxIn) != len(d.packet.Inputs) {
		return fmt.Errorf("the signed bytes spend %d coins, the plan %d", len(tx.TxIn), len(d.packet.Inputs))
	}
	for i, in := range tx.TxIn {
		to := &d.packet.Inputs[i]
		to.SighashType, to.FinalScriptSig, to.FinalScriptWitness = 0, nil, nil
		if len(in.SignatureScript) == 0 && len(in.Witness) == 0 {
			return fmt.Errorf("input %d of the signed bytes has no signature", i)
		}
		if len(in.SignatureScript) > 0 {
			to.FinalScriptSig = in.SignatureScript
		}
		if len(in.Witness) > 0 {
			var stack bytes.Buffer
			if err := library.WriteTxWitness(&stack, in.Witness); err != nil {
				return fmt.Errorf("witness of input %d: %w", i, err)
			}
			to.FinalScriptWitness = stack.Bytes()
		}
		in.SignatureScript, in.Witness = nil, nil
	}
	if difference := differs(tx, d.packet.UnsignedTx); difference != "" {
		return fmt.Errorf("the signed bytes are of another transaction than the plan: %s", difference)
	}
	return nil
}
