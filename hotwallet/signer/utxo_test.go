package signer

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

const (
	coinSat   = 2_000_000
	payoutSat = 1_500_000
	feeSat    = 1_000
)

// spendCoins is spendOn Bitcoin.
func (d *desk) spendCoins(t swaptest.Reporter, a *ferryv1.Authority, amountSat int64, fee int64, names ...string) *ferryv1.SignUTXORequest {
	t.Helper()
	return d.spendOn(t, asset.Bitcoin, a, amountSat, fee, names...)
}

// spendOn builds a request that pays amountSat to the user from coins of the given
// names, all of one hot address, with the rest as change after the fee.
func (d *desk) spendOn(t swaptest.Reporter, on asset.Chain, a *ferryv1.Authority, amountSat int64, fee int64, names ...string) *ferryv1.SignUTXORequest {
	t.Helper()
	req := &ferryv1.SignUTXORequest{Chain: string(on)}
	if a != nil {
		req.Authorities = []*ferryv1.Authority{a}
	}
	tx := wire.NewMsgTx(2)
	from := d.keyOn(t, on, keys.Hot, keys.External, 3)
	change := -amountSat - fee
	for _, name := range names {
		previous := coin(name, from, coinSat)
		hash := previous.TxHash()
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: *wire.NewOutPoint(&hash, 1), Sequence: 0xfffffffd})
		req.Inputs = append(req.Inputs, &ferryv1.UTXOInput{PreviousTx: wireBytes(t, previous), Path: from.Path})
		change += coinSat
	}
	script, err := keys.Script(everyChain, on, d.user(on))
	if err != nil {
		t.Fatalf("destination: %v", err)
	}
	tx.AddTxOut(wire.NewTxOut(amountSat, script))
	back := d.keyOn(t, on, keys.Hot, keys.Change, 5)
	tx.AddTxOut(wire.NewTxOut(change, back.Script))
	req.Change = []*ferryv1.UTXOChange{{OutputIndex: 1, Path: back.Path}}
	req.UnsignedTx = wireBytes(t, tx)
	return req
}

// alter applies a change to the request's transaction.
func alter(t swaptest.Reporter, req *ferryv1.SignUTXORequest, change func(tx *wire.MsgTx)) {
	t.Helper()
	tx := new(wire.MsgTx)
	if err := tx.DeserializeNoWitness(bytes.NewReader(req.GetUnsignedTx())); err != nil {
		t.Fatalf("decode own transaction: %v", err)
	}
	change(tx)
	var b bytes.Buffer
	if err := tx.SerializeNoWitness(&b); err != nil {
		t.Fatalf("encode own transaction: %v", err)
	}
	req.UnsignedTx = b.Bytes()
}

func TestSignBitcoinPaysOutAndRefunds(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	payout := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x", "y")
	refund := d.spendCoins(t, d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "b"), payoutSat-5_000, feeSat, "z")
	for name, req := range map[string]*ferryv1.SignUTXORequest{"payout": payout, "refund": refund} {
		res, err := d.signBitcoin(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var signed, unsigned wire.MsgTx
		if err := signed.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
			t.Fatalf("%s: decode: %v", name, err)
		}
		if err := unsigned.DeserializeNoWitness(bytes.NewReader(req.GetUnsignedTx())); err != nil {
			t.Fatalf("%s: decode: %v", name, err)
		}
		if signed.TxHash() != unsigned.TxHash() || signed.TxHash().String() != res.GetTxid() {
			t.Errorf("%s: signed transaction %s is not the one asked for, %s", name, res.GetTxid(), unsigned.TxHash())
		}
		for i, in := range signed.TxIn {
			if len(in.Witness) != 2 {
				t.Errorf("%s: input %d has %d witness items, not 2", name, i, len(in.Witness))
			}
		}
	}
}

