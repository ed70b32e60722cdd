package utxo

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
)

// some watches addresses and coins, and nothing sieves before it.
type some struct{ addresses, coins []string }

func (s some) Address(a string) bool { return slices.Contains(s.addresses, a) }
func (s some) Coin(id string) bool   { return slices.Contains(s.coins, id) }

// sieved lets what is ours through, and now and then what is not.
type sieved struct {
	some
	scripts [][]byte
	points  []wire.OutPoint
	leak    byte
}

func (s sieved) Script(script []byte) bool {
	return slices.ContainsFunc(s.scripts, func(o []byte) bool { return bytes.Equal(o, script) }) || len(script) > 5 && script[5]&s.leak == 0
}

func (s sieved) Outpoint(hash *[32]byte, index uint32) bool {
	return slices.Contains(s.points, wire.OutPoint{Hash: *hash, Index: index}) || hash[0]&s.leak == 0
}

// Whatever is in a block and whatever is ours, with a sieve the same is found.
func TestSieveChangesNothing(t *testing.T) {
	t.Parallel()
	a := reader()
	rapid.Check(t, func(rt *rapid.T) {
		var b Block
		var txids []chainhash.Hash
		w := sieved{leak: byte(rapid.SampledFrom([]int{0, 1, 3, 255}).Draw(rt, "leak"))}
		for i := range rapid.IntRange(1, 8).Draw(rt, "transactions") {
			tx := wire.NewMsgTx(2)
			for range rapid.IntRange(1, 3).Draw(rt, "inputs") {
				from := wire.OutPoint{Hash: chainhash.Hash{byte(rapid.IntRange(0, 5).Draw(rt, "hash"))}, Index: uint32(rapid.IntRange(0, 1).Draw(rt, "index"))}
				if len(txids) > 0 && rapid.Bool().Draw(rt, "of this block") {
					from.Hash = rapid.SampledFrom(txids).Draw(rt, "of")
				}
				tx.AddTxIn(wire.NewTxIn(&from, nil, nil))
				if rapid.Bool().Draw(rt, "coin is ours") {
					w.coins = append(w.coins, chain.CoinID(from.Hash.String(), from.Index))
					w.points = append(w.points, from)
				}
			}
			for range rapid.IntRange(1, 3).Draw(rt, "outputs") {
				script := append([]byte{0, 20}, bytes.Repeat([]byte{byte(rapid.IntRange(0, 9).Draw(rt, "key"))}, 20)...)
				tx.AddTxOut(wire.NewTxOut(int64(i), script))
				if address, ok := a.rules.Address(script); ok && rapid.Bool().Draw(rt, "address is ours") {
					w.addresses, w.scripts = append(w.addresses, address), append(w.scripts, script)
				}
			}
			b.Transactions, txids = append(b.Transactions, tx), append(txids, tx.TxHash())
		}
		with, without := a.Match(&b, txids, chain.Ref{}, w), a.Match(&b, txids, chain.Ref{}, w.some)
		if got, want := fmt.Sprint(with), fmt.Sprint(without); got != want {
			rt.Fatalf("with a sieve\n%s\nwithout\n%s", got, want)
		}
	})
}
