package bitcoin

import (
	"github.com/btcsuite/btcd/chaincfg/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

const (
	// dust is Bitcoin Core's threshold for a P2PKH output at its default dust relay fee
	// of 3000 sat/kvB (policy.cpp, GetDustThreshold): the highest of all standard
	// forms, so no node that keeps the default refuses it.
	dust = 546
	// most is the supply that there will ever be.
	most = 21_000_000 * 100_000_000
	// blockMost is what BIP141 allows.
	blockMost = 4_000_000
	// split is the block at which Bitcoin Cash left.
	split = 478_558
)

// New makes an adapter for the network that the configuration names. It does not
// call the node yet.
func New(cfg utxo.Config) (*utxo.Adapter, error) {
	params, err := cfg.Networks.Params(asset.Bitcoin)
	if err != nil {
		return nil, err
	}
	return utxo.New(cfg, utxo.Rules{
		Chain: asset.Bitcoin, Network: cfg.Networks.Bitcoin, Anchors: anchors(params),
		Script: utxo.Script(cfg.Networks, asset.Bitcoin), Address: utxo.Address(params), DecodeBlock: utxo.DecodeBlock, DecodeTx: utxo.DecodeTx,
		Input: utxo.P2WPKH, Sibling: utxo.P2PKH, Sequence: utxo.Replaceable, Dust: dust, Most: most, BlockMost: blockMost,
		Halving: int64(params.SubsidyReductionInterval),
	})
}

// anchors are the first block and, where it is known, one after Bitcoin Cash left.
func anchors(params *chaincfg.Params) []chain.Ref {
	found := []chain.Ref{{Height: 0, Hash: params.GenesisHash.String()}}
	for _, c := range params.Checkpoints {
		if params.Net == chaincfg.MainNetParams.Net && c.Height > split {
			return append(found, chain.Ref{Height: int64(c.Height), Hash: c.Hash.String()})
		}
	}
	return found
}
