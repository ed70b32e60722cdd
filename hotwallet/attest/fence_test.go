package attest

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/durable"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// content is all that the store holds, by bucket and key.
func (d *desk) content(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := d.attestor.store.db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(bucket []byte, b *bolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				all[fmt.Sprintf("%s %x", bucket, k)] = string(bytes.Clone(v))
				return nil
			})
		})
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func under(token uint64, req *ferryv1.AttestRequest) *ferryv1.AttestRequest {
	with := proto.Clone(req).(*ferryv1.AttestRequest)
	with.FencingToken = token
	return with
}

// Setup: two hot wallets of one chain, the first of which does not know yet that its
// lease has passed to the second. Test: the first gets no receipt, new or old, and
// leaves nothing behind, across restarts; the other chain is not concerned.
func TestAnOldLeaseGetsNothing(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	before, after := d.request(t, asset.BTC, asset.ETH, 0), d.request(t, asset.BTC, asset.ETH, 1)
	signed := d.mustAttest(t, under(7, before))
	d.mustAttest(t, under(8, after))
	stale := d.request(t, asset.BTC, asset.ETH, 2)
	for _, reopened := range []bool{false, true} {
		if reopened {
			d.reopen(t)
		}
		held := d.content(t)
		for name, req := range map[string]*ferryv1.AttestRequest{
			"a new request": under(7, stale), "its own earlier one": under(7, before), "the new holder's": under(7, after), "no lease at all": under(0, before),
		} {
			got, err := d.attest(req)
			if got != "" {
				t.Fatalf("reopened %v: %s got a receipt", reopened, name)
			}
			sentence := "older than one seen"
			if req.GetFencingToken() == 0 {
				sentence = "holds no lease"
			}
			swaptest.WantRefusal(t, err, swap.CodeRefused, "fencing_token", sentence)
		}
		if now := d.content(t); !maps.Equal(now, held) {
			t.Errorf("reopened %v: a stale caller changed the store", reopened)
		}
	}
	// The one who has the lease goes on, also with what was asked under the old one.
	if again := d.mustAttest(t, under(8, before)); again != signed {
		t.Error("a repetition under a newer lease got another receipt")
	}
	d.mustAttest(t, under(8, stale))
	d.mustAttest(t, under(1, d.request(t, asset.ETH, asset.BTC, 0)))
}

// A newer token counts from the first request it comes with: one that is refused,
// or one that repeats what was answered.
func TestAnyRequestRaisesTheFence(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	first := d.request(t, asset.BTC, asset.ETH, 0)
	d.mustAttest(t, under(7, first))
	d.mustAttest(t, under(8, first))
	_, err := d.attest(under(7, first))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "fencing_token", "older than one seen")
	far := d.request(t, asset.BTC, asset.ETH, 100)
	_, err = d.attest(under(9, far))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "index", "too far ahead")
	_, err = d.attest(under(8, first))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "fencing_token", "older than one seen")
	if err := d.attestor.store.db.View(func(tx *bolt.Tx) error {
		if seen := durable.Fence(tx.Bucket(bucketFence), asset.Bitcoin); seen != 9 {
			t.Errorf("the fence is at %d, want 9", seen)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A store made before tokens were checked is opened, with all it holds.
func TestAnOlderStoreGetsAFence(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	first := d.request(t, asset.BTC, asset.ETH, 0)
	signed := d.mustAttest(t, under(7, first))
	if err := d.attestor.store.db.Update(func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketFence) }); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	if again := d.mustAttest(t, under(7, first)); again != signed {
		t.Error("a repetition got another receipt")
	}
	_, err := d.attest(under(6, first))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "fencing_token", "older than one seen")
}
