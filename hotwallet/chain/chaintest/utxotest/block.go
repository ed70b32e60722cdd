package utxotest

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"golang.org/x/crypto/scrypt"

	"ferry/swap/asset"
)

// MineBlock makes a block by hand, with a reward and the transactions given: what
// only a miner can do, such as pay a reward to somebody else, or take in what nodes
// do not relay. It returns the reward's txid.
func (n *Node) MineBlock(t testing.TB, rewardScript []byte, txs ...*wire.MsgTx) string {
	t.Helper()
	tip := n.Tip(t)
	var previous wire.BlockHeader
	must(t, previous.Deserialize(bytes.NewReader(n.Raw(t, tip.Hash))))
	if n.Chain == asset.BitcoinCash { // its blocks are sorted by txid since November 2018
		txs = slices.Clone(txs)
		slices.SortFunc(txs, func(a, b *wire.MsgTx) int { return compareHashes(a.TxHash(), b.TxHash()) })
	}
	reward := n.rewardTx(t, tip.Height+1, rewardScript, txs)
	block := wire.NewMsgBlock(&wire.BlockHeader{Version: 0x20000000, PrevBlock: previous.BlockHash(), Bits: previous.Bits,
		Timestamp: previous.Timestamp.Add(time.Second)})
	block.Transactions = append([]*wire.MsgTx{reward}, txs...)
	ids, err := block.TxHashes()
	must(t, err)
	block.Header.MerkleRoot = merkle(ids)
	for !n.solved(t, block.Header) {
		block.Header.Nonce++
	}
	n.submit(t, block)
	return reward.TxHash().String()
}

func (n *Node) submit(t testing.TB, block *wire.MsgBlock) {
	t.Helper()
	var raw bytes.Buffer
	must(t, block.Serialize(&raw))
	var refused *string
	n.Call(t, &refused, "submitblock", hex.EncodeToString(raw.Bytes()))
	if refused != nil {
		t.Fatalf("the block was refused: %s", *refused)
	}
	if tip := n.Tip(t); tip.Hash != block.BlockHash().String() {
		t.Fatalf("the block was not taken: the best is %s", tip)
	}
}

// rewardTx is a coinbase with BIP34's height and, where there are witnesses,
// BIP141's commitment.
func (n *Node) rewardTx(t testing.TB, height int64, script []byte, txs []*wire.MsgTx) *wire.MsgTx {
	t.Helper()
	// The text makes it as long as the least transaction of Bitcoin Cash, 100 bytes.
	start, err := txscript.NewScriptBuilder().AddInt64(height).AddInt64(int64(len(txs))).AddData([]byte("mined by hand, for a test")).Script()
	must(t, err)
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: start,
		Sequence: wire.MaxTxInSequenceNum})
	tx.AddTxOut(wire.NewTxOut(n.Subsidy(height), script))
	if n.Chain == asset.BitcoinCash {
		return tx
	}
	tx.TxIn[0].Witness = wire.TxWitness{make([]byte, chainhash.HashSize)}
	witnesses := []chainhash.Hash{{}}
	for _, in := range txs {
		witnesses = append(witnesses, in.WitnessHash())
	}
	root := merkle(witnesses)
	commitment := chainhash.DoubleHashB(append(root[:], tx.TxIn[0].Witness[0]...))
	tx.AddTxOut(wire.NewTxOut(0, append([]byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}, commitment...)))
	return tx
}

// merkle is the root of Bitcoin's tree.
func merkle(level []chainhash.Hash) chainhash.Hash {
	for len(level) > 1 {
		var next []chainhash.Hash
		for i := 0; i < len(level); i += 2 {
			right := level[min(i+1, len(level)-1)]
			next = append(next, chainhash.DoubleHashH(append(level[i][:], right[:]...)))
		}
		level = next
	}
	return level[0]
}

// compareHashes orders hashes as the numbers that explorers show.
func compareHashes(a, b chainhash.Hash) int {
	slices.Reverse(a[:])
	slices.Reverse(b[:])
	return bytes.Compare(a[:], b[:])
}

// solved compares the proof of work with the target that the header's bits stand for.
func (n *Node) solved(t testing.TB, h wire.BlockHeader) bool {
	t.Helper()
	work := h.BlockHash()
	if n.Chain == asset.Litecoin {
		var raw bytes.Buffer
		must(t, h.Serialize(&raw))
		proof, err := scrypt.Key(raw.Bytes(), raw.Bytes(), 1024, 1, 1, chainhash.HashSize)
		must(t, err)
		work = chainhash.Hash(proof)
	}
	slices.Reverse(work[:]) // a hash is written backwards
	target := new(big.Int).Lsh(big.NewInt(int64(h.Bits&0x7fffff)), 8*uint(h.Bits>>24-3))
	return new(big.Int).SetBytes(work[:]).Cmp(target) <= 0
}
