package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
)

// nodesLimit bounds a test with a real node.
const nodesLimit = 2 * time.Minute

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), nodesLimit)
	t.Cleanup(cancel)
	return ctx
}

func TestOnRealBitcoin(t *testing.T) {
	t.Parallel()
	ctx, dir := limited(t), t.TempDir()
	miner, err := address.NewAddressPubKeyHash(make([]byte, 20), &chaincfg.SimNetParams)
	if err != nil {
		t.Fatal(err)
	}
	node, err := parts.StartBtcd(ctx, parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"),
		LogFile: filepath.Join(dir, "log"), MiningAddress: miner.EncodeAddress()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Kill(); err != nil {
			t.Error(err)
		}
	})
	url := fmt.Sprintf("http://%s:%s@%s", node.RPCUser(), node.RPCPassword(), node.RPCAddress())
	claims := func(units string) string {
		return fmt.Sprintf(`[{"chain":"bitcoin","address":%q,"units":%q}]`, miner.EncodeAddress(), units)
	}
	if code, out, _ := prove(t, claims("1"), "-bitcoin", url); code != 1 || !strings.Contains(out, "0 BTC (0 sat) received in no block") {
		t.Errorf("before any block: exit status %d, %s", code, out)
	}
	rpc, err := newRPC(url, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	if err := rpc.call(ctx, &hashes, "generate", 3); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := prove(t, claims("15000000000"), "-bitcoin", url); code != 0 || !strings.Contains(out, "block 3, 1 confirmations") {
		t.Errorf("three blocks of 50 BTC: exit status %d, %s", code, out)
	}
	if code, out, _ := prove(t, claims("15000000000"), "-bitcoin", url, "-confirmations", "2"); code != 1 || !strings.Contains(out, "50 BTC (5000000000 sat) more") {
		t.Errorf("the newest block is not deep enough: exit status %d, %s", code, out)
	}
	if code, out, _ := prove(t, claims("14999999999"), "-bitcoin", url); code != 1 {
		t.Errorf("a satoshi less was promised: exit status %d, %s", code, out)
	}
	if code, out, _ := prove(t, strings.Replace(claims("1"), miner.EncodeAddress(), "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", 1), "-bitcoin", url); code != 1 || !strings.Contains(out, "Invalid address") {
		t.Errorf("an address of another network: exit status %d, %s", code, out)
	}
}

func TestOnRealEthereum(t *testing.T) {
	t.Parallel()
	ctx, dir := limited(t), t.TempDir()
	node, err := parts.StartGeth(ctx, parts.GethConfig{Path: partstest.Program(t, "geth"), Dir: filepath.Join(dir, "geth"), LogFile: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Kill(); err != nil {
			t.Error(err)
		}
	})
	rpc, err := newRPC(node.HTTPURL(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	var txid string
	if err := rpc.call(ctx, &txid, "eth_sendTransaction", map[string]string{
		"from": parts.GethDeveloperAddress, "to": ethAddress, "value": "0x3e2c284391c0000"}); err != nil { // 0.28 ETH
		t.Fatal(err)
	}
	waitForBlock(ctx, t, rpc, txid)
	for _, test := range []struct {
		claims string
		code   int
	}{
		{fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":"280000000000000000"}]`, ethAddress), 0},
		{fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":"280000000000000000","txid":%q}]`, ethAddress, txid), 0},
		{fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":"280000000000000001"}]`, ethAddress), 1},
		{fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":"280000000000000000","txid":%q}]`, ethAddress, ethTx), 1},
	} {
		if code, out, errs := prove(t, test.claims, "-ethereum", node.HTTPURL()); code != test.code {
			t.Errorf("%s: exit status %d, want %d; %s%s", test.claims, code, test.code, out, errs)
		}
	}
}

// waitForBlock returns when a block has the transaction.
func waitForBlock(ctx context.Context, t *testing.T, rpc *rpc, txid string) {
	t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		var receipt *struct {
			Status string `json:"status"`
		}
		if err := rpc.call(ctx, &receipt, "eth_getTransactionReceipt", txid); err == nil && receipt != nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal("no block took the transaction")
		case <-ticker.C:
		}
	}
}
