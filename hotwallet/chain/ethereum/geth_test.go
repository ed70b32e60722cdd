package ethereum_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/hotwallet/chain/chaintest/node"
)

// gethChainID is the private chain's EIP-155 id.
const gethChainID = 1337

// geth is a running geth on a private chain. Nobody but the test makes blocks:
// testing_commitBlockV1 does, debug_setHead takes them back.
type geth struct {
	url string
	// client drives it.
	client *rpc.Client
}

// startGeth starts a geth whose genesis gives each address that balance in wei.
func startGeth(t testing.TB, balances map[string]string) *geth {
	t.Helper()
	dir, port := t.TempDir(), node.FreePort(t)
	genesis := filepath.Join(dir, "genesis.json")
	raw, err := json.Marshal(gethGenesis(balances))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(genesis, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	path := node.Program(t, "geth")
	if out, err := exec.CommandContext(t.Context(), path, "init", "--datadir", dir, genesis).CombinedOutput(); err != nil {
		t.Fatalf("geth init: %v\n%s", err, out)
	}
	n := &geth{url: "http://127.0.0.1:" + port}
	n.client, err = rpc.DialContext(t.Context(), n.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.client.Close)
	node.Start(t, path, []string{
		"--datadir", dir, "--networkid", "1337", "--nodiscover", "--maxpeers", "0", "--port", "0", "--ipcdisable",
		"--authrpc.port", node.FreePort(t), "--http", "--http.port", port, "--http.api", "eth,net,debug,txpool,testing",
		"--cache", "64", "--gcmode", "archive",
	}, func(ctx context.Context) error {
		var height string
		return n.client.CallContext(ctx, &height, "eth_blockNumber")
	})
	return n
}

// gethGenesis has every fork up to Prague, as public chains have it, from block 0.
func gethGenesis(balances map[string]string) map[string]any {
	config := map[string]any{
		"chainId": gethChainID, "terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": true,
		"shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0,
		"blobSchedule": map[string]any{
			"cancun": map[string]int{"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477},
			"prague": map[string]int{"target": 6, "max": 9, "baseFeeUpdateFraction": 5007716},
		},
	}
	for _, fork := range []string{
		"homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul",
		"muirGlacier", "berlin", "london", "arrowGlacier", "grayGlacier",
	} {
		config[fork+"Block"] = 0
	}
	// Blocks can't be made without the system contracts of Cancun and Prague.
	alloc := map[string]any{}
	for address, code := range map[common.Address][]byte{
		params.BeaconRootsAddress:        params.BeaconRootsCode,
		params.HistoryStorageAddress:     params.HistoryStorageCode,
		params.WithdrawalQueueAddress:    params.WithdrawalQueueCode,
		params.ConsolidationQueueAddress: params.ConsolidationQueueCode,
	} {
		alloc[address.Hex()] = map[string]string{"balance": "0", "nonce": "0x1", "code": hexutil.Encode(code)}
	}
	for address, wei := range balances {
		alloc[address] = map[string]string{"balance": wei}
	}
	return map[string]any{
		"config": config, "alloc": alloc, "difficulty": "0x0", "gasLimit": "0x1c9c380",
		"baseFeePerGas": "0x3b9aca00", "timestamp": "0x0", "nonce": "0x0", "extraData": "0x",
		"mixHash":  "0x0000000000000000000000000000000000000000000000000000000000000000",
		"coinbase": "0x0000000000000000000000000000000000000000",
	}
}
