package chaincases_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	gethparams "github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// gethChainID is the private chain's EIP-155 id.
const gethChainID = 1337

// limit is reached only when something is broken.
const limit = time.Minute

// geth is a geth on a private chain whose genesis made a stranger rich. Nobody but
// the test makes blocks: testing_commitBlockV1 does, debug_setHead takes them back.
type geth struct {
	url      string
	client   *rpc.Client
	reader   *ethereum.Adapter
	stranger *ecdsa.PrivateKey
	keys     int
	time     uint64 // of the last block
	sent     []*types.Transaction
	// forks are further ones than public chains have.
	forks []string
}

func newGeth(t *testing.T, forks ...string) *geth {
	t.Helper()
	g := &geth{time: 1_700_000_000, forks: forks}
	g.stranger = gethKey(t, 0)
	g.url = g.start(t)
	g.read(t, networks)
	g.mine(t, 1)
	return g
}

// read makes the adapter, for the tokens that are pinned.
func (g *geth) read(t *testing.T, n asset.Networks) {
	t.Helper()
	var err error
	if g.reader, err = ethereum.New(ethereum.Config{URL: g.url, Networks: n}); err != nil {
		t.Fatal(err)
	}
}

// starts bounds the attempts: a port that was free may be taken before geth has it.
const starts = 5

