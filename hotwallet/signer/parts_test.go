package signer

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// inParts is an authority's payout for two deposits: all but one unit, and that unit.
func (d *desk) inParts(t *testing.T, first, second string) *ferryv1.Authority {
	t.Helper()
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, first)
	a.Deposits = []*ferryv1.AuthorityDeposit{
		{DepositId: depositID(asset.Ethereum, first), Units: "249999999999999999"},
		{DepositId: depositID(asset.Ethereum, second), Units: "1"},
	}
	sortDeposits(a)
	return a
}

func sortDeposits(a *ferryv1.Authority) {
	slices.SortFunc(a.GetDeposits(), func(x, y *ferryv1.AuthorityDeposit) int {
		if x.GetDepositId() < y.GetDepositId() {
			return -1
		}
		return 1
	})
}

// Deposits that together are the quote's are paid out, in one form of the list only.
func TestPayoutForSeveralDeposits(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.inParts(t, "a", "b")
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		b := proto.Clone(a).(*ferryv1.Authority)
		change(b)
		return b
	}
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"none":        {with(func(a *ferryv1.Authority) { a.Deposits = nil }), "authority.deposits", "one deposit or several"},
		"one missing": {with(func(a *ferryv1.Authority) { a.Deposits = a.GetDeposits()[:1] }), "authority.deposits.units", "short of the quote"},
		"one twice": {with(func(a *ferryv1.Authority) { a.Deposits[1] = a.GetDeposits()[0] }),
			"authority.deposits", "distinct and sorted"},
		"unsorted":       {with(func(a *ferryv1.Authority) { slices.Reverse(a.GetDeposits()) }), "authority.deposits", "distinct and sorted"},
		"one of nothing": {with(func(a *ferryv1.Authority) { a.Deposits[1].Units = "0" }), "authority.deposits.units", "above zero"},
		"one of another chain": {with(func(a *ferryv1.Authority) { a.Deposits[0].DepositId = depositID(asset.Bitcoin, "a") }),
			"authority.deposits.deposit_id", "deposit chain"},
		"no sum": {with(func(a *ferryv1.Authority) {
			a.Deposits[0].Units = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
		}), "authority.deposits.units", "no sum"},
		"too many": {with(func(a *ferryv1.Authority) {
			for n := range swap.MaxOrderDeposits {
				a.Deposits = append(a.Deposits, &ferryv1.AuthorityDeposit{DepositId: depositID(asset.Ethereum, fmt.Sprint(n)), Units: "1"})
			}
			sortDeposits(a)
		}), "authority.deposits", "up to the limit"},
		"refunded at once": {d.refundOf(a), "authority.deposits", "refunded by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.authority.GetPurpose() == string(swap.PurposeRefund) {
				_, err := d.signEthereum(sendEther(t, c.authority, transfer(0, payoutWei())))
				wantRefusal(t, err, c.field, c.sentence)
				return
			}
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, payoutSat, feeSat, "x"))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x")); err != nil {
		t.Fatalf("the payout itself: %v", err)
	}
}

// refundOf asks for a refund of all deposits of an authority.
func (d *desk) refundOf(a *ferryv1.Authority) *ferryv1.Authority {
	b := proto.Clone(a).(*ferryv1.Authority)
	b.Purpose = string(swap.PurposeRefund)
	return b
}

// Every deposit of a payout belongs to it: none is refunded or paid out again, alone
// or beside another, and the list can't change. The memory keeps that.
func TestEachPartBelongsToOneAuthority(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.inParts(t, "a", "b")
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x")); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	if _, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "x")); err != nil {
		t.Errorf("the same again: %v", err)
	}
	for _, deposit := range []string{"a", "b"} {
		refund := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, deposit)
		_, err := d.signEthereum(sendEther(t, refund, transfer(0, payoutWei())))
		wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
		for _, other := range [][2]string{{"c", deposit}, {deposit, "c"}} {
			_, err = d.signBitcoin(d.spendCoins(t, d.inParts(t, other[0], other[1]), payoutSat, feeSat, "y"))
			wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
		}
	}
	// What was refused with c has not used it up.
	if _, err := d.signBitcoin(d.spendCoins(t, d.inParts(t, "c", "d"), payoutSat, feeSat, "z")); err != nil {
		t.Errorf("a deposit of a refused payout: %v", err)
	}
	more := proto.Clone(a).(*ferryv1.Authority)
	more.Deposits = append(more.Deposits, &ferryv1.AuthorityDeposit{DepositId: depositID(asset.Ethereum, "e"), Units: "1"})
	sortDeposits(more)
	_, err := d.signBitcoin(d.spendCoins(t, more, payoutSat, feeSat, "x"))
	wantRefusal(t, err, "authority", "other terms")
}
