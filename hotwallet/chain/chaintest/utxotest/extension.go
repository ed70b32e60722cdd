package utxotest

import (
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// ExtensionBlocks is the block from which litecoind's regtest has extension blocks
// (MWEB), if it is started so. That block has to have a peg-in.
const ExtensionBlocks = 432

// Extension is a stranger's wallet in a litecoind, with coins that it can hide.
type Extension struct{ *Node }

// NewExtension makes the wallet, with 10 LTC in the mempool.
func NewExtension(t testing.TB, n *Node) Extension {
	t.Helper()
	n.Call(t, nil, "createwallet", "m")
	var address string
	var info struct {
		Script string `json:"scriptPubKey"`
	}
	n.Call(t, &address, "getnewaddress", "", "bech32")
	n.Call(t, &info, "getaddressinfo", address)
	n.Send(t, n.Spend(t, wire.NewTxOut(10_0000_0000, Hex(t, info.Script))))
	return Extension{n}
}

// Begin mines up to the first extension block, with all of a new stranger's coins on
// their way into it.
func Begin(t testing.TB, n *Node) Extension {
	t.Helper()
	n.Mine(t, ExtensionBlocks-2)
	e := NewExtension(t, n)
	n.Mine(t, 1)
	e.In(t)
	n.Mine(t, 1)
	return e
}

// In sends all there is into the extension block.
func (e Extension) In(t testing.TB) {
	t.Helper()
	var address string
	e.Call(t, &address, "getnewaddress", "", "mweb")
	e.Call(t, nil, "sendtoaddress", address, 10, "", "", true)
}

// Out sends some to an ordinary address. Amounts are in coins, "0.7".
func (e Extension) Out(t testing.TB, address, coins string) {
	t.Helper()
	e.Call(t, nil, "sendtoaddress", address, coins)
}
