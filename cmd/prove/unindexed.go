package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// unindexed asks a node that indexes no addresses, as Litecoin Core: what it holds
// unspent at an address. An address that has spent something has received more than
// that; its claim does not hold then.
type unindexed struct {
	rpc           *rpc
	confirmations uint64
}

// holding is the answer of scantxoutset.
type holding struct {
	Success  bool   `json:"success"`
	Height   uint64 `json:"height"`
	Unspents []struct {
		TxID   string      `json:"txid"`
		Amount json.Number `json:"amount"`
		Height uint64      `json:"height"`
	} `json:"unspents"`
}

// codeScanning is the node's answer while it looks for somebody else, which it does
// for one at a time; scanAgain is when to ask once more.
const (
	codeScanning = -8
	scanAgain    = 50 * time.Millisecond
)

// ask sums the unspent outputs of the address that are deep enough.
func (u unindexed) ask(ctx context.Context, c claim) (evidence, error) {
	found, err := u.scan(ctx, c.Address)
	if err != nil {
		return evidence{}, err
	}
	received, shallow := new(big.Int), new(big.Int)
	var in []string
	named := c.TxID == ""
	for _, out := range found.Unspents {
		sat, err := satoshi(out.Amount)
		if err != nil {
			return evidence{}, fmt.Errorf("an output of %.80q: %w", out.TxID, err)
		}
		if out.Height == 0 || out.Height > found.Height {
			return evidence{}, fmt.Errorf("an output of %.80q is in block %d of %d", out.TxID, out.Height, found.Height)
		}
		depth := found.Height - out.Height + 1
		if depth < u.confirmations {
			shallow.Add(shallow, sat)
			continue
		}
		received.Add(received, sat)
		named = named || out.TxID == c.TxID
		in = append(in, fmt.Sprintf("in %s, block %d, %d confirmations", out.TxID, out.Height, depth))
	}
	return summed(c, received, shallow, in, named, u.confirmations), nil
}

func (u unindexed) scan(ctx context.Context, address string) (found holding, err error) {
	ticker := time.NewTicker(scanAgain)
	defer ticker.Stop()
	for {
		err := u.rpc.call(ctx, &found, "scantxoutset", "start", []string{"addr(" + address + ")"})
		var refused *rpcError
		switch {
		case err == nil && found.Success:
			return found, nil
		case err == nil:
			return found, errors.New("scantxoutset: the node did not look through all of its coins")
		case !errors.As(err, &refused) || refused.Code != codeScanning || !strings.Contains(refused.Message, "in progress"):
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, errors.Join(err, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}
