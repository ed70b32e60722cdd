package utxo

import (
	"bytes"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Script is Rules.Script: package keys makes the script of an address, for whoever pays,
// watches or signs, so that no two of them disagree.
func Script(n asset.Networks, c asset.Chain) func(string) ([]byte, error) {
	return func(text string) ([]byte, error) { return keys.Script(n, c, text) }
}

// Address is Rules.Address of such a chain with witnesses.
func Address(params *chaincfg.Params) func([]byte) (string, bool) {
	return func(script []byte) (string, bool) {
		paid, ok := Paid(script, params, txscript.PubKeyHashTy, txscript.ScriptHashTy,
			txscript.WitnessV0PubKeyHashTy, txscript.WitnessV0ScriptHashTy, txscript.WitnessV1TaprootTy)
		if !ok {
			return "", false
		}
		return paid.EncodeAddress(), true
	}
}

// Paid is the one address that a script pays, only if the script is of one of the
// forms and byte for byte the one made for that address. btcd's extraction alone
// also names the owners of bare keys and of the parties to a bare multisig, who
// can't spend alone what it holds, or of whom another can.
func Paid(script []byte, params *chaincfg.Params, forms ...txscript.ScriptClass) (address.Address, bool) {
	class, found, _, err := txscript.ExtractPkScriptAddrs(script, params)
	if err != nil || len(found) != 1 {
		return nil, false
	}
	for _, form := range forms {
		if class != form {
			continue
		}
		exact, err := txscript.PayToAddrScript(found[0])
		return found[0], err == nil && bytes.Equal(exact, script)
	}
	return nil, false
}
