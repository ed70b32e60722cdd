package signer

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// batchOf builds a request that pays several authorities payoutSat each from named coins.
func (d *desk) batchOf(t swaptest.Reporter, on asset.Chain, authorities []*ferryv1.Authority, fee int64, names ...string) *ferryv1.SignUTXORequest {
	t.Helper()
	req := d.spendOn(t, on, nil, payoutSat, fee, names...)
	alter(t, req, func(tx *wire.MsgTx) {
		paid, change := tx.TxOut[0], tx.TxOut[1]
		change.Value -= payoutSat * int64(len(authorities)-1)
		tx.TxOut = nil
		for range authorities {
			tx.TxOut = append(tx.TxOut, wire.NewTxOut(paid.Value, paid.PkScript))
		}
		tx.TxOut = append(tx.TxOut, change)
	})
	req.Change[0].OutputIndex = uint32(len(authorities))
	for _, a := range authorities {
		req.Authorities = append(req.Authorities, clone(a))
	}
	return req
}

// payouts are authorities of as many swaps.
func (d *desk) payouts(t swaptest.Reporter, on asset.Chain, names ...string) (all []*ferryv1.Authority) {
	t.Helper()
	for _, name := range names {
		all = append(all, d.authority(t, swap.PurposePayout, asset.ETH, on.NativeID(), name))
	}
	return all
}

// Payouts and a refund are paid by one transaction, which is replaced by one that pays the
// same, in whatever order of outputs.
func TestSignBatch(t *testing.T) {
	t.Parallel()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			all := append(d.payouts(t, on, "a", "b"), d.authority(t, swap.PurposeRefund, on.NativeID(), asset.ETH, "c"))
			first := d.batchOf(t, on, all, feeSat, "x", "y", "z")
			signed, err := d.signBitcoin(first)
			if err != nil {
				t.Fatal(err)
			}
			var tx wire.MsgTx
			if err := tx.Deserialize(bytes.NewReader(signed.GetRawTx())); err != nil || len(tx.TxOut) != 4 {
				t.Errorf("it has %d outputs (%v), want 4", len(tx.TxOut), err)
			}
			d.reopen(t)
			if again, err := d.signBitcoin(first); err != nil || !bytes.Equal(again.GetRawTx(), signed.GetRawTx()) {
				t.Errorf("again: %v, want the same bytes", err)
			}
			slices.Reverse(all)
			if _, err := d.signBitcoin(d.batchOf(t, on, all, 2*feeSat, "x", "y", "z", "more")); err != nil {
				t.Errorf("replaced whole: %v", err)
			}
		})
	}
}

// A batch is immutable: once it is signed, none of its members is paid by itself, without
// one of the others, or with one more, even by a transaction that conflicts.
func TestBatchIsReplacedOnlyWhole(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c", "d")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:3], feeSat, "x", "y", "z")); err != nil {
		t.Fatal(err)
	}
	for name, members := range map[string][]*ferryv1.Authority{
		"one alone": all[:1], "without one": all[1:3], "one more": all, "one exchanged": {all[0], all[1], all[3]},
	} {
		_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, members, 2*feeSat, "x", "y", "z", "more"))
		if err == nil {
			t.Errorf("%s: signed", name)
			continue
		}
		field := "authorities.0"
		if len(members) == 1 {
			field = "authority"
		}
		wantRefusal(t, err, field, "another batch")
	}
	_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[:3], 2*feeSat, "p", "q", "r"))
	wantRefusal(t, err, "unsigned_tx", "does not conflict")
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[3:], feeSat, "z"))
	wantRefusal(t, err, "unsigned_tx", "signed for another payment")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, all[3:], feeSat, "free")); err != nil {
		t.Errorf("the fourth by itself: %v", err)
	}
	// One that was paid alone joins no batch.
	five := d.payouts(t, asset.Bitcoin, "e")
	_, err = d.signBitcoin(d.batchOf(t, asset.Bitcoin, append(five, all[3]), feeSat, "free", "more"))
	wantRefusal(t, err, "authorities.1", "another batch")
}

