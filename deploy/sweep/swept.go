package main

import (
	"context"

	"github.com/ethereum/go-ethereum/common"

	"ferry/swap/asset"
)

// leftMost is what a sweep leaves behind of a deposit at most: a part of its fee.
var leftMost = asset.MustUnits("10000000000000000")

// swept is a swap whose deposit lies on its address until it is buried, and then goes to
// the address that pays.
func swept(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.settle(ctx, t); err != nil {
		return err
	}
	address := common.HexToAddress(t.terms.Receipt.DepositAddress)
	err = until(ctx, swapLimit, "the sweep of the deposit of "+t.id(), func() (bool, string, error) {
		left, err := w.geth.BalanceAt(ctx, address, nil)
		if err != nil {
			return later(err)
		}
		return left.Cmp(leftMost.Big()) < 0, left.String(), nil
	})
	if err != nil {
		return err
	}
	return w.rest(ctx)
}
