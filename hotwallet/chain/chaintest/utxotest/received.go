package utxotest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// Received is what an address was paid in blocks, spent or not.
func (n *Node) Received(t testing.TB, address string) asset.Units {
	t.Helper()
	script := n.Find(t, address).Script
	tip := n.Tip(t)
	var sum int64
	for height := int64(n.Ready); height <= tip.Height; height++ {
		for _, out := range n.paid(t, n.Hash(t, height)) {
			if bytes.Equal(out.PkScript, script) {
				sum += out.Value
			}
		}
	}
	return asset.NewUnits(uint64(sum))
}

// paid are a block's outputs. litecoind is asked to take its blocks apart itself.
func (n *Node) paid(t testing.TB, hash string) (outputs []*wire.TxOut) {
	t.Helper()
	if n.Chain == asset.Litecoin {
		return n.paidAsTold(t, hash)
	}
	var block wire.MsgBlock
	must(t, block.Deserialize(bytes.NewReader(n.Raw(t, hash))))
	for _, tx := range block.Transactions {
		outputs = append(outputs, tx.TxOut...)
	}
	return outputs
}

func (n *Node) paidAsTold(t testing.TB, hash string) (outputs []*wire.TxOut) {
	t.Helper()
	var block struct {
		Tx []struct {
			Vout []struct {
				Value  json.Number `json:"value"`
				Script struct {
					Hex string `json:"hex"`
				} `json:"scriptPubKey"`
			} `json:"vout"`
		} `json:"tx"`
	}
	n.Call(t, &block, "getblock", hash, 2)
	for _, tx := range block.Tx {
		for _, out := range tx.Vout {
			coins, ok := new(big.Rat).SetString(out.Value.String())
			if !ok {
				t.Fatalf("an output of %q coins", out.Value)
			}
			script, err := hex.DecodeString(out.Script.Hex)
			must(t, err)
			outputs = append(outputs, wire.NewTxOut(coins.Mul(coins, big.NewRat(1e8, 1)).Num().Int64(), script))
		}
	}
	return outputs
}
