package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/deploy/demo/client"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
)

// trap is a contract that takes ether until somebody calls it with data, and
// reverts from then on: its payout is planned, and then mined with status 0.
const trap = "0x601880600b6000396000f3" + "36600b57600054601257005b6001600055005b60006000fd"

// Ethereum at its worst: a payout that is mined and fails, and ether that arrives
// without a transaction to us.
func TestEthereumMisbehaves(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := stormyHouse(ctx, t)
	step(t, "mined with status 0", func(t *testing.T) {
		contract, err := h.send(ctx, map[string]any{"data": trap})
		must(t, err)
		e, err := h.bookTo(ctx, btcToETH, contract.Hex())
		must(t, err)
		must(t, h.up.Kill("signerd"))
		must(t, h.deposit(ctx, &e))
		must(t, h.until(ctx, "a plan", lookEvery, func() (bool, error) {
			var n int
			err := h.query(ctx, &n, `SELECT count(*) FROM hotwallet.attempt WHERE batch_id = $1`, swap.PayoutOrderID(e.Receipt.SwapID))
			return n == 1, err
		}))
		_, err = h.send(ctx, map[string]any{"to": contract, "data": "0x01"})
		must(t, err)
		must(t, h.up.Restart(ctx, "signerd"))
		must(t, h.see(ctx, e.Terms, "held", func(s client.Swap) bool { return s.State == swap.Held && s.Reason == "payout_failed" }))
		must(t, h.alarmed(ctx, "swaps held: 1"))
		must(t, h.booksAgree(ctx))
	})
	step(t, "internal transfers are booked, and pay for swaps", func(t *testing.T) {
		page, err := h.ferry(ctx, "treasury", "fund-address", "ethereum")
		must(t, err)
		must(t, h.sendInside(ctx, strings.TrimSpace(page), asset.NewUnits(12345)))
		must(t, h.until(ctx, "the house's ether from a contract", lookEvery, func() (bool, error) {
			var n int
			err := h.query(ctx, &n, `SELECT count(*) FROM hotwallet.deposit WHERE units = 12345 AND purpose = 'funding' AND state = 'confirmed'`)
			return n == 1, err
		}))
		must(t, h.booksAgree(ctx))
		for _, pair := range []asset.Pair{ethToBTC, btcToETH} {
			e, err := h.exchangeOf(ctx, pair)
			must(t, err)
			if pair == ethToBTC {
				must(t, h.sendInside(ctx, e.Receipt.DepositAddress, e.Quote.Deposit.Units))
			} else {
				must(t, h.deposit(ctx, &e))
			}
			must(t, h.settled(ctx, e.Terms))
		}
		must(t, h.kept(ctx))
		must(t, h.measures(ctx, "hotwalletd-ethereum", `ferry_chain_credits_total{chain="ethereum",source="internal"}`, 2))
	})
}

// sendInside has a contract pay an address, which is made for it and is gone at once:
// PUSH20 <address> SELFDESTRUCT sends it what the new contract was given.
func (h *house) sendInside(ctx context.Context, address string, units asset.Units) error {
	to := strings.ToLower(strings.TrimPrefix(address, "0x"))
	_, err := h.send(ctx, map[string]any{"data": "0x73" + to + "ff", "value": (*hexutil.Big)(units.Big())})
	return err
}

// send has geth's developer account send a transaction, and returns the contract
// that it made.
func (h *house) send(ctx context.Context, tx map[string]any) (common.Address, error) {
	tx["from"], tx["gas"] = parts.GethDeveloperAddress, hexutil.Uint64(200_000)
	var hash common.Hash
	if err := h.eth.Client().CallContext(ctx, &hash, "eth_sendTransaction", tx); err != nil {
		return common.Address{}, err
	}
	var contract common.Address
	return contract, h.until(ctx, "transaction "+hash.Hex(), lookEvery, func() (bool, error) {
		receipt, err := h.eth.TransactionReceipt(ctx, hash)
		if err != nil {
			return false, nil //nolint:nilerr // not in a block yet
		}
		contract = receipt.ContractAddress
		if receipt.Status != 1 {
			return false, fmt.Errorf("transaction %s failed", hash)
		}
		return true, nil
	})
}
