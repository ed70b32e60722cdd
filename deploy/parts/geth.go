package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	gethReadyLimit = time.Minute
	gethInitLimit  = time.Minute
	// gethGasLimit is the room in a block that the genesis begins with. It stays: geth would
	// raise it with every block, and what a block is full with would never be the same.
	gethGasLimit = "11500000"
)

// The developer account of `geth --dev` is the same everywhere and known to everybody.
const (
	// GethDeveloperAddress holds the chain's coins; the node signs for it in eth_sendTransaction.
	GethDeveloperAddress = "0x71562b71999873DB5b286dF957af199Ec94617F7"
	// GethDeveloperKey is its private key, in hex without 0x.
	GethDeveloperKey = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
	// GethChainID is the chain's id for EIP-155 and EIP-1559 signatures.
	GethChainID = 1337
)

// GethConfig says where a geth on a developer chain of its own lives.
type GethConfig struct {
	Path     string // the built program, absolute
	Dir      string // chain, genesis and ports; absolute
	LogFile  string // absolute
	HTTPPort int    // chosen and remembered in Dir if 0
	WSPort   int    // likewise
}

// Geth is a running geth on a developer chain with today's gas rules: a block each second, empty or not; `finalized` moves
// at multiples of 32 blocks. It keeps the state of every block (some 10 kB each), so that it traces old ones too. Loopback
// only. Stop it; a Kill loses the blocks since the last clean stop.
type Geth struct {
	*Process
	httpPort, wsPort int
}

// StartGeth starts the node on its old or a new chain and returns when its RPC answers.
func StartGeth(ctx context.Context, cfg GethConfig) (*Geth, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("the folder of geth must be absolute, got %q", cfg.Dir)
	}
	if err := makeFolder(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	pidFile := filepath.Join(cfg.Dir, "geth.pid")
	if err := waitForPredecessor("geth", pidFile, predecessorLimit); err != nil { // it may still hold the ports
		return nil, err
	}
	if err := initGeth(ctx, cfg); err != nil {
		return nil, fmt.Errorf("making the chain of geth: %w", err)
	}
	ports, err := keepPorts(filepath.Join(cfg.Dir, "ports.json"), map[string]int{"http": cfg.HTTPPort, "ws": cfg.WSPort})
	if err != nil {
		return nil, fmt.Errorf("choosing the ports of geth: %w", err)
	}
	g := &Geth{httpPort: ports["http"], wsPort: ports["ws"]}
	g.Process, err = StartProcess(ProcessConfig{
		Name: "geth",
		Path: cfg.Path,
		Args: []string{
			"--dev", "--dev.period", "1", "--miner.gaslimit", gethGasLimit, "--datadir", gethData(cfg.Dir), "--gcmode", "archive", "--ipcdisable",
			"--http", "--http.addr", "127.0.0.1", "--http.port", strconv.Itoa(g.httpPort), "--http.api", "eth,net,web3,debug,txpool",
			"--ws", "--ws.addr", "127.0.0.1", "--ws.port", strconv.Itoa(g.wsPort), "--ws.api", "eth,net,web3,debug",
		},
		Dir:     cfg.Dir,
		LogFile: cfg.LogFile,
		PIDFile: pidFile,
	})
	if err != nil {
		return nil, err
	}
	if err := waitReady(ctx, g.Process, gethReadyLimit, g.ping); err != nil {
		return nil, err
	}
	return g, nil
}

// HTTPURL is where JSON-RPC is asked.
func (g *Geth) HTTPURL() string { return "http://" + loopback(g.httpPort) }

// WebsocketURL is where JSON-RPC subscriptions are had.
func (g *Geth) WebsocketURL() string { return "ws://" + loopback(g.wsPort) }

func (g *Geth) ping(ctx context.Context) error {
	var number string
	return callRPC(ctx, loopback(g.httpPort), "", "", "eth_blockNumber", &number)
}

func gethData(dir string) string { return filepath.Join(dir, "data") }

// initGeth writes the genesis and makes the chain from it, once. Both steps can be repeated after a crash.
func initGeth(ctx context.Context, cfg GethConfig) error {
	done := filepath.Join(cfg.Dir, "initialised")
	if _, err := os.Stat(done); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	genesis, err := gethGenesis(ctx, cfg.Path)
	if err != nil {
		return err
	}
	file := filepath.Join(cfg.Dir, "genesis.json")
	if err := os.WriteFile(file, genesis, 0o600); err != nil {
		return fmt.Errorf("writing the genesis: %w", err)
	}
	err = runToEnd(ctx, gethInitLimit, ProcessConfig{
		Name: "geth init", Path: cfg.Path, Dir: cfg.Dir, LogFile: cfg.LogFile,
		// The scheme stays with the folder. By path, archives of a short chain don't have the states beyond 128 blocks.
		Args: []string{"--state.scheme", "hash", "--datadir", gethData(cfg.Dir), "init", file},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o600)
}
