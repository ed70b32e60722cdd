package watch_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/reconcile"
	"ferry/swap"
	"ferry/swap/asset"
)

// tokenWorld is on an account chain with two tokens, whose dust thresholds are their own.
func tokenWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{Seed: 1}))
	w.tokens = []asset.ID{asset.USDT, asset.USDC}
	w.dust = func(id asset.ID) asset.Units {
		return map[asset.ID]asset.Units{asset.ETH: asset.NewUnits(dustThreshold), asset.USDT: asset.NewUnits(1_000_000), asset.USDC: asset.NewUnits(2_000_000)}[id]
	}
	w.restart()
	return w
}

func pay(to string, units uint64) fakechain.Output {
	return fakechain.Output{Address: to, Units: asset.NewUnits(units)}
}

// of is an account's sum of one asset.
func (w *world) of(account string, id asset.ID) string {
	w.Helper()
	return w.text(`SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1 AND asset = $2`, account, id)
}

// Deposits in three assets at one address are three deposits, each in its own books
// and with its own threshold; a reorganisation takes back each as what it was.
func TestDepositsInSeveralAssets(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	address, swapID := w.issue()
	w.chain.PayToken(asset.USDT, pay(address, 5_000_000))
	w.chain.PayToken(asset.USDC, pay(address, 5_000_000))
	w.chain.Pay(address, asset.NewUnits(5_000_000))
	w.step()
	if got := len(w.facts(swapID)); got != 3 {
		t.Fatalf("%d sightings, want 3", got)
	}
	w.mine(needed - 1)
	w.checkBooks()
	for _, id := range []asset.ID{asset.ETH, asset.USDT, asset.USDC} {
		if got := w.of("wallet", id); got != "5000000" {
			t.Errorf("in a block: %s of %s", got, id)
		}
	}
	w.chain.Reorg(needed-1, fakechain.Return)
	w.chain.MineEmpty(needed)
	w.step()
	for _, id := range []asset.ID{asset.ETH, asset.USDT, asset.USDC} {
		if got := w.of("wallet", id) + w.of("deposit_confirming", id); got != "00" {
			t.Errorf("taken back: %s of %s", got, id)
		}
	}
	w.mine(needed)
	w.checkBooks()
	want := map[asset.ID]asset.Units{asset.ETH: asset.NewUnits(dustThreshold), asset.USDT: asset.NewUnits(1_000_000), asset.USDC: asset.NewUnits(2_000_000)}
	confirmed := 0
	for _, f := range w.facts(swapID) {
		d := f.Deposit
		if d.DustThreshold != want[d.Amount.Asset] {
			t.Errorf("%s of %s has the threshold %s", f.Kind, d.Amount.Asset, d.DustThreshold)
		}
		if f.Kind == "deposit.confirmed" {
			confirmed++
		}
	}
	if confirmed != 3 {
		t.Errorf("%d confirmed, want 3", confirmed)
	}
	for _, id := range []asset.ID{asset.ETH, asset.USDT, asset.USDC} {
		if got := w.of("clearing", id); got != "-5000000" {
			t.Errorf("confirmed: clearing is %s of %s", got, id)
		}
	}
}

// Two transfers of the same amount are two deposits; a token nobody was given an
// address for is suspense, treasury's is capital.
func TestTokensByPurpose(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	address, swapID := w.issue()
	nobody := w.address(0, "pool", "")
	for range 2 {
		w.chain.PayToken(asset.USDT, pay(address, 3_000_000), pay(nobody, 7), pay(w.hot, 11))
	}
	w.mine(needed)
	w.checkBooks()
	if got := w.kinds(swapID); !slices.Equal(got, []string{"deposit.in_block 1", "deposit.in_block 1", "deposit.in_block 2", "deposit.in_block 2",
		"deposit.confirmed", "deposit.confirmed"}) {
		t.Errorf("told %v", got)
	}
	for account, want := range map[string]string{"wallet": "6000036", "suspense": "-14", "house_capital": "-22", "clearing": "-6000000"} {
		if got := w.of(account, asset.USDT); got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
}

// stolen is a node on whose chain somebody else moves a token of ours.
type stolen struct {
	chain.Reader
	at     int64
	debits []chain.Debit
	// missing are what it does not tell.
	missing func(chain.Debit) bool
}

func (s *stolen) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := s.Reader.Block(ctx, ref, w)
	if b.Height == s.at {
		b.Debits = append(b.Debits, s.debits...)
	}
	if s.missing != nil {
		b.Debits = slices.DeleteFunc(b.Debits, s.missing)
	}
	return b, err
}

