package signer

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// deskAt is a desk whose signer goes by clock, and whose asset's cap is changed.
func deskAt(t *testing.T, clock *time.Time, id asset.ID, change func(*Cap)) *desk {
	t.Helper()
	d := newDesk(t, t.TempDir())
	t.Cleanup(func() {
		if err := d.signer.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	limit := d.config.Caps[id]
	change(&limit)
	d.config.Caps[id] = limit
	d.config.Now = func() time.Time { return *clock }
	d.reopen(t)
	return d
}

// attestedAt has an authority's deposits attested at a time.
func (d *desk) attestedAt(t *testing.T, a *ferryv1.Authority, at time.Time) *ferryv1.Authority {
	t.Helper()
	a = proto.Clone(a).(*ferryv1.Authority)
	a.SignedAttestations = nil
	for _, deposit := range a.GetDeposits() {
		signed, err := d.attestation(t, a, deposit, func(said *swap.DepositAttestation) { said.IssuedAt = swap.Millis(at) })
		if err != nil {
			t.Fatal(err)
		}
		a.SignedAttestations = append(a.SignedAttestations, signed)
	}
	return a
}

// Of three payouts an hour has room for two. A replacement is none of them, what was
// signed can be had again, a restart or a clock set back frees nothing, and when the
// first payout is an hour old there is room for one more, at the time that was told.
func TestLimitOfAnHour(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskAt(t, &clock, asset.BTC, func(limit *Cap) {
		limit.PerTransaction, limit.PerHour = asset.NewUnits(payoutSat), asset.NewUnits(2*payoutSat+1)
	})
	authorities := map[string]*ferryv1.Authority{}
	sign := func(name string, fee int64) error {
		a := authorities[name]
		if a == nil {
			a = d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, name)
			authorities[name] = a
		}
		_, err := d.signBitcoin(d.spendCoins(t, d.attestedAt(t, a, clock), payoutSat, fee, name))
		return err
	}
	signed := func(name string, fee int64) {
		t.Helper()
		if err := sign(name, fee); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	const told = "The limit on payments in BTC within an hour is 0.03000001 BTC, of which 0.03 BTC are used and 0.015 BTC are asked for: " +
		"there is room from 2026-11-22T16:05:00Z"
	signed("a", feeSat)
	clock = clock.Add(10 * time.Minute)
	signed("b", feeSat)
	wantRefusal(t, sign("c", feeSat), fieldLimit, told)
	signed("a", 2*feeSat)
	signed("b", feeSat)
	d.reopen(t)
	wantRefusal(t, sign("c", feeSat), fieldLimit, told)
	clock = clock.Add(-24 * time.Hour)
	wantRefusal(t, sign("c", feeSat), fieldLimit, told+", by a clock that was 24h0m0s ahead of now")
	signed("a", 3*feeSat)
	clock = time.Date(2026, 11, 22, 16, 4, 59, 0, time.UTC)
	wantRefusal(t, sign("c", feeSat), fieldLimit, told)
	clock = clock.Add(time.Second)
	signed("c", feeSat)
	wantRefusal(t, sign("e", feeSat), fieldLimit, "there is room from 2026-11-22T16:15:00Z")
	// Another asset has limits of its own.
	other := d.attestedAt(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "d"), clock)
	if _, err := d.signEthereum(sendEther(t, other, transfer(0, payoutWei()))); err != nil {
		t.Errorf("ether: %v", err)
	}
}

// Over hours the limit of a day holds.
func TestLimitOfADay(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	d := deskAt(t, &clock, asset.BTC, func(limit *Cap) {
		limit.PerTransaction, limit.PerHour, limit.PerDay = asset.NewUnits(payoutSat), asset.NewUnits(payoutSat), asset.NewUnits(3*payoutSat)
	})
	sign := func(name string) error {
		a := d.attestedAt(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, name), clock)
		_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, name))
		return err
	}
	for i := range 3 {
		if err := sign(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(2 * time.Hour)
	}
	wantRefusal(t, sign("x"), fieldLimit, "payments in BTC within a day is 0.045 BTC, of which 0.045 BTC are used and 0.015 BTC are asked for: there is room from 2026-11-23T00:15:00Z")
	clock = time.Date(2026, 11, 23, 0, 15, 0, 0, time.UTC)
	if err := sign("x"); err != nil {
		t.Error(err)
	}
}

