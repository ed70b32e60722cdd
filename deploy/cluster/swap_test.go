package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: every daemon as a process of its own, on Postgres, Kafka, btcd and geth,
// started as a user starts them.
//
// Test: what a swap promises is kept to the unit, whatever the deposit and
// whichever daemon is killed; the nodes are asked, not Ferry. The parts share one
// cluster and run in this order.
func TestSwapsOnRealNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED under -short: no swap is made on real nodes")
	}
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := newHouseOf(ctx, t, cluster.TokenNetworks())
	for _, part := range []struct {
		name string
		run  func(context.Context, *testing.T)
	}{
		{"exact, short, over, extra and several deposits, in coins and tokens", h.deposits},
		{"each daemon killed once", h.outages},
		{"stopped and started again", h.again},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			part.run(ctx, t)
			must(t, h.kept(ctx))
			must(t, h.booksAtRest(ctx))
		}) {
			return
		}
	}
}

// deposits of every kind at the same time.
func (h *house) deposits(ctx context.Context, t *testing.T) {
	together, ctx := errgroup.WithContext(ctx)
	together.Go(func() error { return h.scenarios(ctx, t) })
	for _, pair := range []asset.Pair{btcToETH, ethToBTC} {
		together.Go(func() error { return h.exact(ctx, pair) })
		together.Go(func() error { return h.wrong(ctx, pair, swap.VerdictShort) })
		together.Go(func() error { return h.wrong(ctx, pair, swap.VerdictOver) })
		together.Go(func() error { return h.toppedUp(ctx, pair) })
	}
	for _, pair := range []asset.Pair{usdtToBTC, btcToUSDC} {
		together.Go(func() error { return h.exact(ctx, pair) })
	}
	together.Go(func() error { return h.wrong(ctx, usdtToBTC, swap.VerdictShort) })
	together.Go(func() error { return h.strayed(ctx) })
	must(t, together.Wait())
}

