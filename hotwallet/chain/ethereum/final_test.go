package ethereum_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// devAccount is rich on a geth --dev, which signs for it.
const devAccount = "0x71562b71999873db5b286df957af199ec94617f7"

// startDevGeth starts a geth that plays its own consensus: it makes a block of each
// transaction, calls the newest one safe, and finalizes every 32 blocks.
func startDevGeth(t *testing.T) *geth {
	t.Helper()
	dir, ports := t.TempDir(), freePorts(t, 1)
	p, err := parts.StartProcess(parts.ProcessConfig{Name: "geth", Path: partstest.Program(t, "geth"), Dir: dir,
		LogFile: filepath.Join(dir, "log"), Args: []string{"--dev", "--dev.period", "0", "--datadir", filepath.Join(dir, "data"),
			"--port", "0", "--ipcdisable", "--http", "--http.port", ports[0], "--http.api", "eth,debug", "--cache", "64"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	n := &geth{url: "http://127.0.0.1:" + ports[0]}
	if n.client, err = rpc.DialContext(t.Context(), n.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.client.Close)
	n.awaitAnswer(t, p)
	return n
}

// grow has the chain grow to a height, one transaction a block.
func (n *geth) grow(t *testing.T, height uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for sent := uint64(0); ; {
		var tip hexutil.Uint64
		if err := n.client.CallContext(ctx, &tip, "eth_blockNumber"); err != nil {
			t.Fatal(err)
		}
		if uint64(tip) >= height {
			return
		}
		if uint64(tip) >= sent {
			var txid string
			if err := n.client.CallContext(ctx, &txid, "eth_sendTransaction",
				map[string]any{"from": devAccount, "to": devAccount, "value": "0x1"}); err != nil {
				t.Fatal(err)
			}
			sent = uint64(tip) + 1
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the chain stays at %d: %v", tip, ctx.Err())
		case <-look.C:
		}
	}
}

func final(t *testing.T, n *geth) (chain.Final, chain.Ref) {
	t.Helper()
	a, err := ethereum.New(ethereum.Config{URL: n.url, Networks: asset.Networks{EthereumChainID: gethChainID}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Final(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tip, err := a.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []chain.Ref{f.Safe, f.Finalized} {
		if ref.Hash == "" {
			continue
		}
		if at, err := a.RefAt(t.Context(), ref.Height); err != nil || at != ref {
			t.Errorf("%s is final, and at its height is %s (%v)", ref, at, err)
		}
	}
	return f, tip
}

// geth --dev's safe follows its tip, and finalized stands at the last multiple of 32. It
// may make more blocks than it was given transactions.
func TestFinalFollowsTheNode(t *testing.T) {
	t.Parallel()
	n := startDevGeth(t)
	n.grow(t, 10)
	f, tip := final(t, n)
	if f.Safe.Height < 1 || f.Finalized.Height != 0 || f.At(1) != "safe" || f.At(tip.Height+1) != "" {
		t.Errorf("at %s: safe %s, finalized %s", tip, f.Safe, f.Finalized)
	}
	n.grow(t, 40)
	f, tip = final(t, n)
	if f.Safe.Height <= 32 || f.Finalized.Height != 32 || f.At(32) != "finalized" || f.At(33) != "safe" {
		t.Errorf("at %s: safe %s, finalized %s", tip, f.Safe, f.Finalized)
	}
}

// A geth that no consensus client has told anything refuses both names.
func TestFinalOfNodeWithoutConsensus(t *testing.T) {
	t.Parallel()
	if f, tip := final(t, startGeth(t, nil)); f != (chain.Final{}) {
		t.Errorf("at %s: %+v", tip, f)
	}
}
