package chaincases_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/hotwallet/signer"
	"ferry/hotwallet/treasury"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// purse is a world on a node of the UTXO family with the real signer's keys, an engine with a
// clock of its own, and one coin of the house.
type purse struct {
	*world
	node   *utxoNode
	engine *payment.Engine
	ahead  atomic.Int64
	orders int64
}

func newPurse(t *testing.T, n *utxoNode) *purse {
	t.Helper()
	w := &purse{world: newWorld(t, n), node: n}
	dir := t.TempDir()
	sign := signer.Config{Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "signer.key"), Networks: networks,
		QuoteKeys: w.keys.QuoteKeys(), AttestKeys: w.keys.AttestKeys(), Caps: signer.DefaultCaps(),
		Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{w.chain: needed, asset.Ethereum: needed}}}
	public, err := signer.Init(sign.Dir, sign.KeyFile, networks)
	w.must(err)
	raw, err := json.Marshal(public)
	w.must(err)
	accounts, err := keys.ParseAccounts(networks, raw)
	w.must(err)
	signs, err := signer.Open(sign)
	w.must(err)
	t.Cleanup(func() { w.must(signs.Close()) })
	now := func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	w.engine, err = payment.New(payment.Config{Chain: w.chain, Store: w.store, Payer: n.reader, Signer: remote.New(signs), Attestor: w, Lifter: w.store,
		FencingToken: token, FeeMax: asset.NewUnits(1_000_000), QuoteKeys: w.keys.QuoteKeys(), AttestKeys: w.keys.AttestKeys(),
		Bid: payment.Rising(now, time.Hour, nil), Check: remote.Check, Now: now, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	var hot []treasury.HotKey
	for _, branch := range []uint32{keys.External, keys.Change} {
		k, err := accounts.Derive(w.chain, keys.Hot, branch, 0)
		w.must(err)
		hot = append(hot, treasury.HotKey{Branch: branch, Path: k.Path, Address: k.Address})
		w.set.Add(k.Address)
	}
	w.must(w.store.AddHot(t.Context(), hot))
	script, err := keys.Script(networks, w.chain, hot[0].Address)
	w.must(err)
	out := n.To(t, n.Miner.Address, asset.NewUnits(50_000_000))
	out.PkScript = script
	n.Send(t, n.Spend(t, out))
	w.mine(needed)
	return w
}

// AttestDeposit implements payment.Attestor: what was ordered here was deposited.
func (w *purse) AttestDeposit(_ context.Context, r payment.AttestRequest) (string, error) {
	terms, err := swap.DecodeTerms(r.Order.SignedQuote, r.Order.SignedReceipt)
	if err != nil {
		return "", err
	}
	return swap.SignDepositAttestation(swap.DepositAttestation{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(r.Order.SignedReceipt),
		Chain: terms.Receipt.DepositChain, DepositID: r.Deposit.ID, Address: terms.Receipt.DepositAddress, Amount: r.Deposit.Amount,
		Height: r.Block.Height, BlockHash: r.Block.Hash, Depth: needed, Finality: swap.FinalityFinalized, Software: "fake", IssuedAt: swap.Millis(time.Now())}, w.keys.Attest)
}

// order has the consumer store a payout of ether that was deposited, to a stranger.
func (w *purse) order(units asset.Units) swap.Order {
	w.Helper()
	now := swap.Millis(time.Now())
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: asset.ETH, To: w.asset}, Deposit: swaptest.Amount(asset.ETH, "0.5"),
		Payout: asset.Amount{Asset: w.asset, Units: units}, Rate: "1", ServiceFee: asset.Amount{Asset: w.asset}, NetworkFee: asset.Amount{Asset: w.asset},
		RefundFeeMax: swaptest.Amount(asset.ETH, "0.001"), IssuedAt: now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 600, ConfirmWindowSeconds: 3600}
	signedQuote, err := swap.SignQuote(q, w.keys.Quote)
	w.must(err)
	r := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, now), QuoteID: q.ID, QuoteHash: swap.HashDocument(signedQuote), DepositChain: asset.Ethereum,
		DepositAsset: asset.ETH, DepositAddress: swaptest.EthereumAddress, DepositPath: "m/44'/1'/0'/0/0", PayoutAddress: w.node.newAddress(w.T),
		RefundAddress: swaptest.EthereumAddress, Policy: swap.RefundPolicy(), SecretHash: swap.HashDocument(secret),
		IssuedAt: now, DepositBy: now.Add(time.Hour), ConfirmBy: now.Add(2 * time.Hour)}
	signedReceipt, err := swap.SignReceipt(r, w.keys.Attest)
	w.must(err)
	deposit := fmt.Sprintf("ethereum:0x%064x:0", w.orders+1)
	_, err = w.pool.Exec(w.Context(), `INSERT INTO deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, swap_id, state, first_seen, height, block_hash, block_time, confirmed_at)
		VALUES ($1, 'ethereum', $1, 0, 'deposit', 'ETH', $2, 'swap', $3, 'confirmed', now(), 1, 'hash', now(), now())`, deposit, q.Deposit.Units, r.SwapID)
	w.must(err)
	o := swap.Order{ID: swap.PayoutOrderID(r.SwapID), Purpose: swap.PurposePayout, SwapID: r.SwapID, Chain: w.chain, Amount: q.Payout, Destination: r.PayoutAddress,
		Deposits: []swap.OrderDeposit{{ID: deposit, Amount: q.Deposit}}, SignedQuote: signedQuote, SignedReceipt: signedReceipt, At: now}
	orders, err := payment.NewOrders(payment.OrdersConfig{Chain: w.chain, Store: w.store, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	m, err := bus.OrderMessage(o)
	w.must(err)
	w.must(orders.Handle(w.Context(), bus.Batch{Topic: bus.TopicOrders, From: w.orders, Next: w.orders + 1,
		Records: []bus.Record{{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: "swap", Seq: w.orders + 1, Offset: w.orders, Time: o.At, Body: m.Body}}}))
	w.orders++
	return o
}

// round has the engine do what is due ten minutes later.
func (w *purse) round() {
	w.Helper()
	w.ahead.Add(int64(10 * time.Minute))
	w.must(w.engine.Round(w.Context()))
}

// passedOver has a block come that takes nothing, and what is due then done.
func (w *purse) passedOver() {
	w.Helper()
	w.node.MineBlock(w.T, w.node.To(w.T, w.node.Miner.Address, asset.NewUnits(1)).PkScript)
	w.look()
	w.round()
	w.round()
}

// settled has all be mined and final, and demands that each order was paid exactly, once.
func (w *purse) settled(orders ...swap.Order) {
	w.Helper()
	w.mine(needed)
	for _, o := range orders {
		if got := w.node.Received(w.T, o.Destination); got != o.Amount.Units {
			w.Fatalf("%s received %s of %s", o.ID, got, o.Amount.Units)
		}
	}
	if got := w.text(w.pool, `SELECT string_agg(DISTINCT state, ',') FROM payment`); got != "final" {
		w.Fatalf("payments are %s: %s", got, w.text(w.pool, `SELECT string_agg(purpose || ' ' || state || ' ' || reason, ', ') FROM payment`))
	}
	w.wantBooks()
}

// Setup: bchd, which takes no replacement, passes a payout over, twice.
//
// Test: the signer signs a child of its change, and a child of that; the node takes both. A block
// mines all three, and the books agree.
func TestChildOnBchd(t *testing.T) {
	t.Parallel()
	w := newPurse(t, newBchd(t))
	o := w.order(asset.NewUnits(10_000_000))
	w.round()
	for children := range 3 {
		if n := len(w.node.Mempool(t)); n != children+1 {
			t.Fatalf("%d transactions wait, want the payout and %d children: %s", n, children, w.text(w.pool, `SELECT string_agg(purpose || ' ' || state || ' ' || reason, ', ') FROM payment`))
		}
		if children < 2 {
			w.passedOver()
		}
	}
	w.settled(o)
}

// Setup: a wallet with one coin. Test: on each node it pays three times before a block comes,
// each time from the change of the payment before, and the block has all three.
func TestOwnChangeOnNodes(t *testing.T) {
	t.Parallel()
	for name, start := range utxoKinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPurse(t, start(t))
			var all []swap.Order
			for range 3 {
				all = append(all, w.order(asset.NewUnits(5_000_000)))
				w.round()
			}
			if n := len(w.node.Mempool(t)); n != 3 {
				t.Fatalf("%d transactions wait: %s", n, w.text(w.pool, `SELECT string_agg(purpose || ' ' || state || ' ' || reason, ', ') FROM payment`))
			}
			w.settled(all...)
		})
	}
}

