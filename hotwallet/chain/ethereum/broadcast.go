package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
)

// Broadcast implements chain.Payer.
func (a *Adapter) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	var tx types.Transaction
	if err := tx.UnmarshalBinary(raw); err != nil {
		return chain.Rejected, fmt.Errorf("decode the transaction: %w", err)
	}
	if _, err := types.Sender(a.signer, &tx); err != nil {
		return chain.Rejected, fmt.Errorf("sender: %w", err)
	}
	var answer common.Hash
	err := a.call(ctx, &answer, "eth_sendRawTransaction", hexutil.Bytes(raw))
	if err == nil {
		if answer != tx.Hash() {
			return chain.Unknown, fmt.Errorf("the node answered with txid %s, ours is %s", answer, tx.Hash())
		}
		return chain.Accepted, nil
	}
	refused, ok := answered(err)
	if !ok {
		return chain.Unknown, err
	}
	switch judge(refused.Error()) {
	case known:
		return chain.Accepted, nil
	case look:
		return a.lookUp(ctx, tx.Hash(), err)
	case never:
		return chain.Rejected, err
	case unclear:
	}
	return chain.Unknown, err
}

// lookUp decides a refusal because of the nonce: it may be our own transaction,
// mined or pending, that has taken it.
func (a *Adapter) lookUp(ctx context.Context, hash common.Hash, cause error) (chain.Acceptance, error) {
	var found json.RawMessage
	if err := a.call(ctx, &found, "eth_getTransactionByHash", hash); err != nil {
		return chain.Unknown, errors.Join(cause, err)
	}
	if string(found) == "null" || len(found) == 0 {
		return chain.Conflicting, cause
	}
	return chain.Accepted, nil
}

// meaning is what a node's refusal says.
type meaning int

const (
	unclear meaning = iota
	known           // the node has the transaction
	look            // another transaction has its nonce, or the same one
	never           // the node will not take these bytes
)

// refusals are words of the nodes' errors, in lower case: geth's core/error.go,
// core/txpool/errors.go and internal/ethapi, and Nethermind's AcceptTxResult. The
// first that fits decides; what fits none is unclear.
var refusals = []struct {
	words   string
	meaning meaning
}{
	{"already known", known},
	{"alreadyknown", known},
	{"nonce too low", look},
	{"oldnonce", look},
	{"replacement transaction underpriced", look},
	{"replacementnotallowed", look},
	{"insufficient funds", never},
	{"insufficientfunds", never},
	{"intrinsic gas too low", never},
	{"insufficient gas for floor", never},
	{"underpriced", never},
	{"gas price below minimum", never},
	{"feetoolow", never},
	{"less than block base fee", never},
	{"exceeds the configured cap", never},
	{"exceeds block gas limit", never},
	{"gas limit too high", never},
	{"higher than max fee per gas", never},
	{"oversized data", never},
	{"out of capacity", never},
	{"account limit exceeded", never},
	{"in-flight transaction limit", never},
	{"gapped-nonce", never},
	{"already reserved", never},
	{"invalid sender", never},
	{"invalid chain id", never},
	{"not supported", never},
	{"sender not an eoa", never},
}

func judge(text string) meaning {
	text = strings.ToLower(text)
	for _, r := range refusals {
		if strings.Contains(text, r.words) {
			return r.meaning
		}
	}
	return unclear
}
