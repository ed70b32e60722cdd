package parts

import (
	"context"
	"errors"
	"path/filepath"
)

// BchdConfig says where a bchd on simnet lives.
type BchdConfig struct {
	Path    string // the built program, absolute
	Dir     string // chain, ports and RPC password; absolute
	LogFile string // absolute
	// MiningAddress receives what `generate` mines: a simnet CashAddr whose key the caller holds, since bchd has no wallet.
	MiningAddress string
	RPCPort       int // chosen and remembered in Dir if 0
	PeerPort      int // likewise
}

// Bchd is a running bchd on simnet: transaction and address index, no standard-rule exceptions, no peers, no TLS, loopback
// only; its RPC takes websockets too. It knows no CashTokens. Its simnet has btcd's genesis and magic: never connect the
// two. Stop it; a Kill loses the last blocks.
type Bchd struct{ *utxoNode }

// StartBchd starts the node on its old or a new chain and returns when its RPC answers.
func StartBchd(ctx context.Context, cfg BchdConfig) (*Bchd, error) {
	if cfg.MiningAddress == "" {
		return nil, errors.New("bchd needs a mining address")
	}
	n, err := startUTXO(ctx, utxoStart{
		name: "bchd", path: cfg.Path, dir: cfg.Dir, logFile: cfg.LogFile, rpcPort: cfg.RPCPort, peerPort: cfg.PeerPort,
		config: btcdConfig,
		args: func(n *utxoNode, configFile string) []string {
			return []string{
				"--configfile=" + configFile, "--simnet",
				"--datadir=" + filepath.Join(cfg.Dir, "data"), "--logdir=" + filepath.Join(cfg.Dir, "logs"),
				"--listen=" + n.PeerAddress(), "--rpclisten=" + n.RPCAddress(), "--notls", "--nodnsseed",
				// Named although there is no TLS: bchd makes a folder in the user's home for them otherwise.
				"--rpccert=" + filepath.Join(cfg.Dir, "rpc.cert"), "--rpckey=" + filepath.Join(cfg.Dir, "rpc.key"),
				"--txindex", "--addrindex", "--trickleinterval=100ms",
				"--dbflushinterval=1", // seconds; of blocks it has not flushed it knows nothing after a kill
				"--rejectnonstd",
				"--miningaddr=" + cfg.MiningAddress,
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return &Bchd{n}, nil
}
