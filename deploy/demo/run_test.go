package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// buffer is what the demo shows, read while it runs.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// stage is two nodes and a sham service on them.
type stage struct {
	cfg  Config
	sham *sham
	out  *buffer
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	_, node := demotest.Btcd(t, dir)
	eth := demotest.Geth(t, dir)
	s := &stage{sham: newSham(t, node, eth), out: &buffer{}}
	display := show.New(show.Config{Out: s.out})
	t.Cleanup(func() { must(t, display.Close()) })
	s.cfg = Config{API: s.sham.serve(), UTXO: map[asset.Chain]bitcoin.NodeConfig{asset.Bitcoin: node}, Ethereum: eth, Networks: demotest.Networks,
		QuoteKeys: s.sham.keys.QuoteKeys(), AttestKeys: s.sham.keys.AttestKeys(), Show: display,
		ClaimsFile: filepath.Join(dir, "claims.json"), BlockEvery: 200 * time.Millisecond}
	return s
}

// treasury is a wallet that counts how often it was asked for its balance.
func (s *stage) treasury(t *testing.T) []Fund {
	t.Helper()
	address, err := s.sham.btc.NewAddress()
	must(t, err)
	return []Fund{
		{Asset: asset.BTC, Address: address, Available: s.sham.btc.Balance, Least: swaptest.Amount(asset.BTC, "1"), Send: swaptest.Amount(asset.BTC, "1.5")},
		{Asset: asset.ETH, Address: s.sham.eth.Address(), Available: s.sham.eth.Balance, Least: swaptest.Amount(asset.ETH, "10"), Send: swaptest.Amount(asset.ETH, "15")},
	}
}

// The whole show on real nodes: both ways settle, every state is shown even when
// two come between two looks, and the claims are what the nodes show.
func TestRunSwapsBothWays(t *testing.T) {
	t.Parallel()
	ctx, s := demotest.Context(t), newStage(t)
	s.cfg.Funds = s.treasury(t)
	result, err := Run(ctx, s.cfg)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.out)
	}
	t.Log("\n" + s.out.String())
	if len(result.Swaps) != 2 || len(result.Claims) != 2 {
		t.Fatalf("%+v", result)
	}
	// 0.02 BTC and 0.5 ETH were wished, at most 0.01 and at least 0.7 are taken.
	wantSwap(t, result.Swaps[0], "0.01 BTC", "0.28 ETH")
	wantSwap(t, result.Swaps[1], "0.7 ETH", "0.0245 BTC")
	node, err := bitcoin.NewNode(s.cfg.UTXO[asset.Bitcoin])
	must(t, err)
	if depth, ok, err := node.Confirmations(ctx, result.Swaps[1].PayoutTx); err != nil || !ok || depth < 1 {
		t.Errorf("the payout is in no block: %d, %v", depth, err)
	}
	if got, err := s.sham.eth.Received(ctx, result.Swaps[0].Address); err != nil || got != result.Swaps[0].Payout.Units {
		t.Errorf("%s wei at the destination (%v)", got, err)
	}
	for _, want := range []string{"deposit detected", "deposit confirmed", "payout queued", "payout broadcast", "settled",
		"1.5 BTC sent by", "15 ETH sent by", "600 sat by", result.Swaps[0].DepositTx, result.Swaps[1].PayoutTx, result.Swaps[0].Address} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("%q was not shown", want)
		}
	}
	var written []Claim
	raw, err := os.ReadFile(s.cfg.ClaimsFile)
	must(t, err)
	must(t, json.Unmarshal(raw, &written))
	if len(written) != 2 || !reflect.DeepEqual(written[0], result.Claims[0]) || written[1].Chain != asset.Bitcoin ||
		written[1].Units != asset.NewUnits(2_450_000) {
		t.Errorf("claims file: %s", raw)
	}
}

func wantSwap(t *testing.T, d Done, deposit, payout string) {
	t.Helper()
	if d.Deposit.String() != deposit || d.Payout.String() != payout || d.PayoutTx == "" || d.DepositTx == "" {
		t.Errorf("%+v, want %s for %s", d, payout, deposit)
	}
}