// exact settles, and what is paid to the same address afterwards comes back.
func (h *house) exact(ctx context.Context, pair asset.Pair) error {
	terms, err := h.book(ctx, pair)
	if err != nil {
		return err
	}
	if _, err := h.pay(ctx, terms, terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := h.settled(ctx, terms); err != nil {
		return err
	}
	h.promise(terms, "payout", terms.Receipt.PayoutAddress, terms.Quote.Payout)
	extra, err := h.pay(ctx, terms, terms.Quote.Deposit.Units)
	if err != nil {
		return err
	}
	if err := h.promiseRefund(terms, terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := h.see(ctx, terms, "refunded its extra deposit", refunded(extra, swap.VerdictExtra, 1)); err != nil {
		return err
	}
	return h.settled(ctx, terms)
}

// toppedUp pays three fifths, is told what is missing, pays that to the same address,
// and has its swap settled by one payout.
func (h *house) toppedUp(ctx context.Context, pair asset.Pair) error {
	terms, err := h.book(ctx, pair)
	if err != nil {
		return err
	}
	amount := terms.Quote.Deposit
	first, err := amount.Units.MulDiv(big.NewInt(3), big.NewInt(5), asset.Down)
	if err != nil {
		return err
	}
	rest, err := amount.Units.Sub(first)
	if err != nil {
		return err
	}
	if _, err := h.pay(ctx, terms, first); err != nil {
		return err
	}
	missing := "Send the missing " + asset.Amount{Asset: pair.From, Units: rest}.String() + " to the same address by "
	err = h.see(ctx, terms, "asked for the rest", func(s client.Swap) bool {
		return s.State == swap.AwaitingDeposit && s.NextActor == "user" && strings.Contains(s.Message, missing)
	})
	if err != nil {
		return err
	}
	page, err := h.ferry(ctx, "swap", "show", terms.Receipt.SwapID)
	if err != nil {
		return err
	}
	if !strings.Contains(strings.Join(strings.Fields(page), " "), missing) {
		return fmt.Errorf("ferry swap show does not say what is missing:\n%s", page)
	}
	if _, err := h.pay(ctx, terms, rest); err != nil {
		return err
	}
	h.promisePayout(terms)
	if err := h.settled(ctx, terms); err != nil {
		return err
	}
	return h.see(ctx, terms, "paid in two parts", func(s client.Swap) bool {
		return len(s.Deposits) == 2 && s.Deposits[0].Verdict == swap.VerdictToppedUp && s.Deposits[1].Verdict == swap.VerdictToppedUp &&
			len(s.Payments) == 1 && len(s.Payments[0].DepositIDs) == 2
	})
}

// wrong pays a part or a multiple of what was agreed.
func (h *house) wrong(ctx context.Context, pair asset.Pair, verdict swap.Verdict) error {
	terms, err := h.book(ctx, pair)
	if err != nil {
		return err
	}
	paid := terms.Quote.Deposit.Units
	if verdict == swap.VerdictShort {
		paid, err = paid.Sub(asset.NewUnits(1))
	} else {
		// More than a little, which would be swapped with the rest.
		paid, err = paid.MulDiv(big.NewInt(11), big.NewInt(10), asset.Down)
	}
	if err != nil {
		return err
	}
	txid, err := h.pay(ctx, terms, paid)
	if err != nil {
		return err
	}
	h.promise(terms, "no payout", terms.Receipt.PayoutAddress, asset.Amount{Asset: pair.To})
	if err := h.promiseRefund(terms, paid); err != nil {
		return err
	}
	return h.see(ctx, terms, "refunded as "+string(verdict), func(s client.Swap) bool {
		return s.State == swap.Refunded && refunded(txid, verdict, 1)(s)
	})
}

// booksAtRest waits until nothing is under way between the two books, and has
// both judged: `ferry books` and `ferry status` end with status 0.
func (h *house) booksAtRest(ctx context.Context) error {
	var off string
	err := h.until(ctx, "the books to be at rest", 250*time.Millisecond, func() (bool, error) {
		page, err := h.ferry(ctx, "books", "--json")
		if err != nil {
			return false, err
		}
		off, err = unrest(page)
		return off == "", err
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, off)
	}
	_, err = h.ferry(ctx, "status")
	return err
}

// unrest says what is still under way in the answer of `ferry books --json`.
func unrest(page string) (string, error) {
	type sum struct {
		Units string `json:"units"`
	}
	var books struct {
		Assets []struct {
			Asset    asset.ID          `json:"asset"`
			Off      []string          `json:"off"`
			InFlight []json.RawMessage `json:"in_flight"`
			Wallet   sum               `json:"hot_wallet_total"`
			Machine  sum               `json:"state_machine_total"`
		} `json:"assets"`
	}
	if err := json.Unmarshal([]byte(page), &books); err != nil {
		return "", fmt.Errorf("ferry books --json: %w\n%s", err, page)
	}
	if len(books.Assets) < 2 {
		return "", fmt.Errorf("ferry books --json tells of %d assets", len(books.Assets))
	}
	var open []string
	for _, a := range books.Assets {
		if len(a.Off) > 0 || a.Wallet.Units != "0" || a.Machine.Units != "0" {
			return "", fmt.Errorf("%s is off: %s (totals %s and %s)", a.Asset, strings.Join(a.Off, "; "), a.Wallet.Units, a.Machine.Units)
		}
		if len(a.InFlight) > 0 {
			open = append(open, fmt.Sprintf("%d facts of %s between the books", len(a.InFlight), a.Asset))
		}
	}
	return strings.Join(open, ", "), nil
}

// again stops everything while two swaps are under way and starts it on the same
// folder: they settle, the old ones are listed, and new ones are made.
func (h *house) again(ctx context.Context, t *testing.T) {
	both, err := h.bookBoth(ctx)
	must(t, err)
	both, err = h.payBoth(ctx, both)
	must(t, err)
	// In a block: a node that restarts forgets what was only in its mempool.
	must(t, h.buried(ctx, both, 1))
	must(t, h.close())
	must(t, h.start(ctx, t))
	must(t, h.settleBoth(ctx, both))
	for _, id := range h.swaps {
		page, err := h.ferry(ctx, "swap", "show", id)
		must(t, err)
		if !strings.Contains(page, id) {
			t.Errorf("ferry swap show %s answers:\n%s", id, page)
		}
		if s, err := h.api.Swap(ctx, id); err != nil || s.State != swap.Settled && s.State != swap.Refunded {
			t.Errorf("swap %s is %q after the second start (%v)", id, s.State, err)
		}
	}
	fresh, err := h.bookBoth(ctx)
	must(t, err)
	fresh, err = h.payBoth(ctx, fresh)
	must(t, err)
	must(t, h.settleBoth(ctx, fresh))
}
