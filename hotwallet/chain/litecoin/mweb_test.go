package litecoin_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

// ours watches one address, and no coin.
type ours string

func (o ours) Address(address string) bool { return address == string(o) }
func (ours) Coin(string) bool              { return false }

// Setup: a litecoind up to the block before extension blocks begin, and a stranger's
// wallet whose coins are on their way into the first one.
// Test: blocks with and without peg-ins and peg-outs are read, what waits too, and
// credits are ordinary outputs and peg-outs alone. A peg-out can't be spent at once,
// and is held.
func TestExtensionBlocks(t *testing.T) {
	t.Parallel()
	n, a := startNode(t, true)
	n.Mine(t, utxotest.ExtensionBlocks-2)
	address := n.NewKey(t).Address
	w := ours(address)
	stranger := utxotest.NewExtension(t, n)
	n.Mine(t, 1)

	stranger.In(t)
	txid := n.Pay(t, address, asset.NewUnits(1_000_000))
	want := chain.Credit{TxID: txid, Address: address, Asset: asset.LTC, Units: asset.NewUnits(1_000_000)}
	wantMempool(t, a, w, want)
	if tip := n.Mine(t, 1); tip.Height != utxotest.ExtensionBlocks {
		t.Fatalf("the first extension block is at %d", tip.Height)
	}
	wantCredits(t, a, n.Tip(t), w, want)

	stranger.Out(t, address, "0.7")
	wantMempool(t, a, w) // it is nobody's business but the extension block's
	tip := n.Mine(t, 1)
	b, err := a.Block(t.Context(), tip, w)
	if err != nil || len(b.Credits) != 1 {
		t.Fatalf("%+v, %v", b, err)
	}
	pegOut := b.Credits[0]
	if pegOut.Units != asset.NewUnits(70_000_000) || !pegOut.Coinbase || pegOut.Address != address {
		t.Fatalf("credited %+v", pegOut)
	}
	if held, err := a.Held(t.Context(), tip, asset.LTC, []string{pegOut.CoinID()}, nil); err != nil || held != pegOut.Units {
		t.Fatalf("the node holds %s of it, %v", held, err)
	}
	wantPremature(t, n, a, pegOut)
	n.Mine(t, 3) // blocks that bring the extension nothing
	for height := n.Tip(t).Height; height > utxotest.ExtensionBlocks-3; height-- {
		ref := chain.Ref{Height: height, Hash: n.Hash(t, height)}
		if _, err := a.Block(t.Context(), ref, w); err != nil {
			t.Fatalf("block %s: %v", ref, err)
		}
	}
}

func wantMempool(t *testing.T, a *utxo.Adapter, w chain.Watch, want ...chain.Credit) {
	t.Helper()
	seen, err := a.Mempool(t.Context(), w)
	if err != nil || !slices.Equal(seen, want) {
		t.Fatalf("mempool %+v, %v; want %+v", seen, err, want)
	}
}

func wantCredits(t *testing.T, a *utxo.Adapter, at chain.Ref, w chain.Watch, want ...chain.Credit) {
	t.Helper()
	b, err := a.Block(t.Context(), at, w)
	if err != nil || !slices.Equal(b.Credits, want) {
		t.Fatalf("block %s: %+v, %v; want %+v", at, b, err, want)
	}
}

// wantPremature: the node does not take a payment of what has just come out.
func wantPremature(t *testing.T, n *utxotest.Node, a *utxo.Adapter, c chain.Credit) {
	t.Helper()
	coin := chain.Coin{TxID: c.TxID, Index: c.Index, Units: c.Units, Address: c.Address}
	p, err := a.Plan(t.Context(), chain.Funds{Coins: []chain.Coin{coin}, ChangeAddress: c.Address},
		chain.Pay(chain.Output{Destination: n.Miner.Address, Asset: asset.LTC, Units: asset.NewUnits(1_000_000)}, asset.NewUnits(100_000)))
	if err != nil {
		t.Fatal(err)
	}
	// The signer reads what made the coin as Bitcoin writes it.
	var previous, tx wire.MsgTx
	if err := previous.Deserialize(bytes.NewReader(p.Coins[0].PreviousTx)); err != nil || previous.TxHash().String() != c.TxID {
		t.Fatalf("%s, %v", previous.TxHash(), err)
	}
	if err := utxotest.Unsigned(p, &tx); err != nil {
		t.Fatal(err)
	}
	n.SignAll(t, &tx, wire.NewTxOut(70_000_000, n.Find(t, c.Address).Script))
	if got, err := a.Broadcast(t.Context(), utxotest.Bytes(t, &tx)); got != chain.Rejected || !strings.Contains(err.Error(), "premature") {
		t.Fatalf("a peg-out spent at once: %s, %v", got, err)
	}
}
