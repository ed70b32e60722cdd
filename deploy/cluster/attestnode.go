package cluster

import (
	"context"
	"path/filepath"
	"strings"

	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// attestBitcoin is the part that attestd looks at deposits on: a btcd of its own, which
// learns of blocks from the other one as from any peer.
const attestBitcoin = "btcd-attest"

// attestNodes gives attestd a node of each chain: the one that ATTEST_<CHAIN>_URL names;
// a second btcd; or else the hot wallet's, over a connection of its own. geth --dev
// makes its blocks by itself and has no peers that could follow it.
func (c *Cluster) attestNodes(ctx context.Context) error {
	c.settings.Attest = map[asset.Chain]Node{}
	for _, chain := range c.config.Networks.Chains() {
		variable := attestPrefix(chain) + "URL"
		if external := c.config.Getenv(variable); external != "" {
			node, err := nodeURL(variable, external)
			if err != nil {
				return err
			}
			c.settings.Attest[chain] = node
			continue
		}
		c.settings.Attest[chain] = c.settings.Node(chain)
		if chain == asset.Bitcoin && c.bitcoinPeer != "" {
			c.progress("starting attestd's own btcd")
			if err := c.secondBitcoin(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) secondBitcoin(ctx context.Context) error {
	config := parts.BtcdConfig{Path: filepath.Join(c.config.Bin, "btcd"), Dir: c.dir.Part(attestBitcoin),
		LogFile: c.dir.Log(attestBitcoin), MiningAddress: c.config.MiningAddress, Follow: c.bitcoinPeer}
	node, err := parts.StartBtcd(ctx, config)
	if err != nil {
		return err
	}
	c.part(attestBitcoin, func(ctx context.Context) (*parts.Process, error) {
		again, err := parts.StartBtcd(ctx, config)
		if err != nil {
			return nil, err
		}
		return again.Process, nil
	})
	c.started(attestBitcoin, node.Process)
	c.settings.Attest[asset.Bitcoin] = Node{URL: "http://" + node.RPCAddress(), User: node.RPCUser(), Password: node.RPCPassword()}
	return nil
}

// attestSettings name attestd's own nodes.
func (c *Cluster) attestSettings() []string {
	var env []string
	for chain, node := range c.settings.Attest {
		prefix := attestPrefix(chain)
		env = append(env, prefix+"URL="+node.URL, prefix+"USER="+node.User, prefix+"PASSWORD="+node.Password)
	}
	return env
}

// attestPrefix begins the names of the settings of attestd's own node.
func attestPrefix(chain asset.Chain) string { return "ATTEST_" + strings.ToUpper(string(chain)) + "_" }
