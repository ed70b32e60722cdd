package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// opinion is a house whose attestd's own btcd is told what to believe.
type opinion struct {
	*house
	second *bitcoin.Node
}

// Setup: a running Ferry, whose attestd looks at deposits on a btcd of its own.
//
// Test: while that node is behind, on another chain or away, a deposit that the hot
// wallet has confirmed is not paid out for, and the payment says why; once the nodes
// agree it is. The nodes are asked what every address has received.
func TestSecondOpinionOnRealNodes(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	long(t)
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := newHouse(ctx, t)
	s := h.up.Settings().Attest[asset.Bitcoin]
	second, err := bitcoin.NewNode(bitcoin.NodeConfig{URL: s.URL, User: s.User, Password: s.Password})
	must(t, err)
	defer second.Close()
	o := opinion{h, second}
	step(t, "a node that lags", func(t *testing.T) {
		// It takes none of the blocks from the deposit's on.
		var hash string
		o.disputed(ctx, t, "blocks deep on the attestor's own node", func(at int64) {
			hash = o.refuse(ctx, t, at)
		}, func() { must(t, second.Reconsider(ctx, hash)) })
	})
	step(t, "a node on another chain", func(t *testing.T) {
		var hash string
		o.disputed(ctx, t, "the attestor's own node of bitcoin has another block", func(at int64) {
			hash = o.refuse(ctx, t, at)
			must(t, second.Generate(ctx, 1))
		}, func() { must(t, second.Reconsider(ctx, hash)) })
	})
	step(t, "a node that is away", func(t *testing.T) {
		o.disputed(ctx, t, "the attestor's node of bitcoin does not answer", func(int64) {
			must(t, h.up.StopOne(ctx, "btcd-attest"))
		}, func() { must(t, h.up.Restart(ctx, "btcd-attest")) })
	})
	must(t, h.booksAgree(ctx))
}

// refuse has the second node take back its block at a height, and know of none above
// it; it returns the block's hash.
func (o opinion) refuse(ctx context.Context, t *testing.T, height int64) string {
	t.Helper()
	must(t, o.until(ctx, "the second node to have the deposit's block", lookEvery, func() (bool, error) {
		at, err := o.second.Height(ctx)
		return at >= height, err
	}))
	b, err := o.second.Block(ctx, height)
	must(t, err)
	must(t, o.second.Invalidate(ctx, height))
	return b.BlockHash().String()
}

// disputed makes a swap of bitcoin, has the nodes differ from its deposit's block on,
// and demands that nothing is paid until they agree again.
func (o opinion) disputed(ctx context.Context, t *testing.T, reason string, differ func(at int64), agree func()) {
	t.Helper()
	e, err := o.exchangeOf(ctx, btcToETH)
	must(t, err)
	goOn := o.still()
	defer goOn()
	must(t, o.deposit(ctx, &e))
	must(t, o.faucetBTC.Mine(ctx, 1))
	at, err := o.node.Height(ctx)
	must(t, err)
	differ(at)
	must(t, o.faucetBTC.Mine(ctx, 2))
	must(t, o.see(ctx, e.Terms, "queued for payout", reached(swap.PayoutQueued)))
	must(t, o.unattested(ctx, e.Terms, reason))
	must(t, o.unpaid(ctx, e.Terms))
	agree()
	goOn()
	must(t, o.settled(ctx, e.Terms))
	must(t, o.kept(ctx))
}

// unattested waits until a payout waits for an attestation, for a reason.
func (h *house) unattested(ctx context.Context, terms swap.Terms, reason string) error {
	return h.until(ctx, "the payout to stand still because "+reason, lookEvery, func() (bool, error) {
		var is string
		err := h.query(ctx, &is, `SELECT coalesce((SELECT reason FROM hotwallet.payment WHERE order_id = $1 AND state = 'queued'), '')`,
			swap.PayoutOrderID(terms.Receipt.SwapID))
		return strings.HasPrefix(is, "deposit_not_attested") && strings.Contains(strings.ToLower(is), strings.ToLower(reason)), err
	})
}

// unpaid demands that a payout address has received nothing.
func (h *house) unpaid(ctx context.Context, terms swap.Terms) error {
	got, err := h.received(ctx, promise{address: terms.Receipt.PayoutAddress, amount: asset.Amount{Asset: terms.Quote.Pair.To}})
	if err == nil && got.Sign() != 0 {
		err = fmt.Errorf("%s has received %s base units", terms.Receipt.PayoutAddress, got)
	}
	return err
}

// inventions: deposits that never were, in the hot wallet's own book as confirmed, as
// somebody would write them who has taken hotwalletd or its database. The order comes
// about and is not paid: attestd's node has no such deposit, block or amount.
func (i *intruder) inventions(ctx context.Context, t *testing.T) {
	tip, err := i.node.Height(ctx)
	must(t, err)
	b, err := i.node.Block(ctx, tip-5)
	must(t, err)
	for _, c := range []struct{ hash, reason string }{
		{b.BlockHash().String(), "There is no such deposit in that block"},
		{strings.Repeat("0e", 32), "has another block at height"},
	} {
		terms := i.booked(ctx, t, btcToETH)
		i.nothing(terms)
		id, now := terms.Receipt.SwapID, swap.Millis(time.Now())
		txid := swap.HashDocument(id)
		f := swap.DepositFact{DepositID: "bitcoin:" + txid + ":0", TxID: txid, Address: terms.Receipt.DepositAddress, Amount: terms.Quote.Deposit,
			Confirmations: 6, Needed: 3, Height: tip - 5, FirstSeen: now, BlockTime: now, ConfirmedAt: now}
		i.change(ctx, t, 1, `INSERT INTO hotwallet.deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, swap_id, state,
			first_seen, height, block_hash, block_time, confirmed_at)
			VALUES ($1, 'bitcoin', $2, 0, $3, 'BTC', $4, 'swap', $5, 'confirmed', now(), $6, $7, now(), now())`,
			f.DepositID, txid, f.Address, f.Amount.Units, id, f.Height, c.hash)
		m, err := bus.FactMessage(swap.Fact{Kind: swap.FactDepositConfirmed, SwapID: id, At: now, Deposit: &f})
		must(t, err)
		i.publish(ctx, t, m)
		must(t, i.see(ctx, terms, "queued for payout", reached(swap.PayoutQueued)))
		i.stands(ctx, t, swap.PayoutOrderID(id), c.reason)
		// A genuine swap beside it is paid.
		genuine := i.booked(ctx, t, btcToETH)
		i.paid(ctx, t, genuine)
		must(t, i.settled(ctx, genuine))
		i.promisePayout(genuine)
		i.stands(ctx, t, swap.PayoutOrderID(id), "deposit_not_attested")
		i.told(ctx, t, "payments stand still")
	}
}
