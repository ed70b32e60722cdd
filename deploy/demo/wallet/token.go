package wallet

import (
	"context"
	"fmt"
	"math/big"

	ethereum "github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/swap/asset"
)

// tokenGas is what a transfer may use: USDT's on mainnet uses about 63,000.
const tokenGas = 100_000

// Token is the wallet of an Ethereum account in one token; the account pays for gas in ether.
type Token struct {
	*Ethereum
	id asset.ID
}

// Token is this account's wallet in a token whose contract the networks pin.
func (e *Ethereum) Token(id asset.ID) Token { return Token{Ethereum: e, id: id} }

func (t Token) contract() (common.Address, error) {
	at, pinned := t.networks.Contract(t.id)
	if !pinned {
		return common.Address{}, fmt.Errorf("no contract of %.20q is pinned", t.id)
	}
	return common.HexToAddress(at), nil
}

// Received is what an address holds of the token in the newest block, in base units. Asked
// of a fresh address it is all that arrived there.
func (t Token) Received(ctx context.Context, address string) (asset.Units, error) {
	contract, err := t.contract()
	if err != nil {
		return asset.Units{}, err
	}
	data := tokenCall("balanceOf(address)", common.HexToAddress(address).Bytes())
	answer, err := t.client.CallContract(ctx, ethereum.CallMsg{To: &contract, Data: data}, nil)
	if err != nil {
		return asset.Units{}, fmt.Errorf("balance in %s: %w", t.id, err)
	}
	if len(answer) != common.HashLength {
		return asset.Units{}, fmt.Errorf("balance in %s: the contract answers %d bytes", t.id, len(answer))
	}
	return asset.UnitsFromBig(new(big.Int).SetBytes(answer))
}

// Balance is what the paying account holds of the token, in base units.
func (t Token) Balance(ctx context.Context) (asset.Units, error) {
	return t.Received(ctx, t.address.Hex())
}

// Pay signs and broadcasts a transfer of exactly this many base units.
func (t Token) Pay(ctx context.Context, to string, units asset.Units) (txid string, err error) {
	canonical, err := t.networks.ParseAddress(asset.Ethereum, to)
	if err != nil {
		return "", fmt.Errorf("ethereum address %.128q: %w", to, err)
	}
	contract, err := t.contract()
	if err != nil {
		return "", err
	}
	have, err := t.Balance(ctx)
	if err != nil {
		return "", err
	}
	if have.Less(units) {
		return "", fmt.Errorf("%s for %s of %s: %w", have, units, t.id, ErrFunds)
	}
	data := tokenCall("transfer(address,uint256)", common.HexToAddress(canonical).Bytes(), units.Big().Bytes())
	return t.broadcast(ctx, call{to: contract, wei: new(big.Int), data: data, gas: tokenGas})
}

// tokenCall is a call's data by Solidity's ABI, for arguments of one word each.
func tokenCall(signature string, words ...[]byte) []byte {
	data := crypto.Keccak256([]byte(signature))[:4]
	for _, word := range words {
		data = append(data, common.LeftPadBytes(word, common.HashLength)...)
	}
	return data
}