// Burning fees is bounded: of one nonce's replacements the dearest counts, once, and a
// token's fees are counted with ether's.
func TestLimitOfFees(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	const gwei = 1_000_000_000
	fee := func(feeCap int64) asset.Units { return asset.NewUnits(uint64(feeCap) * transferGas) }
	d := deskAt(t, &clock, asset.ETH, func(limit *Cap) {
		limit.Fee, limit.FeePerHour = fee(6*gwei), fee(10*gwei)
	})
	payout := d.attestedAt(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "a"), clock)
	other := d.attestedAt(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, "b"), clock)
	sign := func(a *ferryv1.Authority, nonce uint64, feeCap int64) error {
		tx := transfer(nonce, payoutWei())
		tx.GasFeeCap = big.NewInt(feeCap)
		_, err := d.signEthereum(sendEther(t, a, tx))
		return err
	}
	for _, feeCap := range []int64{3, 5, 4, 6} {
		if err := sign(payout, 0, feeCap*gwei); err != nil {
			t.Fatal(err)
		}
	}
	wantRefusal(t, sign(other, 1, 4*gwei+1), fieldLimit, "The limit on fees in ETH within an hour is 0.00021 ETH, of which 0.000126 ETH are used")
	if err := sign(other, 1, 4*gwei); err != nil {
		t.Error(err)
	}
}

// A sum that can't be read stops what adds to it.
func TestLimitsFailClosed(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskAt(t, &clock, asset.BTC, func(*Cap) {})
	spoil(t, d, bucketOutgoing, sumPayments+":BTC", []byte("nothing that was written"))
	a := d.attestedAt(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), clock)
	_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "a"))
	if swap.ErrorCode(err) != swap.CodeInternal {
		t.Errorf("%v", err)
	}
}

// spoil puts a value into the memory.
func spoil(t *testing.T, d *desk, bucket []byte, key string, value []byte) {
	t.Helper()
	if err := d.signer.memory.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), value) }); err != nil {
		t.Fatal(err)
	}
}

// A batch counts whole, once for all that replaces it, and refused it counts nothing.
func TestLimitOfABatch(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskAt(t, &clock, asset.BTC, func(limit *Cap) {
		limit.PerTransaction, limit.PerHour = asset.NewUnits(3*payoutSat), asset.NewUnits(3*payoutSat)
	})
	all := d.payouts(t, asset.Bitcoin, "a", "b", "c", "d")
	for i, a := range all {
		all[i] = d.attestedAt(t, a, clock)
	}
	sign := func(authorities []*ferryv1.Authority, fee int64, coins ...string) error {
		_, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, authorities, fee, coins...))
		return err
	}
	for _, fee := range []int64{feeSat, 2 * feeSat} {
		if err := sign(all[:2], fee, "u", "v"); err != nil {
			t.Fatal(err)
		}
	}
	wantRefusal(t, sign(all[2:], feeSat, "x", "y"), fieldLimit, "of which 0.03 BTC are used and 0.03 BTC are asked for")
	if err := sign(all[2:3], feeSat, "x"); err != nil {
		t.Error(err)
	}
}

// What goes to our own addresses is not counted; what it costs, and a top-up, is.
func TestLimitsOfTheHouse(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskAt(t, &clock, asset.BTC, func(limit *Cap) {
		limit.PerTransaction, limit.PerHour, limit.PerDay = asset.NewUnits(1), asset.NewUnits(1), asset.NewUnits(1)
		limit.Fee, limit.FeePerHour = asset.NewUnits(2*feeSat), asset.NewUnits(3*feeSat)
	})
	if _, err := d.signBitcoin(d.consolidate(t, asset.Bitcoin, 2*feeSat, "x", "y")); err != nil {
		t.Fatal(err)
	}
	_, err := d.signBitcoin(d.consolidate(t, asset.Bitcoin, 2*feeSat, "v", "w"))
	wantRefusal(t, err, fieldLimit, "The limit on fees in BTC within an hour is 0.00003 BTC, of which 0.00002 BTC are used")
	for _, p := range []swap.Purpose{swap.PurposePayout, swap.PurposeRefund, swap.PurposeGasTopUp} {
		if stays[p] {
			t.Errorf("a %s leaves and is not counted", p)
		}
	}
}