// spends has the recipient of a payout spend it, at a fee.
func (w *purse) spends(o swap.Order, fee int64) {
	w.Helper()
	for _, tx := range w.node.Mempool(w.T) {
		w.node.Remember(tx)
		for i, out := range tx.TxOut {
			if out.Value == o.Amount.Units.Big().Int64() {
				w.node.Send(w.T, w.node.From(w.T, wire.OutPoint{Hash: tx.TxHash(), Index: uint32(i)}, fee))
				return
			}
		}
	}
	w.Fatal("no payout waits")
}

// Setup: litecoind; the recipient of a payout that no block takes has spent it already.
//
// Test: at a small fee the replacement pays for that too, and the node takes it in the place of
// both. At a fee just below what the payout may cost, far above ten times its first rate, there
// is none, and it says why; it is paid all the same.
func TestReplacementPaysForWhatOthersBuilt(t *testing.T) {
	t.Parallel()
	w := newPurse(t, utxoKinds["litecoind"](t))
	o := w.order(asset.NewUnits(5_000_000))
	w.round()
	first := w.text(w.pool, `SELECT fee::text FROM attempt`)
	w.spends(o, 500)
	w.passedOver()
	fee := w.text(w.pool, `SELECT (fee > 500 + $1::numeric)::text FROM attempt WHERE n = 2`, first)
	if n := len(w.node.Mempool(t)); n != 1 || fee != "true" {
		t.Fatalf("%d transactions wait: %s", n, w.text(w.pool, `SELECT string_agg(state || ' ' || last_answer || ' ' || fee, ', ' ORDER BY n) FROM attempt`))
	}
	w.spends(o, 900_000)
	w.passedOver()
	if got := w.text(w.pool, `SELECT reason FROM payment`); got != payment.ReasonDescendants {
		t.Fatalf("it waits because %q", got)
	}
	w.settled(o)
}

