package remote

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

// ErrNotThePlan means that what came back from the signer, or lies stored as
// signed, is not the plan's transaction with signatures.
var ErrNotThePlan = errors.New("the signed bytes are not the planned transaction")

// Check compares an attempt's signed bytes with its plan: payment.Config.Check.
func Check(on asset.Chain, a payment.Attempt) error {
	switch on {
	case asset.Bitcoin:
		return CheckBitcoin(a.Plan.Unsigned, a.Raw, a.TxID)
	case asset.Ethereum:
		return CheckEthereum(a.Plan.Unsigned, a.Raw, a.TxID)
	}
	return fmt.Errorf("chain %.20q has no transactions to check", on)
}

// CheckBitcoin compares signed bytes with the unsigned transaction: all of our
// inputs are segregated witnesses, so the txid, which commits to everything but
// them, must be the same.
func CheckBitcoin(unsigned, raw []byte, txid string) error {
	planned, err := decodeBitcoin(unsigned)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	signed, err := decodeBitcoin(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotThePlan, err)
	}
	if signed.TxHash() != planned.TxHash() || txid != planned.TxHash().String() {
		return fmt.Errorf("txid %.80q, want %s: %w", txid, planned.TxHash(), ErrNotThePlan)
	}
	for i, in := range signed.TxIn {
		if len(in.Witness) == 0 {
			return fmt.Errorf("input %d has no witness: %w", i, ErrNotThePlan)
		}
	}
	return nil
}

func decodeBitcoin(raw []byte) (*wire.MsgTx, error) {
	var tx wire.MsgTx
	r := bytes.NewReader(raw)
	if err := tx.Deserialize(r); err != nil {
		return nil, fmt.Errorf("decode a bitcoin transaction: %w", err)
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%d bytes follow the bitcoin transaction", r.Len())
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
