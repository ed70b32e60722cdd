package demo

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"ferry/deploy/demo/demotest"
	"ferry/swap/asset"
)

// A payout that is outbid twice, and one that a contract on a real node refuses until its
// owner opens it: both are shown, get there, and claim that the others paid nothing.
func TestRunGetsOverTrouble(t *testing.T) {
	t.Parallel()
	ctx, s := demotest.Context(t), newStage(t)
	s.sham.refused = true
	s.cfg.Trouble = Trouble{Stuck: asset.BTC, Fails: asset.ETH, Attempts: s.sham.attempts, Retry: s.sham.retry}
	result, err := Run(ctx, s.cfg)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.out)
	}
	failed, outbid := result.Swaps[0], result.Swaps[1]
	if got, err := s.sham.ethereum.Balance(ctx, failed.Address); err != nil || got.String() != failed.Payout.Units.String() {
		t.Errorf("the contract holds %s (%v), want %s", got, err, failed.Payout.Units)
	}
	if want := []string{failedTx}; !reflect.DeepEqual(result.Claims[0].Void, want) {
		t.Errorf("void %v, want %v", result.Claims[0].Void, want)
	}
	if want := []string{"first", "second"}; !reflect.DeepEqual(result.Claims[1].Void, want) {
		t.Errorf("void %v, want %v", result.Claims[1].Void, want)
	}
	for _, want := range []string{"no block took first", "no block took second", outbid.PayoutTx + " was mined; of 3 transactions no other can be",
		failedTx + " was mined and failed", "its owner has opened the contract wallet", "ordered again"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("%q was not shown:\n%s", want, s.out)
		}
	}
}

// Staff that can't order it again, and a hold for another reason: errors that say so.
func TestRunSaysWhatItCannotGetOver(t *testing.T) {
	t.Parallel()
	ctx, s := demotest.Context(t), newStage(t)
	s.sham.refused = true
	s.cfg.Trouble = Trouble{Fails: asset.ETH, Attempts: s.sham.attempts, Retry: func(context.Context, string, func(string)) error { return context.Canceled }}
	if _, err := Run(ctx, s.cfg); err == nil || !strings.Contains(err.Error(), "again: context canceled") {
		t.Errorf("got %v", err)
	}
	for _, wrong := range []Trouble{{Fails: asset.BTC, Attempts: s.sham.attempts, Retry: s.sham.retry}, {Fails: asset.ETH, Attempts: s.sham.attempts}, {Stuck: asset.BTC}} {
		s.cfg.Trouble = wrong
		if _, err := Run(ctx, s.cfg); err == nil || !strings.Contains(err.Error(), "the demo's trouble") {
			t.Errorf("%+v: got %v", wrong, err)
		}
	}
}
