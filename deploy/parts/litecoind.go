package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// litecoindPaths are where the program itself is. Debian's `litecoind` on the PATH is a shell script that writes a
// configuration into the user's home.
var litecoindPaths = []string{"/usr/lib/litecoin/litecoind", "/usr/local/bin/litecoind"}

// ErrNoLitecoind means that Litecoin's node is not on this machine and could not be put there.
var ErrNoLitecoind = errors.New("litecoind is not on this machine: run deploy/bootstrap.sh litecoin as root on Debian, " +
	"or: sudo apt-get install --no-install-recommends litecoind")

// FindLitecoind answers the path of litecoind: given if it is not empty, else where Debian's package puts it. The error
// wraps ErrNoLitecoind if there is none. deploy/bootstrap.sh looks in the same places.
func FindLitecoind(given string) (string, error) {
	candidates := litecoindPaths
	if given != "" {
		candidates = []string{given}
	}
	for _, path := range candidates {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("looking for litecoind: %w", err)
		}
		if info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", ErrNoLitecoind
}

// LitecoindConfig says where a litecoind on regtest lives.
type LitecoindConfig struct {
	Path    string // as FindLitecoind answers it
	Dir     string // chain, wallets, ports and RPC password; absolute
	LogFile string // absolute
	// MWEB lets Litecoin's extension blocks begin at block 432, as they have on the main network; that block needs a
	// peg-in in the mempool to be mined. Without it they never begin, and a chain can be mined on for ever.
	MWEB bool
	// BlockFeeLeast is the least rate that its blocks take, in coins per 1000 vB; litecoind's own, 0.00001, if empty. What
	// offers less waits in the mempool.
	BlockFeeLeast string
	RPCPort       int // chosen and remembered in Dir if 0
}

// Litecoind is a running litecoind on regtest: transaction index, no standard-rule exceptions, replacement at higher fees,
// no peers, loopback only. Witness spends are valid from the first block; rewards halve every 150 blocks. Debian's build
// pushes nothing (no ZMQ): poll it. Stop it; a Kill loses every block since the last clean stop.
type Litecoind struct{ *utxoNode }

// StartLitecoind starts the node on its old or a new chain and returns when its RPC answers.
func StartLitecoind(ctx context.Context, cfg LitecoindConfig) (*Litecoind, error) {
	data := filepath.Join(cfg.Dir, "data")
	if filepath.IsAbs(cfg.Dir) { // litecoind makes no folder; startUTXO says what is wrong with another
		if err := errors.Join(makeFolder(cfg.Dir, 0o700), makeFolder(data, 0o700)); err != nil {
			return nil, err
		}
	}
	n, err := startUTXO(ctx, utxoStart{
		name: "litecoind", path: cfg.Path, dir: cfg.Dir, logFile: cfg.LogFile, rpcPort: cfg.RPCPort,
		config: func(password string) []byte {
			return fmt.Appendf(nil, "rpcuser=%s\nrpcpassword=%s\n", utxoUser, password)
		},
		args: func(n *utxoNode, configFile string) []string {
			args := []string{
				"-regtest", "-conf=" + configFile, "-datadir=" + data, "-server", "-listen=0", "-connect=0", "-dnsseed=0",
				"-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", "-rpcport=" + strconv.Itoa(n.rpcPort),
				"-txindex=1", "-fallbackfee=0.0001",
				"-acceptnonstdtxn=0",    // regtest relays non-standard transactions by default; the main network does not
				"-mempoolreplacement=1", // off by default, in silence
				"-printtoconsole", "-nodebuglogfile",
			}
			if !cfg.MWEB {
				args = append(args, "-vbparams=mweb:9999999999:9999999999") // begins and ends in the year 2286
			}
			if cfg.BlockFeeLeast != "" {
				args = append(args, "-blockmintxfee="+cfg.BlockFeeLeast)
			}
			return args
		},
	})
	if err != nil {
		return nil, err
	}
	return &Litecoind{n}, nil
}
