package utxo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"ferry/hotwallet/chain"
)

// Broadcast implements chain.Payer.
func (a *Adapter) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	tx, err := a.rules.DecodeTx(raw)
	if err != nil {
		return chain.Rejected, err
	}
	if err := a.checkNetwork(ctx); err != nil {
		return chain.Unknown, err
	}
	txid := tx.TxHash().String()
	var answer string
	err = a.node.call(ctx, &answer, "sendrawtransaction", hex.EncodeToString(raw))
	if err == nil {
		if answer != txid {
			return chain.Unknown, fmt.Errorf("the node answered with txid %.64q, ours is %s", answer, txid)
		}
		return chain.Accepted, nil
	}
	var refused *rpcError
	if !errors.As(err, &refused) {
		return chain.Unknown, err
	}
	switch judge(refused) {
	case known:
		return chain.Accepted, nil
	case look:
		return a.lookUp(ctx, txid, err)
	case never:
		return chain.Rejected, err
	case unclear:
	}
	return chain.Unknown, err
}

// lookUp decides a refusal that our own transaction, already there, may be the
// reason of: btcd calls a mined transaction with spent outputs an orphan, and
// one that waits for its inputs a duplicate.
func (a *Adapter) lookUp(ctx context.Context, txid string, cause error) (chain.Acceptance, error) {
	_, err := a.transaction(ctx, txid)
	switch {
	case err == nil:
		return chain.Accepted, nil
	case isCode(err, codeNotFound):
		return chain.Conflicting, cause
	}
	return chain.Unknown, errors.Join(cause, err)
}

// meaning is what a node's refusal says.
type meaning int

const (
	unclear meaning = iota
	known           // the node has the transaction in a block
	look            // it depends on whether the node has it
	never           // the node will not take these bytes
)

// conflicting are words of refusals about inputs or duplicates: btcd's mempool.go
// ("orphan transaction … references outputs of unknown or fully-spent", "already
// have transaction", "output already spent in mempool", "replacement transaction
// has an insufficient fee"), and Bitcoin Core's validation.cpp and rbf.cpp
// ("txn-mempool-conflict", "bad-txns-inputs-missingorspent", "Missing inputs",
// "txn-already-in-mempool", "txn-already-known", "insufficient fee, rejecting
// replacement", "too many potential replacements").
var conflicting = []string{
	"orphan", "missing", "spent", "conflict", "already", "replace", "spends-conflicting",
}

func judge(e *rpcError) meaning {
	switch e.Code {
	case codeAlreadyMined:
		return known
	case codeVerify, codeVerifyReject:
		text := strings.ToLower(e.Message)
		if strings.Contains(text, "failed to validate input") { // btcd: a bad signature
			return never
		}
		for _, word := range conflicting {
			if strings.Contains(text, word) {
				return look
			}
		}
		// btcd uses -25 for its own failures too.
		if e.Code == codeVerifyReject || strings.Contains(text, "fee exceeds maximum") {
			return never
		}
	case codeDecode:
		return never
	}
	return unclear
}
