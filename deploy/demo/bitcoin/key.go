package bitcoin

import (
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// Key is a private key with its P2WPKH address (BIP 84's form, without the
// derivation).
type Key struct {
	private *btcec.PrivateKey
	address string
	script  []byte
}

// NewKey makes a random key.
func NewKey(networks asset.Networks) (Key, error) {
	private, err := btcec.NewPrivateKey()
	if err != nil {
		return Key{}, fmt.Errorf("make a bitcoin key: %w", err)
	}
	return newKey(private, networks)
}

// KeyOf is the key with this number, 1 and above.
func KeyOf(number [32]byte, networks asset.Networks) (Key, error) {
	private, _ := btcec.PrivKeyFromBytes(number[:])
	return newKey(private, networks)
}

func newKey(private *btcec.PrivateKey, networks asset.Networks) (Key, error) {
	params, err := networks.BitcoinParams()
	if err != nil {
		return Key{}, err
	}
	hash := address.Hash160(private.PubKey().SerializeCompressed())
	a, err := address.NewAddressWitnessPubKeyHash(hash, params)
	if err != nil {
		return Key{}, fmt.Errorf("address of a bitcoin key: %w", err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil {
		return Key{}, fmt.Errorf("script of a bitcoin key: %w", err)
	}
	return Key{private: private, address: a.EncodeAddress(), script: script}, nil
}

// Address is the key's, in canonical form.
func (k Key) Address() string { return k.address }

// Script is what an output to the address holds.
func (k Key) Script() []byte { return k.script }

// Output pays an address: units are satoshi, more than none.
func Output(networks asset.Networks, to string, units asset.Units) (*wire.TxOut, error) {
	params, err := networks.BitcoinParams()
	if err != nil {
		return nil, err
	}
	canonical, err := networks.ParseAddress(asset.Bitcoin, to)
	if err != nil {
		return nil, fmt.Errorf("bitcoin address %.128q: %w", to, err)
	}
	decoded, err := address.DecodeAddress(canonical, params)
	if err != nil {
		return nil, fmt.Errorf("bitcoin address %s: %w", canonical, err)
	}
	script, err := txscript.PayToAddrScript(decoded)
	if err != nil {
		return nil, fmt.Errorf("bitcoin address %s: %w", canonical, err)
	}
	sat, ok := units.Uint64()
	if !ok || sat == 0 || sat > maxSat {
		return nil, fmt.Errorf("an output of %s sat: there are 1 to %d", units, int64(maxSat))
	}
	return wire.NewTxOut(int64(sat), script), nil
}

// maxSat is every satoshi there will ever be.
const maxSat = 21_000_000 * 100_000_000
