package utxotest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/chaintest"
	"ferry/swap/asset"
)

// Harness is a node as chaintest drives it.
type Harness struct {
	*Node
	adapter chain.Adapter
}

var (
	_ chaintest.Harness = (*Harness)(nil)
	_ chaintest.UTXO    = (*Harness)(nil)
)

// NewHarness mines until deposits can be spent.
func NewHarness(t testing.TB, n *Node, a chain.Adapter) *Harness {
	t.Helper()
	if blocks := n.Ready - int(n.Tip(t).Height); blocks > 0 {
		n.Mine(t, blocks)
	}
	return &Harness{Node: n, adapter: a}
}

// Adapter implements chaintest.Harness.
func (h *Harness) Adapter() chain.Adapter { return h.adapter }

// NewAddress implements chaintest.Harness.
func (h *Harness) NewAddress(t testing.TB) chaintest.Account {
	t.Helper()
	number := len(h.keys)
	return chaintest.Account{Address: h.NewKey(t).Address, Path: fmt.Sprintf("m/%d", number)}
}

// Stranger implements chaintest.Harness.
func (h *Harness) Stranger(t testing.TB) string {
	t.Helper()
	return h.NewKey(t).Address
}

// PayTwice implements chaintest.UTXO.
func (h *Harness) PayTwice(t testing.TB, to string, first, second asset.Units) string {
	t.Helper()
	return h.Send(t, h.Spend(t, h.To(t, to, first), h.To(t, to, second)))
}

// PayShared implements chaintest.UTXO.
func (h *Harness) PayShared(t testing.TB, a chaintest.Account, units asset.Units) []string {
	t.Helper()
	var keys []*address.AddressPubKey
	for _, k := range []Key{h.Find(t, a.Address), h.Miner} {
		public, err := address.NewAddressPubKey(k.Public(), h.Params)
		must(t, err)
		keys = append(keys, public)
	}
	script, err := txscript.MultiSigScript(keys, 1)
	must(t, err)
	sat, _ := units.Uint64()
	h.Send(t, h.Spend(t, wire.NewTxOut(int64(sat), script)))
	return []string{keys[0].EncodeAddress(), keys[0].AddressPubKeyHash().EncodeAddress()}
}

// MineTo implements chaintest.UTXO.
func (h *Harness) MineTo(t testing.TB) string {
	t.Helper()
	h.Mine(t, 1)
	return h.Miner.Address
}

// Reorg implements chaintest.Harness.
func (h *Harness) Reorg(t testing.TB, blocks int) {
	t.Helper()
	h.Invalidate(t, blocks)
	if h.Chain == asset.Litecoin {
		// The same blocks, made again within a second, would be those that the node was
		// told to forget. The next ones pay somebody else.
		h.Miner = h.NewKey(t)
	}
}

// Sign implements chaintest.Harness. It checks that the plan's fee is exact, and pays
// for the size once it is signed.
func (h *Harness) Sign(t testing.TB, p chain.Plan) ([]byte, string) {
	t.Helper()
	var tx wire.MsgTx
	must(t, Unsigned(p, &tx))
	var spent []*wire.TxOut
	for i, c := range p.Coins {
		if in := tx.TxIn[i]; in.PreviousOutPoint.String() != c.ID() || (in.Sequence == replaceable) != h.Replaces {
			t.Fatalf("input %d is %+v, planned %s", i, in, c.ID())
		}
		var previous wire.MsgTx
		must(t, previous.Deserialize(bytes.NewReader(c.PreviousTx)))
		if previous.TxHash() != tx.TxIn[i].PreviousOutPoint.Hash {
			t.Fatalf("the previous transaction of %s is %s", c.ID(), previous.TxHash())
		}
		spent = append(spent, previous.TxOut[c.Index])
	}
	h.SignAll(t, &tx, spent...)
	h.checkFee(t, p, &tx, spent)
	return Bytes(t, &tx), tx.TxHash().String()
}

func (h *Harness) checkFee(t testing.TB, p chain.Plan, tx *wire.MsgTx, spent []*wire.TxOut) {
	t.Helper()
	var fee int64
	for _, out := range spent {
		fee += out.Value
	}
	for _, out := range tx.TxOut {
		fee -= out.Value
	}
	size := int64(tx.SerializeSizeStripped()*3+tx.SerializeSize()+3) / 4
	// A test of the relay minimum goes far below it; no other plan pays less.
	if fmt.Sprint(fee) != p.Fee.String() || fee < size && fee > 1 {
		t.Fatalf("fee %d for %d vbytes, planned %s", fee, size, p.Fee)
	}
}
