package bitcoin

import (
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// Key is a private key with its address on one chain: P2WPKH (BIP 84's form, without
// the derivation), on Bitcoin Cash P2PKH.
type Key struct {
	private *btcec.PrivateKey
	chain   asset.Chain
	address string
	script  []byte
}

// NewKey makes a random key of Bitcoin's.
func NewKey(networks asset.Networks) (Key, error) { return NewKeyOn(asset.Bitcoin, networks) }

// NewKeyOn makes a random key of a chain's.
func NewKeyOn(chain asset.Chain, networks asset.Networks) (Key, error) {
	private, err := btcec.NewPrivateKey()
	if err != nil {
		return Key{}, fmt.Errorf("make a key of %s: %w", chain, err)
	}
	return newKey(private, chain, networks)
}

// KeyOf is the key with this number, 1 and above.
func KeyOf(number [32]byte, chain asset.Chain, networks asset.Networks) (Key, error) {
	private, _ := btcec.PrivKeyFromBytes(number[:])
	return newKey(private, chain, networks)
}

func newKey(private *btcec.PrivateKey, chain asset.Chain, networks asset.Networks) (Key, error) {
	text, err := addressOf(address.Hash160(private.PubKey().SerializeCompressed()), chain, networks)
	if err != nil {
		return Key{}, fmt.Errorf("address of a key of %s: %w", chain, err)
	}
	script, err := scriptOf(chain, networks, text)
	if err != nil {
		return Key{}, fmt.Errorf("script of a key of %s: %w", chain, err)
	}
	return Key{private: private, chain: chain, address: text, script: script}, nil
}

func addressOf(hash []byte, chain asset.Chain, networks asset.Networks) (string, error) {
	if chain == asset.BitcoinCash {
		prefix, err := networks.CashPrefix()
		if err != nil {
			return "", err
		}
		return asset.EncodeCashAddr(prefix, asset.CashP2PKH, hash)
	}
	params, err := networks.Params(chain)
	if err != nil {
		return "", err
	}
	a, err := address.NewAddressWitnessPubKeyHash(hash, params)
	if err != nil {
		return "", err
	}
	return a.EncodeAddress(), nil
}

// scriptOf is what an output to a canonical address holds.
func scriptOf(chain asset.Chain, networks asset.Networks, canonical string) ([]byte, error) {
	params, err := networks.Params(chain)
	if err != nil {
		return nil, err
	}
	if chain != asset.BitcoinCash {
		decoded, err := address.DecodeAddress(canonical, params)
		if err != nil {
			return nil, err
		}
		return txscript.PayToAddrScript(decoded)
	}
	prefix, err := networks.CashPrefix()
	if err != nil {
		return nil, err
	}
	kind, hash, err := asset.DecodeCashAddr(prefix, canonical)
	if err != nil {
		return nil, err
	}
	script := txscript.NewScriptBuilder()
	if kind == asset.CashP2PKH {
		return script.AddOp(txscript.OP_DUP).AddOp(txscript.OP_HASH160).AddData(hash).AddOp(txscript.OP_EQUALVERIFY).AddOp(txscript.OP_CHECKSIG).Script()
	}
	return script.AddOp(txscript.OP_HASH160).AddData(hash).AddOp(txscript.OP_EQUAL).Script()
}

// Address is the key's, in canonical form.
func (k Key) Address() string { return k.address }

// Script is what an output to the address holds.
func (k Key) Script() []byte { return k.script }

// Output is OutputOn Bitcoin.
func Output(networks asset.Networks, to string, units asset.Units) (*wire.TxOut, error) {
	return OutputOn(asset.Bitcoin, networks, to, units)
}

// OutputOn pays an address of a chain: units are satoshi, more than none.
func OutputOn(chain asset.Chain, networks asset.Networks, to string, units asset.Units) (*wire.TxOut, error) {
	canonical, err := networks.ParseAddress(chain, to)
	if err != nil {
		return nil, fmt.Errorf("%s address %.128q: %w", chain, to, err)
	}
	script, err := scriptOf(chain, networks, canonical)
	if err != nil {
		return nil, fmt.Errorf("%s address %s: %w", chain, canonical, err)
	}
	sat, ok := units.Uint64()
	if most := maxSat[chain]; !ok || sat == 0 || sat > most {
		return nil, fmt.Errorf("an output of %s sat: there are 1 to %d", units, most)
	}
	return wire.NewTxOut(int64(sat), script), nil
}

// maxSat is every satoshi there will ever be.
var maxSat = map[asset.Chain]uint64{asset.Bitcoin: 21_000_000_0000_0000, asset.Litecoin: 84_000_000_0000_0000, asset.BitcoinCash: 21_000_000_0000_0000}
