package faucet

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	ethereum "github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/deploy/parts"
	"ferry/swap/asset"
)

const (
	// minedLimit is how long a transaction may take into a block; geth --dev makes one a second.
	minedLimit = time.Minute
	// minedPoll is how often the node is asked.
	minedPoll = 100 * time.Millisecond
)

// Ethereum is the faucet of a geth --dev: its developer account, for which the
// node itself signs and counts nonces, so several processes can pay at once.
type Ethereum struct {
	client   *ethclient.Client
	networks asset.Networks
}

// NewEthereum connects to the node's JSON-RPC over HTTP.
func NewEthereum(ctx context.Context, url string, networks asset.Networks) (*Ethereum, error) {
	if networks.EthereumChainID != parts.GethChainID {
		return nil, fmt.Errorf("the faucet pays from geth's developer account on chain %d, not on chain %d", parts.GethChainID, networks.EthereumChainID)
	}
	client, err := ethclient.DialContext(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect to the ethereum node: %w", err)
	}
	return &Ethereum{client: client, networks: networks}, nil
}

// Close ends the connection.
func (e *Ethereum) Close() { e.client.Close() }

// Pay sends wei from the developer account and returns when the transfer is in
// a block and has succeeded.
func (e *Ethereum) Pay(ctx context.Context, to string, wei asset.Units) (txid string, err error) {
	canonical, err := e.networks.ParseAddress(asset.Ethereum, to)
	if err != nil {
		return "", fmt.Errorf("ethereum address %.128q: %w", to, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, minedLimit, fmt.Errorf("it took longer than %s", minedLimit))
	defer cancel()
	hash, err := e.send(ctx, map[string]any{
		"from": parts.GethDeveloperAddress, "to": canonical, "value": (*hexutil.Big)(wei.Big()),
	})
	if err != nil {
		return "", fmt.Errorf("pay from the faucet: %w", err)
	}
	return hash.Hex(), e.mined(ctx, hash)
}

// PayAsset sends ether by Pay, and a token by PayToken.
func (e *Ethereum) PayAsset(ctx context.Context, to string, a asset.Amount) (txid string, err error) {
	if asset.MustLookup(a.Asset).Token {
		return e.PayToken(ctx, to, a)
	}
	return e.Pay(ctx, to, a.Units)
}

// nonceTaken are geth's refusals of a transaction whose nonce another one has: it
// counts nonces from a pool that follows a new block a moment later.
var nonceTaken = []string{"replacement transaction underpriced", "nonce too low", "already known"}

// send hands a transaction in; one whose nonce was taken was not taken itself, and is
// handed in again with the next.
func (e *Ethereum) send(ctx context.Context, transaction map[string]any) (hash common.Hash, err error) {
	ticker := time.NewTicker(minedPoll)
	defer ticker.Stop()
	for {
		err = e.client.Client().CallContext(ctx, &hash, "eth_sendTransaction", transaction)
		if err == nil || !slices.ContainsFunc(nonceTaken, func(words string) bool { return strings.Contains(err.Error(), words) }) {
			return hash, err
		}
		select {
		case <-ctx.Done():
			return hash, fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Balance is what an address holds in the newest block, in wei.
func (e *Ethereum) Balance(ctx context.Context, address string) (*big.Int, error) {
	return e.client.BalanceAt(ctx, common.HexToAddress(address), nil)
}

func (e *Ethereum) mined(ctx context.Context, hash common.Hash) error {
	ticker := time.NewTicker(minedPoll)
	defer ticker.Stop()
	for {
		receipt, err := e.client.TransactionReceipt(ctx, hash)
		var answered rpc.Error // such as "transaction indexing is in progress" after a start
		switch {
		case err == nil && receipt.Status == types.ReceiptStatusSuccessful:
			return nil
		case err == nil:
			return fmt.Errorf("the faucet's transaction %s failed in block %s", hash, receipt.BlockNumber)
		case !errors.Is(err, ethereum.NotFound) && !errors.As(err, &answered):
			return fmt.Errorf("wait for the faucet's transaction %s: %w", hash, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the faucet's transaction %s is in no block yet (%w): %w", hash, err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