// Each case breaks one rule of an otherwise good payout. In the end that payout
// is signed, so no refusal left anything behind.
func TestSignBitcoinRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a")
	build := func() *ferryv1.SignUTXORequest { return d.spendCoins(t, a, payoutSat, feeSat, "x", "y") }
	onTx := func(change func(tx *wire.MsgTx)) func(*ferryv1.SignUTXORequest) {
		return func(req *ferryv1.SignUTXORequest) { alter(t, req, change) }
	}
	deposit := d.key(t, keys.Deposit, keys.Change, 0)
	cases := map[string]struct {
		breakIt         func(req *ferryv1.SignUTXORequest)
		field, sentence string
	}{
		"another amount":        {onTx(func(tx *wire.MsgTx) { tx.TxOut[0].Value++ }), "unsigned_tx", "too large for this payout"},
		"a smaller amount":      {onTx(func(tx *wire.MsgTx) { tx.TxOut[0].Value-- }), "unsigned_tx", "too small for this payout"},
		"another destination":   {onTx(func(tx *wire.MsgTx) { tx.TxOut[0].PkScript[5] ^= 1 }), "unsigned_tx", "Output 0 pays neither"},
		"a third output":        {onTx(func(tx *wire.MsgTx) { tx.AddTxOut(wire.NewTxOut(1000, []byte{0x51})) }), "unsigned_tx", "Output 2 pays neither"},
		"the destination twice": {onTx(func(tx *wire.MsgTx) { tx.AddTxOut(wire.NewTxOut(1000, tx.TxOut[0].PkScript)) }), "unsigned_tx", "Output 2 pays neither"},
		"no destination": {func(req *ferryv1.SignUTXORequest) {
			alter(t, req, func(tx *wire.MsgTx) { tx.TxOut = tx.TxOut[1:] })
			req.Change[0].OutputIndex = 0
		}, "unsigned_tx", "0 outputs pay"},
		"change elsewhere":  {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].PkScript[5] ^= 1 }), "unsigned_tx", "Output 1 pays neither"},
		"undeclared change": {func(req *ferryv1.SignUTXORequest) { req.Change = nil }, "unsigned_tx", "Output 1 pays neither"},
		"the destination declared as change": {func(req *ferryv1.SignUTXORequest) {
			req.Change = append(req.Change, &ferryv1.UTXOChange{OutputIndex: 0, Path: req.Change[0].Path})
		}, "unsigned_tx", "Output 0 pays neither"},
		"change declared twice": {func(req *ferryv1.SignUTXORequest) { req.Change = append(req.Change, req.Change[0]) },
			"change.1.output_index", "declared twice"},
		"change of no output": {func(req *ferryv1.SignUTXORequest) { req.Change[0].OutputIndex = 9 }, "change.0.output_index", "does not exist"},
		"change on the external branch": {func(req *ferryv1.SignUTXORequest) { req.Change[0].Path = "m/84'/1'/1'/0/5" },
			"change.0.path", "not one of our change addresses"},
		"too much change declared": {func(req *ferryv1.SignUTXORequest) {
			for len(req.Change) <= maxChange {
				req.Change = append(req.Change, req.Change[0])
			}
		}, "change", "too many change outputs"},
		"previous transaction altered": {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].PreviousTx[len(req.Inputs[0].PreviousTx)-36]++ },
			"inputs.0.previous_tx", "has not made the coin"},
		"previous transactions swapped": {func(req *ferryv1.SignUTXORequest) {
			req.Inputs[0].PreviousTx, req.Inputs[1].PreviousTx = req.Inputs[1].PreviousTx, req.Inputs[0].PreviousTx
		}, "inputs.0.previous_tx", "has not made the coin"},
		"output that does not exist": {onTx(func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Index = 2 }), "inputs.0.previous_tx", "has not made the coin"},
		"coin of a stranger":         {onTx(func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Index = 0 }), "inputs.0.path", "does not belong to the key"},
		"previous transaction with more behind": {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].PreviousTx = append(req.Inputs[0].PreviousTx, 0) },
			"inputs.0.previous_tx", "bytes follow"},
		"previous transaction too large": {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].PreviousTx = make([]byte, maxPreviousTx+1) },
			"inputs.0.previous_tx", "at most"},
		"another of our paths":   {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].Path = "m/84'/1'/1'/0/4" }, "inputs.0.path", "does not belong to the key"},
		"a path of nobody":       {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].Path = "m/84'/1'/2'/0/3" }, "inputs.0.path", "not one whose coins"},
		"deposit change path":    {func(req *ferryv1.SignUTXORequest) { req.Inputs[0].Path = deposit.Path }, "inputs.0.path", "not one whose coins"},
		"an input not described": {func(req *ferryv1.SignUTXORequest) { req.Inputs = req.Inputs[:1] }, "inputs", "one entry for each"},
		"a coin twice": {func(req *ferryv1.SignUTXORequest) {
			alter(t, req, func(tx *wire.MsgTx) { tx.TxIn[1].PreviousOutPoint = tx.TxIn[0].PreviousOutPoint })
			req.Inputs[1] = req.Inputs[0]
		}, "unsigned_tx", "spends a coin twice"},
		"more out than in":         {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value += feeSat + 1 }), "unsigned_tx", "more than the inputs"},
		"fee above the limit":      {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value -= 1_000_000 }), "unsigned_tx", "fee 1001000 is above the limit."},
		"fee rate above the limit": {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value -= 250_000 }), "unsigned_tx", "for a transaction of this size"},
		"lock time":                {onTx(func(tx *wire.MsgTx) { tx.LockTime = 1 }), "unsigned_tx", "lock time 1"},
		"version":                  {onTx(func(tx *wire.MsgTx) { tx.Version = 3 }), "unsigned_tx", "version 3"},
		"relative lock":            {onTx(func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = 1 }), "unsigned_tx", "sequence 0x1"},
		"signature script":         {onTx(func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = []byte{0} }), "unsigned_tx", "signature script"},
		"output of nothing":        {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value = 0 }), "unsigned_tx", "out of range"},
		"output above all coins":   {onTx(func(tx *wire.MsgTx) { tx.TxOut[1].Value = maxSupply[asset.Bitcoin] + 1 }), "unsigned_tx", "out of range"},
		"trailing bytes":           {func(req *ferryv1.SignUTXORequest) { req.UnsignedTx = append(req.UnsignedTx, 0) }, "unsigned_tx", "one encoding"},
		"cut short":                {func(req *ferryv1.SignUTXORequest) { req.UnsignedTx = req.UnsignedTx[:len(req.UnsignedTx)-1] }, "unsigned_tx", "decode"},
		"empty":                    {func(req *ferryv1.SignUTXORequest) { req.UnsignedTx = nil }, "unsigned_tx", "cut short"},
		"a count it can't hold":    {func(req *ferryv1.SignUTXORequest) { req.UnsignedTx[4] = 0xfc }, "unsigned_tx", "can't hold 252 inputs"},
		"too large":                {func(req *ferryv1.SignUTXORequest) { req.UnsignedTx = make([]byte, maxUnsignedUTXO+1) }, "unsigned_tx", "at most 100000"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			req := build()
			c.breakIt(req)
			_, err := d.signBitcoin(req)
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signBitcoin(build()); err != nil {
		t.Fatalf("the payout itself: %v", err)
	}
}

func TestCapsLimitEachTransaction(t *testing.T) {
	t.Parallel()
	share := Cap{PerTransaction: asset.NewUnits(payoutSat), Fee: asset.NewUnits(100_000), FeeRate: asset.NewUnits(1000), FeeBasisPoints: 1}
	small := share
	small.PerTransaction, small.FeeBasisPoints = asset.NewUnits(payoutSat-1), basisPoints
	for name, c := range map[string]struct {
		caps     Caps
		sentence string
	}{
		"amount":          {Caps{asset.BTC: small}, "above the limit for one transaction"},
		"fee as a share":  {Caps{asset.BTC: share}, "too large a share"},
		"asset not named": {Caps{}, "no limits for BTC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			d.signer.caps = c.caps
			req := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x")
			_, err := d.signBitcoin(req)
			wantRefusal(t, err, "unsigned_tx", c.sentence)
			d.signer.caps = DefaultCaps()
			if _, err := d.signBitcoin(req); err != nil {
				t.Fatalf("within the caps: %v", err)
			}
		})
	}
}

func unhex(t swaptest.Reporter, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("hex: %v", err)
	}
	return raw
}
