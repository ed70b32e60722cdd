package attest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// A tip that stands still for longer than the chain allows is told once, and again when
// it moves; a node that is silent is not asked about deposits until it answers.
func TestWatchdogOfTheAttestorsOwnNode(t *testing.T) {
	t.Parallel()
	c, now := newBitcoin(1), testNow
	var told []string
	w, err := NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{asset.Bitcoin: {{c, named("btcd")}}}, Rules: rules(),
		StaleAfter: map[asset.Chain]time.Duration{asset.Bitcoin: time.Minute}, Now: func() time.Time { return now },
		Observer: WitnessObserver{
			Tip: func(on asset.Chain, which int, height int64) {
				told = append(told, fmt.Sprintf("%s %d at %d", on, which, height))
			},
			Standing: func(on asset.Chain, which int, standing bool) {
				told = append(told, fmt.Sprintf("standing %v", standing))
			},
			Looked: func(on asset.Chain, o Outcome) { told = append(told, string(o)) },
		}})
	if err != nil {
		t.Fatal(err)
	}
	beat := func() { w.beat(t.Context(), asset.Bitcoin, 0) }
	wants := func(want ...string) {
		t.Helper()
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		told = nil
	}
	beat()
	wants("standing false", "bitcoin 0 at 1")
	now = now.Add(59 * time.Second)
	beat()
	wants("bitcoin 0 at 1")
	now = now.Add(time.Second)
	beat()
	beat()
	wants("bitcoin 0 at 1", "standing true", "bitcoin 0 at 1")
	c.Mine(1)
	beat()
	wants("standing false", "bitcoin 0 at 2")
	if err := w.Ready(asset.Bitcoin); err != nil {
		t.Error(err)
	}
	c.SetAway(true)
	beat()
	wants()
	if err := w.Ready(asset.Bitcoin); err == nil {
		t.Error("a node that is away is ready")
	}
	c.SetAway(false) // but nobody has looked since
	claim := Claim{Chain: asset.Bitcoin, DepositID: "bitcoin:x:0", Address: "a", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1)}, Block: chain.Ref{Height: 1, Hash: "x"}}
	_, err = w.Look(t.Context(), claim)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "does not answer")
	wants("no_node")
	now = now.Add(time.Minute)
	beat()
	wants("bitcoin 0 at 2", "standing true")
	_, err = w.Look(t.Context(), claim)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "block_hash", "another block")
	wants("other_block")
}

// A caller waits for its turn no longer than its own time, and others' chains are not
// held up.
func TestLooksAreBounded(t *testing.T) {
	t.Parallel()
	c := newBitcoin(1)
	w, err := NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{asset.Bitcoin: {{c, named("btcd")}}}, Rules: rules()})
	if err != nil {
		t.Fatal(err)
	}
	for range looksMost {
		w.turns[asset.Bitcoin] <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Look(ctx, Claim{Chain: asset.Bitcoin})
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "busy")
	_, err = w.Look(t.Context(), Claim{Chain: asset.Ethereum})
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, "node", "no node of ethereum")
}

// Run watches until it is told to end.
func TestRunWatchesTheNodes(t *testing.T) {
	t.Parallel()
	c := newBitcoin(1)
	seen := make(chan int64, 100)
	w, err := NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{asset.Bitcoin: {{c, named("btcd")}, {c, named("Satoshi")}}}, Rules: rules(),
		Observer: WitnessObserver{Tip: func(_ asset.Chain, which int, _ int64) { seen <- int64(which) }}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	which := map[int64]bool{}
	for len(which) < 2 {
		which[<-seen] = true
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
