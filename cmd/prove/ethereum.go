package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"
)

// ethereum asks a node for balances. A destination that is fresh, and has sent
// nothing, holds exactly what it has received.
type ethereum struct {
	rpc           *rpc
	confirmations uint64
}

// ask is about ether, or about the token whose contract the claim names.
func (e ethereum) ask(ctx context.Context, c claim) (evidence, error) {
	if c.Contract != "" {
		return e.token(ctx, c)
	}
	return e.ether(ctx, c)
}

// ether compares the balance at the newest block with the one as many blocks back
// as there must be confirmations: what counts is what both have.
func (e ethereum) ether(ctx context.Context, c claim) (evidence, error) {
	latest, deep, ok, err := e.depths(ctx)
	if err != nil || !ok {
		return evidence{received: new(big.Int), where: fmt.Sprintf("in a chain of %d blocks", latest)}, err
	}
	now, err := e.number(ctx, "eth_getBalance", c.Address, hexOf(latest))
	if err != nil {
		return evidence{}, err
	}
	received, err := e.number(ctx, "eth_getBalance", c.Address, hexOf(deep))
	if err != nil {
		return evidence{}, err
	}
	sent, err := e.number(ctx, "eth_getTransactionCount", c.Address, hexOf(latest))
	if err != nil {
		return evidence{}, err
	}
	said := evidence{received: received, where: fmt.Sprintf("by block %d, %d confirmations or more", deep, e.confirmations)}
	var doubts []string
	if now.Cmp(received) != 0 {
		doubts = append(doubts, fmt.Sprintf("its balance has changed to %s by block %d", c.say(now), latest))
	}
	if least, err := e.born(ctx, c.Address, latest); err != nil {
		return evidence{}, err
	} else if sent.Cmp(least) > 0 {
		doubts = append(doubts, fmt.Sprintf("it has sent %s transactions, so its balance is not what it received", sent))
	}
	if c.TxID != "" {
		where, doubt, err := e.transaction(ctx, c, latest)
		if err != nil {
			return evidence{}, err
		}
		if doubt != "" {
			doubts = append(doubts, doubt)
		} else {
			said.where = where
		}
	}
	said.doubts = strings.Join(doubts, "; ")
	return said, nil
}

// born is the count of transactions that an address has from its beginning: a contract
// 1 (EIP-161), anybody else none. A contract can pass money on without another one: of
// what it received only what it still holds is seen here.
func (e ethereum) born(ctx context.Context, address string, block uint64) (amount, error) {
	var code string
	if err := e.rpc.call(ctx, &code, "eth_getCode", address, hexOf(block)); err != nil {
		return nil, err
	}
	if code == "" || code == "0x" {
		return new(big.Int), nil
	}
	return big.NewInt(1), nil
}

// depths are the newest block and the one with as many confirmations as there must be;
// not ok where the chain has no such block yet.
func (e ethereum) depths(ctx context.Context) (latest, deep uint64, ok bool, err error) {
	newest, err := e.number(ctx, "eth_blockNumber")
	if err != nil {
		return 0, 0, false, err
	}
	if !newest.IsUint64() {
		return 0, 0, false, fmt.Errorf("%s is no number of a block", newest)
	}
	latest = newest.Uint64()
	if latest+1 < e.confirmations {
		return latest, 0, false, nil
	}
	return latest, latest + 1 - e.confirmations, true, nil
}

// transaction checks that the named transaction paid the claim by itself.
func (e ethereum) transaction(ctx context.Context, c claim, latest uint64) (where, doubt string, err error) {
	var tx *struct {
		To    string `json:"to"`
		Value string `json:"value"`
	}
	if err := e.rpc.call(ctx, &tx, "eth_getTransactionByHash", c.TxID); err != nil {
		return "", "", err
	}
	var receipt *struct {
		Status      string `json:"status"`
		BlockNumber string `json:"blockNumber"`
	}
	if err := e.rpc.call(ctx, &receipt, "eth_getTransactionReceipt", c.TxID); err != nil {
		return "", "", err
	}
	if tx == nil || receipt == nil {
		return "", c.TxID + " is in no block", nil
	}
	value, err := quantity(tx.Value)
	if err != nil {
		return "", "", err
	}
	block, err := quantity(receipt.BlockNumber)
	if err != nil {
		return "", "", err
	}
	switch {
	case receipt.Status != "0x1":
		return "", c.TxID + " failed and paid nobody", nil
	case !strings.EqualFold(tx.To, c.Address):
		return "", c.TxID + " pays somebody else", nil
	case value.Cmp(c.promised) != 0:
		return "", fmt.Sprintf("%s pays %s", c.TxID, c.say(value)), nil
	case !block.IsUint64() || block.Uint64() > latest || latest-block.Uint64()+1 < e.confirmations:
		return "", fmt.Sprintf("%s has fewer than %d confirmations", c.TxID, e.confirmations), nil
	}
	return fmt.Sprintf("in %s, block %s, %d confirmations", c.TxID, block, latest-block.Uint64()+1), "", nil
}

func (e ethereum) number(ctx context.Context, method string, params ...any) (amount, error) {
	var text string
	if err := e.rpc.call(ctx, &text, method, params...); err != nil {
		return nil, err
	}
	return quantity(text)
}

// quantity reads a number as Ethereum's JSON-RPC writes it: "0x1a".
func quantity(text string) (amount, error) {
	hex, ok := strings.CutPrefix(text, "0x")
	if !ok || hex == "" || len(hex) > 64 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
		return nil, fmt.Errorf("%.80q is no number of an Ethereum node", text)
	}
	n, ok := new(big.Int).SetString(hex, 16)
	if !ok {
		return nil, fmt.Errorf("%.80q is no number of an Ethereum node", text)
	}
	return n, nil
}

func hexOf(block uint64) string { return fmt.Sprintf("0x%x", block) }
