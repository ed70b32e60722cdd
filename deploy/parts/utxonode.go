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

const (
	// utxoReadyLimit covers the check of a long chain after a killed run.
	utxoReadyLimit = time.Minute
	// utxoUser is the RPC user of every node; the password is random and stays in the node's folder.
	utxoUser = "ferry"
)

// utxoNode is what btcd, bchd and litecoind have in common: one process with JSON-RPC behind a password, its ports and
// password kept in its folder.
type utxoNode struct {
	*Process
	rpcPort, peerPort int
	password          string
}

// utxoStart says how one of them is started.
type utxoStart struct {
	name, path, dir, logFile string
	rpcPort, peerPort        int // chosen and remembered in dir if 0
	// config is the text of the configuration file, given the password: it keeps that out of the argument list, which
	// every user of the machine can read.
	config func(password string) []byte
	// args are the arguments, given the path of the configuration file.
	args func(n *utxoNode, configFile string) []string
}

// startUTXO starts the node on its old or a new chain and returns when its RPC answers.
func startUTXO(ctx context.Context, s utxoStart) (*utxoNode, error) {
	if !filepath.IsAbs(s.dir) {
		return nil, fmt.Errorf("the folder of %s must be absolute, got %q", s.name, s.dir)
	}
	if err := makeFolder(s.dir, 0o700); err != nil {
		return nil, err
	}
	pidFile := filepath.Join(s.dir, s.name+".pid")
	if err := waitForPredecessor(s.name, pidFile, predecessorLimit); err != nil { // it may still hold the ports
		return nil, err
	}
	ports, err := keepPorts(filepath.Join(s.dir, "ports.json"), map[string]int{"rpc": s.rpcPort, "peer": s.peerPort})
	if err != nil {
		return nil, fmt.Errorf("choosing the ports of %s: %w", s.name, err)
	}
	n := &utxoNode{rpcPort: ports["rpc"], peerPort: ports["peer"]}
	if n.password, err = keepPassword(filepath.Join(s.dir, "rpc.password")); err != nil {
		return nil, fmt.Errorf("keeping the RPC password of %s: %w", s.name, err)
	}
	configFile := filepath.Join(s.dir, s.name+".conf")
	if err := os.WriteFile(configFile, s.config(n.password), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration of %s: %w", s.name, err)
	}
	n.Process, err = StartProcess(ProcessConfig{Name: s.name, Path: s.path, Args: s.args(n, configFile),
		Dir: s.dir, LogFile: s.logFile, PIDFile: pidFile})
	if err != nil {
		return nil, err
	}
	if err := waitReady(ctx, n.Process, utxoReadyLimit, n.ping); err != nil {
		return nil, err
	}
	return n, nil
}

// RPCAddress is host:port of JSON-RPC over HTTP, without TLS.
func (n *utxoNode) RPCAddress() string { return loopback(n.rpcPort) }

// RPCUser is the name to log in with.
func (n *utxoNode) RPCUser() string { return utxoUser }

// RPCPassword is the password to log in with, made at the first start.
func (n *utxoNode) RPCPassword() string { return n.password }

// PeerAddress is host:port for other nodes of the same network.
func (n *utxoNode) PeerAddress() string { return loopback(n.peerPort) }

func (n *utxoNode) ping(ctx context.Context) error {
	var height int64
	return callRPC(ctx, n.RPCAddress(), utxoUser, n.password, "getblockcount", &height)
}

// btcdConfig is the configuration file of btcd and of bchd, its fork.
func btcdConfig(password string) []byte {
	return fmt.Appendf(nil, "[Application Options]\nrpcuser=%s\nrpcpass=%s\n", utxoUser, password)
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