// start runs a geth until it answers, and returns its address.
func (g *geth) start(t *testing.T) string {
	t.Helper()
	for attempt := 1; ; attempt++ {
		url, p := runGeth(t, crypto.PubkeyToAddress(g.stranger.PublicKey), g.forks)
		client, err := rpc.DialContext(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		g.client = client
		t.Cleanup(client.Close)
		ended := false
		g.await(t, "geth to answer", func() bool {
			select {
			case <-p.Done():
				ended = true
				return true
			default:
			}
			var height hexutil.Uint64
			return client.CallContext(t.Context(), &height, "eth_blockNumber") == nil
		})
		if !ended {
			t.Cleanup(func() {
				if err := p.Kill(); err != nil {
					t.Error(err)
				}
			})
			return url
		}
		if attempt == starts {
			t.Fatalf("geth ended at each of %d starts: %v", starts, p.Err())
		}
	}
}

// runGeth starts a geth on a new chain, on a port that nobody uses now.
func runGeth(t *testing.T, rich common.Address, forks []string) (string, *parts.Process) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	genesis, data, path := filepath.Join(dir, "genesis.json"), filepath.Join(dir, "data"), partstest.Program(t, "geth")
	raw, err := json.Marshal(gethGenesis(rich, forks))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(genesis, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), path, "init", "--datadir", data, genesis).CombinedOutput(); err != nil {
		t.Fatalf("geth init: %v\n%s", err, out)
	}
	p, err := parts.StartProcess(parts.ProcessConfig{Name: "geth", Path: path, Dir: dir, LogFile: filepath.Join(dir, "log"), Args: []string{
		"--datadir", data, "--networkid", fmt.Sprint(gethChainID), "--nodiscover", "--maxpeers", "0", "--port", "0", "--ipcdisable",
		"--authrpc.port", "0", "--http", "--http.port", port, "--http.api", "eth,net,debug,txpool,testing",
		"--cache", "64", "--gcmode", "archive",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + port, p
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := parts.ListenFree()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return port
}

// gethGenesis has every fork up to Prague, as public chains have it, from block 0, and
// the further ones named, with the system contracts without which no block can be made then.
func gethGenesis(rich common.Address, forks []string) map[string]any {
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
	alloc := map[string]any{rich.Hex(): map[string]string{"balance": "1000000000000000000000"}}
	for address, code := range map[common.Address][]byte{
		gethparams.BeaconRootsAddress: gethparams.BeaconRootsCode, gethparams.HistoryStorageAddress: gethparams.HistoryStorageCode,
		gethparams.WithdrawalQueueAddress: gethparams.WithdrawalQueueCode, gethparams.ConsolidationQueueAddress: gethparams.ConsolidationQueueCode,
		gethparams.BuilderDepositAddress: gethparams.BuilderDepositCode, gethparams.BuilderExitAddress: gethparams.BuilderExitCode,
	} {
		alloc[address.Hex()] = map[string]string{"balance": "0", "nonce": "0x1", "code": hexutil.Encode(code)}
	}
	zero := common.Hash{}.Hex()
	return map[string]any{
		"config": config, "alloc": alloc, "difficulty": "0x0", "gasLimit": "0x1c9c380", "baseFeePerGas": "0x3b9aca00",
		"timestamp": "0x0", "nonce": "0x0", "extraData": "0x", "mixHash": zero, "coinbase": common.Address{}.Hex(),
	}
}

// gethKey is fixed by its number, so a failing run can be repeated.
func gethKey(t *testing.T, n int) *ecdsa.PrivateKey {
	t.Helper()
	k, err := crypto.ToECDSA(crypto.Keccak256(fmt.Appendf(nil, "ferry case key %d", n)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (g *geth) name() string           { return "geth" }
func (g *geth) adapter() chain.Adapter { return g.reader }

func (g *geth) newAddress(t *testing.T) string {
	t.Helper()
	g.keys++
	return crypto.PubkeyToAddress(gethKey(t, g.keys).PublicKey).Hex()
}

func (g *geth) pay(t *testing.T, a string, units asset.Units) string {
	t.Helper()
	to := common.HexToAddress(a)
	return g.send(t, g.sign(t, g.nonce(t), 1, &to, units.Big(), nil))
}

func (g *geth) nonce(t *testing.T) uint64 {
	t.Helper()
	var nonce hexutil.Uint64
	g.call(t, &nonce, "eth_getTransactionCount", crypto.PubkeyToAddress(g.stranger.PublicKey), "pending")
	return uint64(nonce)
}

// sign makes a stranger's transaction with gas enough for anything here, at a
// multiple of the usual price.
func (g *geth) sign(t *testing.T, nonce uint64, times int64, to *common.Address, value *big.Int, data []byte) *types.Transaction {
	t.Helper()
	gas := uint64(200_000)
	if len(g.forks) > 0 { // a new account costs that much alone
		gas = 1_000_000
	}
	return g.signWith(t, gas, nonce, times, to, value, data)
}

func (g *geth) signWith(t *testing.T, gas, nonce uint64, times int64, to *common.Address, value *big.Int, data []byte) *types.Transaction {
	t.Helper()
	tx, err := types.SignNewTx(g.stranger, types.LatestSignerForChainID(big.NewInt(gethChainID)), &types.DynamicFeeTx{
		ChainID: big.NewInt(gethChainID), Nonce: nonce, GasTipCap: big.NewInt(times * 1e9), GasFeeCap: big.NewInt(times * 10e9),
		Gas: gas, To: to, Value: value, Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func (g *geth) send(t *testing.T, tx *types.Transaction) string {
	t.Helper()
	raw, err := tx.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	hash := tx.Hash()
	if err := g.client.CallContext(t.Context(), &hash, "eth_sendRawTransaction", hexutil.Bytes(raw)); err != nil &&
		!strings.Contains(err.Error(), "already known") {
		t.Fatal(err)
	}
	g.sent = append(g.sent, tx)
	g.settle(t, func(pending, queued hexutil.Uint64) bool { return pending > 0 && queued == 0 })
	return hash.Hex()
}

// deploy makes a contract of a few bytes of code.
func (g *geth) deploy(t *testing.T, runtime []byte) common.Address {
	t.Helper()
	n := byte(len(runtime))
	init := []byte{0x60, n, 0x60, 12, 0x60, 0x00, 0x39, 0x60, n, 0x60, 0x00, 0xf3} // copy the n bytes from 12, return them
	tx := g.sign(t, g.nonce(t), 1, nil, new(big.Int), append(init, runtime...))
	g.send(t, tx)
	g.mine(t, 1)
	return crypto.CreateAddress(crypto.PubkeyToAddress(g.stranger.PublicKey), tx.Nonce())
}

func (g *geth) mine(t *testing.T, n int) {
	t.Helper()
	g.settle(t, func(_, queued hexutil.Uint64) bool { return queued == 0 })
	for range n {
		g.commit(t, nil)
	}
	g.settle(t, func(pending, queued hexutil.Uint64) bool { return pending+queued == 0 })
}

// commit makes a block of the given transactions, or of what waits if they are nil.
func (g *geth) commit(t *testing.T, transactions []string) {
	t.Helper()
	g.time += 12
	attributes := map[string]any{
		"timestamp": hexutil.Uint64(g.time), "prevRandao": common.Hash{}, "withdrawals": []any{},
		"suggestedFeeRecipient": common.Address{0xfe}, "parentBeaconBlockRoot": common.Hash{},
	}
	if slices.Contains(g.forks, "amsterdam") { // it numbers blocks by slot too
		attributes["slotNumber"] = hexutil.Uint64(g.time / 12)
	}
	var hash common.Hash
	g.call(t, &hash, "testing_commitBlockV1", attributes, transactions, nil)
}

// reorg replaces the last n blocks by n+1 others, with what was in them or with
// transfers to the sender under the same nonces.
func (g *geth) reorg(t *testing.T, n int, again bool) {
	t.Helper()
	var height, next hexutil.Uint64
	g.call(t, &height, "eth_blockNumber")
	g.call(t, nil, "debug_setHead", height-hexutil.Uint64(n))
	from := crypto.PubkeyToAddress(g.stranger.PublicKey)
	// The pool notices on its own time. It forgets what was in the blocks or, where it
	// still finds them, takes it in again.
	g.settle(t, func(pending, queued hexutil.Uint64) bool {
		var latest hexutil.Uint64
		g.call(t, &latest, "eth_getTransactionCount", from, "latest")
		g.call(t, &next, "eth_getTransactionCount", from, "pending")
		again := next - latest
		next = latest
		return queued == 0 && pending == again
	})
	sent := g.sent
	g.sent = nil
	for _, tx := range sent {
		if tx.Nonce() < uint64(next) {
			g.sent = append(g.sent, tx)
			continue
		}
		if !again {
			tx = g.sign(t, tx.Nonce(), 2, &from, big.NewInt(1), nil)
		}
		g.send(t, tx)
	}
	g.mine(t, n+1)
}

// settle waits for the pool, which sorts new transactions and drops mined ones on
// its own time.
func (g *geth) settle(t *testing.T, done func(pending, queued hexutil.Uint64) bool) {
	t.Helper()
	var status struct{ Pending, Queued hexutil.Uint64 }
	g.await(t, "the pool to settle", func() bool {
		g.call(t, &status, "txpool_status")
		return done(status.Pending, status.Queued)
	}, &status)
}

// await waits for what has to come; a failure shows what was seen last.
func (g *geth) await(t *testing.T, what string, done func() bool, seen ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %+v", what, seen)
		}
	}
}

func (g *geth) call(t *testing.T, out any, method string, params ...any) {
	t.Helper()
	if err := g.client.CallContext(t.Context(), out, method, params...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}
