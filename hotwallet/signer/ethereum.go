package signer

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// accountTx is an unsigned transaction with whose it is.
type accountTx struct {
	tx   *types.Transaction
	from position
}

// checkEthereum recomputes what a transaction does and compares it with the claim.
func (s *Signer) checkEthereum(c claim, req *ferryv1.SignEthereumRequest) (payment, accountTx, error) {
	tx, err := decodeEthereum(req.GetUnsignedTx())
	if err != nil {
		return payment{}, accountTx{}, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	if tx.ChainId().Cmp(s.chainID()) != 0 {
		return payment{}, accountTx{}, refuse("unsigned_tx", s.chainID().String(), "The transaction is for another chain.")
	}
	at, err := parsePath(s.ring.networks, asset.Ethereum, req.GetPath())
	if err != nil || !c.sends(at) {
		return payment{}, accountTx{}, refuse("path", "", "The path is not that of the sender of a %s: the hot sender, or a deposit address of a sweep.", c.purpose)
	}
	amount, err := s.checkTransfer(c, tx)
	if err != nil {
		return payment{}, accountTx{}, err
	}
	if limit := s.caps[c.asset].Gas; tx.Gas() > limit {
		return payment{}, accountTx{}, refuse("unsigned_tx", fmt.Sprint(limit), "The gas limit %d is above the limit.", tx.Gas())
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(tx.GasFeeCap(), new(big.Int).SetUint64(tx.Gas())))
	if err != nil {
		return payment{}, accountTx{}, refuse("unsigned_tx", "", "The fee is out of range.")
	}
	sender, err := s.ring.derive(at)
	if err != nil {
		return payment{}, accountTx{}, err
	}
	spend := fmt.Sprintf("%s:%s:%d", asset.Ethereum, sender.Address, tx.Nonce())
	c.bind(spend)
	p := payment{chain: c.chain, token: c.token, parts: []part{{claim: c, amount: amount}}, fee: fee,
		unsigned: req.GetUnsignedTx(), spends: []string{spend}}
	if p.deaths, err = s.readDeaths(p, req.GetSignedDeaths()); err != nil {
		return payment{}, accountTx{}, err
	}
	return p, accountTx{tx: tx, from: at}, s.caps.checkCaps(p, tx.Gas(), ancestors{})
}

// checkTransfer recomputes whom the transaction pays, how much and of what, and compares
// that with the claim. A coin and a token are never taken for each other: a transfer of
// the chain's own asset has no calldata, and a token's goes to the one contract that the
// networks pin for it.
func (s *Signer) checkTransfer(c claim, tx *types.Transaction) (asset.Units, error) {
	paid, err := readTransfer(tx)
	if err != nil {
		return asset.Units{}, refuse("unsigned_tx", "", "The transaction can't be signed: %v.", err)
	}
	contract, token := s.ring.networks.Contract(c.asset)
	switch {
	case !token && c.asset != asset.Ethereum.NativeID():
		return asset.Units{}, refuse("unsigned_tx", "", "No contract is pinned for %s, so none is paid.", c.asset)
	case !token && paid.contract != "":
		return asset.Units{}, refuse("unsigned_tx", "", "The transaction calls a contract; %s is paid by a transfer alone.", c.asset)
	case token && paid.contract == "":
		return asset.Units{}, refuse("unsigned_tx", contract, "The transaction is no transfer of %s.", c.asset)
	case token && paid.contract != contract:
		return asset.Units{}, refuse("unsigned_tx", contract, "The transaction calls another contract than that of %s.", c.asset)
	case paid.to != c.destination:
		return asset.Units{}, refuse("unsigned_tx", "", "The transaction pays another address.")
	}
	return paid.units, c.checkAmount(paid.units)
}

// signEthereum signs with the sender's key and recovers the sender.
func (s *Signer) signEthereum(t accountTx) (signature, error) {
	private, err := s.ring.key(t.from)
	if err != nil {
		return signature{}, err
	}
	defer private.Zero()
	plain := private.Serialize()
	defer clear(plain)
	// A key of btcec's names another curve, which go-ethereum refuses where it is built without cgo.
	ecdsa, err := crypto.ToECDSA(plain)
	if err != nil {
		return signature{}, fmt.Errorf("key of %s: %w", asset.Ethereum, err)
	}
	defer clear(ecdsa.D.Bits()) //nolint:staticcheck // wiping is the one use of D that nothing replaces
	scheme := types.LatestSignerForChainID(s.chainID())
	signed, err := types.SignTx(t.tx, scheme, ecdsa)
	if err != nil {
		return signature{}, fmt.Errorf("sign: %w", err)
	}
	sender, err := s.ring.derive(t.from)
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
