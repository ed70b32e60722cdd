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
	_, err := d.recalled(req)
	return err
}

func (d *desk) recalled(req *ferryv1.SignUTXORequest) ([]byte, error) {
	req = clone(req)
	for _, a := range req.GetAuthorities() {
		a.SignedAttestations = nil
	}
	res, err := d.signer.SignUTXO(context.Background(), connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return res.Msg.GetRawTx(), nil
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

// Setup: a payment was signed, and nobody vouches for its deposit any more.
//
// Test: its recall gives the same bytes, after a restart too and however old what was attested is by
// then; nothing is given up. Other terms for the same bytes, or a stopped signer, get nothing, and
// are not told that nothing was signed.
func TestWhatWasSignedIsGivenOutAgain(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 11, 22, 15, 4, 30, 0, time.UTC)
	d := deskGoneBy(t, &clock)
	req := d.attestedAgain(t, d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "a", "b"), feeSat, "x", "w"), clock)
	first, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(24 * time.Hour)
	d.reopen(t)
	if raw, err := d.recalled(req); err != nil || !bytes.Equal(raw, first.GetRawTx()) {
		t.Errorf("recalled: %v", err)
	}
	if n := d.givenUpCount(t) + d.signedCount(t); n != 1 {
		t.Errorf("%d transactions are given up or signed, want the first alone", n)
	}

	other := clone(req)
	other.Authorities = d.payouts(t, asset.Bitcoin, "a", "c")
	swaptest.WantRefusal(t, d.recall(other), swap.CodeUnavailable, "authorities.0.signed_attestations", "withheld")
	d.turn(t, string(asset.BTC), true)
	swaptest.WantRefusal(t, d.recall(req), swap.CodeUnavailable, fieldSwitch, "withheld")
	d.turn(t, string(asset.BTC), false)
	if raw, err := d.recalled(req); err != nil || !bytes.Equal(raw, first.GetRawTx()) {
		t.Errorf("recalled once it goes on: %v", err)
	}
}

// Setup: a payment of two was signed, and nobody vouches for their deposits any more.
//
// Test: another that pays the same from the same first coin is signed at another fee. One that
// spends other coins, pays less or more, or others, is refused.
func TestWhatFollowsWhatWasSignedNeedsNoAttestation(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	pair := d.payouts(t, asset.Bitcoin, "a", "b")
	if _, err := d.signBitcoin(d.batchOf(t, asset.Bitcoin, pair, feeSat, "x", "w")); err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]*ferryv1.SignUTXORequest{
		"more fee": d.batchOf(t, asset.Bitcoin, pair, 2*feeSat, "x", "w"),
		"a coin":   d.batchOf(t, asset.Bitcoin, pair, 3*feeSat, "x", "w", "v"),
	} {
		if err := d.recall(req); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, req := range map[string]*ferryv1.SignUTXORequest{
		"other coins":    d.batchOf(t, asset.Bitcoin, pair, feeSat, "y", "z"),
		"the first left": d.batchOf(t, asset.Bitcoin, pair[:1], feeSat, "x", "w"),
		"one more":       d.batchOf(t, asset.Bitcoin, append(d.payouts(t, asset.Bitcoin, "c"), pair...), feeSat, "x", "w", "u"),
		"another":        d.batchOf(t, asset.Bitcoin, append(d.payouts(t, asset.Bitcoin, "c"), pair[0]), 4*feeSat, "x", "w"),
	} {
		if err := d.recall(req); swap.ErrorCode(err) != swap.CodeRefused {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	if n := d.signedCount(t); n != 3 {
		t.Errorf("%d signatures, want 3", n)
	}
}

// A batch of which some deposits are attested and others are not is no recall.
func TestHalfAttestedIsNoRecall(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.attestedAgain(t, d.batchOf(t, asset.Bitcoin, d.payouts(t, asset.Bitcoin, "a", "b"), feeSat, "x", "w"), time.Now())
	half := clone(req)
	half.Authorities[1].SignedAttestations = nil
	for range 2 {
		_, err := d.signer.SignUTXO(t.Context(), connect.NewRequest(half))
		if code := swap.ErrorCode(err); code == "" || d.givenUpCount(t) != 0 {
			t.Errorf("%v, %d given up", err, d.givenUpCount(t))
		}
		if _, err := d.signBitcoin(req); err != nil {
			t.Fatal(err)
		}
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
// signed and its recall gives it out, or it is given up and never signed.
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
			if recalled[i] != nil {
				t.Errorf("signed, and its recall: %v", recalled[i])
			}
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
