package signer

import (
	"fmt"
	"testing"

	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// BenchmarkBatchOfHundred signs a batch of the most recipients there can be, from as many
// coins: every document verified, every input proved, all of it on disk.
func BenchmarkBatchOfHundred(b *testing.B) {
	d := newDesk(b, b.TempDir())
	b.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			b.Error(err)
		}
	})
	for id, limit := range d.signer.caps {
		limit.PerTransaction, limit.PerHour, limit.PerDay = everything, everything, everything
		limit.FeePerHour, limit.FeePerDay = everything, everything
		d.signer.caps[id] = limit
	}
	d.bare = true
	n := 0
	for b.Loop() {
		b.StopTimer()
		var names, coins []string
		for i := range maxBatch {
			names, coins = append(names, fmt.Sprint(n, "-", i)), append(coins, fmt.Sprint("coin ", n, "-", i))
		}
		n++
		var authorities []*ferryv1.Authority
		d.bare = false
		for _, a := range d.payouts(b, asset.Bitcoin, names...) {
			authorities = append(authorities, d.attested(b, a))
		}
		d.bare = true
		req := d.batchOf(b, asset.Bitcoin, authorities, 50*feeSat, coins...)
		b.StartTimer()
		if _, err := d.signBitcoin(req); err != nil {
			b.Fatal(err)
		}
	}
}
