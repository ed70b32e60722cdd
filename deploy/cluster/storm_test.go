package cluster_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/jackc/pgx/v5"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

// staleSeconds is when a standing Ethereum node is an alarm in these tests.
const staleSeconds = 3

// stormyHouse is a house whose alarm of a standing node comes early.
func stormyHouse(ctx context.Context, t *testing.T) *house {
	t.Helper()
	long(t)
	root, err := openFolder("ferry-storm-")
	must(t, err)
	h := &house{root: filepath.Join(root, ".ferry"), port: freePort(t), networks: cluster.DemoNetworks(), keys: map[string]bitcoin.Key{}}
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	mining, err := faucet.BitcoinMiningAddress(cluster.DemoNetworks())
	must(t, err)
	h.up, err = cluster.Start(ctx, cluster.Config{Root: h.root, Bin: programs, API: h.port, MiningAddress: mining, Getenv: setting,
		Progress: func(step string) {
			if strings.Contains(step, "by itself") {
				t.Log(strings.SplitN(step, "\n", 2)[0])
			}
		},
		Policy: func(d *deployment.Deployment) {
			c := d.Chains[asset.Ethereum]
			c.StaleAfterSeconds = staleSeconds
			d.Chains[asset.Ethereum] = c
		}})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			h.showLogs(t)
		}
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		must(t, h.up.Stop(stopping))
	})
	must(t, h.connect(ctx))
	must(t, h.faucetBTC.Mature(ctx, nil))
	stopMiner := h.mine(ctx)
	t.Cleanup(func() { must(t, stopMiner()) })
	must(t, h.fund(ctx))
	return h
}

// step is a subtest after whose failure the rest would only wait in vain.
func step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, f) {
		t.FailNow()
	}
}

// storm is a swap and the transaction of its deposit.
type storm struct {
	swap.Terms
	txid string
	tx   *wire.MsgTx // in bitcoin
}

// exchangeOf books a swap and promises its payout.
func (h *house) exchangeOf(ctx context.Context, pair asset.Pair) (storm, error) {
	terms, err := h.book(ctx, pair)
	if err == nil {
		h.promisePayout(terms)
	}
	return storm{Terms: terms}, err
}

// bookTo is book with the payout going to an address of the caller's.
func (h *house) bookTo(ctx context.Context, pair asset.Pair, payout string) (storm, error) {
	var signed string
	err := h.until(ctx, "a quote of "+pair.String(), 500*time.Millisecond, func() (_ bool, err error) {
		_, signed, err = h.api.CreateQuote(ctx, client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: usual[pair.From]})
		if client.Passing(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return storm{}, err
	}
	refund, err := h.newAddress(pair.From)
	if err != nil {
		return storm{}, err
	}
	policy := swap.RefundPolicy()
	created, err := h.api.CreateSwap(ctx, rand.Text(), client.SwapRequest{SignedQuote: signed, PayoutAddress: payout, RefundAddress: refund, Policy: &policy})
	return storm{Terms: created.Terms}, err
}

// deposit pays, and keeps the transaction in bitcoin as a wallet does.
func (h *house) deposit(ctx context.Context, e *storm) (err error) {
	if e.txid, err = h.pay(ctx, e.Terms, e.Quote.Deposit.Units); err != nil || e.Quote.Pair.From != asset.BTC {
		return err
	}
	sent, err := h.node.Transactions(ctx, e.Receipt.DepositAddress)
	if err != nil {
		return err
	}
	for _, tx := range sent {
		if tx.TxHash().String() == e.txid {
			e.tx = tx
			return nil
		}
	}
	return fmt.Errorf("the node does not show the deposit %s of %s", e.txid, e.Receipt.SwapID)
}

// resend hands a deposit in bitcoin in again: a node that restarts has forgotten
// what was in no block, and every wallet sends it anew.
func (h *house) resend(ctx context.Context, e storm) error {
	if e.tx == nil {
		return nil
	}
	_, err := h.node.Send(ctx, e.tx)
	return err
}

// told waits until the updates of a swap tell of a fact.
func (h *house) told(ctx context.Context, e storm, cause swap.FactKind, times int) error {
	return h.see(ctx, e.Terms, fmt.Sprintf("told of %s %d times", cause, times), func(s client.Swap) bool {
		n := 0
		for _, u := range s.Updates {
			if u.Cause == string(cause) {
				n++
			}
		}
		return n >= times
	})
}

// still holds the miner until the function it returns is called.
func (h *house) still() (goOn func()) {
	h.mining.Lock()
	return sync.OnceFunc(h.mining.Unlock)
}

// query reads one value as support.
func (h *house) query(ctx context.Context, into any, sql string, args ...any) (err error) {
	conn, err := pgx.Connect(ctx, h.up.Settings().SupportURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return conn.QueryRow(ctx, sql, args...).Scan(into)
}

// resume has an operator resume chains.
func (h *house) resume(ctx context.Context, chains ...string) error {
	for _, chain := range chains {
		if _, err := h.ferry(ctx, "resume", chain, "--reason", "looked at it", "--actor", "test"); err != nil {
			return err
		}
	}
	return nil
}

// alarmed waits until `ferry status` says something. It ends with a status other
// than 0 then, and breaks its lines as it likes.
func (h *house) alarmed(ctx context.Context, says ...string) error {
	var page string
	err := h.until(ctx, fmt.Sprintf("ferry status to say %q", says), 200*time.Millisecond, func() (bool, error) {
		said, err := h.ferry(ctx, "status")
		if err != nil {
			said = err.Error()
		}
		page = strings.Join(strings.Fields(said), " ")
		for _, text := range says {
			if !strings.Contains(page, text) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("%w; it says %s", err, page)
	}
	return nil
}

// booksAgree asks support's page, which ends with a status other than 0 if anything
// in the books is off.
func (h *house) booksAgree(ctx context.Context) error {
	return h.until(ctx, "the books to agree", 300*time.Millisecond, func() (bool, error) {
		_, err := h.ferry(ctx, "books")
		if ctx.Err() != nil {
			return false, err
		}
		return err == nil, nil
	})
}
