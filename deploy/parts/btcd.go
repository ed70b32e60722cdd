package parts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// btcdReadyLimit covers the check of a long simnet chain after a killed run.
const btcdReadyLimit = time.Minute

// btcdUser is the RPC user; the password is random and stays in the node's folder.
const btcdUser = "ferry"

// BtcdConfig says where a btcd on simnet lives.
type BtcdConfig struct {
	Path    string // the built program, absolute
	Dir     string // chain, ports and RPC password; absolute
	LogFile string // absolute
	// MiningAddress receives what `generate` mines: a simnet address whose key the caller holds, since btcd has no wallet.
	MiningAddress string
	RPCPort       int // chosen and remembered in Dir if 0
	PeerPort      int // likewise
}

func (c BtcdConfig) validate() error {
	switch {
	case !filepath.IsAbs(c.Dir):
		return fmt.Errorf("the folder of btcd must be absolute, got %q", c.Dir)
	case c.MiningAddress == "":
		return errors.New("btcd needs a mining address")
	}
	return nil
}

// Btcd is a running btcd on simnet: transaction and address index, no standard-rule exceptions, no peers, no TLS, loopback
// only. Witness spends are valid from block 300 on. Stop it; a Kill loses up to five minutes of blocks.
type Btcd struct {
	*Process
	rpcPort, peerPort int
	password          string
}

// StartBtcd starts the node on its old or a new chain and returns when its RPC answers.
func StartBtcd(ctx context.Context, cfg BtcdConfig) (*Btcd, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := makeFolder(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	pidFile := filepath.Join(cfg.Dir, "btcd.pid")
	if err := waitForPredecessor("btcd", pidFile, predecessorLimit); err != nil { // it may still hold the ports
		return nil, err
	}
	ports, err := keepPorts(filepath.Join(cfg.Dir, "ports.json"), map[string]int{"rpc": cfg.RPCPort, "peer": cfg.PeerPort})
	if err != nil {
		return nil, fmt.Errorf("choosing the ports of btcd: %w", err)
	}
	password, err := keepPassword(filepath.Join(cfg.Dir, "rpc.password"))
	if err != nil {
		return nil, fmt.Errorf("keeping the RPC password of btcd: %w", err)
	}
	configFile := filepath.Join(cfg.Dir, "btcd.conf")
	if err := writeBtcdConfig(configFile, password); err != nil {
		return nil, fmt.Errorf("writing the configuration of btcd: %w", err)
	}
	b := &Btcd{rpcPort: ports["rpc"], peerPort: ports["peer"], password: password}
	b.Process, err = StartProcess(ProcessConfig{
		Name: "btcd",
		Path: cfg.Path,
		Args: []string{
			"--configfile=" + configFile, "--simnet",
			"--datadir=" + filepath.Join(cfg.Dir, "data"), "--logdir=" + filepath.Join(cfg.Dir, "logs"),
			"--listen=" + b.PeerAddress(), "--rpclisten=" + b.RPCAddress(), "--notls", "--nodnsseed",
			"--txindex", "--addrindex", "--trickleinterval=100ms",
			"--rejectnonstd", // simnet relays non-standard transactions by default; mainnet nodes do not
			"--miningaddr=" + cfg.MiningAddress,
		},
		Dir:     cfg.Dir,
		LogFile: cfg.LogFile,
		PIDFile: pidFile,
	})
	if err != nil {
		return nil, err
	}
	if err := waitReady(ctx, b.Process, btcdReadyLimit, b.ping); err != nil {
		return nil, err
	}
	return b, nil
}

// RPCAddress is host:port of JSON-RPC over HTTP and websocket, without TLS.
func (b *Btcd) RPCAddress() string { return loopback(b.rpcPort) }

// RPCUser is the name to log in with.
func (b *Btcd) RPCUser() string { return btcdUser }

// RPCPassword is the password to log in with, made at the first start.
func (b *Btcd) RPCPassword() string { return b.password }

// PeerAddress is host:port for other nodes of the same simnet.
func (b *Btcd) PeerAddress() string { return loopback(b.peerPort) }

func (b *Btcd) ping(ctx context.Context) error {
	var height int64
	return callRPC(ctx, b.RPCAddress(), btcdUser, b.password, "getblockcount", &height)
}

// writeBtcdConfig keeps the password out of the argument list, which every user of the machine can read.
func writeBtcdConfig(path, password string) error {
	return os.WriteFile(path, fmt.Appendf(nil, "[Application Options]\nrpcuser=%s\nrpcpass=%s\n", btcdUser, password), 0o600)
}

// keepPassword answers the password in the file, made and stored at the first call.
func keepPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if password := strings.TrimSpace(string(text)); err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	return password, os.WriteFile(file, []byte(password+"\n"), 0o600)
}
