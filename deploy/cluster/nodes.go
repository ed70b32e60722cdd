package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"ferry/deploy/demo/faucet"
	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// nodes starts the node of every chain that the cluster runs, but for those it is told
// of by the environment.
func (c *Cluster) nodes(ctx context.Context) error {
	for _, chain := range c.config.Networks.Chains() {
		variable := strings.ToUpper(string(chain)) + "_URL"
		if external := c.config.Getenv(variable); external != "" {
			node := Node{URL: external}
			if chain.Family() == asset.UTXO {
				var err error
				if node, err = nodeURL(variable, external); err != nil {
					return err
				}
			}
			c.setNode(chain, node)
			continue
		}
		if err := c.node(ctx, chain); err != nil {
			return err
		}
	}
	return nil
}

// nodeNames are the embedded nodes' programs.
var nodeNames = map[asset.Chain]string{asset.Bitcoin: "btcd", asset.Litecoin: "litecoind", asset.BitcoinCash: "bchd", asset.Ethereum: "geth"}

// node starts the embedded node of a chain where it was, and keeps how to start it
// again.
func (c *Cluster) node(ctx context.Context, chain asset.Chain) error {
	name := nodeNames[chain]
	c.progress("starting " + name)
	node, p, err := c.startNode(ctx, chain)
	if err != nil {
		return err
	}
	c.part(name, func(ctx context.Context) (*parts.Process, error) {
		_, again, err := c.startNode(ctx, chain)
		return again, err
	})
	c.started(name, p)
	c.setNode(chain, node)
	return nil
}

func (c *Cluster) startNode(ctx context.Context, chain asset.Chain) (Node, *parts.Process, error) {
	name := nodeNames[chain]
	path, dir, log := filepath.Join(c.config.Bin, name), c.dir.Part(name), c.dir.Log(name)
	switch chain {
	case asset.Bitcoin:
		n, err := parts.StartBtcd(ctx, parts.BtcdConfig{Path: path, Dir: dir, LogFile: log, MiningAddress: c.config.MiningAddress})
		if err != nil {
			return Node{}, nil, err
		}
		c.bitcoinPeer = n.PeerAddress()
		return rpcNode(n), n.Process, nil
	case asset.Litecoin:
		path, err := parts.FindLitecoind(c.config.Getenv("LITECOIND"))
		if err != nil {
			return Node{}, nil, err
		}
		n, err := parts.StartLitecoind(ctx, parts.LitecoindConfig{Path: path, Dir: dir, LogFile: log, BlockFeeLeast: c.config.LitecoinBlockFee})
		if err != nil {
			return Node{}, nil, err
		}
		return rpcNode(n), n.Process, nil
	case asset.BitcoinCash:
		n, err := parts.StartBchd(ctx, parts.BchdConfig{Path: path, Dir: dir, LogFile: log, MiningAddress: c.config.CashMiningAddress})
		if err != nil {
			return Node{}, nil, err
		}
		return rpcNode(n), n.Process, nil
	case asset.Ethereum:
		n, err := parts.StartGeth(ctx, parts.GethConfig{Path: path, Dir: dir, LogFile: log})
		if err != nil {
			return Node{}, nil, err
		}
		return Node{URL: n.HTTPURL()}, n.Process, nil
	}
	return Node{}, nil, fmt.Errorf("there is no node of %.20q here", chain)
}

// rpcNode is where a node of Bitcoin or a sibling is.
func rpcNode(n interface {
	RPCAddress() string
	RPCUser() string
	RPCPassword() string
}) Node {
	return Node{URL: "http://" + n.RPCAddress(), User: n.RPCUser(), Password: n.RPCPassword()}
}

func (c *Cluster) setNode(chain asset.Chain, node Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch chain {
	case asset.Bitcoin:
		c.settings.Bitcoin = node
	case asset.Litecoin:
		c.settings.Litecoin = node
	case asset.BitcoinCash:
		c.settings.BitcoinCash = node
	case asset.Ethereum:
		c.settings.Ethereum = node
	}
}

// nodeSettings are the environment of what speaks to a chain's node.
func (c *Cluster) nodeSettings(chain asset.Chain) []string {
	node, prefix := c.settings.Node(chain), strings.ToUpper(string(chain))
	env := []string{prefix + "_URL=" + node.URL}
	if chain.Family() == asset.UTXO {
		env = append(env, prefix+"_USER="+node.User, prefix+"_PASSWORD="+node.Password)
	}
	return env
}

// tokens makes the contracts that the networks pin, before anybody looks for them. Those
// of somebody else's making are left to them.
func (c *Cluster) tokens(ctx context.Context) error {
	if c.config.Networks.Tokens != faucet.Tokens() {
		return nil
	}
	c.progress("making the tokens")
	maker, err := faucet.NewEthereum(ctx, c.settings.Ethereum.URL, c.config.Networks)
	if err != nil {
		return err
	}
	defer maker.Close()
	return maker.MakeTokens(ctx)
}
