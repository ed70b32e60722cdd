package faucet_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"

	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/parts"
)

// A closed contract wallet takes ether where a wallet asks before it pays, and refuses the
// payment; once its owner has opened it, it takes both.
func TestSafeIsClosedUntilItIsOpened(t *testing.T) {
	t.Parallel()
	ctx, url := demotest.Context(t), demotest.Geth(t, t.TempDir())
	f, err := faucet.NewEthereum(ctx, url, demotest.Networks)
	must(t, err)
	t.Cleanup(f.Close)
	client, err := ethclient.DialContext(ctx, url)
	must(t, err)
	t.Cleanup(client.Close)
	address, err := f.MakeSafe(ctx)
	must(t, err)
	message := map[string]any{"from": parts.GethDeveloperAddress, "to": address, "value": "0x3e8"}
	asked := func() error {
		var gas hexutil.Uint64
		return client.Client().CallContext(ctx, &gas, "eth_estimateGas", message)
	}
	paid := func() uint64 {
		t.Helper()
		var hash common.Hash
		must(t, client.Client().CallContext(ctx, &hash, "eth_sendTransaction",
			map[string]any{"from": parts.GethDeveloperAddress, "to": address, "value": "0x3e8", "gas": "0x186a0"}))
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			receipt, err := client.TransactionReceipt(ctx, hash)
			if err == nil {
				return receipt.Status
			}
			select {
			case <-ctx.Done():
				t.Fatalf("%s is in no block: %v", hash, err)
			case <-ticker.C:
			}
		}
	}
	must(t, asked())
	if status := paid(); status != types.ReceiptStatusFailed {
		t.Errorf("closed, it took ether: status %d", status)
	}
	// Not by its owner: it stays closed.
	stranger := map[string]any{"from": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "to": address}
	var gas hexutil.Uint64
	if err := client.Client().CallContext(ctx, &gas, "eth_estimateGas", stranger); err == nil {
		t.Error("a stranger can open it")
	}
	must(t, f.OpenSafe(ctx, address))
	must(t, asked())
	if status := paid(); status != types.ReceiptStatusSuccessful {
		t.Errorf("opened, it refused ether: status %d", status)
	}
	if held, err := f.Balance(ctx, address); err != nil || held.Cmp(big.NewInt(1000)) != 0 {
		t.Errorf("it holds %s wei (%v), want 1000", held, err)
	}
}
