package cluster_test

import (
	"context"
	"fmt"
	"slices"

	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/verify"
)

// strayed sends USDC to the address of a swap of ether: the swap takes its ether as if
// nothing had come, and the token goes back once its owner has said yes to the fee.
func (h *house) strayed(ctx context.Context) error {
	created, err := h.create(ctx, ethToBTC)
	if err != nil {
		return err
	}
	t := created.Terms
	stray := asset.Amount{Asset: asset.USDC, Units: asset.NewUnits(25_000_001)}
	if _, err := h.faucetETH.PayToken(ctx, t.Receipt.DepositAddress, stray); err != nil {
		return err
	}
	var matter client.Mismatch
	err = h.see(ctx, t, "asking its owner about the token", func(s client.Swap) bool {
		i := slices.IndexFunc(s.Mismatches, func(m client.Mismatch) bool { return m.WaitsFor == swap.WaitOwner && m.Asset == stray.Asset })
		if i >= 0 {
			matter = s.Mismatches[i]
		}
		return i >= 0 && s.State == swap.AwaitingDeposit
	})
	if err != nil {
		return err
	}
	fee, err := asset.ParseDecimal(stray.Asset, matter.RefundFee)
	if err != nil {
		return err
	}
	if matter.Amount != stray.Decimal() || matter.RefundAddress != t.Receipt.RefundAddress {
		return fmt.Errorf("what is asked is %+v, want %s to %s", matter, stray, t.Receipt.RefundAddress)
	}
	yes := verify.WrongAssetAsk{DepositID: matter.ID, Deposit: stray, Fee: fee, Destination: t.Receipt.RefundAddress}
	err = h.ask(ctx, "the owner's yes to be taken", func() error {
		_, err := h.api.RefundWrongAsset(ctx, t, created.Secret, yes)
		return err
	})
	if err != nil {
		return err
	}
	back, err := stray.Units.Sub(fee.Units)
	if err != nil {
		return err
	}
	h.promise(t, "refund of a token", t.Receipt.RefundAddress, asset.Amount{Asset: stray.Asset, Units: back})
	if _, err := h.pay(ctx, t, t.Quote.Deposit.Units); err != nil {
		return err
	}
	h.promisePayout(t)
	if err := h.settled(ctx, t); err != nil {
		return err
	}
	return h.see(ctx, t, "refunded its token", func(s client.Swap) bool {
		return slices.ContainsFunc(s.Payments, func(p client.Payment) bool {
			return p.Purpose == swap.PurposeRefund && p.Asset == stray.Asset && p.State == swap.PaymentFinal && p.FeeAsset == asset.ETH
		})
	})
}
