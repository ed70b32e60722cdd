package nodes

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/jackc/pgx/v5"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
)

// trap is a contract that takes ether until somebody calls it with data, and reverts
// from then on: its payout is planned, and then mined with status 0.
const trap = "0x601880600b6000396000f3" + "36600b57600054601257005b6001600055005b60006000fd"

const signer = "signerd"

// payoutAddress is a fresh one, or a trap.
func (w *world) payoutAddress(ctx context.Context, ask scenario.Ask) (string, error) {
	to := asset.MustLookup(ask.Pair.To).Chain
	if !ask.PayoutRefused {
		return w.NewAddress(ctx, to)
	}
	if to != asset.Ethereum {
		return "", scenario.Cannot("nobody on %s can refuse a payment", to)
	}
	contract, err := w.send(ctx, map[string]any{"data": trap})
	return contract.Hex(), err
}

// refuse closes the trap between the payout's plan and its signature: the signer is away
// until then.
func (w *world) refuse(ctx context.Context, c scenario.Created) error {
	if err := w.Kill(ctx, signer); err != nil {
		return err
	}
	w.refusing = make(chan error, 1)
	go func() { w.refusing <- w.closeTrap(ctx, c) }()
	return nil
}

func (w *world) closeTrap(ctx context.Context, c scenario.Created) error {
	err := w.Await(ctx, "the plan of the payout", func() (bool, string, error) {
		n, err := w.plans(ctx, swap.PayoutOrderID(c.Receipt.SwapID))
		return n > 0, "no plan", err
	})
	if err != nil {
		return err
	}
	if _, err := w.send(ctx, map[string]any{"to": c.Receipt.PayoutAddress, "data": "0x01"}); err != nil {
		return err
	}
	return w.up.Restart(ctx, signer)
}

func (w *world) plans(ctx context.Context, order string) (n int, err error) {
	conn, err := pgx.Connect(ctx, w.up.Settings().SupportURL)
	if err != nil {
		return 0, fmt.Errorf("connect as support: %w", err)
	}
	err = conn.QueryRow(ctx, "SELECT count(*) FROM hotwallet.attempt WHERE batch_id = $1", order).Scan(&n)
	return n, errors.Join(err, conn.Close(ctx))
}

// send has geth's developer account send a transaction, and returns the contract that it
// made.
func (w *world) send(ctx context.Context, tx map[string]any) (contract common.Address, err error) {
	tx["from"], tx["gas"] = parts.GethDeveloperAddress, hexutil.Uint64(200_000)
	var hash common.Hash
	if err := w.geth.Client().CallContext(ctx, &hash, "eth_sendTransaction", tx); err != nil {
		return contract, fmt.Errorf("send a transaction: %w", err)
	}
	err = w.Await(ctx, "transaction "+hash.Hex(), func() (bool, string, error) {
		receipt, err := w.geth.TransactionReceipt(ctx, hash)
		if err != nil {
			return false, err.Error(), nil //nolint:nilerr // it is in no block yet
		}
		contract = receipt.ContractAddress
		if receipt.Status != 1 {
			return false, "", fmt.Errorf("transaction %s failed", hash)
		}
		return true, "", nil
	})
	return contract, err
}

// PayInternally implements scenario.Money: PUSH20 <address> SELFDESTRUCT gives what the
// new contract was given to the address.
func (w *world) PayInternally(ctx context.Context, address string, units asset.Units) error {
	if address == "" {
		house, err := w.ferry(ctx, "treasury", "fund-address", string(asset.Ethereum))
		if err != nil {
			return err
		}
		address = house
	}
	to := common.HexToAddress(address)
	_, err := w.send(ctx, map[string]any{"data": "0x73" + common.Bytes2Hex(to.Bytes()) + "ff", "value": (*hexutil.Big)(new(big.Int).Set(units.Big()))})
	return err
}
