package payment_test

import (
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

// What signer and node answer is told each time they are asked.
func TestObserver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	var told []string
	w.told = payment.Observer{Signing: func(end payment.Signing) { told = append(told, string(end)) },
		Broadcast: func(answer chain.Acceptance) { told = append(told, string(answer)) }}
	w.restart()
	w.fund(w.some(1000))
	w.signer.fail(signRefused, signLost)
	w.chain.FailBroadcasts(fakechain.CallLost, fakechain.Refused)
	w.deliver(w.payout(w.some(100)))
	for range 5 {
		w.step()
	}
	want := []string{"refused", "unanswered", "signed", "unknown", "rejected", "accepted"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
