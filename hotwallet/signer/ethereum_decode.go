package signer

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/swap/asset"
)

// transferGas is what a transfer to an account costs.
const transferGas = 21_000

// decodeEthereum reads an unsigned dynamic-fee transfer strictly: its bytes are
// the only encoding of it, and it does nothing but pay: what readTransfer reads.
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
	case len(tx.AccessList()) != 0:
		return nil, errors.New("it calls a contract with an access list")
	case tx.Gas() < transferGas:
		return nil, fmt.Errorf("its gas limit %d is below %d", tx.Gas(), transferGas)
	case tx.GasFeeCap().Sign() == 0 || tx.GasFeeCap().BitLen() > 256 || tx.GasTipCap().Cmp(tx.GasFeeCap()) > 0:
		return nil, errors.New("its fee per gas is zero, out of range or below its tip")
	}
	if _, err := readTransfer(tx); err != nil {
		return nil, err
	}
	return tx, nil
}

// movement is what a transaction pays.
type movement struct {
	// contract is a token's, with EIP-55's checksum; "" where ether is paid.
	contract string
	to       string
	units    asset.Units
}

// transferCall begins the calldata of transfer(address,uint256), ERC-20's: the first
// four bytes of the Keccak-256 hash of that text.
var transferCall = []byte{0xa9, 0x05, 0x9c, 0xbb}

// calldata is transferCall and two words of 32 bytes.
const calldata = 4 + 2*32

// readTransfer reads a transfer of ether, which has no calldata, or one of a token,
// which has no value and exactly the calldata of transfer(address,uint256).
func readTransfer(tx *types.Transaction) (movement, error) {
	data := tx.Data()
	if len(data) == 0 {
		units, err := asset.UnitsFromBig(tx.Value())
		return movement{to: tx.To().Hex(), units: units}, err
	}
	switch {
	case len(data) != calldata || !bytes.HasPrefix(data, transferCall):
		return movement{}, errors.New("it calls a contract otherwise than by transfer(address,uint256)")
	case tx.Value().Sign() != 0:
		return movement{}, errors.New("it calls a contract and sends ether with it")
	case !bytes.Equal(data[4:16], make([]byte, 12)):
		return movement{}, errors.New("the address in its calldata has more than 20 bytes")
	}
	to, amount := common.BytesToAddress(data[16:36]), new(big.Int).SetBytes(data[36:])
	units, err := asset.UnitsFromBig(amount)
	return movement{contract: tx.To().Hex(), to: to.Hex(), units: units}, err
}
