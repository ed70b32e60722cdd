package utxotest

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/swap/asset"
)

// Kind is what a test has to know of a chain of the family.
type Kind struct {
	Chain asset.Chain
	// Networks is what its node runs on.
	Networks asset.Networks
	// Params are those of its network.
	Params *chaincfg.Params
	// Ready is the height from which deposits of ours can be spent.
	Ready int
	// Replaces tells whether a higher fee replaces what is in the mempool.
	Replaces bool
	// halving is the number of blocks between halvings of the reward of 50 coins.
	halving int64
}

// networks are those of the nodes that deploy/parts starts.
var networks = asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: 1337}

// Bitcoin is btcd on simnet, where witness spends are refused before block 300.
func Bitcoin(t testing.TB) Kind {
	t.Helper()
	return Kind{Chain: asset.Bitcoin, Networks: networks, Params: params(t, asset.Bitcoin), Ready: 320, Replaces: true, halving: 210_000}
}

// Litecoin is litecoind on regtest.
func Litecoin(t testing.TB) Kind {
	t.Helper()
	return Kind{Chain: asset.Litecoin, Networks: networks, Params: params(t, asset.Litecoin), Ready: 149, Replaces: true, halving: 150}
}

// BitcoinCash is bchd on simnet.
func BitcoinCash(t testing.TB) Kind {
	t.Helper()
	return Kind{Chain: asset.BitcoinCash, Networks: networks, Params: params(t, asset.BitcoinCash), Ready: 200, halving: 210_000}
}

func params(t testing.TB, c asset.Chain) *chaincfg.Params {
	t.Helper()
	p, err := networks.Params(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Subsidy is the reward of a block at a height, in base units.
func (k Kind) Subsidy(height int64) int64 { return 50_0000_0000 >> (height / k.halving) }

// Key is a private key with the address and script that its chain has for it.
type Key struct {
	Private *btcec.PrivateKey
	Address string
	Script  []byte
}

// Public is the key's public half, compressed.
func (k Key) Public() []byte { return k.Private.PubKey().SerializeCompressed() }

// Key makes the n-th key. The 0th is the miner's.
func (k Kind) Key(t testing.TB, n int) Key {
	t.Helper()
	private, public := btcec.PrivKeyFromBytes(chainhash.HashB(fmt.Appendf(nil, "ferry test key %d", n)))
	hash := address.Hash160(public.SerializeCompressed())
	if k.Chain == asset.BitcoinCash {
		prefix, err := networks.CashPrefix()
		must(t, err)
		text, err := asset.EncodeCashAddr(prefix, asset.CashP2PKH, hash)
		must(t, err)
		return Key{private, text, k.Legacy(t, hash)}
	}
	a, err := address.NewAddressWitnessPubKeyHash(hash, k.Params)
	must(t, err)
	return Key{private, a.EncodeAddress(), ScriptFor(t, a)}
}

// Legacy is the P2PKH script of a key's hash.
func (k Kind) Legacy(t testing.TB, hash []byte) []byte {
	t.Helper()
	a, err := address.NewAddressPubKeyHash(hash, k.Params)
	must(t, err)
	return ScriptFor(t, a)
}

// ScriptFor is the script that pays an address.
func ScriptFor(t testing.TB, a address.Address) []byte {
	t.Helper()
	script, err := txscript.PayToAddrScript(a)
	must(t, err)
	return script
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