// A token that leaves without us halts the chain as ether does, and is booked in its
// asset; the reorganisation that takes it back undoes both but the halt.
func TestTokenSpentByOthers(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	address, _ := w.issue()
	w.chain.PayToken(asset.USDT, pay(address, 5_000_000))
	w.mine(needed)
	w.reader = &stolen{Reader: w.chain, at: w.tip().Height + 1, debits: []chain.Debit{
		{TxID: "0xtheft", Asset: asset.USDT, Address: address, Units: asset.NewUnits(1_500_000)},
		{TxID: "0xtheft", Asset: asset.USDC, Address: address, Units: asset.NewUnits(3)}}}
	w.restart()
	w.mine(1)
	if !strings.Contains(w.halted(), "0xtheft") || strings.Count(w.halted(), "0xtheft") != 1 {
		t.Fatalf("halted: %q", w.halted())
	}
	if got := w.of("suspense", asset.USDT) + " " + w.of("suspense", asset.USDC) + " " + w.of("wallet", asset.USDT); got != "1500000 3 3500000" {
		t.Errorf("suspense and wallet: %s", got)
	}
	w.chain.Reorg(1, fakechain.Return)
	w.chain.MineEmpty(2)
	w.reader = nil
	w.restart()
	w.step()
	w.checkBooks()
}

// Comparing with the node is by asset: a token that the node does not have halts
// though ether agrees; more of it is an alarm of its own.
func TestReconcilesEachAsset(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	address, _ := w.issue()
	w.chain.PayToken(asset.USDT, pay(address, 5_000_000))
	w.chain.Pay(address, asset.NewUnits(9))
	w.mine(needed)
	for _, row := range []struct {
		held   uint64
		result reconcile.Result
		alarms string
	}{{5_000_000, reconcile.Equal, "0"}, {5_000_001, reconcile.Surplus, "1"}, {5_000_001, reconcile.Surplus, "1"}, {5_000_000, reconcile.Different, "1"}} {
		result, err := reconcile.Check(t.Context(), w.store, holding{w.chain, asset.USDT, asset.NewUnits(row.held)}, quiet())
		if err != nil || result != row.result {
			t.Fatalf("held %d: %s, %v", row.held, result, err)
		}
		if got := w.text(`SELECT count(*)::text FROM staff_action WHERE action = 'alarm.surplus.USDT'`); got != row.alarms {
			t.Fatalf("held %d: %s alarms, want %s", row.held, got, row.alarms)
		}
	}
	if got := w.text(`SELECT count(*)::text FROM reconciliation`); got != "3" {
		t.Errorf("%s comparisons are kept, want one for each asset", got)
	}
	if got := w.halted(); !strings.Contains(got, "USDT") {
		t.Errorf("halted: %q", got)
	}
}

// holding is a node with an opinion of its own about one asset.
type holding struct {
	reconcile.Node
	id    asset.ID
	units asset.Units
}

func (h holding) Held(ctx context.Context, at chain.Ref, id asset.ID, coins, addresses []string) (asset.Units, error) {
	if id == h.id {
		return h.units, nil
	}
	return h.Node.Held(ctx, at, id, coins, addresses)
}

