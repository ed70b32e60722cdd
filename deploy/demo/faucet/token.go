package faucet

import (
	"context"
	"crypto/ecdsa"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// tokenCode makes the contracts: for each token the code in hexadecimal. `make
// contracts` writes it; the sources are those of package chain/ethereum's tests.
//
//go:embed tokens.json
var tokenCode []byte

// tokens are made in this order, by the maker's first transactions: so their addresses
// are known before they are.
var tokens = []asset.ID{asset.USDT, asset.USDC}

// maker is an account of nobody else's, on a chain for development only.
var maker = sync.OnceValue(func() *ecdsa.PrivateKey {
	return crypto.ToECDSAUnsafe(crypto.Keccak256([]byte("ferry: maker of the tokens of a chain for development")))
})

func makerAddress() common.Address { return crypto.PubkeyToAddress(maker().PublicKey) }

// Tokens are the contracts that MakeTokens makes, for a deployment to pin.
func Tokens() asset.Tokens {
	at := func(n uint64) string { return crypto.CreateAddress(makerAddress(), n).Hex() }
	return asset.Tokens{USDT: at(0), USDC: at(1)}
}

// makerWei is given to the maker, more than its transactions cost.
var makerWei = asset.MustUnits("1000000000000000000")

const makerGas = 5_000_000

// MakeTokens makes the tokens where they are missing, and gives all of them to the
// faucet's account. It goes on where an earlier call was cut off. One process at a time.
func (e *Ethereum) MakeTokens(ctx context.Context) error {
	var code map[asset.ID]string
	if err := json.Unmarshal(tokenCode, &code); err != nil {
		return fmt.Errorf("the tokens' code: %w", err)
	}
	done, err := e.client.NonceAt(ctx, makerAddress(), nil)
	if err != nil {
		return fmt.Errorf("the maker of tokens: %w", err)
	}
	if done == 0 {
		if _, err := e.Pay(ctx, makerAddress().Hex(), makerWei); err != nil {
			return err
		}
	}
	for n := done; n < uint64(2*len(tokens)); n++ {
		id := tokens[n%uint64(len(tokens))]
		var to *common.Address
		data := common.FromHex(code[id])
		if n >= uint64(len(tokens)) { // they are made, and all of each is the maker's
			contract := tokenAt(id)
			all, err := e.TokenBalance(ctx, id, makerAddress().Hex())
			if err != nil {
				return err
			}
			to, data = &contract, transferData(parts.GethDeveloperAddress, all)
		}
		if err := e.makerSends(ctx, n, to, data); err != nil {
			return fmt.Errorf("make %s: %w", id, err)
		}
	}
	return nil
}

// makerSends signs a transaction of the maker's, and returns when it has succeeded.
func (e *Ethereum) makerSends(ctx context.Context, nonce uint64, to *common.Address, data []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, minedLimit, fmt.Errorf("it took longer than %s", minedLimit))
	defer cancel()
	chainID := big.NewInt(e.networks.EthereumChainID)
	tx, err := types.SignNewTx(maker(), types.LatestSignerForChainID(chainID), &types.DynamicFeeTx{
		ChainID: chainID, Nonce: nonce, GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(20e9), Gas: makerGas, To: to, Data: data,
	})
	if err != nil {
		return err
	}
	ticker := time.NewTicker(minedPoll)
	defer ticker.Stop()
	for {
		err := e.client.SendTransaction(ctx, tx)
		switch {
		// The same bytes as those of a call that was cut off: the node may have them.
		case err == nil || strings.Contains(err.Error(), "already known"):
			return e.mined(ctx, tx.Hash())
		// The pool follows a block, with the maker's money in it, a moment later.
		case !strings.Contains(err.Error(), "insufficient funds"):
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// PayToken sends a token from the faucet's account and returns when the transfer is in a
// block and has succeeded.
func (e *Ethereum) PayToken(ctx context.Context, to string, amount asset.Amount) (txid string, err error) {
	canonical, err := e.networks.ParseAddress(asset.Ethereum, to)
	if err != nil {
		return "", fmt.Errorf("ethereum address %.128q: %w", to, err)
	}
	if at, pinned := e.networks.Contract(amount.Asset); !pinned || at != tokenAt(amount.Asset).Hex() {
		return "", fmt.Errorf("the faucet has no %.20q of this deployment", amount.Asset)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, minedLimit, fmt.Errorf("it took longer than %s", minedLimit))
	defer cancel()
	hash, err := e.send(ctx, map[string]any{"from": parts.GethDeveloperAddress, "to": tokenAt(amount.Asset),
		"input": hexutil.Bytes(transferData(canonical, amount.Units.Big()))})
	if err != nil {
		return "", fmt.Errorf("pay %s from the faucet: %w", amount.Asset, err)
	}
	return hash.Hex(), e.mined(ctx, hash)
}

// TokenBalance is what an address holds of a token in the newest block, in base units.
func (e *Ethereum) TokenBalance(ctx context.Context, id asset.ID, address string) (*big.Int, error) {
	var answer hexutil.Bytes
	data := append(crypto.Keccak256([]byte("balanceOf(address)"))[:4], common.LeftPadBytes(common.HexToAddress(address).Bytes(), common.HashLength)...)
	call := map[string]any{"to": tokenAt(id), "input": hexutil.Bytes(data)}
	if err := e.client.Client().CallContext(ctx, &answer, "eth_call", call, "latest"); err != nil {
		return nil, fmt.Errorf("balance in %s: %w", id, err)
	}
	if len(answer) != common.HashLength {
		return nil, fmt.Errorf("balance in %s: the contract answers %d bytes", id, len(answer))
	}
	return new(big.Int).SetBytes(answer), nil
}

// tokenAt is where MakeTokens makes a token.
func tokenAt(id asset.ID) common.Address {
	at, _ := asset.Networks{Tokens: Tokens()}.Contract(id)
	return common.HexToAddress(at)
}

// transferData is ERC-20's transfer(address,uint256).
func transferData(to string, units *big.Int) []byte {
	data := crypto.Keccak256([]byte("transfer(address,uint256)"))[:4]
	data = append(data, common.LeftPadBytes(common.HexToAddress(to).Bytes(), common.HashLength)...)
	return append(data, common.LeftPadBytes(units.Bytes(), common.HashLength)...)
}
