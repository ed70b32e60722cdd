package bitcoin

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// readBlock decodes a block, checks that it is the one asked for, and matches it.
func readBlock(raw []byte, ref chain.Ref, params *chaincfg.Params, w chain.Watch) (chain.Block, error) {
	var msg wire.MsgBlock
	r := bytes.NewReader(raw)
	if err := msg.Deserialize(r); err != nil {
		return chain.Block{}, fmt.Errorf("decode: %w", err)
	}
	if r.Len() != 0 {
		return chain.Block{}, fmt.Errorf("%d bytes follow the block", r.Len())
	}
	if got := msg.BlockHash().String(); got != ref.Hash {
		return chain.Block{}, fmt.Errorf("the node sent block %s instead", got)
	}
	txids, err := verifyBody(&msg)
	if err != nil {
		return chain.Block{}, err
	}
	out := chain.Block{Ref: ref, Parent: msg.Header.PrevBlock.String(), Time: msg.Header.Timestamp.UTC()}
	fresh := map[string]bool{} // credited in this block, so not yet known to w
	for i, tx := range msg.Transactions {
		for _, in := range tx.TxIn {
			id := chain.CoinID(in.PreviousOutPoint.Hash.String(), in.PreviousOutPoint.Index)
			if i > 0 && (fresh[id] || w.Coin(id)) {
				out.Debits = append(out.Debits, chain.Debit{TxID: txids[i].String(), Asset: asset.BTC, CoinID: id})
			}
		}
		for _, c := range credits(payments(tx, params), txids[i].String(), w) {
			c.Coinbase = i == 0
			fresh[c.CoinID()] = true
			out.Credits = append(out.Credits, c)
		}
	}
	return out, nil
}

// verifyBody checks that the transactions are the ones the header commits to,
// and returns their ids.
func verifyBody(msg *wire.MsgBlock) ([]chainhash.Hash, error) {
	if len(msg.Transactions) == 0 {
		return nil, errors.New("the block is empty")
	}
	for i, tx := range msg.Transactions {
		if isCoinbase(tx) != (i == 0) {
			return nil, fmt.Errorf("transaction %d: only the first is a coinbase", i)
		}
	}
	txids, err := msg.TxHashes()
	if err != nil {
		return nil, fmt.Errorf("transaction ids: %w", err)
	}
	// Consensus forbids it, since the second would spend what the first has spent;
	// the root does not always show it, and each of its outputs would count twice.
	there := make(map[chainhash.Hash]bool, len(txids))
	for _, id := range txids {
		if there[id] {
			return nil, fmt.Errorf("transaction %s is there twice", id)
		}
		there[id] = true
	}
	root, err := merkleRoot(txids)
	if err != nil {
		return nil, err
	}
	if root != msg.Header.MerkleRoot {
		return nil, errors.New("the transactions do not match the header's Merkle root")
	}
	return txids, nil
}

// merkleRoot is Bitcoin's, and refuses lists whose end repeats: such a list has
// the same root as the one without the repetition (CVE-2012-2459).
func merkleRoot(txids []chainhash.Hash) (chainhash.Hash, error) {
	var level []byte
	for _, id := range txids {
		level = append(level, id[:]...)
	}
	const size = chainhash.HashSize
	for len(level) > size {
		var next []byte
		for i := 0; i < len(level); i += 2 * size {
			left, right := level[i:i+size], level[i:i+size]
			if i+size < len(level) {
				right = level[i+size : i+2*size]
				if bytes.Equal(left, right) {
					return chainhash.Hash{}, errors.New("the list of transactions repeats itself")
				}
			}
			sum := chainhash.DoubleHashB(append(bytes.Clone(left), right...))
			next = append(next, sum...)
		}
		level = next
	}
	return chainhash.Hash(level), nil
}

func isCoinbase(tx *wire.MsgTx) bool {
	return len(tx.TxIn) == 1 && tx.TxIn[0].PreviousOutPoint == wire.OutPoint{Index: wire.MaxPrevOutIndex}
}

// payment is an output that pays an address.
type payment struct {
	index   uint32
	address string
	sat     uint64
}

// payments are the outputs of a transaction that pay an address, whoever's. One of
// nothing is valid and pays nobody: no book could hold it.
func payments(tx *wire.MsgTx, params *chaincfg.Params) []payment {
	var found []payment
	for i, out := range tx.TxOut {
		if address, ok := addressOf(out.PkScript, params); ok && out.Value > 0 {
			found = append(found, payment{uint32(i), address, uint64(out.Value)})
		}
	}
	return found
}

func credits(paid []payment, txid string, w chain.Watch) []chain.Credit {
	var found []chain.Credit
	for _, p := range paid {
		if w.Address(p.address) {
			found = append(found, chain.Credit{
				TxID: txid, Index: p.index, Address: p.address, Asset: asset.BTC, Units: asset.NewUnits(p.sat),
			})
		}
	}
	return found
}

// addressOf returns the canonical address that a script pays, only if the script
// is byte for byte the one made for that address. btcd's extraction alone also
// names the owners of bare keys and of the parties to a bare multisig, who can't
// spend alone what it holds, or of whom another can.
func addressOf(script []byte, params *chaincfg.Params) (string, bool) {
	class, found, _, err := txscript.ExtractPkScriptAddrs(script, params)
	if err != nil || len(found) != 1 {
		return "", false
	}
	switch class {
	case txscript.PubKeyHashTy, txscript.ScriptHashTy, txscript.WitnessV0PubKeyHashTy,
		txscript.WitnessV0ScriptHashTy, txscript.WitnessV1TaprootTy:
	default:
		return "", false
	}
	exact, err := txscript.PayToAddrScript(found[0])
	if err != nil || !bytes.Equal(exact, script) {
		return "", false
	}
	return found[0].EncodeAddress(), true
}
