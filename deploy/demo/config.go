package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
)

// Config says where everything is. Zero values of the last group mean the default.
type Config struct {
	// API is the public API's base URL.
	API string
	// UTXO are the nodes of Bitcoin and its siblings, Ethereum its; asked directly as any
	// wallet would. What has no node here is not swapped.
	UTXO     map[asset.Chain]bitcoin.NodeConfig
	Ethereum string
	Networks asset.Networks
	// QuoteKeys and AttestKeys are pinned by the wallet.
	QuoteKeys, AttestKeys swap.PublicKeys
	// Funds are what the hot wallet must have before anything can be swapped.
	Funds []Fund
	// ClaimsFile is where the claims are written for cmd/prove; "" writes none.
	ClaimsFile string
	Show       *show.Show
	// Trouble is what is to go wrong on the way.
	Trouble Trouble
	// Venues are unplugged while swaps are under way; nil leaves them alone.
	Venues *Venues

	// Deposits are what to swap of each asset, in coins; 0.02 BTC and the like. They
	// are moved into what the service takes.
	Deposits map[asset.ID]string
	// BlockEvery is the miner's pace; a second.
	BlockEvery time.Duration
	// ReadyLimit bounds the wait for funds, rates and the first quote, SwapLimit
	// that for one swap; two minutes each.
	ReadyLimit, SwapLimit time.Duration
}

// Trouble is what a run has to get over. The zero value is none.
type Trouble struct {
	// Stuck is the asset whose payout offers too little at first for its chain's miner,
	// Fails the one whose payout goes to a contract that refuses it at first: ether, or "".
	Stuck, Fails asset.ID
	// Attempts are the transactions signed for a swap's payout so far, in their order.
	Attempts func(ctx context.Context, swapID string) ([]Attempt, error)
	// Retry has staff order a failed payment again, and tells of each word they say.
	Retry func(ctx context.Context, swapID string, say func(string)) error
}

// Attempt is one transaction that was signed for a payout.
type Attempt struct {
	TxID string
	// Fee is what it costs at most.
	Fee asset.Amount
}

// Fund is the treasury's account in one asset.
type Fund struct {
	Asset asset.ID
	// Address is the treasury's, as `ferry treasury fund-address` gives it.
	Address string
	// Available is what the hot wallet can promise now, in base units.
	Available func(context.Context) (asset.Units, error)
	// Send is paid if less than Least is available.
	Least, Send asset.Amount
}

// dustSat is what the advertiser sends: more than nodes relay at least (294 sat
// to P2WPKH), less than anybody can use.
const dustSat = 600

const (
	defaultPace  = time.Second
	defaultLimit = 2 * time.Minute
)

func (c Config) withDefaults() (Config, error) {
	if c.Deposits == nil {
		c.Deposits = map[asset.ID]string{asset.BTC: "0.02", asset.LTC: "2", asset.BCH: "0.4", asset.ETH: "0.5",
			asset.USDT: "500", asset.USDC: "500"}
	}
	if c.BlockEvery == 0 {
		c.BlockEvery = defaultPace
	}
	if c.ReadyLimit == 0 {
		c.ReadyLimit = defaultLimit
	}
	if c.SwapLimit == 0 {
		c.SwapLimit = defaultLimit
	}
	if c.Show == nil {
		return c, errors.New("the demo needs a display to show itself on")
	}
	if c.BlockEvery < 0 || c.ReadyLimit < 0 || c.SwapLimit < 0 {
		return c, errors.New("the demo's pace and limits must be positive")
	}
	t := c.Trouble
	if t.Fails != "" && t.Fails != asset.ETH || t.Fails != "" && t.Retry == nil || t.Stuck+t.Fails != "" && t.Attempts == nil {
		return c, errors.New("the demo's trouble: what fails is ether, and both need their ways to look and to act")
	}
	if v := c.Venues; v != nil && (len(v.Names) < 3 || v.Unplug == nil || v.Plug == nil || v.Pricing == nil) {
		return c, errors.New("the demo's venues: three at least, and ways to unplug, plug and count them")
	}
	for _, f := range c.Funds {
		switch {
		case f.Address == "" || f.Available == nil:
			return c, fmt.Errorf("the fund of %s has no address or no way to ask for its balance", f.Asset)
		case f.Least.Asset != f.Asset || f.Send.Asset != f.Asset || f.Send.Units.Less(f.Least.Units):
			return c, fmt.Errorf("the fund of %s: what is sent, %s, must be at least the least, %s", f.Asset, f.Send, f.Least)
		}
	}
	nodes := make(map[asset.Chain]bitcoin.NodeConfig, len(c.UTXO))
	for chain, node := range c.UTXO {
		node.Chain = chain
		nodes[chain] = node
	}
	c.UTXO = nodes
	if len(c.pairs()) < 2 {
		return c, errors.New("the demo needs the nodes of two assets at least")
	}
	return c, nil
}

// pairs take each asset in and pay each out, once: in a ring, so that two assets are
// swapped both ways.
func (c Config) pairs() []asset.Pair {
	var ids []asset.ID
	for _, a := range c.Networks.Assets() {
		if _, coins := c.UTXO[a.Chain]; coins || a.Chain == asset.Ethereum && c.Ethereum != "" {
			ids = append(ids, a.ID)
		}
	}
	pairs := make([]asset.Pair, len(ids))
	for i, id := range ids {
		pairs[i] = asset.Pair{From: id, To: ids[(i+1)%len(ids)]}
	}
	return pairs
}
