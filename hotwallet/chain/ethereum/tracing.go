package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
)

// Traces says whether blocks are read with what their execution did to balances.
type Traces string

// What can be done about traces.
const (
	// TracesAuto: as far as the node shows them. One that has not shown any and does
	// not know the method is read without; Unseen says so. One that has shown some, or
	// knows the method, has to go on: a block it can't trace now is tried again.
	TracesAuto Traces = "auto"
	// TracesRequired: a node without them can't be read.
	TracesRequired Traces = "required"
	// TracesOff: never asked for.
	TracesOff Traces = "off"
)

// What Unseen says.
const (
	unseenByNode  = "internal transfers are not seen by this node: it does not offer debug_traceBlockByHash"
	unseenByOrder = "internal transfers are not seen: ETHEREUM_TRACES is off"
)

// tracing is what is known of the node's traces.
type tracing struct {
	policy Traces
	// shown is set once the node has traced a block, missing while it does not know
	// the method.
	shown, missing *atomic.Bool
}

func newTracing(policy Traces) tracing {
	return tracing{policy: policy, shown: new(atomic.Bool), missing: new(atomic.Bool)}
}

// Unseen implements chain.Partial.
func (t tracing) Unseen() string {
	switch {
	case t.policy == TracesOff:
		return unseenByOrder
	case t.missing.Load():
		return unseenByNode
	}
	return ""
}

// wanted reports whether a block has to be traced. One without transactions only as
// long as it is not known whether the node can.
func (t tracing) wanted(transactions int) bool {
	return t.policy != TracesOff && (transactions > 0 || !t.shown.Load() && !t.missing.Load())
}

// traceOptions ask for balances before and after each transaction and nothing else,
// so that the answer is short whatever the transactions do. Each may take as long as
// we wait for all.
func (a *Adapter) traceOptions() map[string]any {
	return map[string]any{
		"tracer": "prestateTracer", "timeout": a.cfg.TraceTimeout.String(),
		"tracerConfig": map[string]bool{"diffMode": true, "disableCode": true, "disableStorage": true},
	}
}

// trace reads what a block's execution did to balances; nil where the node can't
// say and need not. It is asked by hash, so it is of this block or none.
func (a *Adapter) trace(ctx context.Context, ref chain.Ref, txs types.Transactions, w chain.Watch) ([]changes, error) {
	if ref.Height == 0 || !a.wanted(len(txs)) {
		return nil, nil
	}
	var reply json.RawMessage
	err := a.callWithin(ctx, a.cfg.TraceTimeout, &reply, "debug_traceBlockByHash", ref.Hash, a.traceOptions())
	if err != nil {
		return nil, a.explainTrace(ctx, ref, err)
	}
	found, err := readTrace(reply, txs, w)
	if err != nil {
		return nil, fmt.Errorf("block %s: %w", ref, err)
	}
	a.shown.Store(true)
	a.missing.Store(false)
	return found, nil
}

// Codes with which nodes say that they do not offer a method: JSON-RPC 2.0's, and
// EIP-1474's.
const (
	methodNotFound     = -32601
	methodNotSupported = -32004
)

// explainTrace decides what a block without a trace is: gone, readable without, or
// an error, after which the caller tries again. That includes a node which has
// dropped the block's state. Reading on would miss deposits for ever; whoever wants
// that all the same has TracesOff.
func (a *Adapter) explainTrace(ctx context.Context, ref chain.Ref, cause error) error {
	refusal, refused := answered(cause)
	if !refused {
		return fmt.Errorf("block %s: %w", ref, cause)
	}
	code := refusal.ErrorCode()
	if (code == methodNotFound || code == methodNotSupported) && a.policy == TracesAuto && !a.shown.Load() {
		a.missing.Store(true)
		return nil
	}
	if err := a.checkCanonical(ctx, ref); err != nil {
		return errors.Join(err, cause)
	}
	return fmt.Errorf("block %s can't be traced: %w", ref, cause)
}
