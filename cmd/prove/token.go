package main

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// What ERC-20 (EIP-20) fixes: two functions' selectors, and the event's first topic,
// keccak256("Transfer(address,address,uint256)").
const (
	decimalsCall  = "0x313ce567"
	balanceOfCall = "0x70a08231"
	transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
)

// maxTransfers of one token at an address that is a destination of one payment.
const maxTransfers = 1000

// transfer is a log of the token's contract.
type transfer struct {
	Address     string   `json:"address"`
	Topics      []string `json:"topics"`
	Data        string   `json:"data"`
	BlockNumber string   `json:"blockNumber"`
	TxID        string   `json:"transactionHash"`
	Removed     bool     `json:"removed"`

	value amount
	block uint64
}

// token asks twice: what the contract's transfers say that the address received, and
// what the contract says that it holds, then and now. All must be one amount, by a
// contract that has the decimals which the claim counts with.
func (e ethereum) token(ctx context.Context, c claim) (evidence, error) {
	latest, deep, ok, err := e.depths(ctx)
	if err != nil || !ok {
		return evidence{received: new(big.Int), where: fmt.Sprintf("in a chain of %d blocks", latest)}, err
	}
	decimals, err := e.word(ctx, c, decimalsCall, deep)
	if err != nil {
		return evidence{}, fmt.Errorf("decimals of %s: %w", c.Contract, err)
	}
	to, err := e.transfers(ctx, c, latest, transferTopic, nil, wordOf(c.Address))
	if err != nil {
		return evidence{}, err
	}
	from, err := e.transfers(ctx, c, latest, transferTopic, wordOf(c.Address), nil)
	if err != nil {
		return evidence{}, err
	}
	said := e.count(c, to, latest)
	doubts := []string{said.doubts}
	if len(from) > 0 {
		doubts = append(doubts, fmt.Sprintf("%d transfers went from it, so its balance is not what it received", len(from)))
	}
	for _, block := range []uint64{deep, latest} {
		held, err := e.word(ctx, c, balanceOfCall+wordOf(c.Address)[2:], block)
		if err != nil {
			return evidence{}, fmt.Errorf("balance by %s: %w", c.Contract, err)
		}
		if held.Cmp(said.received) != 0 {
			doubts = append(doubts, fmt.Sprintf("by the contract it holds %s in block %d", c.say(held), block))
		}
	}
	if decimals.Cmp(big.NewInt(int64(c.Decimals))) != 0 {
		doubts = append(doubts, fmt.Sprintf("the contract has %s decimals, the claim says %d", decimals, c.Decimals))
	}
	said.doubts = strings.Join(slices.DeleteFunc(doubts, func(doubt string) bool { return doubt == "" }), "; ")
	return said, nil
}

// count sums the transfers that are deep enough.
func (e ethereum) count(c claim, to []transfer, latest uint64) evidence {
	received, shallow := new(big.Int), new(big.Int)
	var in []string
	named := c.TxID == ""
	for _, t := range to {
		depth := latest - t.block + 1
		if depth < e.confirmations {
			shallow.Add(shallow, t.value)
			continue
		}
		received.Add(received, t.value)
		named = named || t.TxID == c.TxID && t.value.Cmp(c.promised) == 0
		in = append(in, fmt.Sprintf("in %s, block %d, %d confirmations, of contract %s", t.TxID, t.block, depth, c.Contract))
	}
	return summed(c, received, shallow, in, named, e.confirmations)
}

// transfers are the contract's, of more than nothing, that the topics fit. Of nothing,
// anybody can log one for anybody.
func (e ethereum) transfers(ctx context.Context, c claim, latest uint64, topics ...any) ([]transfer, error) {
	var all, moved []transfer
	err := e.rpc.call(ctx, &all, "eth_getLogs", map[string]any{"address": c.Contract, "fromBlock": "0x0", "toBlock": hexOf(latest), "topics": topics})
	if err != nil {
		return nil, err
	}
	if len(all) > maxTransfers {
		return nil, fmt.Errorf("%s has %d transfers of %s, which is no destination of one payment", c.Address, len(all), c.Token)
	}
	for _, t := range all {
		if t.Removed || !strings.EqualFold(t.Address, c.Contract) || !t.fits(topics) {
			return nil, fmt.Errorf("a log of %.80q is not what was asked for", t.TxID)
		}
		block, err := quantity(t.BlockNumber)
		if err != nil {
			return nil, err
		}
		if t.value, err = quantity(t.Data); err != nil {
			return nil, err
		}
		if !block.IsUint64() || block.Uint64() > latest {
			return nil, fmt.Errorf("a log of %.80q is in block %s of %d", t.TxID, block, latest)
		}
		if t.block = block.Uint64(); t.value.Sign() > 0 {
			moved = append(moved, t)
		}
	}
	return moved, nil
}

func (t transfer) fits(topics []any) bool {
	if len(t.Topics) != len(topics) {
		return false
	}
	for i, want := range topics {
		if text, asked := want.(string); asked && !strings.EqualFold(t.Topics[i], text) {
			return false
		}
	}
	return true
}

// word calls the contract as of a block; ERC-20 answers one word of 32 bytes.
func (e ethereum) word(ctx context.Context, c claim, data string, block uint64) (amount, error) {
	var text string
	if err := e.rpc.call(ctx, &text, "eth_call", map[string]string{"to": c.Contract, "data": data}, hexOf(block)); err != nil {
		return nil, err
	}
	if len(text) != len("0x")+64 {
		return nil, fmt.Errorf("the contract answers %.80q", text)
	}
	return quantity(text)
}

// wordOf is an address as a word.
func wordOf(address string) string {
	return "0x" + strings.Repeat("0", 24) + strings.ToLower(strings.TrimPrefix(address, "0x"))
}
