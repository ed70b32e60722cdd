package utxo

import (
	"sync"
	"sync/atomic"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Adapter implements chain.Adapter. It is safe for concurrent use.
type Adapter struct {
	cfg   Config
	rules Rules
	// native is the chain's own asset: all that its outputs hold for us.
	native asset.ID
	node   client
	// checked is set once the node was seen to have the network's anchors.
	checked atomic.Bool

	mu       sync.Mutex
	sighted  map[string][]payment // mempool transactions by txid, what they pay
	previous map[string][]byte    // raw transactions by txid
	rates    map[string]uint64    // what blocks were paid, by hash
}

var (
	_ chain.Adapter = (*Adapter)(nil)
	_ chain.Scripts = (*Adapter)(nil)

	_ chain.Ancestry = (*Adapter)(nil)
)

// New makes an adapter. It does not call the node yet.
func New(cfg Config, rules Rules) (*Adapter, error) {
	if err := rules.check(); err != nil {
		return nil, err
	}
	cfg, err := cfg.withDefaults(rules.Chain)
	if err != nil {
		return nil, err
	}
	return &Adapter{
		cfg: cfg, rules: rules, native: rules.Chain.NativeID(), node: newClient(cfg, rules),
		sighted: map[string][]payment{}, previous: map[string][]byte{}, rates: map[string]uint64{},
	}, nil
}

// Chain implements chain.Reader.
func (a *Adapter) Chain() asset.Chain { return a.rules.Chain }

// Script implements chain.Scripts: the only script that Rules.Address makes the address
// of.
func (a *Adapter) Script(address string) ([]byte, error) { return a.rules.Script(address) }

// Replaceable implements chain.Payer: inputs signal it where nodes take replacements.
func (a *Adapter) Replaceable() bool { return a.rules.Sequence == Replaceable }

// MinOutput implements chain.Payer.
func (a *Adapter) MinOutput() asset.Units { return asset.NewUnits(a.rules.Dust) }
