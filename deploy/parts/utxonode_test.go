package parts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/deploy/parts/partstest"
)

// anyCashAddr is a simnet CashAddr (of a hash of zeros); nobody needs its key here.
const anyCashAddr = "bchsim:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq4e3q0p38"

func height(ctx context.Context, t *testing.T, n *utxoNode) (h int64) {
	t.Helper()
	must(t, callRPC(ctx, n.RPCAddress(), n.RPCUser(), n.RPCPassword(), "getblockcount", &h))
	return h
}

func startBchd(t *testing.T, dir string) *Bchd {
	t.Helper()
	b, err := StartBchd(testContext(t), BchdConfig{
		Path: partstest.Program(t, "bchd"), Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "bchd.log"), MiningAddress: anyCashAddr,
	})
	must(t, err)
	t.Cleanup(func() { must(t, b.Kill()) })
	return b
}

// Mine, stop, start: ports, password and chain are the same, and nothing is left in the user's home.
func TestBchdKeepsItsChain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bchd")
	b := startBchd(t, dir)
	_, err := btcdClient(t, b.utxoNode).Generate(5)
	must(t, err)
	must(t, b.Stop(testContext(t)))

	again := startBchd(t, dir)
	if again.RPCAddress() != b.RPCAddress() || again.PeerAddress() != b.PeerAddress() || again.RPCPassword() != b.RPCPassword() {
		t.Errorf("addresses or password changed")
	}
	if got := height(testContext(t), t, again.utxoNode); got != 5 {
		t.Fatalf("tip at %d, want 5", got)
	}
	must(t, again.Stop(testContext(t)))
}

func startLitecoind(t *testing.T, dir string) *Litecoind {
	t.Helper()
	l, err := StartLitecoind(testContext(t), LitecoindConfig{Path: partstest.Litecoind(t), Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "litecoind.log")})
	must(t, err)
	t.Cleanup(func() { must(t, l.Kill()) })
	return l
}

func TestLitecoindKeepsItsChain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "litecoind")
	l := startLitecoind(t, dir)
	client := btcdClient(t, l.utxoNode)
	// Past the block at which extension blocks begin where they are not put off.
	_, err := client.RawRequest("generatetoaddress", rawArgs(`440`, `"rltc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnmxrc5"`))
	must(t, err)
	must(t, l.Stop(testContext(t)))

	again := startLitecoind(t, dir)
	if again.RPCAddress() != l.RPCAddress() || again.RPCPassword() != l.RPCPassword() {
		t.Errorf("address or password changed")
	}
	if got := height(testContext(t), t, again.utxoNode); got != 440 {
		t.Fatalf("tip at %d, want 440", got)
	}
	must(t, again.Stop(testContext(t)))
}

func TestUTXONodesTellWhyTheyCannotStart(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	_, err := StartBchd(testContext(t), BchdConfig{Path: partstest.Program(t, "bchd"), Dir: filepath.Join(t.TempDir(), "bchd"), LogFile: log, MiningAddress: "nonsense"})
	if err == nil || !strings.Contains(err.Error(), "bchd stopped with exit status 1") {
		t.Errorf("got %v", err)
	}
	if _, err := StartBchd(testContext(t), BchdConfig{Path: "/bin/false", Dir: t.TempDir(), LogFile: log}); err == nil || !strings.Contains(err.Error(), "needs a mining address") {
		t.Errorf("got %v", err)
	}
	if _, err := StartLitecoind(testContext(t), LitecoindConfig{Path: "/bin/false", Dir: "relative", LogFile: log}); err == nil || !strings.Contains(err.Error(), "must be absolute") {
		t.Errorf("got %v", err)
	}
}

func TestFindLitecoind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, text := filepath.Join(dir, "litecoind"), filepath.Join(dir, "text")
	must(t, os.WriteFile(program, nil, 0o700))
	must(t, os.WriteFile(text, nil, 0o600))
	if got, err := FindLitecoind(program); err != nil || got != program {
		t.Errorf("%q, %v", got, err)
	}
	for _, given := range []string{text, dir, filepath.Join(dir, "none")} {
		if got, err := FindLitecoind(given); !errors.Is(err, ErrNoLitecoind) {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
}