func TestBatchRefused(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	all := d.payouts(t, asset.Bitcoin, "a", "b")
	build := func(members ...*ferryv1.Authority) *ferryv1.SignUTXORequest {
		return d.batchOf(t, asset.Bitcoin, members, feeSat, "x", "y", "z")
	}
	onTx := func(change func(tx *wire.MsgTx)) *ferryv1.SignUTXORequest {
		req := build(all...)
		alter(t, req, change)
		return req
	}
	otherLease := clone(all[1])
	otherLease.FencingToken = 8
	short := clone(all[1])
	short.Deposits[0].Units = "5"
	sameDeposit := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	foreign := deskFor(t).payouts(t, asset.Bitcoin, "f")[0]
	refund := d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "r")
	smaller := clone(refund)
	smaller.Deposits[0].Units = "1400000"
	crowd := build(all...)
	for range maxBatch {
		crowd.Authorities = append(crowd.Authorities, all[0])
	}
	for name, row := range map[string]struct {
		req             *ferryv1.SignUTXORequest
		field, sentence string
	}{
		"none":                    {build(), "authority", "missing"},
		"too many":                {crowd, "authorities", "more than one transaction may pay"},
		"one twice":               {build(all[0], all[0]), "authorities.1", "there twice"},
		"of two leases":           {build(all[0], otherLease), "authorities.1.fencing_token", "several leases"},
		"one deposit for two":     {build(all[0], sameDeposit), "authorities.1.deposits.deposit_id", "used up twice"},
		"one that is short":       {build(all[0], short), "authorities.1.deposits.units", "short of the quote"},
		"one of foreign terms":    {build(all[0], foreign), "authorities.1", "do not verify"},
		"with a sweep":            {build(all[0], sweepOf(asset.BTC)), "authorities.1.purpose", "not in a batch"},
		"one paid too much":       {build(all[0], smaller), "unsigned_tx", "too large for this refund"},
		"one paid too little":     {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value-- }), "unsigned_tx", "too small for this payout"},
		"one not paid":            {onTx(func(tx *wire.MsgTx) { tx.TxOut = slices.Delete(tx.TxOut, 1, 2) }), "change.0.output_index", "does not exist"},
		"an output of nobody":     {onTx(func(tx *wire.MsgTx) { tx.AddTxOut(tx.TxOut[0]) }), "unsigned_tx", "Output 3 pays neither"},
		"one more than there are": {onTx(func(tx *wire.MsgTx) { tx.TxOut[2] = tx.TxOut[0] }), "unsigned_tx", "Output 2 pays neither"},
		"to another":              {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].PkScript[5] ^= 1 }), "unsigned_tx", "Output 1 pays neither"},
	} {
		_, err := d.signBitcoin(row.req)
		if err == nil {
			t.Errorf("%s: signed", name)
			continue
		}
		wantRefusal(t, err, row.field, row.sentence)
	}
	if n := d.signedCount(t); n != 0 {
		t.Fatalf("%d signatures are recorded, want none", n)
	}
	if _, err := d.signBitcoin(build(append(all, refund)...)); err != nil {
		t.Errorf("the batch itself: %v", err)
	}
}

// A batch of the most there can be is signed, within the caps: the amount's for all
// together.
func TestBatchOfHundred(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	var names, coins []string
	for i := range maxBatch {
		names = append(names, fmt.Sprint(i))
		coins = append(coins, fmt.Sprint("coin ", i))
	}
	req := d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, names...), 50*feeSat, coins...)
	limit := d.signer.caps[asset.BTC]
	limit.PerTransaction = asset.NewUnits(maxBatch*payoutSat - 1)
	d.signer.caps[asset.BTC] = limit
	_, err := d.signBitcoin(req)
	wantRefusal(t, err, "unsigned_tx", "limit for one transaction")
	limit.PerTransaction = asset.NewUnits(maxBatch * payoutSat)
	d.signer.caps[asset.BTC] = limit
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
}

// What pays for a parent is weighed with it: its own rate may be above the limit, that of
// both not; and only for our own change of a transaction that was signed here.
func TestChildPaysForParent(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	limit := d.signer.caps[asset.BTC]
	limit.FeeRate = asset.NewUnits(100)
	d.signer.caps[asset.BTC] = limit
	parentReq := d.spendCoins(t, d.payouts(t, asset.Bitcoin, "a")[0], payoutSat, feeSat, "x", "y", "z")
	parent, err := d.signBitcoin(parentReq)
	if err != nil {
		t.Fatal(err)
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(parent.GetRawTx())); err != nil {
		t.Fatal(err)
	}
	change, hash := d.key(t, keys.Hot, keys.Change, 5), tx.TxHash()
	child := func(previous []byte, at wire.OutPoint, units, fee int64) *ferryv1.SignUTXORequest {
		req := d.consolidate(t, asset.Bitcoin, feeSat, "unused")
		req.Inputs[0] = &ferryv1.UTXOInput{PreviousTx: previous, Path: change.Path}
		alter(t, req, func(tx *wire.MsgTx) {
			tx.TxIn[0].PreviousOutPoint, tx.TxOut[0].Value = at, units-fee
		})
		return req
	}
	units := tx.TxOut[1].Value
	const childVsize, both = 110, (110 + 287) * 100
	first, err := d.signBitcoin(child(parent.GetRawTx(), *wire.NewOutPoint(&hash, 1), units, 12_000))
	if err != nil {
		t.Fatalf("a child at more than the limit whose package is below it: %v", err)
	}
	// The next child pays for the first one and for what that pays for: with the first one alone,
	// at its fee of 12,000, more than 10,000 would be too much.
	var grown wire.MsgTx
	if err := grown.Deserialize(bytes.NewReader(first.GetRawTx())); err != nil {
		t.Fatal(err)
	}
	firstHash := grown.TxHash()
	if _, err := d.signBitcoin(child(first.GetRawTx(), *wire.NewOutPoint(&firstHash, 0), units-12_000, 15_000)); err != nil {
		t.Errorf("a child of a child: %v", err)
	}
	_, err = d.signBitcoin(child(first.GetRawTx(), *wire.NewOutPoint(&firstHash, 0), units-12_000, both+childVsize*100-12_000))
	wantRefusal(t, err, "unsigned_tx", "for a transaction of this size")
	_, err = d.signBitcoin(child(parent.GetRawTx(), *wire.NewOutPoint(&hash, 1), units, both))
	wantRefusal(t, err, "unsigned_tx", "for a transaction of this size")
	foreign := coin("of others", change, units)
	of := foreign.TxHash()
	_, err = d.signBitcoin(child(wireBytes(t, foreign), *wire.NewOutPoint(&of, 1), units, 25_000))
	wantRefusal(t, err, "unsigned_tx", "for a transaction of this size")
	if _, err = d.signBitcoin(child(wireBytes(t, foreign), *wire.NewOutPoint(&of, 1), units, childVsize*100)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}