// payToken has a payment of a token signed, stored with its holds and handed in.
func (w *world) payToken(id asset.ID, units asset.Units) payout {
	w.Helper()
	p := payout{swapID: swap.NewID(swap.SwapPrefix, timeOf(w.payouts)), destination: w.chain.NewAddress()}
	w.payouts++
	p.order = swap.PayoutOrderID(p.swapID)
	f := w.settledFunds()
	f.TokenBalance = w.large()
	plan, err := w.chain.Plan(w.ctx, f, chain.Pay(chain.Output{Destination: p.destination, Asset: id, Units: units}, w.large()))
	if err != nil {
		w.Fatal(err)
	}
	p.raw, p.txid = fakechain.Sign(plan)
	p.fee = plan.Fee
	w.exec(`INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ($1, 'ethereum', $2, 'payout', $3, $4, $5, '{}', 'broadcast')`, p.order, p.swapID, id, units, p.destination)
	w.batch(p.order)
	w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee, raw, txid)
		VALUES ($1, 1, 'ethereum', 'broadcast', '{}', $2, $3, $4)`, p.order, plan.Fee, p.raw, p.txid)
	w.exec(`WITH e AS (INSERT INTO entry (key, kind) VALUES ('hold:' || $1 || ':1', 'hold') RETURNING key)
		INSERT INTO posting (entry_key, n, account, asset, units) SELECT key, n, account, asset, units
		FROM e, (VALUES (0, 'in_flight', $2, $3::numeric), (1, 'wallet', $2, -$3::numeric),
			(2, 'in_flight', 'ETH', $4::numeric), (3, 'wallet', 'ETH', -$4::numeric)) p (n, account, asset, units)`,
		p.order, string(id), units.String(), plan.Fee.String())
	w.nonce++
	w.broadcast(p)
	return p
}

// fundToken has treasury pay in both, and waits until it is settled.
func (w *world) fundToken(units uint64) {
	w.Helper()
	w.chain.PayToken(asset.USDT, pay(w.hot, units))
	w.fund(1)
}

// A token's payment that moved nothing has failed, though its status says that it
// succeeded: the token is ours still, only the gas is gone.
func TestTokenPaymentWithoutEffect(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	w.fundToken(9_000_000)
	w.reader = &stolen{Reader: w.chain, missing: func(d chain.Debit) bool { return d.Asset == asset.USDT }}
	w.restart()
	p := w.payToken(asset.USDT, asset.NewUnits(4_000_000))
	w.mine(needed)
	wantKinds(t, w, p.swapID, "payment.failed")
	if w.paymentState(p) != "failed" || w.halted() != "" {
		t.Fatalf("%s, halted %q", w.paymentState(p), w.halted())
	}
	if got := w.of("wallet", asset.USDT) + " " + w.of("in_flight", asset.USDT) + " " + w.of("clearing", asset.USDT); got != "9000000 0 0" {
		t.Errorf("wallet, in flight and clearing: %s", got)
	}
	if w.of("network_fees", asset.ETH) == "0" || w.of("payment_confirming", asset.ETH) != "0" {
		t.Errorf("fees %s, confirming %s", w.of("network_fees", asset.ETH), w.of("payment_confirming", asset.ETH))
	}
}

// One that moved something else than was ordered, or took from another address of ours
// too, is paid as ordered; the difference is as foreign as a theft, and halts.
func TestTokenPaymentThatMovesSomethingElse(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		debit                  func(p payout, at string) chain.Debit
		suspense, wallet, gone string
	}{
		"more":    {func(p payout, _ string) chain.Debit { return chain.Debit{Units: asset.NewUnits(30)} }, "30", "6999970", "4000000"},
		"another": {func(_ payout, at string) chain.Debit { return chain.Debit{Address: at, Units: asset.NewUnits(50)} }, "50", "6999950", "4000000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tokenWorld(t)
			address, _ := w.issue()
			w.chain.PayToken(asset.USDT, pay(address, 2_000_000))
			w.fundToken(9_000_000)
			p := w.payToken(asset.USDT, asset.NewUnits(4_000_000))
			d := row.debit(p, address)
			d.TxID, d.Asset = p.txid, asset.USDT
			if d.Address == "" {
				d.Address = w.hot
			}
			w.reader = &stolen{Reader: w.chain, at: w.tip().Height + 1, debits: []chain.Debit{d}}
			w.restart()
			w.mine(1)
			if w.paymentState(p) != "confirmed" || !strings.Contains(w.halted(), p.txid) {
				t.Fatalf("%s, halted %q", w.paymentState(p), w.halted())
			}
			if got := w.of("suspense", asset.USDT); got != row.suspense {
				t.Errorf("suspense %s, want %s", got, row.suspense)
			}
			if wallet, gone := w.of("wallet", asset.USDT), w.of("payment_confirming", asset.USDT); wallet != row.wallet || gone != row.gone {
				t.Errorf("wallet %s and confirming %s, want %s and %s", wallet, gone, row.wallet, row.gone)
			}
		})
	}
}

// A recovery books the tokens of lost payments as it does coins, and their gas.
func TestTokensAreRecovered(t *testing.T) {
	t.Parallel()
	w := tokenWorld(t)
	address, _ := w.issue()
	w.chain.PayToken(asset.USDT, pay(address, 2_000_000))
	w.fundToken(9_000_000)
	w.payToken(asset.USDT, asset.NewUnits(4_000_000))
	w.mine(needed)
	w.checkBooks()
	held := w.of("wallet", asset.USDT) + " " + w.of("wallet", asset.ETH)
	s := &script{world: w}
	s.lose()
	w.recoverFrom(1)
	w.checkBooks()
	if got := w.of("wallet", asset.USDT) + " " + w.of("wallet", asset.ETH); got != held {
		t.Errorf("rebuilt %s, before %s", got, held)
	}
	if got := w.of("recovered", asset.USDT); got != "4000000" || w.of("recovered", asset.ETH) == "0" {
		t.Errorf("recovered %s USDT and %s wei", got, w.of("recovered", asset.ETH))
	}
	if w.halted() != "recovery: the disk is gone" || w.text(`SELECT next_nonce::text FROM sender`) != "1" {
		t.Errorf("halted %q, next nonce %s", w.halted(), w.text(`SELECT next_nonce::text FROM sender`))
	}
}
