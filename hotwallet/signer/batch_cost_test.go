package signer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// One alone costs about 140 vB with its change, five together about 53 each.
func TestWhatABatchCosts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ recipients, least, most int }{{1, 135, 145}, {5, 50, 56}, {100, 30, 35}} {
		d := deskFor(t)
		limit := d.signer.caps[asset.BTC]
		limit.PerTransaction = everything
		d.signer.caps[asset.BTC] = limit
		var names []string
		for i := range row.recipients {
			names = append(names, fmt.Sprint(i))
		}
		req := d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, names...), 50*feeSat, "x")
		// One coin that is enough for all.
		previous := coin("large", d.key(t, 1, 0, 3), int64(row.recipients)*payoutSat+coinSat)
		req.Inputs[0].PreviousTx = wireBytes(t, previous)
		alter(t, req, func(tx *wire.MsgTx) {
			tx.TxIn[0].PreviousOutPoint.Hash = previous.TxHash()
			tx.TxOut[row.recipients].Value = coinSat - 50*feeSat
		})
		res, err := d.signBitcoin(req)
		if err != nil {
			t.Fatal(err)
		}
		var tx wire.MsgTx
		if err := tx.Deserialize(bytes.NewReader(res.GetRawTx())); err != nil {
			t.Fatal(err)
		}
		each := (3*tx.SerializeSizeStripped() + tx.SerializeSize() + 3) / 4 / row.recipients
		t.Logf("%d recipients: %d vB each", row.recipients, each)
		if each < row.least || each > row.most {
			t.Errorf("%d recipients cost %d vB each, want %d to %d", row.recipients, each, row.least, row.most)
		}
	}
}
