package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// payoutTo is an order to pay on one of two chains, with the documents that allow it; its
// deposit is on the other one.
func payoutTo(on asset.Chain, destination string) (o swap.Order, err error) {
	pair, deposit, path, refund := asset.Pair{From: asset.ETH, To: asset.BTC}, ethereumAddress, "m/44'/60'/0'/0/0", ethereumAddress
	if on == asset.Ethereum {
		pair, deposit, path, refund = asset.Pair{From: asset.BTC, To: asset.ETH}, bitcoinAddress, "m/84'/1'/0'/0/0", bitcoinAddress
	}
	q := newQuote(pair, time.Now())
	if o.SignedQuote, err = swap.SignQuote(q, quoteKey); err != nil {
		return o, err
	}
	o.SwapID = swap.NewID(swap.SwapPrefix, q.IssuedAt)
	o.ID, o.Purpose, o.Chain, o.Amount, o.Destination, o.At = swap.PayoutOrderID(o.SwapID), swap.PurposePayout, on, q.Payout, destination, q.IssuedAt
	o.Deposits = []swap.OrderDeposit{{ID: fmt.Sprintf("%s:0x%x:0", q.DepositChain(), sha256.Sum256([]byte(o.SwapID))), Amount: q.Deposit}}
	o.SignedReceipt, err = swap.SignReceipt(swap.Receipt{SwapID: o.SwapID, QuoteID: q.ID, QuoteHash: swap.HashDocument(o.SignedQuote),
		DepositChain: q.DepositChain(), DepositAsset: pair.From, DepositAddress: deposit, DepositPath: path, PayoutAddress: destination,
		RefundAddress: refund, Policy: swap.RefundPolicy(), SecretHash: fmt.Sprintf("%x", sha256.Sum256(nil)), IssuedAt: q.IssuedAt,
		DepositBy: q.IssuedAt.Add(20 * time.Minute), ConfirmBy: q.IssuedAt.Add(2 * time.Hour)}, attestKey)
	return o, err
}

// storeDeposits has the orders' deposits confirmed, as the other chain's hot wallet stores
// them in the schema that all share.
func storeDeposits(ctx context.Context, pool *pgxpool.Pool, orders []swap.Order) error {
	var rows pgx.Batch
	for _, o := range orders {
		for _, d := range o.Deposits {
			a, known := asset.Lookup(d.Amount.Asset)
			if !known {
				return fmt.Errorf("a deposit in %s", d.Amount.Asset)
			}
			rows.Queue(`INSERT INTO deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, swap_id, state, first_seen, height, block_hash, block_time, confirmed_at)
				VALUES ($1, $2, $1, 0, 'deposit', $3, $4, 'swap', $5, 'confirmed', now(), 1, 'hash', now(), now())`,
				d.ID, a.Chain, d.Amount.Asset, d.Amount.Units, o.SwapID)
		}
	}
	if err := pool.SendBatch(ctx, &rows).Close(); err != nil {
		return fmt.Errorf("store deposits: %w", err)
	}
	return nil
}

// batchOf are a partition's orders, read from this offset on.
func batchOf(partition int32, from int64, some []swap.Order) (bus.Batch, error) {
	b := bus.Batch{Topic: bus.TopicOrders, Partition: partition, From: from, Next: from + int64(len(some))}
	for i, o := range some {
		m, err := bus.OrderMessage(o)
		if err != nil {
			return b, err
		}
		b.Records = append(b.Records, bus.Record{Topic: m.Topic, Partition: partition, Offset: from + int64(i), Key: m.Key, Kind: m.Kind, Body: m.Body})
	}
	return b, nil
}
