package utxo

import (
	"context"
	"encoding/json"
)

// builtOn is what the node's mempool would lose with the one of our attempts that it has, in
// base units: its fee and those of all that depend on it there, whoever made them. A replacement
// has to pay more than the sum (BIP125, rule 3). Of attempts that exclude one another a node has
// one at most, mostly the newest. 0 where it has none, or can't say: btcd does not know the call
// (rpcserver.go, rpcUnimplemented), and its whole mempool is no answer, because it grows with
// strangers' transactions. What our attempts pay themselves is known without it, and a node that
// asks for more refuses what offers less.
func (a *Adapter) builtOn(ctx context.Context, txids []string) (uint64, error) {
	for i := len(txids) - 1; i >= 0; i-- {
		var entry struct {
			Fees struct {
				Descendant json.Number `json:"descendant"`
			} `json:"fees"`
		}
		err := a.node.call(ctx, &entry, "getmempoolentry", txids[i])
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case isCode(err, codeNotFound):
			continue
		case err != nil:
			return 0, nil //nolint:nilerr // one that does not answer this says so to what is handed in
		}
		sum, err := parseRate(entry.Fees.Descendant)
		if err != nil {
			return 0, nil //nolint:nilerr // the same
		}
		return min(sum, a.rules.Most), nil
	}
	return 0, nil
}
