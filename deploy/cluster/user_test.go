package cluster_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	btcToETH  = asset.Pair{From: asset.BTC, To: asset.ETH}
	ethToBTC  = asset.Pair{From: asset.ETH, To: asset.BTC}
	usdtToBTC = asset.Pair{From: asset.USDT, To: asset.BTC}
	btcToUSDC = asset.Pair{From: asset.BTC, To: asset.USDC}
)

// usual is what a swap of each asset deposits.
var usual = map[asset.ID]string{asset.BTC: "0.02", asset.ETH: "0.5", asset.USDT: "500"}

// newAddress is a user's fresh address.
func (h *house) newAddress(id asset.ID) (string, error) {
	if asset.MustLookup(id).Chain == asset.Ethereum {
		key, err := crypto.GenerateKey()
		if err != nil {
			return "", err
		}
		return crypto.PubkeyToAddress(key.PublicKey).Hex(), nil
	}
	key, err := bitcoin.NewKey(cluster.DemoNetworks())
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys[key.Address()] = key
	return key.Address(), nil
}

// quote asks until there is one: the hot wallet may have nothing to promise yet.
// One user asks at a time, so that all of them, who have one address, stay
// within the gateway's limit on requests.
func (h *house) quote(ctx context.Context, pair asset.Pair) (signed string, err error) {
	h.asking.Lock()
	defer h.asking.Unlock()
	ask := client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: usual[pair.From]}
	err = h.ask(ctx, "a quote of "+pair.String(), func() (err error) {
		_, signed, err = h.api.CreateQuote(ctx, ask)
		return err
	})
	return signed, err
}

// ask repeats a request until it is answered by more than a reason that may pass.
func (h *house) ask(ctx context.Context, what string, request func() error) error {
	var passing error
	err := h.until(ctx, what, time.Second, func() (bool, error) {
		err := request()
		if client.Passing(err) {
			passing = err
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return errors.Join(err, passing)
	}
	return nil
}

// book makes a swap as a wallet does, every signature verified.
func (h *house) book(ctx context.Context, pair asset.Pair) (swap.Terms, error) {
	created, err := h.create(ctx, pair)
	return created.Terms, err
}

// create is book, with the swap's secret.
func (h *house) create(ctx context.Context, pair asset.Pair) (client.Created, error) {
	signed, err := h.quote(ctx, pair)
	if err != nil {
		return client.Created{}, err
	}
	payout, payoutErr := h.newAddress(pair.To)
	refund, refundErr := h.newAddress(pair.From)
	if err := errors.Join(payoutErr, refundErr); err != nil {
		return client.Created{}, err
	}
	policy, key := swap.RefundPolicy(), rand.Text()
	var created client.Created
	err = h.ask(ctx, "a swap of "+pair.String(), func() (err error) {
		created, err = h.api.CreateSwap(ctx, key, client.SwapRequest{SignedQuote: signed, PayoutAddress: payout, RefundAddress: refund, Policy: &policy})
		return err
	})
	if err != nil {
		return client.Created{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.swaps = append(h.swaps, created.Terms.Receipt.SwapID)
	return created, nil
}

// pay deposits from the faucet.
func (h *house) pay(ctx context.Context, t swap.Terms, units asset.Units) (txid string, err error) {
	if from := t.Quote.Pair.From; asset.MustLookup(from).Chain == asset.Ethereum {
		return h.faucetETH.PayAsset(ctx, t.Receipt.DepositAddress, asset.Amount{Asset: from, Units: units})
	}
	return h.faucetBTC.Pay(ctx, []faucet.Output{{Address: t.Receipt.DepositAddress, Units: units}})
}

// promisePayout: the destination gets exactly the payout, the refund address nothing.
func (h *house) promisePayout(t swap.Terms) {
	h.promise(t, "payout", t.Receipt.PayoutAddress, t.Quote.Payout)
	h.promise(t, "no refund", t.Receipt.RefundAddress, asset.Amount{Asset: t.Quote.Pair.From})
}

// promiseRefund: the refund address gets exactly what was paid less the quoted fee.
func (h *house) promiseRefund(t swap.Terms, paid asset.Units) error {
	back, err := paid.Sub(t.Quote.RefundFeeMax.Units)
	h.promise(t, "refund", t.Receipt.RefundAddress, asset.Amount{Asset: t.Quote.Pair.From, Units: back})
	return err
}

func (h *house) promise(t swap.Terms, what, address string, amount asset.Amount) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.promises = append(h.promises, promise{of: t.Receipt.SwapID + " " + what, address: address, amount: amount})
}

// until looks again and again; it also ends when a process of the cluster has.
func (h *house) until(ctx context.Context, what string, every time.Duration, ask func() (ok bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		ok, err := ask()
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case err := <-h.up.Failed():
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-ticker.C:
		}
	}
}

// see waits until the API shows a swap so.
func (h *house) see(ctx context.Context, t swap.Terms, what string, ok func(client.Swap) bool) error {
	id := t.Receipt.SwapID
	var latest client.Swap
	err := h.until(ctx, fmt.Sprintf("swap %s (%s) to be %s", id, t.Quote.Pair, what), lookEvery, func() (bool, error) {
		s, err := h.api.Swap(ctx, id)
		if client.Passing(err) {
			return false, nil
		}
		latest = s
		return err == nil && ok(s), err
	})
	if err != nil {
		return fmt.Errorf("%w; it is %s (%s) with deposits %+v and payments %+v", err, latest.State, latest.Reason, latest.Deposits, latest.Payments)
	}
	return nil
}

// reached means that a swap is in one of these states.
func reached(states ...swap.State) func(client.Swap) bool {
	return func(s client.Swap) bool { return slices.Contains(states, s.State) }
}

// settled waits for the end of a swap and asks the node for the payout.
func (h *house) settled(ctx context.Context, t swap.Terms) error {
	if err := h.see(ctx, t, "settled", reached(swap.Settled, swap.Held, swap.Expired, swap.Refunded)); err != nil {
		return err
	}
	s, err := h.api.Swap(ctx, t.Receipt.SwapID)
	if err != nil {
		return err
	}
	payouts := 0
	for _, p := range s.Payments {
		if p.Purpose == swap.PurposePayout {
			payouts++
		}
	}
	if s.State != swap.Settled || payouts != 1 {
		return fmt.Errorf("swap %s is %s (%s) with %d payouts, want it settled with one", s.ID, s.State, s.Reason, payouts)
	}
	return nil
}

// refunded means that the deposit of a transaction has a verdict and that as
// many refunds are final.
func refunded(txid string, verdict swap.Verdict, refunds int) func(client.Swap) bool {
	return func(s client.Swap) bool {
		judged := slices.ContainsFunc(s.Deposits, func(d client.Deposit) bool { return d.TxID == txid && d.Verdict == verdict })
		final := 0
		for _, p := range s.Payments {
			if p.Purpose == swap.PurposeRefund && p.State == swap.PaymentFinal {
				final++
			}
		}
		return judged && final == refunds
	}
}
