package keys

import (
	"github.com/btcsuite/btcd/address/v2"

	"ferry/swap/asset"
)

// A wallet may convert a Bitcoin Cash address to the form that both chains had before
// CashAddr, and pay bitcoin to it: same key, same script, another chain. The other way
// round there is nothing to find: our addresses on Bitcoin and Litecoin are P2WPKH, and
// Bitcoin Cash has no witnesses, so that its wallets have no form of them; an output
// with such a script is nonstandard there, and nobody's key can spend it.

// HomeOf is the chain whose deposit addresses have a form on another chain that our keys
// can spend there; false where no chain has.
func HomeOf(on asset.Chain) (home asset.Chain, ok bool) {
	if on == asset.Bitcoin {
		return asset.BitcoinCash, true
	}
	return "", false
}

// SiblingAddress is the canonical form on a chain of an address of HomeOf(on); false if
// it has none, or the deployment does not run both chains.
func SiblingAddress(n asset.Networks, on asset.Chain, address string) (string, bool) {
	if _, ok := HomeOf(on); !ok {
		return "", false
	}
	prefix, err := n.CashPrefix()
	if err != nil {
		return "", false
	}
	kind, hash, err := asset.DecodeCashAddr(prefix, address)
	if err != nil || kind != asset.CashP2PKH {
		return "", false
	}
	return legacyAddress(n, on, hash)
}

func legacyAddress(n asset.Networks, on asset.Chain, hash []byte) (string, bool) {
	params, err := n.Params(on)
	if err != nil {
		return "", false
	}
	a, err := address.NewAddressPubKeyHash(hash, params)
	if err != nil {
		return "", false
	}
	return a.EncodeAddress(), true
}

// HomeAddress undoes SiblingAddress: the address on HomeOf(on) of which the one given is
// the form on a chain; false if it is none.
func HomeAddress(n asset.Networks, on asset.Chain, text string) (home asset.Chain, addr string, ok bool) {
	if home, ok = HomeOf(on); !ok {
		return "", "", false
	}
	prefix, err := n.CashPrefix()
	if err != nil {
		return "", "", false
	}
	params, err := n.Params(on)
	if err != nil {
		return "", "", false
	}
	decoded, err := address.DecodeAddress(text, params)
	if err != nil {
		return "", "", false
	}
	legacy, is := decoded.(*address.AddressPubKeyHash)
	if !is || !legacy.IsForNet(params) {
		return "", "", false
	}
	addr, err = asset.EncodeCashAddr(prefix, asset.CashP2PKH, legacy.ScriptAddress())
	return home, addr, err == nil
}
