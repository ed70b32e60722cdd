package litecoin

import (
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

const (
	// dust is Litecoin Core's threshold for a P2PKH output at its dust relay fee of
	// 30000 litoshi/kvB, ten times Bitcoin's (policy.h, DUST_RELAY_TX_FEE).
	dust = 5460
	// most is the supply that there will ever be.
	most = 84_000_000 * 100_000_000
	// blockMost is what BIP141 allows, and as much again for the extension block.
	blockMost = 8_000_000
)

// New makes an adapter for the network that the configuration names. It does not
// call the node yet.
func New(cfg utxo.Config) (*utxo.Adapter, error) {
	params, err := cfg.Networks.Params(asset.Litecoin)
	if err != nil {
		return nil, err
	}
	return utxo.New(cfg, utxo.Rules{
		Chain: asset.Litecoin, Network: cfg.Networks.Litecoin,
		Anchors: []chain.Ref{{Height: 0, Hash: params.GenesisHash.String()}},
		Script:  utxo.Script(cfg.Networks, asset.Litecoin), Address: utxo.Address(params), DecodeBlock: decodeBlock, DecodeTx: decodeTx, Hidden: extensionOnly,
		Input: utxo.P2WPKH, Sequence: utxo.Replaceable, Dust: dust, Most: most, BlockMost: blockMost, Halving: halving(cfg.Networks.Litecoin),
	})
}

// halving is four times Bitcoin's, but on regtest (Litecoin Core, chainparams.cpp).
func halving(network string) int64 {
	if network == "regtest" {
		return 150
	}
	return 840_000
}
