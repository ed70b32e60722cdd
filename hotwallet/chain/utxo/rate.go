package utxo

import (
	"context"
	"encoding/json"
	"errors"

	"ferry/hotwallet/chain"
)

// feeRate asks the node, in base units per 1000 vbytes. No answer is no error: nodes
// learn only from what was mined before them.
func (a *Adapter) feeRate(ctx context.Context) uint64 {
	rate, err := a.estimate(ctx, a.cfg.ConfirmTarget)
	if err != nil {
		rate = a.cfg.FeeFallback
	}
	return min(max(rate, a.cfg.FeeFloor), a.cfg.FeeCap)
}

// estimate asks Bitcoin Core's call first, then btcd's. Both answer in coins
// per kvB.
func (a *Adapter) estimate(ctx context.Context, blocks int) (uint64, error) {
	var smart struct {
		Rate json.Number `json:"feerate"`
	}
	number := &smart.Rate
	err := a.node.call(ctx, &smart, "estimatesmartfee", blocks)
	var refused *rpcError
	if errors.As(err, &refused) {
		err = a.node.call(ctx, number, "estimatefee", blocks)
	}
	if err != nil {
		return 0, err
	}
	rate, err := parseRate(*number)
	if err != nil {
		return 0, errors.Join(errNoRate, err)
	}
	return rate, nil
}

// noEstimate tells an answer without a rate from no answer.
func noEstimate(err error) error {
	var refused *rpcError
	if errors.As(err, &refused) || errors.Is(err, errNoRate) {
		return errors.Join(chain.ErrNoEstimate, err)
	}
	return err
}

// floors are the least rates that the node takes, in base units per 1000 vbytes: of any
// transaction, and of a replacement on top of what it replaces.
type floors struct{ relay, incremental uint64 }

// defaultIncremental is what nodes ask for that do not say (Bitcoin Core's
// DEFAULT_INCREMENTAL_RELAY_FEE before 30.0; later ones say).
const defaultIncremental = 1000

// floors asks Bitcoin Core's calls first, then btcd's. A node that does not say leaves the
// configured floor; one that does not answer is an error.
func (a *Adapter) floors(ctx context.Context) (floors, error) {
	f := floors{incremental: defaultIncremental}
	var network struct {
		Relay       json.Number `json:"relayfee"`
		Incremental json.Number `json:"incrementalfee"`
	}
	if err := a.unlessRefused(a.node.call(ctx, &network, "getnetworkinfo")); err != nil {
		return f, err
	}
	if network.Relay == "" {
		if err := a.unlessRefused(a.node.call(ctx, &network, "getinfo")); err != nil {
			return f, err
		}
		// btcd and bchd know one rate for both (btcd mempool.go, validateReplacement).
		network.Incremental = network.Relay
	}
	var pool struct {
		Least json.Number `json:"mempoolminfee"`
	}
	if err := a.unlessRefused(a.node.call(ctx, &pool, "getmempoolinfo")); err != nil {
		return f, err
	}
	for _, least := range []json.Number{network.Relay, pool.Least} {
		if rate, err := parseRate(least); err == nil {
			f.relay = max(f.relay, rate)
		}
	}
	if rate, err := parseRate(network.Incremental); err == nil {
		f.incremental = rate
	}
	return f, nil
}

// unlessRefused: a call that the node does not know is no error.
func (a *Adapter) unlessRefused(err error) error {
	var refused *rpcError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// FloorRate implements chain.Market: the node's relay fee, or its mempool's least while that
// is full.
func (a *Adapter) FloorRate(ctx context.Context) (chain.Rate, error) {
	if err := a.checkNetwork(ctx); err != nil {
		return 0, err
	}
	f, err := a.floors(ctx)
	return chain.Rate(f.relay), err
}
