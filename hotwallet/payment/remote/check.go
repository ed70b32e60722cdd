package remote

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

// ErrNotThePlan means that what came back from the signer, or lies stored as
// signed, is not the plan's transaction with signatures.
var ErrNotThePlan = errors.New("the signed bytes are not the planned transaction")

// Check compares an attempt's signed bytes with its plan: payment.Config.Check.
func Check(on asset.Chain, a payment.Attempt) error {
	switch on.Family() {
	case asset.UTXO:
		return CheckUTXO(on, a.Plan, a.Raw, a.TxID)
	case asset.Account:
		return CheckEthereum(a.Plan.Unsigned, a.Raw, a.TxID)
	}
	return fmt.Errorf("chain %.20q has no transactions to check", on)
}

// CheckUTXO compares signed bytes with the unsigned transaction: without signatures
// they must have the same txid, which commits to everything else. Signatures are
// witnesses, on Bitcoin Cash scripts, one for each input and nothing in the other
// place; a coin of the older form (P2PKH) has it in the script on every chain. The txid is that
// of the signed bytes.
func CheckUTXO(on asset.Chain, plan chain.Plan, raw []byte, txid string) error {
	planned, err := decodeUTXO(plan.Unsigned)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	signed, err := decodeUTXO(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotThePlan, err)
	}
	if txid != signed.TxHash().String() {
		return fmt.Errorf("txid %.80q, want %s: %w", txid, signed.TxHash(), ErrNotThePlan)
	}
	for i, in := range signed.TxIn {
		signature, other := len(in.Witness), len(in.SignatureScript)
		if on == asset.BitcoinCash || legacy(plan, i) {
			signature, other = other, signature
		}
		if signature == 0 || other > 0 {
			return fmt.Errorf("input %d is not signed in %s's form: %w", i, on, ErrNotThePlan)
		}
		in.SignatureScript = nil
	}
	if signed.TxHash() != planned.TxHash() {
		return fmt.Errorf("without signatures it is %s, want %s: %w", signed.TxHash(), planned.TxHash(), ErrNotThePlan)
	}
	return nil
}

// legacy reports that the plan's i-th coin is P2PKH, by the transaction that made it.
func legacy(plan chain.Plan, i int) bool {
	if i >= len(plan.Coins) {
		return false
	}
	c := plan.Coins[i]
	made, err := decodeUTXO(c.PreviousTx)
	return err == nil && int64(c.Index) < int64(len(made.TxOut)) && txscript.IsPayToPubKeyHash(made.TxOut[c.Index].PkScript)
}

func decodeUTXO(raw []byte) (*wire.MsgTx, error) {
	var tx wire.MsgTx
	r := bytes.NewReader(raw)
	if err := tx.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode a transaction: %w", err)
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%d bytes follow the transaction", r.Len())
	}
	return &tx, nil
}

// CheckEthereum compares signed bytes with the unsigned transaction: the hash
// that is signed commits to every field, and the txid is that of the raw bytes.
func CheckEthereum(unsigned, raw []byte, txid string) error {
	var planned, signed types.Transaction
	if err := planned.UnmarshalBinary(unsigned); err != nil {
		return fmt.Errorf("plan: decode an ethereum transaction: %w", err)
	}
	if err := signed.UnmarshalBinary(raw); err != nil {
		return fmt.Errorf("decode an ethereum transaction: %w: %w", ErrNotThePlan, err)
	}
	signer := types.LatestSignerForChainID(planned.ChainId())
	if signed.Type() != planned.Type() || signer.Hash(&signed) != signer.Hash(&planned) {
		return fmt.Errorf("its signed hash differs: %w", ErrNotThePlan)
	}
	if txid != signed.Hash().Hex() {
		return fmt.Errorf("txid %.80q, want %s: %w", txid, signed.Hash().Hex(), ErrNotThePlan)
	}
	return nil
}
