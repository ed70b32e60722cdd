package ethereum_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
)

// gethChainID is the private chain's EIP-155 id.
const gethChainID = 1337

// startLimit is reached only when something is broken.
const startLimit = time.Minute

// geth is a running geth on a private chain. Nobody but the test makes blocks:
// testing_commitBlockV1 does, debug_setHead takes them back.
type geth struct {
	url string
	// client drives it.
	client *rpc.Client
}

// startGeth starts a geth whose genesis gives each address that balance in wei.
// Unlike deploy/parts', it makes no block by itself and forgets no state.
func startGeth(t testing.TB, balances map[string]string, forks ...string) *geth {
	t.Helper()
	dir, ports := t.TempDir(), freePorts(t, 2)
	genesis := filepath.Join(dir, "genesis.json")
	raw, err := json.Marshal(gethGenesis(balances, forks))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(genesis, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	path, data := partstest.Program(t, "geth"), filepath.Join(dir, "data")
	if out, err := exec.CommandContext(t.Context(), path, "init", "--state.scheme", "hash", "--datadir", data, genesis).CombinedOutput(); err != nil {
		t.Fatalf("geth init: %v\n%s", err, out)
	}
	p, err := parts.StartProcess(parts.ProcessConfig{Name: "geth", Path: path, Dir: dir, LogFile: filepath.Join(dir, "log"), Args: []string{
		"--datadir", data, "--networkid", "1337", "--nodiscover", "--maxpeers", "0", "--port", "0", "--ipcdisable",
		"--authrpc.port", ports[0], "--http", "--http.port", ports[1], "--http.api", "eth,net,debug,txpool,testing",
		"--cache", "64", "--gcmode", "archive",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	n := &geth{url: "http://127.0.0.1:" + ports[1]}
	if n.client, err = rpc.DialContext(t.Context(), n.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.client.Close)
	n.awaitAnswer(t, p)
	return n
}

// awaitAnswer returns once the node answers.
func (n *geth) awaitAnswer(t testing.TB, p *parts.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		var height string
		err := n.client.CallContext(ctx, &height, "eth_blockNumber")
		if err == nil {
			return
		}
		select {
		case <-p.Done():
			t.Fatalf("geth ended at once: %v", p.Err())
		case <-ctx.Done():
			t.Fatalf("geth does not answer: %v", err)
		case <-look.C:
		}
	}
}

// freePorts are loopback ports that nobody uses now, each another.
func freePorts(t testing.TB, count int) []string {
	t.Helper()
	var ports []string
	for range count {
		l, err := parts.ListenFree()
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	return ports
}

// gethGenesis has every fork up to Prague, as public chains have it, from block 0, and
// the further ones named.
func gethGenesis(balances map[string]string, forks []string) map[string]any {
	config := map[string]any{
		"chainId": gethChainID, "terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": true,
		"shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0,
		"blobSchedule": map[string]any{
			"cancun": map[string]int{"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477},
			"prague": map[string]int{"target": 6, "max": 9, "baseFeeUpdateFraction": 5007716},
		},
	}
	schedule := config["blobSchedule"].(map[string]any)
	for _, fork := range forks {
		config[fork+"Time"], schedule[fork] = 0, schedule["prague"]
	}
	for _, fork := range []string{
		"homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul",
		"muirGlacier", "berlin", "london", "arrowGlacier", "grayGlacier",
	} {
		config[fork+"Block"] = 0
	}
	// Blocks can't be made without the system contracts of Cancun, Prague and Amsterdam.
	alloc := map[string]any{}
	for address, code := range map[common.Address][]byte{
		params.BeaconRootsAddress:        params.BeaconRootsCode,
		params.HistoryStorageAddress:     params.HistoryStorageCode,
		params.WithdrawalQueueAddress:    params.WithdrawalQueueCode,
		params.ConsolidationQueueAddress: params.ConsolidationQueueCode,
		params.BuilderDepositAddress:     params.BuilderDepositCode,
		params.BuilderExitAddress:        params.BuilderExitCode,
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
