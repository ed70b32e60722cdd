package utxo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// builtOn is what the node's mempool would lose with a transaction of ours, in base units: its
// fee and those of all that depend on it there, whoever made them. A replacement has to pay more
// than the sum (BIP125, rule 3). 0 where the node does not have it.
func (a *Adapter) builtOn(ctx context.Context, txid string) (uint64, error) {
	var entry struct {
		Fees struct {
			Descendant json.Number `json:"descendant"`
		} `json:"fees"`
	}
	err := a.node.call(ctx, &entry, "getmempoolentry", txid)
	var refused *rpcError
	switch {
	case err == nil:
		return parseRate(entry.Fees.Descendant)
	case isCode(err, codeNotFound):
		return 0, nil
	case errors.As(err, &refused):
		return a.builtOnInPool(ctx, txid) // btcd does not know the call
	}
	return 0, err
}

// builtOnInPool works that out from the whole mempool.
func (a *Adapter) builtOnInPool(ctx context.Context, txid string) (uint64, error) {
	var pool map[string]struct {
		Fee     json.Number `json:"fee"`
		Depends []string    `json:"depends"`
	}
	if err := a.node.call(ctx, &pool, "getrawmempool", true); err != nil {
		return 0, err
	}
	if _, has := pool[txid]; !has {
		return 0, nil
	}
	children := map[string][]string{}
	for id, entry := range pool {
		for _, on := range entry.Depends {
			children[on] = append(children[on], id)
		}
	}
	var sum uint64
	seen := map[string]bool{txid: true}
	for all := []string{txid}; len(all) > 0; {
		id := all[0]
		fee, err := parseRate(pool[id].Fee)
		if err != nil {
			return 0, fmt.Errorf("fee of transaction %.64s: %w", id, err)
		}
		if sum += fee; sum > a.rules.Most {
			return 0, fmt.Errorf("fees of what depends on %s are more than there is", txid)
		}
		all = all[1:]
		for _, next := range children[id] {
			if !seen[next] {
				seen[next] = true
				all = append(all, next)
			}
		}
	}
	return sum, nil
}
