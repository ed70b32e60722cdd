package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"ferry/swap"
)

// Reorganisations of btcd: what they take back comes back.
func TestReorganisations(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := stormyHouse(ctx, t)
	step(t, "a counted deposit before its payout is planned", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, btcToETH)
		must(t, err)
		_, err = h.ferry(ctx, "halt", "ethereum", "--reason", "hold the payout", "--actor", "test")
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.faucetBTC.Mine(ctx, 3))
		must(t, h.see(ctx, e.Terms, "counted", reached(swap.PayoutQueued)))
		must(t, h.takeBack(ctx, e.txid))
		must(t, h.told(ctx, e, swap.FactDepositReorged, 1))
		must(t, h.told(ctx, e, swap.FactDepositConfirmed, 2))
		must(t, h.see(ctx, e.Terms, "counted again", reached(swap.DepositConfirmed)))
		must(t, h.resume(ctx, "ethereum"))
		goOn()
		must(t, h.settled(ctx, e.Terms))
		must(t, h.wentThrough(ctx, e, swap.PayoutQueued, swap.DepositDetected, swap.DepositConfirmed, swap.PayoutBroadcast, swap.Settled))
		must(t, h.kept(ctx))
	})
	// The node that took the payout back has been restarted meanwhile, and has
	// forgotten it: whether it is mined again depends on Ferry alone.
	step(t, "a payout in a block", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, ethToBTC)
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.see(ctx, e.Terms, "sent", reached(swap.PayoutBroadcast)))
		must(t, h.faucetBTC.Mine(ctx, 1))
		must(t, h.told(ctx, e, swap.FactPaymentConfirmed, 1))
		_, err = h.reorg(ctx, 1)
		must(t, err)
		must(t, h.up.StopOne(ctx, "btcd"))
		must(t, h.up.Restart(ctx, "btcd"))
		must(t, h.faucetBTC.Mine(ctx, 2))
		must(t, h.told(ctx, e, swap.FactPaymentReorged, 1))
		goOn()
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
	step(t, "a counted deposit after its payout", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, btcToETH)
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.faucetBTC.Mine(ctx, 3))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.takeBack(ctx, e.txid))
		must(t, h.told(ctx, e, swap.FactDepositReorged, 1))
		must(t, h.alarmed(ctx, "bitcoin is halted: deposit", "ethereum is halted: deposit", "alarm.deposit_reorged"))
		goOn()
		must(t, h.told(ctx, e, swap.FactDepositConfirmed, 2))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.wentThrough(ctx, e, swap.Settled, swap.Held, swap.Settled))
		must(t, h.resume(ctx, "bitcoin", "ethereum"))
		must(t, h.kept(ctx))
	})
	step(t, "deeper than the limit", func(t *testing.T) {
		goOn := h.still()
		defer goOn()
		// On blocks that no branch of the steps before shares: btcd, told to take a
		// branch back, may look at another one that begins with the same block.
		must(t, h.faucetBTC.Mine(ctx, 8))
		tip, err := h.node.Height(ctx)
		must(t, err)
		must(t, h.read(ctx, tip))
		lowest, err := h.reorg(ctx, 8)
		must(t, err)
		must(t, h.faucetBTC.Mine(ctx, 9))
		must(t, h.alarmed(ctx, "bitcoin is halted: the node's chain leaves ours more than 6 blocks below"))
		must(t, h.measures(ctx, "hotwalletd-bitcoin", `ferry_chain_halted{chain="bitcoin"}`, 1))
		must(t, h.measures(ctx, "hotwalletd-bitcoin", `ferry_chain_reorg_too_deep_total{chain="bitcoin"}`, 1))
		must(t, h.logged("hotwalletd-bitcoin", "the chain has reorganised too deep; payments are halted"))
		branch, err := h.node.Block(ctx, tip-7)
		must(t, err)
		must(t, h.btcd(ctx, "invalidateblock", branch.BlockHash().String()))
		must(t, h.btcd(ctx, "reconsiderblock", lowest))
		must(t, h.resume(ctx, "bitcoin"))
		goOn()
		e, err := h.exchangeOf(ctx, ethToBTC)
		must(t, err)
		must(t, h.deposit(ctx, &e))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
	must(t, h.booksAgree(ctx))
}

// takeBack drops the blocks from a transaction's on and mines a longer branch, in
// whose first block the transaction is again. The miner is held by the caller.
func (h *house) takeBack(ctx context.Context, txid string) error {
	depth, ok, err := h.node.Confirmations(ctx, txid)
	if err != nil || !ok || depth > 6 {
		return fmt.Errorf("%s has %d confirmations, at most 6 can be taken back: %w", txid, depth, err)
	}
	if _, err := h.reorg(ctx, depth); err != nil {
		return err
	}
	return h.faucetBTC.Mine(ctx, depth+1)
}

// btcd calls the node as its operator; the answer is of no interest.
func (h *house) btcd(ctx context.Context, method string, params ...any) error {
	s := h.up.Settings().Bitcoin
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": "test", "method": method, "params": params})
	if err != nil {
		return err
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	ask.SetBasicAuth(s.User, s.Password)
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		return err
	}
	var reply struct {
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	err = errors.Join(json.NewDecoder(res.Body).Decode(&reply), res.Body.Close())
	if err == nil && reply.Error != nil {
		err = fmt.Errorf("btcd %s: %s", method, reply.Error.Message)
	}
	return err
}

// reorg takes the newest blocks of btcd away, and returns the hash of the lowest;
// transactions return to the mempool. The miner is held by the caller.
func (h *house) reorg(ctx context.Context, depth int64) (lowest string, err error) {
	tip, err := h.node.Height(ctx)
	if err != nil {
		return "", err
	}
	b, err := h.node.Block(ctx, tip-depth+1)
	if err != nil {
		return "", err
	}
	lowest = b.BlockHash().String()
	return lowest, h.btcd(ctx, "invalidateblock", lowest)
}

// read waits until the hot wallet has read a block of bitcoin.
func (h *house) read(ctx context.Context, height int64) error {
	return h.until(ctx, fmt.Sprintf("block %d to be read", height), lookEvery, func() (bool, error) {
		var at int64
		err := h.query(ctx, &at, `SELECT height FROM hotwallet.cursor WHERE chain = 'bitcoin'`)
		return at >= height, err
	})
}

// wentThrough demands that a swap's updates show these states one after another.
func (h *house) wentThrough(ctx context.Context, e storm, states ...swap.State) error {
	s, err := h.api.Swap(ctx, e.Receipt.SwapID)
	if err != nil {
		return err
	}
	var all []swap.State
	for _, u := range s.Updates {
		if len(all) == 0 || all[len(all)-1] != u.State {
			all = append(all, u.State)
		}
	}
	if len(all) < len(states) || !slices.Equal(all[len(all)-len(states):], states) {
		return fmt.Errorf("swap %s went through %v, want %v at the end", s.ID, all, states)
	}
	return nil
}
