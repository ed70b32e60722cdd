package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// codeNoTransaction is the answer of the nodes of Bitcoin and its siblings for a
// transaction that they don't know.
const codeNoTransaction = -5

// void asks about every transaction of a claim that must have paid nothing. doubts is ""
// if none has.
func void(ctx context.Context, n node, c claim) (said, doubts string, err error) {
	for _, txid := range c.Void {
		what, ok, err := n.void(ctx, txid)
		if err != nil {
			return "", "", err
		}
		if !ok {
			doubts += "; " + txid + " " + what
			continue
		}
		said += "; " + txid + " " + what
	}
	return said, doubts, nil
}

func (b bitcoin) void(ctx context.Context, txid string) (string, bool, error) {
	return unmined(ctx, b.rpc, txid)
}

func (u unindexed) void(ctx context.Context, txid string) (string, bool, error) {
	return unmined(ctx, u.rpc, txid)
}

// unmined reports that a node with an index of transactions knows no such one: neither in
// a block, nor waiting for one.
func unmined(ctx context.Context, node *rpc, txid string) (said string, ok bool, err error) {
	var tx struct {
		Confirmations json.Number `json:"confirmations"`
	}
	err = node.call(ctx, &tx, "getrawtransaction", txid, 1)
	var refused *rpcError
	if errors.As(err, &refused) && refused.Code == codeNoTransaction {
		// A node without the index knows only what waits, and says how to have the index.
		if strings.Contains(refused.Message, "txindex") && strings.Contains(refused.Message, "Use -") {
			return "", false, fmt.Errorf("it has no index of transactions: %w", err)
		}
		return "is in no block and waits for none", true, nil
	}
	if err != nil {
		return "", false, err
	}
	if n := tx.Confirmations.String(); n != "" && n != "0" {
		return fmt.Sprintf("is in a block, with %.20s confirmations", n), false, nil
	}
	return "waits for a block", false, nil
}

// void reports that a transaction is in no block, or failed in one.
func (e ethereum) void(ctx context.Context, txid string) (said string, ok bool, err error) {
	var receipt *struct {
		Status      string `json:"status"`
		BlockNumber string `json:"blockNumber"`
	}
	if err := e.rpc.call(ctx, &receipt, "eth_getTransactionReceipt", txid); err != nil {
		return "", false, err
	}
	if receipt == nil {
		return e.gone(ctx, txid)
	}
	block, err := quantity(receipt.BlockNumber)
	if err != nil {
		return "", false, err
	}
	if receipt.Status != "0x0" {
		return fmt.Sprintf("did not fail in block %s", block), false, nil
	}
	return fmt.Sprintf("failed in block %s and paid nothing", block), true, nil
}

// gone reports that the node knows no such transaction: one that waits may be mined yet.
func (e ethereum) gone(ctx context.Context, txid string) (said string, ok bool, err error) {
	var tx *struct{}
	if err := e.rpc.call(ctx, &tx, "eth_getTransactionByHash", txid); err != nil {
		return "", false, err
	}
	if tx != nil {
		return "waits for a block", false, nil
	}
	return "is in no block and waits for none", true, nil
}
