package signer

import (
	"context"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Whatever bytes come as a request of either kind: it is refused, or signed for what it
// says. It is never a failure of the signer's own.
func FuzzSignRequest(f *testing.F) {
	d := newDesk(f, f.TempDir())
	f.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			f.Error(err)
		}
	})
	d.signer.memory.db.NoSync, d.signer.files.unsynced = true, true
	add := func(m proto.Message) {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, on := range []asset.Chain{asset.Bitcoin, asset.BitcoinCash, asset.Ethereum} {
		for _, a := range d.everyPurpose(f, on) {
			if a.coins != nil {
				a.coins.Authorities[0] = d.attested(f, a.authority())
				a.coins.SignedDeaths = []string{d.death(f, on, d.coinID(f, on, "p"), foreignTxID, nil)}
				add(a.coins)
				continue
			}
			a.ether.Authority = d.attested(f, a.authority())
			add(a.ether)
		}
	}
	batch := d.batchOf(f, asset.Bitcoin, d.payouts(f, asset.Bitcoin, "x", "y"), feeSat, "m", "n")
	for i, a := range batch.GetAuthorities() {
		batch.Authorities[i] = d.attested(f, a)
	}
	add(batch)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var coins ferryv1.SignUTXORequest
		if proto.Unmarshal(raw, &coins) == nil {
			_, err := d.signer.SignUTXO(context.Background(), connect.NewRequest(&coins))
			if err != nil && swap.ErrorCode(err) != swap.CodeRefused {
				t.Fatalf("%x: %v", raw, err)
			}
		}
		var ether ferryv1.SignEthereumRequest
		if proto.Unmarshal(raw, &ether) == nil {
			_, err := d.signer.SignEthereum(context.Background(), connect.NewRequest(&ether))
			if err != nil && swap.ErrorCode(err) != swap.CodeRefused {
				t.Fatalf("%x: %v", raw, err)
			}
		}
	})
}
