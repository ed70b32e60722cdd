package signer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// lost is 0.02 BTC that came to the older form of a swap's Bitcoin Cash address, with the
// refund of it less 0.00005 that spends it and one coin of the house.
func (d *desk) lost(t *testing.T, name string, index uint32) *ferryv1.SignUTXORequest {
	t.Helper()
	key := d.keyOn(t, asset.BitcoinCash, keys.Deposit, keys.External, index)
	s := d.amended(t, asset.BCH, asset.ETH, func(r *swap.Receipt) { r.DepositAddress, r.DepositPath = key.Address, key.Path })
	previous := coin(name, key, 2_000_000)
	hash := previous.TxHash()
	a := s.authority(swap.PurposeRefund, in(asset.BTC, uses(fmt.Sprintf("bitcoin:%s:1", hash), asset.NewUnits(2_000_000))), "")
	a.SignedWrongAssetRefund = s.yes(t, a, "5000", func(w *swap.WrongAssetRefund) { w.Destination = d.userBitcoin })
	req := d.spendOn(t, asset.Bitcoin, a, 1_995_000, feeSat, name+" house")
	alter(t, req, func(tx *wire.MsgTx) {
		tx.TxIn = append([]*wire.TxIn{{PreviousOutPoint: *wire.NewOutPoint(&hash, 1), Sequence: 0xfffffffd}}, tx.TxIn...)
		tx.TxOut[1].Value = coinSat + 2_000_000 - 1_995_000 - feeSat
	})
	req.Inputs = append([]*ferryv1.UTXOInput{{PreviousTx: wireBytes(t, previous), Path: key.Path}}, req.GetInputs()...)
	return req
}

// Bitcoin that came to the older form of a Bitcoin Cash address goes back: the one coin
// that a key of one chain spends on another, signed as Bitcoin signs such coins.
func TestSiblingCoinGoesBack(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.lost(t, "a", 4)
	res, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	signed := new(wire.MsgTx)
	if err := signed.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
		t.Fatal(err)
	}
	if res.GetTxid() != signed.TxHash().String() {
		t.Errorf("txid %s of %s", res.GetTxid(), signed.TxHash())
	}
	if in := signed.TxIn[0]; len(in.SignatureScript) == 0 || len(in.Witness) != 0 {
		t.Errorf("the sibling's coin has a script of %d bytes and %d witness items", len(in.SignatureScript), len(in.Witness))
	}
	if in := signed.TxIn[1]; len(in.SignatureScript) != 0 || len(in.Witness) != 2 {
		t.Errorf("the house's coin has a script of %d bytes and %d witness items", len(in.SignatureScript), len(in.Witness))
	}
	size := uint64(signed.SerializeSizeStripped()*3+signed.SerializeSize()+3) / 4
	if counted := countedSize(t, asset.Bitcoin, req, asset.BitcoinCash, asset.Bitcoin); counted < size || counted > size+6 {
		t.Errorf("counted %d, is %d", counted, size)
	}
	again, err := d.signBitcoin(req)
	if err != nil || !bytes.Equal(again.GetRawTx(), res.GetRawTx()) {
		t.Errorf("asked again: %v", err)
	}
}

// Each case would have another chain's key spend something else.
func TestSiblingCoinOnlyForItsRefund(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	good, other := d.lost(t, "a", 4), d.lost(t, "b", 4)
	neighbour := d.keyOn(t, asset.BitcoinCash, keys.Deposit, keys.External, 5)
	hot := d.keyOn(t, asset.BitcoinCash, keys.Hot, keys.External, 0)
	with := func(change func(r *ferryv1.SignUTXORequest)) *ferryv1.SignUTXORequest {
		r := proto.Clone(good).(*ferryv1.SignUTXORequest)
		change(r)
		return r
	}
	const path, notOurs = "inputs.0.path", "not one whose coins may be spent"
	for name, c := range map[string]struct {
		request         *ferryv1.SignUTXORequest
		field, sentence string
	}{
		"another deposit's refund": {with(func(r *ferryv1.SignUTXORequest) { r.Authorities = other.GetAuthorities() }), path, notOurs},
		"a payout": {with(func(r *ferryv1.SignUTXORequest) {
			r.Authorities[0] = d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "p")
		}), path, notOurs},
		"a payout of a swap of bitcoin cash": {with(func(r *ferryv1.SignUTXORequest) {
			r.Authorities[0] = d.authority(t, swap.PurposePayout, asset.BCH, asset.BTC, "q")
		}), path, notOurs},
		"a refund on bitcoin": {with(func(r *ferryv1.SignUTXORequest) {
			r.Authorities[0] = d.authority(t, swap.PurposeRefund, asset.BTC, asset.ETH, "r")
		}), path, notOurs},
		"a neighbour's path":   {with(func(r *ferryv1.SignUTXORequest) { r.Inputs[0].Path = neighbour.Path }), path, notOurs},
		"the hot account":      {with(func(r *ferryv1.SignUTXORequest) { r.Inputs[0].Path = hot.Path }), path, notOurs},
		"bitcoin's own path":   {with(func(r *ferryv1.SignUTXORequest) { r.Inputs[0].Path = r.Inputs[1].Path }), path, "does not belong"},
		"the path for another": {with(func(r *ferryv1.SignUTXORequest) { r.Inputs[1].Path = r.Inputs[0].Path }), "inputs.1.path", notOurs},
		"without the owner's yes": {with(func(r *ferryv1.SignUTXORequest) { r.Authorities[0].SignedWrongAssetRefund = "" }),
			fieldWrongAsset, "has not said where"},
		"on its own chain": {with(func(r *ferryv1.SignUTXORequest) { r.Chain = "bitcoincash" }), "authority.purpose", "refunded on bitcoin"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signBitcoin(c.request)
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signBitcoin(good); err != nil {
		t.Fatalf("the refund itself: %v", err)
	}
}
