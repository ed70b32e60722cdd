package parts

import (
	"context"
	"errors"
	"path/filepath"
)

// BtcdConfig says where a btcd on simnet lives.
type BtcdConfig struct {
	Path    string // the built program, absolute
	Dir     string // chain, ports and RPC password; absolute
	LogFile string // absolute
	// MiningAddress receives what `generate` mines: a simnet address whose key the caller holds, since btcd has no wallet.
	MiningAddress string
	// Follow, if not empty, is the peer address of another btcd of the same simnet: all this node knows of is what that
	// one tells it, as any peer would. It takes blocks only, and no transactions.
	Follow   string
	RPCPort  int // chosen and remembered in Dir if 0
	PeerPort int // likewise
}

// Btcd is a running btcd on simnet: transaction and address index, no standard-rule exceptions, no peers, no TLS, loopback
// only; its RPC takes websockets too. Witness spends are valid from block 300 on. Stop it; a Kill loses up to five minutes of
// blocks.
type Btcd struct{ *utxoNode }

// StartBtcd starts the node on its old or a new chain and returns when its RPC answers.
func StartBtcd(ctx context.Context, cfg BtcdConfig) (*Btcd, error) {
	if cfg.MiningAddress == "" {
		return nil, errors.New("btcd needs a mining address")
	}
	n, err := startUTXO(ctx, utxoStart{
		name: "btcd", path: cfg.Path, dir: cfg.Dir, logFile: cfg.LogFile, rpcPort: cfg.RPCPort, peerPort: cfg.PeerPort,
		config: btcdConfig,
		args: func(n *utxoNode, configFile string) []string {
			args := []string{
				"--configfile=" + configFile, "--simnet",
				"--datadir=" + filepath.Join(cfg.Dir, "data"), "--logdir=" + filepath.Join(cfg.Dir, "logs"),
				"--listen=" + n.PeerAddress(), "--rpclisten=" + n.RPCAddress(), "--notls", "--nodnsseed",
				"--txindex", "--addrindex", "--trickleinterval=100ms",
				"--rejectnonstd", // simnet relays non-standard transactions by default; mainnet nodes do not
				"--miningaddr=" + cfg.MiningAddress,
			}
			if cfg.Follow != "" {
				args = append(args, "--connect="+cfg.Follow, "--blocksonly")
			}
			return args
		},
	})
	if err != nil {
		return nil, err
	}
	return &Btcd{n}, nil
}
