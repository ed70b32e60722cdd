package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/trie"

	"ferry/hotwallet/chain"
)

// readHeader decodes a block's header and checks that it hashes to the block's
// hash. The reply of "null" is no block: ok is false.
func readHeader(reply []byte) (h *types.Header, ok bool, err error) {
	var claimed struct {
		Hash *common.Hash `json:"hash"`
	}
	if h, ok, err = decodeHeader(reply); err != nil || !ok {
		return nil, false, err
	}
	if err := json.Unmarshal(reply, &claimed); err != nil {
		return nil, false, fmt.Errorf("header: %w", err)
	}
	if claimed.Hash == nil || h.Hash() != *claimed.Hash {
		return nil, false, errors.New("the header does not hash to the block's hash")
	}
	return h, true, nil
}

// decodeHeader is readHeader for a caller who knows which hash the block has to have,
// and compares.
func decodeHeader(reply []byte) (h *types.Header, ok bool, err error) {
	if string(reply) == "null" {
		return nil, false, nil
	}
	if err := json.Unmarshal(reply, &h); err != nil {
		return nil, false, fmt.Errorf("header: %w", err)
	}
	if h == nil {
		return nil, false, errors.New("there is no header")
	}
	if !h.Number.IsInt64() || h.BaseFee != nil && h.BaseFee.BitLen() > 256 {
		return nil, false, errors.New("the header's numbers are out of range")
	}
	return h, true, nil
}

func refOf(h *types.Header) chain.Ref {
	return chain.Ref{Height: h.Number.Int64(), Hash: h.Hash().Hex()}
}

// readBody decodes a block's transactions and withdrawals and checks that they are
// the ones its header commits to.
func readBody(h *types.Header, block []byte) (content, error) {
	var body struct {
		Transactions types.Transactions `json:"transactions"`
		Withdrawals  types.Withdrawals  `json:"withdrawals"`
	}
	c := content{header: h}
	if err := json.Unmarshal(block, &body); err != nil {
		return c, fmt.Errorf("transactions and withdrawals: %w", err)
	}
	if slices.Contains(body.Transactions, nil) || slices.Contains(body.Withdrawals, nil) {
		return c, errors.New("a transaction or a withdrawal is missing")
	}
	if types.DeriveSha(body.Transactions, trie.NewStackTrie(nil)) != h.TxHash {
		return c, errors.New("the transactions are not the header's")
	}
	c.txs = body.Transactions
	if h.WithdrawalsHash == nil { // before Shanghai
		return c, nil
	}
	if types.DeriveSha(body.Withdrawals, trie.NewStackTrie(nil)) != *h.WithdrawalsHash {
		return c, errors.New("the withdrawals are not the header's")
	}
	c.withdrawals = body.Withdrawals
	return c, nil
}

// readReceipts decodes the receipts and checks that they are the ones the header
// commits to, one for each transaction.
func (c *content) readReceipts(receipts []byte) error {
	if err := json.Unmarshal(receipts, &c.receipts); err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	if len(c.receipts) != len(c.txs) {
		return fmt.Errorf("%d receipts for %d transactions", len(c.receipts), len(c.txs))
	}
	for _, r := range c.receipts {
		if r == nil || slices.Contains(r.Logs, nil) {
			return errors.New("a receipt or a log is missing")
		}
	}
	if types.DeriveSha(c.receipts, trie.NewStackTrie(nil)) != c.header.ReceiptHash {
		return errors.New("the receipts are not the header's")
	}
	return nil
}
