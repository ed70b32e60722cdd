package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/swap/asset"
)

// etherReorgLimit is more than the blocks that pass, one a second, until a block
// with something in it is taken away.
const etherReorgLimit = 20

// rewind has geth forget its blocks above a height, transactions included. It goes
// on from there with other blocks.
func (w *world) rewind(ctx context.Context, height int64) error {
	if err := w.geth.Client().CallContext(ctx, nil, "debug_setHead", hexutil.Uint64(height)); err != nil {
		return fmt.Errorf("have geth go back to block %d: %w", height, err)
	}
	return nil
}

// etherDepositBack takes the block with the deposit away; the user's wallet hands
// the same transaction in again. The payout is held up meanwhile: a deposit that is
// taken back after its payout was planned is an alarm, and another story.
func etherDepositBack(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	if err := w.operate(ctx, "halt", asset.Bitcoin); err != nil {
		return err
	}
	txid, err := w.ether.Pay(ctx, t.terms.Receipt.DepositAddress, t.terms.Quote.Deposit.Units)
	if err != nil {
		return err
	}
	receipt, err := w.geth.TransactionReceipt(ctx, common.HexToHash(txid))
	if err != nil {
		return fmt.Errorf("find the block of deposit %s: %w", txid, err)
	}
	deposit, _, err := w.geth.TransactionByHash(ctx, common.HexToHash(txid))
	if err != nil {
		return fmt.Errorf("read deposit %s: %w", txid, err)
	}
	if err := w.read(ctx, asset.Ethereum, receipt.BlockNumber.Int64()); err != nil {
		return err
	}
	if err := w.rewind(ctx, receipt.BlockNumber.Int64()-1); err != nil {
		return err
	}
	if err := w.geth.SendTransaction(ctx, deposit); err != nil {
		return fmt.Errorf("hand deposit %s in again: %w", txid, err)
	}
	if err := w.operate(ctx, "resume", asset.Bitcoin); err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// etherPayoutBack takes the block with the payout away, and geth forgets it; the
// hot wallet hands the same bytes in again. Blocks don't wait: if the payout was
// final already, the chain halts and an operator has it go on.
func etherPayoutBack(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	height, err := w.paidAt(ctx, t)
	if err != nil {
		return err
	}
	if err := w.read(ctx, asset.Ethereum, height); err != nil {
		return err
	}
	if err := w.rewind(ctx, height-1); err != nil {
		return err
	}
	err = until(ctx, swapLimit, "the payout of "+t.id()+" to be back", func() (bool, string, error) {
		s, err := w.status(ctx)
		if err != nil {
			return later(err)
		}
		if s.halt(asset.Ethereum) != "" {
			return false, s.halt(asset.Ethereum), w.operate(ctx, "resume", asset.Ethereum)
		}
		has, _, err := w.holds(ctx, t.payout)
		return err == nil && has == t.terms.Quote.Payout.Units && s.height(asset.Ethereum) >= height+1, has.String(), err
	})
	if err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// paidAt waits for the payout in ether and finds its block.
func (w *world) paidAt(ctx context.Context, t *trip) (height int64, err error) {
	to := common.HexToAddress(t.payout.address)
	err = until(ctx, swapLimit, "the payout of "+t.id(), func() (bool, string, error) {
		tip, err := w.geth.BlockNumber(ctx)
		if err != nil {
			return later(err)
		}
		height = int64(tip)
		has, err := w.geth.BalanceAt(ctx, to, new(big.Int).SetUint64(tip))
		if err != nil {
			return later(err)
		}
		return has.Sign() > 0, "nothing there", nil
	})
	for err == nil {
		var before *big.Int
		if before, err = w.geth.BalanceAt(ctx, to, big.NewInt(height-1)); err == nil && before.Sign() == 0 {
			return height, nil
		}
		height--
	}
	return 0, fmt.Errorf("find the block of the payout of %s: %w", t.id(), err)
}

// etherTooDeep takes more blocks of ethereum away than the limit allows, while
// swaps in both directions wait for their deposits: the chain must halt, and still
// be halted after a death on the way. geth has no way back: another time the chain
// is halted already, each look at it finds the same, and no quote is to be had.
func etherTooDeep(ctx context.Context, w *world) error {
	s, err := w.status(ctx)
	if err != nil {
		return err
	}
	if s.halt(asset.Ethereum) != "" {
		// Halted by the case before, whose death may be mended, and disarmed, only now.
		return errors.Join(w.insist(ctx, "hotwalletd-ethereum"), w.halted(ctx, asset.Ethereum))
	}
	for _, pair := range []asset.Pair{toEther, toCoins} {
		if _, err := w.begin(ctx, pair); err != nil {
			return err
		}
	}
	const depth = etherReorgLimit + 2
	if err := w.read(ctx, asset.Ethereum, depth+1); err != nil {
		return err
	}
	tip, err := w.geth.BlockNumber(ctx)
	if err != nil {
		return fmt.Errorf("ask geth for its tip: %w", err)
	}
	if err := w.read(ctx, asset.Ethereum, int64(tip)); err != nil {
		return err
	}
	if err := w.rewind(ctx, int64(tip)-depth); err != nil {
		return err
	}
	return w.halted(ctx, asset.Ethereum)
}
