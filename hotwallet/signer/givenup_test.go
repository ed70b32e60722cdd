package signer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// recall asks for what a request asks for, without attestations.
func (d *desk) recall(req *ferryv1.SignUTXORequest) error {
	req = clone(req)
	for _, a := range req.GetAuthorities() {
		a.SignedAttestations = nil
	}
	_, err := d.signer.SignUTXO(context.Background(), connect.NewRequest(req))
	return err
}

// attestedAgain is a request with attestations of a time.
func (d *desk) attestedAgain(t *testing.T, req *ferryv1.SignUTXORequest, at time.Time) *ferryv1.SignUTXORequest {
	t.Helper()
	req = clone(req)
	for i, a := range req.GetAuthorities() {
		req.Authorities[i] = d.attestedAt(t, a, at)
	}
	return req
}

// deskGoneBy is deskAt without a change of limits.
func deskGoneBy(t *testing.T, clock *time.Time) *desk {
	t.Helper()
	return deskAt(t, clock, asset.BTC, func(*Cap) {})
}

// Setup: a request is on its way still while a plan is recalled, which is refused.
//
// Test: it is not signed any more, after a restart neither, so that its coin is free for
// others; the same bytes are, once all their deposits are attested anew.
func TestRefusalForWantOfAttestationsIsTheLastWord(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskGoneBy(t, &clock)
	plan := d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "a", "b"), feeSat, "x", "w")
	onItsWay := d.attestedAgain(t, plan, clock)
	clock = clock.Add(30 * time.Second)
	wantRefusal(t, d.recall(plan), "authorities.0.signed_attestations", "one attestation for each")
	half := d.attestedAgain(t, plan, clock)
	half.Authorities[1] = onItsWay.GetAuthorities()[1]
	for range 2 {
		_, err := d.signBitcoin(onItsWay)
		wantRefusal(t, err, "authorities.0.signed_attestations", "given up")
		_, err = d.signBitcoin(half)
		wantRefusal(t, err, "authorities.1.signed_attestations", "given up")
		d.reopen(t)
	}
	if _, err := d.signBitcoin(d.attestedAgain(t, plan, clock)); err != nil {
		t.Fatalf("planned again with the same bytes: %v", err)
	}

	other := d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "c"), feeSat, "y")
	wantRefusal(t, d.recall(other), fieldAttestations, "one attestation for each")
	if _, err := d.signBitcoin(d.attestedAgain(t, d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "d"), feeSat, "y"), clock)); err != nil {
		t.Errorf("the coin of what was given up: %v", err)
	}
}

// Setup: a request is on its way still while the same bytes are asked for with an attestation that is
// not good enough, of a deposit or of what has ended, and refused: so the caller gives its plan up.
//
// Test: the request is not signed any more; the same bytes are, once all is attested anew.
func TestRefusalOfBadAttestationsIsTheLastWord(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]struct {
		field string
		ask   func(d *desk, plan *ferryv1.SignUTXORequest, at time.Time) *ferryv1.SignUTXORequest
	}{
		"of a deposit": {"authorities.0.signed_attestations", func(d *desk, plan *ferryv1.SignUTXORequest, at time.Time) *ferryv1.SignUTXORequest {
			return d.attestedAgain(t, plan, at.Add(-swap.AttestationAge-time.Second))
		}},
		"of what has ended": {fieldDeaths, func(d *desk, plan *ferryv1.SignUTXORequest, at time.Time) *ferryv1.SignUTXORequest {
			return with(d.attestedAgain(t, plan, at), d.death(t, asset.Bitcoin, d.coinID(t, asset.Bitcoin, "x"), foreignTxID,
				func(a *swap.DeathAttestation) { a.IssuedAt = swap.Millis(at.Add(-swap.AttestationAge - time.Second)) }))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
			d := deskGoneBy(t, &clock)
			plan := d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "a", "b"), feeSat, "y", "w")
			onItsWay := d.attestedAgain(t, plan, clock)
			clock = clock.Add(30 * time.Second)
			_, err := d.signBitcoin(spoil.ask(d, plan, clock))
			wantRefusal(t, err, spoil.field, "")
			_, err = d.signBitcoin(onItsWay)
			wantRefusal(t, err, "authorities.0.signed_attestations", "given up")
			if _, err := d.signBitcoin(d.attestedAgain(t, plan, clock)); err != nil {
				t.Fatalf("planned again with the same bytes: %v", err)
			}
		})
	}
}

