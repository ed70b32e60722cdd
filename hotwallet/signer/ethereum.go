package signer

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// transferGas is what a transfer to an account costs.
const transferGas = 21_000

// checkEthereum recomputes what a transaction does and compares it with the claim.
func (s *Signer) checkEthereum(c claim, req *ferryv1.SignEthereumRequest) (payment, *types.Transaction, error) {
	tx, err := decodeEthereum(req.GetUnsignedTx())
	if err != nil {
		return payment{}, nil, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	if tx.ChainId().Cmp(s.chainID()) != 0 {
		return payment{}, nil, refuse("unsigned_tx", s.chainID().String(), "The transaction is for another chain.")
	}
	at, err := parsePath(s.ring.networks, asset.Ethereum, req.GetPath())
	if err != nil || at != hotSender(asset.Ethereum) {
		return payment{}, nil, refuse("path", "", "The path is not that of the hot sender.")
	}
	if to := tx.To().Hex(); to != c.destination {
		return payment{}, nil, refuse("unsigned_tx", "", "The transaction pays another address.")
	}
	amount, err := asset.UnitsFromBig(tx.Value())
	if err != nil {
		return payment{}, nil, refuse("unsigned_tx", "", "The amount is out of range.")
	}
	if err := c.checkAmount(amount); err != nil {
		return payment{}, nil, err
	}
	if limit := s.caps[c.asset].Gas; tx.Gas() > limit {
		return payment{}, nil, refuse("unsigned_tx", fmt.Sprint(limit), "The gas limit %d is above the limit.", tx.Gas())
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(tx.GasFeeCap(), new(big.Int).SetUint64(tx.Gas())))
	if err != nil {
		return payment{}, nil, refuse("unsigned_tx", "", "The fee is out of range.")
	}
	sender, err := s.ring.derive(at)
	if err != nil {
		return payment{}, nil, err
	}
	p := payment{claim: c, amount: amount, fee: fee, unsigned: req.GetUnsignedTx(),
		spends: []string{fmt.Sprintf("%s:%s:%d", asset.Ethereum, sender.Address, tx.Nonce())}}
	return p, tx, s.caps.check(c.asset, amount, fee, tx.Gas())
}

// decodeEthereum reads an unsigned dynamic-fee transfer strictly: its bytes are
// the only encoding of it, and it does nothing but pay.
func decodeEthereum(raw []byte) (*types.Transaction, error) {
	if len(raw) > maxUnsignedEthereum {
		return nil, fmt.Errorf("it has %d bytes, at most %d", len(raw), maxUnsignedEthereum)
	}
	if len(raw) == 0 || raw[0] != types.DynamicFeeTxType {
		return nil, errors.New("it is not of type 2 (EIP-1559)")
	}
	tx := new(types.Transaction)
	if err := tx.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	again, err := tx.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if !bytes.Equal(again, raw) {
		return nil, errors.New("it is not in its one encoding")
	}
	v, r, s := tx.RawSignatureValues()
	switch {
	case v.Sign() != 0 || r.Sign() != 0 || s.Sign() != 0:
		return nil, errors.New("it is signed already")
	case tx.To() == nil:
		return nil, errors.New("it creates a contract")
	case len(tx.Data()) != 0 || len(tx.AccessList()) != 0:
		return nil, errors.New("it calls a contract")
	case tx.Gas() < transferGas:
		return nil, fmt.Errorf("its gas limit %d is below %d", tx.Gas(), transferGas)
	case tx.GasFeeCap().Sign() == 0 || tx.GasFeeCap().BitLen() > 256 || tx.GasTipCap().Cmp(tx.GasFeeCap()) > 0:
		return nil, errors.New("its fee per gas is zero, out of range or below its tip")
	}
	return tx, nil
}

// signEthereum signs with the hot sender's key and recovers the sender.
func (s *Signer) signEthereum(tx *types.Transaction) (signature, error) {
	at := hotSender(asset.Ethereum)
	private, err := s.ring.key(at)
	if err != nil {
		return signature{}, err
	}
	defer private.Zero()
	ecdsa := private.ToECDSA()
	defer clear(ecdsa.D.Bits()) //nolint:staticcheck // wiping is the one use of D that nothing replaces
	scheme := types.LatestSignerForChainID(s.chainID())
	signed, err := types.SignTx(tx, scheme, ecdsa)
	if err != nil {
		return signature{}, fmt.Errorf("sign: %w", err)
	}
	sender, err := s.ring.derive(at)
	if err != nil {
		return signature{}, err
	}
	if from, err := types.Sender(scheme, signed); err != nil || from.Hex() != sender.Address {
		return signature{}, fmt.Errorf("signature recovers to another sender: %w", err)
	}
	raw, err := signed.MarshalBinary()
	if err != nil {
		return signature{}, fmt.Errorf("encode signed transaction: %w", err)
	}
	return signature{raw: raw, txid: signed.Hash().Hex()}, nil
}

func (s *Signer) chainID() *big.Int { return big.NewInt(s.ring.networks.EthereumChainID) }
