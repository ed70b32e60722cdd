package watch_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/reconcile"
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
