package wallet

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/params"

	"ferry/swap/asset"
)

// tipWei is the priority fee per gas: 1 gwei, fixed, on chains without a market.
const tipWei = 1_000_000_000

// ErrFunds means an account does not hold the value and the most the fee may be.
var ErrFunds = errors.New("the account does not hold the payment and its fee")

// Ethereum is a wallet of one account that pays and of any number of fresh ones
// that receive. Its methods may be called from several goroutines.
type Ethereum struct {
	client   *ethclient.Client
	networks asset.Networks
	key      *ecdsa.PrivateKey
	address  common.Address

	mu    sync.Mutex // one nonce at a time
	fresh int
}

// NewEthereum makes an empty wallet with a random key and connects to the
// node's JSON-RPC over HTTP.
func NewEthereum(ctx context.Context, url string, networks asset.Networks) (*Ethereum, error) {
	if err := networks.Validate(); err != nil {
		return nil, err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("make an ethereum key: %w", err)
	}
	client, err := ethclient.DialContext(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect to the ethereum node: %w", err)
	}
	return &Ethereum{client: client, networks: networks, key: key, address: crypto.PubkeyToAddress(key.PublicKey)}, nil
}

// Close ends the connection.
func (e *Ethereum) Close() { e.client.Close() }

// Address is the account that pays, with EIP-55's checksum.
func (e *Ethereum) Address() string { return e.address.Hex() }

// NewAddress is the address of a fresh random key. The key itself is dropped:
// what arrives there is looked at and never spent.
func (e *Ethereum) NewAddress() (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fresh == maxKeys {
		return "", ErrKeys
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return "", fmt.Errorf("make an ethereum key: %w", err)
	}
	e.fresh++
	return crypto.PubkeyToAddress(key.PublicKey).Hex(), nil
}

// Received is what an address holds in the newest block, in wei. Asked of a
// fresh address it is all that arrived there.
func (e *Ethereum) Received(ctx context.Context, address string) (asset.Units, error) {
	wei, err := e.client.BalanceAt(ctx, common.HexToAddress(address), nil)
	if err != nil {
		return asset.Units{}, fmt.Errorf("balance on ethereum: %w", err)
	}
	return asset.UnitsFromBig(wei)
}

// Balance is what the paying account holds, in wei.
func (e *Ethereum) Balance(ctx context.Context) (asset.Units, error) {
	return e.Received(ctx, e.address.Hex())
}

// Pay signs and broadcasts an EIP-1559 transfer of exactly this many wei.
func (e *Ethereum) Pay(ctx context.Context, to string, wei asset.Units) (txid string, err error) {
	canonical, err := e.networks.ParseAddress(asset.Ethereum, to)
	if err != nil {
		return "", fmt.Errorf("ethereum address %.128q: %w", to, err)
	}
	return e.broadcast(ctx, call{to: common.HexToAddress(canonical), wei: wei.Big(), gas: params.TxGas})
}

// call is what a transaction does, and the most gas for it.
type call struct {
	to   common.Address
	wei  *big.Int
	data []byte
	gas  uint64
}

// broadcast signs a transaction and hands it to the node.
func (e *Ethereum) broadcast(ctx context.Context, c call) (txid string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx, err := e.transaction(ctx, c)
	if err != nil {
		return "", err
	}
	signed, err := types.SignTx(tx, types.LatestSignerForChainID(tx.ChainId()), e.key)
	if err != nil {
		return "", fmt.Errorf("sign a transaction: %w", err)
	}
	if err := e.client.SendTransaction(ctx, signed); err != nil {
		return "", fmt.Errorf("broadcast %s wei to %s: %w", c.wei, c.to, err)
	}
	return signed.Hash().Hex(), nil
}

// transaction builds it. Its fee may be at most twice the base fee of
// the newest block and the tip, so that it stays valid while blocks fill up.
func (e *Ethereum) transaction(ctx context.Context, c call) (*types.Transaction, error) {
	head, err := e.client.HeaderByNumber(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("newest block of ethereum: %w", err)
	}
	if head.BaseFee == nil {
		return nil, errors.New("the ethereum node's chain has no base fee (EIP-1559)")
	}
	nonce, err := e.client.PendingNonceAt(ctx, e.address)
	if err != nil {
		return nil, fmt.Errorf("nonce on ethereum: %w", err)
	}
	tip := big.NewInt(tipWei)
	feeCap := new(big.Int).Add(new(big.Int).Lsh(head.BaseFee, 1), tip)
	balance, err := e.client.PendingBalanceAt(ctx, e.address)
	if err != nil {
		return nil, fmt.Errorf("balance on ethereum: %w", err)
	}
	most := new(big.Int).Add(c.wei, new(big.Int).Mul(feeCap, new(big.Int).SetUint64(c.gas)))
	if balance.Cmp(most) < 0 {
		return nil, fmt.Errorf("%s wei for %s: %w", balance, most, ErrFunds)
	}
	return types.NewTx(&types.DynamicFeeTx{
		ChainID: big.NewInt(e.networks.EthereumChainID), Nonce: nonce, To: &c.to, Value: c.wei, Data: c.data,
		Gas: c.gas, GasTipCap: tip, GasFeeCap: feeCap,
	}), nil
}
