package chaincases_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// subsidy of simnet's first 210,000 blocks, in satoshis.
const subsidy = 50_0000_0000

// mineBlock makes a block by hand, with a reward and the transactions given: what
// only a miner can do, such as pay a reward to somebody else, or take in what nodes
// do not relay. It returns the reward's txid.
func (b *btcd) mineBlock(t *testing.T, rewardScript []byte, txs ...*wire.MsgTx) string {
	t.Helper()
	height, err := b.client.GetBlockCount()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := b.client.GetBlockHash(height)
	if err != nil {
		t.Fatal(err)
	}
	previous, err := b.client.GetBlockHeader(hash)
	if err != nil {
		t.Fatal(err)
	}
	reward := rewardTx(t, height+1, rewardScript, txs)
	block := wire.NewMsgBlock(&wire.BlockHeader{Version: 0x20000000, PrevBlock: *hash, Bits: previous.Bits,
		Timestamp: previous.Timestamp.Add(time.Second)})
	block.Transactions = append([]*wire.MsgTx{reward}, txs...)
	var ids []chainhash.Hash
	for _, tx := range block.Transactions {
		ids = append(ids, tx.TxHash())
	}
	block.Header.MerkleRoot = merkle(ids)
	for !solved(block.Header) {
		block.Header.Nonce++
	}
	if err := b.client.SubmitBlock(btcutil.NewBlock(block), nil); err != nil {
		t.Fatal(err)
	}
	if best, err := b.client.GetBestBlockHash(); err != nil || *best != block.BlockHash() {
		t.Fatalf("the block was not taken: the best is %s (%v)", best, err)
	}
	return reward.TxHash().String()
}

// rewardTx is a coinbase with BIP34's height and BIP141's commitment.
func rewardTx(t *testing.T, height int64, script []byte, txs []*wire.MsgTx) *wire.MsgTx {
	t.Helper()
	start, err := txscript.NewScriptBuilder().AddInt64(height).AddInt64(int64(len(txs))).Script()
	if err != nil {
		t.Fatal(err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: start,
		Witness: wire.TxWitness{make([]byte, chainhash.HashSize)}, Sequence: wire.MaxTxInSequenceNum})
	tx.AddTxOut(wire.NewTxOut(subsidy, script))
	witnesses := []chainhash.Hash{{}}
	for _, in := range txs {
		witnesses = append(witnesses, in.WitnessHash())
	}
	root := merkle(witnesses)
	commitment := chainhash.DoubleHashB(append(root[:], tx.TxIn[0].Witness[0]...))
	tx.AddTxOut(wire.NewTxOut(0, append(raw(t, "6a24aa21a9ed"), commitment...)))
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

// solved compares the hash with the target that the header's bits stand for.
func solved(h wire.BlockHeader) bool {
	hash := h.BlockHash()
	value := new(big.Int)
	for i := len(hash) - 1; i >= 0; i-- { // a hash is written backwards
		value.Lsh(value, 8).Or(value, big.NewInt(int64(hash[i])))
	}
	target := new(big.Int).Lsh(big.NewInt(int64(h.Bits&0x7fffff)), 8*uint(h.Bits>>24-3))
	return value.Cmp(target) <= 0
}
