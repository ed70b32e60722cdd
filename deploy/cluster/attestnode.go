package cluster

import (
	"context"
	"path/filepath"

	"ferry/deploy/parts"
)

// attestBitcoin is the part that attestd looks at deposits on: a btcd of its own, which
// learns of blocks from the other one as from any peer.
const attestBitcoin = "btcd-attest"

// attestNodes gives attestd nodes of its own. geth --dev makes its blocks by itself and
// has no peers, so on Ethereum attestd has a connection of its own to the same node.
func (c *Cluster) attestNodes(ctx context.Context) error {
	switch external := c.config.Getenv("ATTEST_BITCOIN_URL"); {
	case external != "":
		node, err := nodeURL("ATTEST_BITCOIN_URL", external)
		if err != nil {
			return err
		}
		c.settings.AttestBitcoin = node
	case c.bitcoinPeer == "":
		c.settings.AttestBitcoin = c.settings.Bitcoin // not ours to follow
	default:
		c.progress("starting attestd's own btcd")
		if err := c.secondBitcoin(ctx); err != nil {
			return err
		}
	}
	c.settings.AttestEthereum = c.settings.Ethereum
	if external := c.config.Getenv("ATTEST_ETHEREUM_URL"); external != "" {
		c.settings.AttestEthereum = Node{URL: external}
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
	c.settings.AttestBitcoin = Node{URL: "http://" + node.RPCAddress(), User: node.RPCUser(), Password: node.RPCPassword()}
	return nil
}

// attestSettings name attestd's own nodes.
func (c *Cluster) attestSettings() []string {
	b := c.settings.AttestBitcoin
	return []string{"ATTEST_BITCOIN_URL=" + b.URL, "ATTEST_BITCOIN_USER=" + b.User, "ATTEST_BITCOIN_PASSWORD=" + b.Password,
		"ATTEST_ETHEREUM_URL=" + c.settings.AttestEthereum.URL}
}