// The recall of what was signed is no refusal, and takes nothing back.
func TestWhatWasSignedIsNotGivenUp(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskGoneBy(t, &clock)
	req := d.attestedAgain(t, d.payBitcoin(t, "a"), clock)
	first, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(30 * time.Second)
	swaptest.WantRefusal(t, d.recall(req), swap.CodeUnavailable, fieldAttestations, "withheld")
	if again, err := d.signBitcoin(req); err != nil || !bytes.Equal(again.GetRawTx(), first.GetRawTx()) {
		t.Errorf("asked again: %v", err)
	}
	if n := d.givenUpCount(t); n != 0 {
		t.Errorf("%d transactions are given up", n)
	}
}

// A refusal for want of attestations shuts an older lease out, as every decision does; one of an
// older lease gives up nothing.
func TestRecallRaisesTheFence(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	plan := d.payBitcoin(t, "a")
	newer := clone(plan)
	newer.GetAuthorities()[0].FencingToken++
	wantRefusal(t, d.recall(newer), fieldAttestations, "one attestation for each")
	_, err := d.signBitcoin(plan)
	wantRefusal(t, err, "authority.fencing_token", "older")

	other := d.payBitcoin(t, "b")
	wantRefusal(t, d.recall(other), "authority.fencing_token", "older")
	if n := d.givenUpCount(t); n != 1 {
		t.Errorf("%d transactions are given up, want the first alone", n)
	}
}

// What is given up is limited: beyond, a refusal leaves open what becomes of the bytes. It is
// forgotten when no attestation of before is good any more.
func TestGivenUpIsBounded(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskGoneBy(t, &clock)
	req := d.payBitcoin(t, "a")
	wantRefusal(t, d.recall(req), fieldAttestations, "one attestation for each")
	err := d.signer.memory.db.Update(func(tx *bolt.Tx) error {
		for i := range maxGivenUp - 1 {
			key := payment{chain: asset.Bitcoin, unsigned: fmt.Append(nil, i)}.givenUpKey()
			if err := tx.Bucket(bucketGivenUp).Put(key, binary.BigEndian.AppendUint64(nil, uint64(clock.UnixMilli()))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, d.recall(req), fieldAttestations, "one attestation for each") // it is known
	swaptest.WantRefusal(t, d.recall(d.payBitcoin(t, "b")), swap.CodeUnavailable, fieldAttestations, "Too many")
	if n := d.givenUpCount(t); n != maxGivenUp {
		t.Errorf("%d transactions are given up, want %d", n, maxGivenUp)
	}
	clock = clock.Add(givenUpFor + time.Second)
	wantRefusal(t, d.recall(d.payBitcoin(t, "b")), fieldAttestations, "one attestation for each")
	if n := d.givenUpCount(t); n != 1 {
		t.Errorf("%d transactions are given up, want the newest alone", n)
	}
}

func (d *desk) givenUpCount(t *testing.T) (n int) {
	t.Helper()
	err := d.signer.memory.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketGivenUp).ForEach(func(_, _ []byte) error {
			n++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Requests and the recalls of them at once, in whatever order they are decided: either one is
// signed and its recall withheld, or it is given up and never signed.
func TestRecallBesideItsRequest(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	const payouts = 40
	var all sync.WaitGroup
	var signed, recalled [payouts]error
	for i := range payouts {
		plan := d.payBitcoin(t, fmt.Sprint(i))
		onItsWay := d.attestedAgain(t, plan, time.Now().Add(-time.Minute))
		all.Go(func() { _, signed[i] = d.signBitcoin(onItsWay) })
		all.Go(func() { recalled[i] = d.recall(plan) })
	}
	all.Wait()
	n := 0
	for i := range payouts {
		if signed[i] == nil {
			n++
			swaptest.WantRefusal(t, recalled[i], swap.CodeUnavailable, fieldAttestations, "withheld")
			continue
		}
		wantRefusal(t, signed[i], fieldAttestations, "given up")
		wantRefusal(t, recalled[i], fieldAttestations, "one attestation for each")
	}
	if count := d.signedCount(t); count != n {
		t.Errorf("%d signatures are recorded, %d were answered", count, n)
	}
}

// A caller that is gone may have given up what it asked for: nothing is done about it, though
// there is a turn.
func TestNothingIsDoneForACallerThatIsGone(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	req := d.payBitcoin(t, "a")
	req.Authorities[0] = d.attested(t, req.GetAuthorities()[0])
	for range 30 { // of a turn and the end the one or the other is taken
		if _, err := d.signer.SignUTXO(gone, connect.NewRequest(req)); swap.ErrorCode(err) != swap.CodeUnavailable {
			t.Fatalf("%v, want unavailable", err)
		}
	}
	if n := d.signedCount(t); n != 0 {
		t.Errorf("%d signatures are recorded", n)
	}
}
