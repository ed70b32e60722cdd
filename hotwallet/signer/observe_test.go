package signer

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
)

// Each request is told once with how it ended: signed, refused for a field,
// refused before there was a purpose, or not answered at all.
func TestObserve(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	var told []string
	d.config.Observe = func(chain asset.Chain, purpose swap.Purpose, code swap.Code, field string) {
		told = append(told, fmt.Sprintf("%s %s %s %s", chain, purpose, code, field))
	}
	d.reopen(t)
	req := d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "a"), payoutSat, feeSat, "x")
	if _, err := d.signBitcoin(req); err != nil {
		t.Fatal(err)
	}
	req = d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "b"), payoutSat-1, feeSat, "y")
	_, err := d.signBitcoin(req)
	wantRefusal(t, err, "unsigned_tx", "too small")
	req.Authorities[0].Purpose = "bonus"
	_, err = d.signBitcoin(req)
	wantRefusal(t, err, "authority.purpose", "not one the signer signs for")
	for range maxAtWork {
		d.signer.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.signer.SignUTXO(ctx, connect.NewRequest(req)); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Errorf("a busy signer: %v", err)
	}
	for range maxAtWork {
		<-d.signer.turns
	}
	want := []string{"bitcoin payout  ", "bitcoin payout refused unsigned_tx", "bitcoin  refused authority.purpose", "bitcoin  unavailable "}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