// Setup: btcd, which can't say what is built on a transaction; the recipient has spent a payout
// that no block takes, at a fee.
//
// Test: another attempt offers more than the one before by itself. The node refuses it as long as
// that is less than both pay together, says so, and keeps what it has; later ones offer more.
func TestReplacementWhereTheNodeCantSayWhatIsBuilt(t *testing.T) {
	t.Parallel()
	w := newPurse(t, utxoKinds["btcd"](t))
	o := w.order(asset.NewUnits(5_000_000))
	w.round()
	w.spends(o, 4000)
	w.passedOver()
	if got := w.text(w.pool, `SELECT string_agg(last_answer, ',' ORDER BY n) FROM attempt`); got != "accepted,conflicting" {
		t.Fatalf("the node says %s", got)
	}
	if got := w.text(w.pool, `SELECT reason FROM payment`); !strings.HasPrefix(got, payment.ReasonConflicting) {
		t.Fatalf("it waits because %q", got)
	}
	for n := 0; len(w.node.Mempool(t)) != 1; n++ {
		if n == 20 {
			t.Fatalf("never replaced: %s", w.text(w.pool, `SELECT string_agg(state || ' ' || last_answer || ' ' || fee, ', ' ORDER BY n) FROM attempt`))
		}
		w.passedOver()
	}
	w.settled(o)
}
