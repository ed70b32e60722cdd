package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Limits of one address: a destination of one payment has few transactions.
const (
	pageOfTransactions = 50
	maxTransactions    = 1000
)

// codeNoInfo is a node's answer for an address that it has never seen.
const codeNoInfo = -5

// bitcoin asks a node of Bitcoin or Bitcoin Cash that indexes addresses.
type bitcoin struct {
	rpc           *rpc
	confirmations uint64
}

type transaction struct {
	TxID          string `json:"txid"`
	BlockHash     string `json:"blockhash"`
	Confirmations uint64 `json:"confirmations"`
	Vout          []struct {
		N            uint64      `json:"n"`
		Value        json.Number `json:"value"`
		ScriptPubKey struct {
			Address   string   `json:"address"`
			Addresses []string `json:"addresses"`
		} `json:"scriptPubKey"`
	} `json:"vout"`
}

// ask sums every output to the address that a block of the node's best chain
// holds deep enough.
func (b bitcoin) ask(ctx context.Context, c claim) (evidence, error) {
	transactions, err := b.transactions(ctx, c.Address)
	if err != nil {
		return evidence{}, err
	}
	received, shallow := new(big.Int), new(big.Int)
	var in []string
	named := c.TxID == ""
	for _, tx := range transactions {
		paid, err := tx.paysTo(c.Address)
		if err != nil {
			return evidence{}, err
		}
		if paid.Sign() == 0 {
			continue // it spends from the address
		}
		if tx.BlockHash == "" || tx.Confirmations < b.confirmations {
			shallow.Add(shallow, paid)
			continue
		}
		height, err := b.height(ctx, tx.BlockHash)
		if err != nil {
			return evidence{}, err
		}
		received.Add(received, paid)
		named = named || tx.TxID == c.TxID
		in = append(in, fmt.Sprintf("in %s, block %d, %d confirmations", tx.TxID, height, tx.Confirmations))
	}
	return summed(c, received, shallow, in, named, b.confirmations), nil
}

// summed says what was found, and what speaks against the claim beside the sum.
func summed(c claim, received, shallow amount, in []string, named bool, confirmations uint64) evidence {
	said := evidence{received: received, where: strings.Join(in, " and ")}
	if len(in) == 0 {
		said.where = "in no block"
	}
	if shallow.Sign() > 0 {
		said.doubts = fmt.Sprintf("%s more with fewer than %d confirmations", c.say(shallow), confirmations)
	}
	if !named {
		said.doubts = strings.TrimPrefix(said.doubts+"; "+c.TxID+" is not among what paid it", "; ")
	}
	return said
}

// transactions lists, once each, all that touch the address.
func (b bitcoin) transactions(ctx context.Context, address string) ([]transaction, error) {
	var all []transaction
	seen := map[string]bool{}
	for skip := 0; skip < maxTransactions; skip += pageOfTransactions {
		var page []transaction
		err := b.rpc.call(ctx, &page, "searchrawtransactions", address, 1, skip, pageOfTransactions)
		var refused *rpcError
		if errors.As(err, &refused) && refused.Code == codeNoInfo && !strings.Contains(refused.Message, "Invalid address") {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for _, tx := range page {
			if !seen[tx.TxID] {
				seen[tx.TxID] = true
				all = append(all, tx)
			}
		}
		if len(page) < pageOfTransactions {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s has %d transactions or more, which is no destination of one payment", address, maxTransactions)
}

func (b bitcoin) height(ctx context.Context, blockHash string) (int64, error) {
	var header struct {
		Height int64 `json:"height"`
	}
	err := b.rpc.call(ctx, &header, "getblockheader", blockHash, true)
	return header.Height, err
}

// paysTo sums the transaction's outputs to an address, in satoshi.
func (tx transaction) paysTo(address string) (amount, error) {
	sum := new(big.Int)
	for _, out := range tx.Vout {
		several := out.ScriptPubKey.Addresses // one that names several is paid to none of them alone
		if !same(out.ScriptPubKey.Address, address) && (len(several) != 1 || !same(several[0], address)) {
			continue
		}
		sat, err := satoshi(out.Value)
		if err != nil {
			return nil, fmt.Errorf("output %d of %s: %w", out.N, tx.TxID, err)
		}
		sum.Add(sum, sat)
	}
	return sum, nil
}

// same compares addresses but for CashAddr's prefix, which Bitcoin Cash's nodes leave
// out. It is in the address's checksum.
func same(told, address string) bool {
	return told != "" && told[strings.LastIndex(told, ":")+1:] == address[strings.LastIndex(address, ":")+1:]
}

// satoshi reads a number of coins, exactly. Nodes write it with at most eight
// places, in whatever notation: 0.01, 1e-8.
func satoshi(coins json.Number) (amount, error) {
	const maxLen, places = 40, 100_000_000
	if len(coins) > maxLen {
		return nil, fmt.Errorf("%.60q is no amount", string(coins))
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(string(coins)), "e"); ok && len(exponent) > 3 {
		return nil, fmt.Errorf("%.60q is no amount", string(coins))
	}
	value, ok := new(big.Rat).SetString(string(coins))
	if !ok {
		return nil, fmt.Errorf("%.60q is no amount", string(coins))
	}
	value.Mul(value, big.NewRat(places, 1))
	if !value.IsInt() || value.Sign() < 0 {
		return nil, fmt.Errorf("%.60q is no whole number of satoshi", string(coins))
	}
	return value.Num(), nil
}
