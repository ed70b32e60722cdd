package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/trie"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// readHeader decodes a block's header and checks that it hashes to the block's
// hash. The reply of "null" is no block: ok is false.
func readHeader(reply []byte) (h *types.Header, ok bool, err error) {
	var claimed struct {
		Hash *common.Hash `json:"hash"`
	}
	if string(reply) == "null" {
		return nil, false, nil
	}
	if err := json.Unmarshal(reply, &claimed); err != nil {
		return nil, false, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(reply, &h); err != nil {
		return nil, false, fmt.Errorf("header: %w", err)
	}
	if h == nil || claimed.Hash == nil || h.Hash() != *claimed.Hash {
		return nil, false, errors.New("the header does not hash to the block's hash")
	}
	if !h.Number.IsInt64() || h.BaseFee != nil && h.BaseFee.BitLen() > 256 {
		return nil, false, errors.New("the header's numbers are out of range")
	}
	return h, true, nil
}

func refOf(h *types.Header) chain.Ref {
	return chain.Ref{Height: h.Number.Int64(), Hash: h.Hash().Hex()}
}

// readBody decodes a block's transactions and receipts and checks that they are
// the ones its header commits to.
func readBody(h *types.Header, block, receipts []byte) (types.Transactions, types.Receipts, error) {
	var body struct {
		Transactions types.Transactions `json:"transactions"`
	}
	if err := json.Unmarshal(block, &body); err != nil {
		return nil, nil, fmt.Errorf("transactions: %w", err)
	}
	var rs types.Receipts
	if err := json.Unmarshal(receipts, &rs); err != nil {
		return nil, nil, fmt.Errorf("receipts: %w", err)
	}
	for i, tx := range body.Transactions {
		if tx == nil || i >= len(rs) || rs[i] == nil {
			return nil, nil, errors.New("a transaction or its receipt is missing")
		}
	}
	if len(rs) != len(body.Transactions) {
		return nil, nil, fmt.Errorf("%d receipts for %d transactions", len(rs), len(body.Transactions))
	}
	if types.DeriveSha(body.Transactions, trie.NewStackTrie(nil)) != h.TxHash {
		return nil, nil, errors.New("the transactions are not the header's")
	}
	if types.DeriveSha(rs, trie.NewStackTrie(nil)) != h.ReceiptHash {
		return nil, nil, errors.New("the receipts are not the header's")
	}
	return body.Transactions, rs, nil
}

// match finds what concerns us in a block that was checked.
func match(h *types.Header, txs types.Transactions, rs types.Receipts, signer types.Signer, w chain.Watch) (chain.Block, error) {
	out := chain.Block{Ref: refOf(h), Parent: h.ParentHash.Hex(), Time: time.Unix(int64(h.Time), 0).UTC()}
	var gasBefore uint64
	for i, tx := range txs {
		r := rs[i]
		if r.CumulativeGasUsed < gasBefore {
			return chain.Block{}, fmt.Errorf("receipt %d: the gas used decreases", i)
		}
		gas := r.CumulativeGasUsed - gasBefore
		gasBefore = r.CumulativeGasUsed
		value, err := asset.UnitsFromBig(tx.Value())
		if err != nil {
			return chain.Block{}, fmt.Errorf("transaction %d: %w", i, err)
		}
		sender, err := types.Sender(signer, tx)
		if err != nil {
			return chain.Block{}, fmt.Errorf("transaction %d: sender: %w", i, err)
		}
		if from := sender.Hex(); w.Address(from) {
			d, err := debit(tx, h.BaseFee, gas, value)
			if err != nil {
				return chain.Block{}, fmt.Errorf("transaction %d: %w", i, err)
			}
			d.Address = from
			if r.Status != types.ReceiptStatusSuccessful {
				d.Failed, d.Units = true, asset.Units{}
			}
			out.Debits = append(out.Debits, d)
		}
		if r.Status != types.ReceiptStatusSuccessful || tx.To() == nil || value.IsZero() {
			continue
		}
		if to := tx.To().Hex(); w.Address(to) {
			out.Credits = append(out.Credits, chain.Credit{TxID: tx.Hash().Hex(), Address: to, Units: value})
		}
	}
	return out, nil
}

// debit is what a transaction of ours moved and cost. The price is EIP-1559's:
// the tip on top of the base fee, as far as the fee cap allows. Blob fees are not
// in it: we send no blobs.
func debit(tx *types.Transaction, baseFee *big.Int, gas uint64, value asset.Units) (chain.Debit, error) {
	price := tx.GasFeeCap()
	if baseFee != nil {
		if offered := new(big.Int).Add(baseFee, tx.GasTipCap()); offered.Cmp(price) < 0 {
			price = offered
		}
	}
	fee, err := asset.UnitsFromBig(new(big.Int).Mul(price, new(big.Int).SetUint64(gas)))
	if err != nil {
		return chain.Debit{}, fmt.Errorf("fee: %w", err)
	}
	return chain.Debit{TxID: tx.Hash().Hex(), Nonce: tx.Nonce(), Units: value, Fee: fee}, nil
}
