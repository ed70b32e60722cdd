package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"golang.org/x/sync/errgroup"

	"ferry/swap"
	"ferry/swap/asset"
)

// outage kills daemons by SIGKILL while a swap of each direction is under way.
// Killed are those named once both deposits were seen, or once both payouts are
// due; they stay down until the world has moved on without them.
type outage struct {
	daemons []string
	// due kills while the payouts are due, not when the deposits were seen.
	due bool
	// meanwhile is what must come about while they are down.
	meanwhile func(*house, context.Context, [2]exchange) error
}

// exchange is one of the two swaps and the transaction of its deposit.
type exchange struct {
	swap.Terms
	txid string
}

func (h *house) outages(ctx context.Context, t *testing.T) {
	rows := []outage{
		// Whoever has promised need not live for it to be kept.
		{daemons: []string{"venuesim", "liquidityd"}, meanwhile: (*house).settleBoth},
		// But nothing is paid for a deposit that is not attested.
		{daemons: []string{"attestd"}, meanwhile: (*house).queueBoth},
		{daemons: []string{"hotwalletd-bitcoin"}, meanwhile: (*house).pass},
		{daemons: []string{"hotwalletd-ethereum"}, meanwhile: (*house).pass},
		{daemons: []string{"swapd"}, meanwhile: (*house).pass},
		{daemons: []string{"gatewayd"}, meanwhile: (*house).paidUnseen},
		{daemons: []string{"signerd"}, meanwhile: (*house).queueBoth},
		{daemons: []string{"signerd", "hotwalletd-bitcoin", "hotwalletd-ethereum", "swapd"}, due: true, meanwhile: (*house).pass},
	}
	killed := map[string]bool{}
	for _, row := range rows {
		began := time.Now()
		for _, name := range row.daemons {
			killed[name] = true
		}
		must(t, h.endure(ctx, row))
		t.Logf("%v: settled once, %s in all", row.daemons, time.Since(began).Round(10*time.Millisecond))
	}
	for _, name := range h.up.Daemons() {
		if !killed[name] {
			t.Errorf("%s was never killed", name)
		}
	}
}

// endure makes two swaps, kills, waits, restarts, and waits for both to settle.
func (h *house) endure(ctx context.Context, o outage) error {
	both, err := h.bookBoth(ctx)
	if err != nil {
		return err
	}
	h.mining.Lock() // so that the deposit in bitcoin is seen and not confirmed
	resume := sync.OnceFunc(h.mining.Unlock)
	defer resume()
	if both, err = h.payBoth(ctx, both); err != nil {
		return err
	}
	if err := h.seeBoth(ctx, both, swap.DepositDetected, swap.DepositConfirmed, swap.PayoutQueued); err != nil {
		return err
	}
	if o.due {
		resume()
		if err := h.seeBoth(ctx, both, swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast, swap.Settled); err != nil {
			return err
		}
	}
	for _, name := range o.daemons {
		if err := h.up.Kill(name); err != nil {
			return err
		}
	}
	resume()
	if err := o.meanwhile(h, ctx, both); err != nil {
		return fmt.Errorf("while %v are down: %w", o.daemons, err)
	}
	for _, name := range slices.Backward(o.daemons) {
		if err := h.up.Restart(ctx, name); err != nil {
			return err
		}
	}
	return h.settleBoth(ctx, both)
}

func (h *house) bookBoth(ctx context.Context) (both [2]exchange, err error) {
	for i, pair := range []asset.Pair{btcToETH, ethToBTC} {
		if both[i].Terms, err = h.book(ctx, pair); err != nil {
			return both, err
		}
		h.promisePayout(both[i].Terms)
	}
	return both, nil
}

// payBoth deposits exactly what was agreed, and returns the exchanges with the transactions.
func (h *house) payBoth(ctx context.Context, both [2]exchange) ([2]exchange, error) {
	err := each(ctx, &both, func(ctx context.Context, e *exchange) (err error) {
		e.txid, err = h.pay(ctx, e.Terms, e.Quote.Deposit.Units)
		return err
	})
	return both, err
}

func (h *house) seeBoth(ctx context.Context, both [2]exchange, states ...swap.State) error {
	return each(ctx, &both, func(ctx context.Context, e *exchange) error {
		return h.see(ctx, e.Terms, fmt.Sprint(states), reached(states...))
	})
}

func (h *house) settleBoth(ctx context.Context, both [2]exchange) error {
	return each(ctx, &both, func(ctx context.Context, e *exchange) error { return h.settled(ctx, e.Terms) })
}

// queueBoth: both payouts are ordered and wait for a signature.
func (h *house) queueBoth(ctx context.Context, both [2]exchange) error {
	return h.seeBoth(ctx, both, swap.PayoutQueued)
}

// pass: blocks enough for every deposit to be confirmed pass by.
func (h *house) pass(ctx context.Context, both [2]exchange) error { return h.buried(ctx, both, 4) }

// buried waits until the nodes show both deposits this deep.
func (h *house) buried(ctx context.Context, both [2]exchange, deep int64) error {
	return each(ctx, &both, func(ctx context.Context, e *exchange) error {
		return h.until(ctx, fmt.Sprintf("deposit %s to have %d confirmations", e.txid, deep), lookEvery, func() (bool, error) {
			have, err := h.confirmations(ctx, e)
			return have >= deep, err
		})
	})
}

func (h *house) confirmations(ctx context.Context, e *exchange) (int64, error) {
	if e.Quote.Pair.From == asset.BTC {
		have, _, err := h.node.Confirmations(ctx, e.txid)
		return have, err
	}
	receipt, err := h.eth.TransactionReceipt(ctx, common.HexToHash(e.txid))
	if err != nil {
		return 0, err
	}
	tip, err := h.eth.BlockNumber(ctx)
	return int64(tip) - receipt.BlockNumber.Int64() + 1, err
}

// paidUnseen: the nodes show both payouts, whoever looks on.
func (h *house) paidUnseen(ctx context.Context, both [2]exchange) error {
	return each(ctx, &both, func(ctx context.Context, e *exchange) error {
		p := promise{address: e.Receipt.PayoutAddress, amount: e.Quote.Payout}
		return h.until(ctx, "the payout of "+e.Receipt.SwapID, lookEvery, func() (bool, error) {
			got, err := h.received(ctx, p)
			return err == nil && got.Cmp(p.amount.Units.Big()) == 0, err
		})
	})
}

// each does the same for both at the same time.
func each(ctx context.Context, both *[2]exchange, do func(context.Context, *exchange) error) error {
	together, ctx := errgroup.WithContext(ctx)
	for i := range both {
		together.Go(func() error { return do(ctx, &both[i]) })
	}
	return together.Wait()
}
