package bitcoincash

import (
	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

const (
	// dust is the threshold of Bitcoin Cash Node and bchd for a P2PKH output at their
	// default relay fee of 1000 sat/kB.
	dust = 546
	// least is the smallest coin that is spent: SLP's wallets put their tokens on
	// outputs of 546 satoshis, CashTokens' on up to 1000.
	least = 1001
	// most is the supply that there will ever be.
	most = 21_000_000 * 100_000_000
	// blockMost is twice what blocks may have since 2018; since May 2024 the limit
	// follows what they have had (ABLA), slowly.
	blockMost = 64_000_000
)

// anchor is a block of the main network after all who left (bchd,
// chaincfg/params.go, its checkpoint after the split of November 2018).
var anchor = chain.Ref{Height: 556_767, Hash: "0000000000000000004626ff6e3b936941d341c5932ece4357eeccac44e6d56c"}

// New makes an adapter for the network that the configuration names. It does not
// call the node yet.
func New(cfg utxo.Config) (*utxo.Adapter, error) {
	r, err := rules(cfg.Networks)
	if err != nil {
		return nil, err
	}
	return utxo.New(cfg, r)
}

func rules(n asset.Networks) (utxo.Rules, error) {
	params, err := n.Params(asset.BitcoinCash)
	if err != nil {
		return utxo.Rules{}, err
	}
	prefix, err := n.CashPrefix()
	if err != nil {
		return utxo.Rules{}, err
	}
	anchors := []chain.Ref{{Height: 0, Hash: params.GenesisHash.String()}}
	if params.Net == chaincfg.MainNetParams.Net {
		anchors = append(anchors, anchor)
	}
	return utxo.Rules{
		Chain: asset.BitcoinCash, Network: n.BitcoinCash, Anchors: anchors,
		Script: utxo.Script(n, asset.BitcoinCash), Address: addressOf(params, prefix),
		DecodeBlock: utxo.DecodeBlock, DecodeTx: utxo.DecodeTx, Carried: carried,
		Input: utxo.P2PKH, Sequence: wire.MaxTxInSequenceNum, Dust: dust, Least: least, Most: most, BlockMost: blockMost,
		Halving: int64(params.SubsidyReductionInterval),
	}, nil
}

// addressOf is Rules.Address: P2PKH and P2SH of 20 bytes, which is what addresses of
// ours can be.
func addressOf(params *chaincfg.Params, prefix string) func([]byte) (string, bool) {
	return func(pkScript []byte) (string, bool) {
		paid, ok := utxo.Paid(pkScript, params, txscript.PubKeyHashTy, txscript.ScriptHashTy)
		if !ok {
			return "", false
		}
		kind := asset.CashP2PKH
		if _, isScript := paid.(*address.AddressScriptHash); isScript {
			kind = asset.CashP2SH
		}
		text, err := asset.EncodeCashAddr(prefix, kind, paid.ScriptAddress())
		return text, err == nil
	}
}