// A receipt with another deposit address beside it: the wallet pays nothing.
func TestRunPaysNothingUnverified(t *testing.T) {
	t.Parallel()
	ctx, s := demotest.Context(t), newStage(t)
	thief, err := bitcoin.NewKey(demotest.Networks)
	must(t, err)
	s.sham.tamper = func(a *client.SwapAnswer) { a.DepositAddress = thief.Address() }
	_, err = Run(ctx, s.cfg)
	var refusal *client.Refusal
	if !errors.As(err, &refusal) || refusal.Field != "deposit_address" {
		t.Fatalf("got %v", err)
	}
	node, err := bitcoin.NewNode(s.cfg.UTXO[asset.Bitcoin])
	must(t, err)
	for id, sw := range s.sham.swaps {
		for _, address := range []string{thief.Address(), sw.terms.Receipt.DepositAddress} {
			if txs, err := node.Transactions(ctx, address); err != nil || len(txs) != 0 {
				t.Errorf("%s: %d transactions (%v)", id, len(txs), err)
			}
		}
	}
	if !strings.Contains(s.out.String(), "FAIL swap") {
		t.Errorf("the refusal was not shown:\n%s", s.out)
	}
}

// A swap that ends otherwise, and one that does not end: both are errors that say so.
func TestRunNamesWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, s := demotest.Context(t), newStage(t)
	s.sham.end = swap.Held
	if _, err := Run(ctx, s.cfg); err == nil || !strings.Contains(err.Error(), "went to held (because): It is held.") {
		t.Errorf("held: %v", err)
	}
	s.sham.end, s.cfg.SwapLimit = swap.DepositDetected, 3*time.Second
	_, err := Run(ctx, s.cfg)
	if err == nil || !strings.Contains(err.Error(), "to be settled (deposit detected: It is deposit_detected.): it took longer than 3s") {
		t.Errorf("too long: %v", err)
	}
	s.cfg.ReadyLimit = 5 * time.Second
	never := func(context.Context) (asset.Units, error) { return asset.Units{}, nil }
	s.cfg.Funds = s.treasury(t)[:1]
	s.cfg.Funds[0].Available = never
	if _, err = Run(ctx, s.cfg); err == nil || !strings.Contains(err.Error(), "1 BTC to be available to the hot wallet") {
		t.Errorf("no funds: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	display := show.New(show.Config{Out: &buffer{}})
	t.Cleanup(func() { must(t, display.Close()) })
	have := func(context.Context) (asset.Units, error) { return asset.Units{}, nil }
	one, two := swaptest.Amount(asset.BTC, "1"), swaptest.Amount(asset.BTC, "2")
	for name, cfg := range map[string]Config{
		"no display":       {},
		"negative limit":   {Show: display, SwapLimit: -1},
		"no address":       {Show: display, Funds: []Fund{{Asset: asset.BTC, Available: have, Least: one, Send: two}}},
		"no balance":       {Show: display, Funds: []Fund{{Asset: asset.BTC, Address: "x", Least: one, Send: two}}},
		"sends too little": {Show: display, Funds: []Fund{{Asset: asset.BTC, Address: "x", Available: have, Least: two, Send: one}}},
		"another asset":    {Show: display, Funds: []Fund{{Asset: asset.ETH, Address: "x", Available: have, Least: one, Send: two}}},
		"no nodes":         {Show: display, API: "http://127.0.0.1:1"},
		"one asset":        {Show: display, API: "http://127.0.0.1:1", Ethereum: "http://127.0.0.1:1", Networks: demotest.Networks},
		"no API":           {Show: display, Ethereum: "http://127.0.0.1:1", Networks: demotest.Networks, UTXO: map[asset.Chain]bitcoin.NodeConfig{asset.Bitcoin: {URL: "http://127.0.0.1:1"}}},
	} {
		if _, err := Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestInstructionsNameRealThings(t *testing.T) {
	t.Parallel()
	text, err := Instructions(Place{API: "http://127.0.0.1:8080", Ferry: ".ferry/bin/ferry", Networks: demotest.Networks})
	must(t, err)
	if strings.Contains(text, "{API}") || strings.Contains(text, "{FERRY}") || strings.Contains(text, "{PAYOUT}") || strings.Contains(text, "{REFUND}") {
		t.Errorf("a placeholder is left:\n%s", text)
	}
	for field, chain := range map[string]asset.Chain{"payout_address": asset.Ethereum, "refund_address": asset.Bitcoin} {
		_, rest, _ := strings.Cut(text, `"`+field+`":"`)
		address, _, _ := strings.Cut(rest, `"`)
		if canonical, err := demotest.Networks.ParseAddress(chain, address); err != nil || canonical != address {
			t.Errorf("%s %q: %v", field, address, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
