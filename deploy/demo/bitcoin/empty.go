package bitcoin

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

const (
	// simnetSubsidy is a block's reward on simnet, in satoshi, until the first halving.
	simnetSubsidy = 50 * 100_000_000
	// simnetHalving is how many blocks are between two halvings (chaincfg.SimNetParams).
	simnetHalving = 210_000
	// blockVersion is BIP 9's, with nothing signalled.
	blockVersion = 0x20000000
)

// GenerateEmpty mines a block that takes nothing from the mempool, and pays its reward to
// the key: what a miner does who wants more than anybody offers. Only btcd on simnet is
// asked for it; litecoind can be told what to take.
func (n *Node) GenerateEmpty(ctx context.Context, to Key) error {
	if n.cfg.Chain != asset.Bitcoin {
		return fmt.Errorf("empty blocks are made for Bitcoin alone, not for %s", n.cfg.Chain)
	}
	height, err := n.Height(ctx)
	if err != nil {
		return err
	}
	tip, err := n.Block(ctx, height)
	if err != nil {
		return err
	}
	block, err := emptyBlock(tip.Header, height+1, to.script)
	if err != nil {
		return err
	}
	var raw bytes.Buffer
	if err := block.Serialize(&raw); err != nil {
		return fmt.Errorf("encode block %d: %w", height+1, err)
	}
	var refused *string
	if err := n.call(ctx, &refused, "submitblock", hex.EncodeToString(raw.Bytes())); err != nil {
		return err
	}
	if refused != nil {
		return fmt.Errorf("block %d was refused: %s", height+1, *refused)
	}
	return nil
}

// emptyBlock follows a block with nothing but its reward. BIP 34 wants the height in
// front; without witnesses BIP 141 wants no commitment.
func emptyBlock(previous wire.BlockHeader, height int64, script []byte) (*wire.MsgBlock, error) {
	start, err := txscript.NewScriptBuilder().AddInt64(height).AddData([]byte("nothing else")).Script()
	if err != nil {
		return nil, fmt.Errorf("script of reward %d: %w", height, err)
	}
	reward := wire.NewMsgTx(1)
	reward.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: start,
		Sequence: wire.MaxTxInSequenceNum})
	reward.AddTxOut(wire.NewTxOut(simnetSubsidy>>(height/simnetHalving), script))
	block := wire.NewMsgBlock(&wire.BlockHeader{Version: blockVersion, PrevBlock: previous.BlockHash(),
		MerkleRoot: reward.TxHash(), Bits: previous.Bits, Timestamp: previous.Timestamp.Add(time.Second)})
	block.Transactions = []*wire.MsgTx{reward}
	for !solved(block.Header) {
		if block.Header.Nonce == math.MaxUint32 {
			return nil, errors.New("no nonce makes the block valid")
		}
		block.Header.Nonce++
	}
	return block, nil
}

// solved compares the hash, a number with its lowest byte first, with the target that the
// bits stand for: a mantissa of three bytes and the number of bytes in all.
func solved(h wire.BlockHeader) bool {
	target := new(big.Int).Lsh(big.NewInt(int64(h.Bits&0x7fffff)), 8*uint(max(h.Bits>>24, 3)-3))
	hash := h.BlockHash()
	for i, j := 0, len(hash)-1; i < j; i, j = i+1, j-1 {
		hash[i], hash[j] = hash[j], hash[i]
	}
	return new(big.Int).SetBytes(hash[:]).Cmp(target) <= 0
}
