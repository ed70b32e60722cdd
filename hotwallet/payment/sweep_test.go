package payment_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/sweep"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

// sweeper looks for what to sweep in a world.
type sweeper struct {
	*world
	runner *sweep.Runner
	// usual is what it hears of fees.
	usual bool
	// want is how many payments of the house are final once a walk is over.
	want int
}

// newSweeper sweeps what is worth twenty times its cost, and tokens from ten dollars on.
func newSweeper(t *testing.T, on asset.Chain) *sweeper {
	s := &sweeper{world: newWorld(t, on), usual: true}
	s.open()
	return s
}

// open makes the runner of the process that runs now.
func (s *sweeper) open() {
	s.t.Helper()
	gas := units("1000000000000000000")
	var err error
	s.runner, err = sweep.New(sweep.Config{Chain: s.world.on, Store: fusedHouse{s.store, s.fuse}, Payer: s.chain, Sender: s.funding, FeeMax: s.feeMax,
		Settings: sweep.Settings{PerHour: 10, TokenLeast: map[asset.ID]asset.Units{asset.USDT: dollars(10)},
			TopUpMax: gas, TopUpAddressDay: gas, TopUpDay: gas, CoinsMost: 20, ConsolidatePerDay: 1},
		FeesUsual: func(context.Context) (bool, error) { return s.usual, nil }, Log: slog.New(slog.DiscardHandler)})
	s.must(err)
}

// deposited is a new deposit address to which units came, of the chain's own asset or of
// a token, so deep that they are buried.
func (s *sweeper) deposited(id asset.ID, u asset.Units) (address string) {
	s.t.Helper()
	address = s.issued(swap.NewID(swap.SwapPrefix, s.clock.Now())).Address
	if id == s.native() {
		s.chain.Pay(address, u)
	} else {
		s.chain.PayToken(id, fakechain.Output{Address: address, Units: u})
	}
	s.mine(confirmations)
	return address
}

// look has what is due stored, and says how many payments of the house are open.
func (s *sweeper) look() int {
	s.t.Helper()
	s.must(s.runner.Look(context.Background()))
	return s.count(`SELECT count(*) FROM payment WHERE swap_id = '' AND state NOT IN ('final', 'failed')`)
}

// carried has open payments made, buried and told.
func (s *sweeper) carried() {
	s.t.Helper()
	s.step()
	s.mine(confirmations)
	s.balanced()
}

func (s *sweeper) text(sql string, args ...any) string {
	s.t.Helper()
	var found string
	s.must(s.pool.QueryRow(context.Background(), sql, args...).Scan(&found))
	return found
}

func (s *sweeper) holds(address string, id asset.ID) string {
	return s.text(`SELECT coalesce((SELECT units FROM holding WHERE address = $1 AND asset = $2), 0)::text`, address, id)
}

// Setup: ether on deposit addresses. Test: what is worth it is swept once, to the sender,
// where it can be spent once it is deep enough; it is no deposit, touches no account but
// the fee's, and nobody is told.
func TestEtherIsSwept(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	address, poor := s.deposited(asset.ETH, s.some(500)), s.deposited(asset.ETH, asset.NewUnits(1000))
	if b := s.balances(); !b.Available.IsZero() || b.Unswept.IsZero() {
		t.Fatalf("before the sweep: %+v", b)
	}
	deposits, facts := s.count(`SELECT count(*) FROM deposit`), s.count(`SELECT count(*) FROM outbox`)
	if n := s.look(); n != 1 {
		t.Fatalf("%d payments are open, want one sweep", n)
	}
	if n := s.look(); n != 1 {
		t.Fatalf("looked again: %d payments are open", n)
	}
	if b := s.balances(); !b.Available.IsZero() || !b.Reserved.IsZero() {
		t.Fatalf("a sweep takes nothing of the sender's: %+v", b)
	}
	s.step()
	s.mine(1)
	if b := s.balances(); !b.Available.IsZero() {
		t.Fatalf("%s can be spent before it is deep enough", b.Available)
	}
	s.mine(confirmations)
	s.balanced()
	id := fmt.Sprintf("sweep:%s:ETH:0", address)
	if state := s.text(`SELECT state FROM payment WHERE order_id = $1`, id); state != "final" {
		t.Fatalf("the sweep is %s", state)
	}
	swept := s.text(`SELECT units::text FROM payment WHERE order_id = $1`, id)
	if got := s.holds(s.funding, asset.ETH); got != swept || s.balances().Available.String() != swept {
		t.Fatalf("the sender holds %s of %s, available %s", got, swept, s.balances().Available)
	}
	if got := s.holds(poor, asset.ETH); got != "1000" {
		t.Fatalf("what is worth too little is %s", got)
	}
	if s.count(`SELECT count(*) FROM deposit`) != deposits || s.count(`SELECT count(*) FROM outbox`) != facts {
		t.Fatal("the sweep came as a deposit, or was told")
	}
	if got := s.text(`SELECT string_agg(account || ' ' || sums.sum, ', ' ORDER BY account) FROM (SELECT account, sum(units) FROM posting p
		JOIN entry e ON e.key = p.entry_key WHERE e.key LIKE '%sweep:%' GROUP BY account HAVING sum(units) <> 0) sums`); got !=
		fmt.Sprintf("network_fees %s, wallet -%[1]s", s.text(`SELECT fee::text FROM payment WHERE order_id = $1`, id)) {
		t.Fatalf("the sweep moved %s", got)
	}
	// What comes to the address later is swept with its next nonce.
	s.chain.Pay(address, s.some(500))
	s.mine(confirmations)
	if n := s.look(); n != 1 {
		t.Fatalf("%d payments are open for what came later", n)
	}
	s.carried()
	if state := s.text(`SELECT state FROM payment WHERE order_id = $1`, fmt.Sprintf("sweep:%s:ETH:1", address)); state != "final" {
		t.Fatalf("the second sweep is %s", state)
	}
}

// Setup: a token on a deposit address without gas. Test: the gas comes first, once, as
// much as the sweep needs; then the token; then the address has nothing left but what
// the gas was too much.
func TestTokenIsSweptAfterItsGas(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	address := s.deposited(asset.USDT, dollars(50))
	if n := s.look(); n != 0 {
		t.Fatalf("%d payments without a sender that has gas to give", n)
	}
	s.fund(s.some(1000))
	for range 2 {
		if n := s.look(); n != 1 || s.count(`SELECT count(*) FROM payment WHERE purpose = 'gas_topup'`) != 1 {
			t.Fatalf("%d payments, want one top-up", n)
		}
	}
	s.step()
	s.mine(1)
	if n := s.look(); n != 1 {
		t.Fatalf("%d payments while the gas is not deep enough", n)
	}
	s.mine(confirmations)
	s.balanced()
	if n := s.look(); n != 1 || s.count(`SELECT count(*) FROM payment WHERE purpose = 'sweep' AND asset = 'USDT'`) != 1 {
		t.Fatalf("%d payments, want the token's sweep", n)
	}
	s.carried()
	if got := s.holds(s.funding, asset.USDT); got != dollars(50).String() || s.holds(address, asset.USDT) != "0" {
		t.Fatalf("the sender holds %s, the address %s", got, s.holds(address, asset.USDT))
	}
	if n := s.look(); n != 0 || s.count(`SELECT count(*) FROM payment WHERE swap_id = ''`) != 2 {
		t.Fatalf("%d payments are open with nothing left", n)
	}
}

// Setup: a token's sweep is mined with failed status. Test: its fee is gone and nothing
// else; the address is left alone for a day, and then swept with its next nonce.
func TestFailedSweepIsNotRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(1000))
	address := s.deposited(asset.USDT, dollars(50))
	s.look()
	s.carried()
	s.look()
	s.step()
	for _, txid := range s.chain.Unconfirmed() {
		s.chain.Fail(txid)
	}
	s.mine(confirmations)
	s.balanced()
	if state := s.text(`SELECT state FROM payment WHERE asset = 'USDT'`); state != "failed" || s.holds(address, asset.USDT) != dollars(50).String() {
		t.Fatalf("the sweep is %s, and the address holds %s", state, s.holds(address, asset.USDT))
	}
	for range 2 {
		if n := s.look(); n != 0 {
			t.Fatalf("%d payments at once after a failure", n)
		}
	}
	s.clock.advance(25 * time.Hour)
	for range 2 { // its gas again, then the token
		s.look()
		s.carried()
	}
	if got := s.holds(s.funding, asset.USDT); got != dollars(50).String() {
		t.Fatalf("%s were swept a day later", got)
	}
	if n := s.count(`SELECT count(*) FROM attempt WHERE sender = $1 AND nonce = 1`, address); n != 1 {
		t.Fatalf("%d attempts with the next nonce", n)
	}
}

// Setup: a sweep in a block. Test: the block is taken back: what it moved is on the deposit
// address again, the same bytes are handed in, and it is swept once.
func TestSweepIsReorganised(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	address := s.deposited(asset.ETH, s.some(500))
	s.look()
	s.step()
	s.mine(1)
	s.chain.Reorg(1, fakechain.Drop)
	s.mine(2)
	if got := s.holds(address, asset.ETH); got != s.some(500).String() {
		t.Fatalf("without its block the address holds %s", got)
	}
	if n := s.look(); n != 1 {
		t.Fatalf("%d payments are open", n)
	}
	s.carried()
	if n := s.count(`SELECT count(*) FROM payment WHERE swap_id = '' AND state = 'final'`); n != 1 {
		t.Fatalf("%d sweeps are final", n)
	}
}

// Setup: many small coins and a large one. Test: the small ones are brought together, once
// a day, into one coin of ours; nothing else moves.
func TestSmallCoinsAreBroughtTogether(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Bitcoin)
	for range 30 {
		s.chain.Pay(s.funding, asset.NewUnits(20_000))
	}
	s.mine(confirmations)
	s.usual = false
	if n := s.look(); n != 0 {
		t.Fatal("brought together while fees are high")
	}
	s.usual = true
	for range 2 {
		if n := s.look(); n != 1 {
			t.Fatalf("%d payments, want one", n)
		}
	}
	deposits := s.count(`SELECT count(*) FROM deposit`)
	s.carried()
	if n := s.count(`SELECT count(*) FROM coin WHERE spent_txid IS NULL`); n != 1 {
		t.Fatalf("%d coins are left", n)
	}
	if s.count(`SELECT count(*) FROM deposit`) != deposits || s.count(`SELECT count(*) FROM outbox`) != 0 {
		t.Fatal("the coin came as a deposit, or was told")
	}
	for range 30 {
		s.chain.Pay(s.funding, asset.NewUnits(20_000))
	}
	s.mine(confirmations)
	if n := s.look(); n != 0 {
		t.Fatal("brought together twice a day")
	}
}

// Setup: a plan of the sender's was dropped unsigned, with payments behind it. Test: its
// nonce is filled once, by nothing to itself, and all is mined in the order of nonces.
func TestDroppedNonceIsFilled(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(1000))
	dropped, behind := s.payout(s.some(10)), s.payout(s.some(20))
	s.deliver(dropped)
	s.signer.fail(signAway)
	s.step()
	s.must(s.drop(dropped))
	s.deliver(behind)
	s.step()
	s.mine(confirmations)
	if p := s.payment(behind.ID); p.State == swap.PaymentFinal || p.Attempt == nil || p.Attempt.Plan.Nonce != 1 {
		t.Fatalf("what is behind the gap: %+v", p)
	}
	for range 2 {
		s.look()
	}
	if n := s.count(`SELECT count(*) FROM payment WHERE purpose = 'gap_fill' AND nonce = 0`); n != 1 {
		t.Fatalf("%d gap-fills", n)
	}
	s.carried()
	s.carried()
	s.paidOnce(behind)
	if state := s.text(`SELECT state FROM payment WHERE purpose = 'gap_fill'`); state != "final" {
		t.Fatalf("the gap-fill is %s", state)
	}
	if s.look(); s.count(`SELECT count(*) FROM payment WHERE purpose = 'gap_fill'`) != 1 {
		t.Fatal("filled again")
	}
}

// drop has an order's plan dropped, which the signer refused for good, and the order
// planned no more.
func (s *sweeper) drop(o swap.Order) error {
	for _, sql := range []string{`UPDATE attempt SET state = 'dropped' WHERE batch_id = $1`, `UPDATE batch SET state = 'dropped' WHERE batch_id = $1`,
		`UPDATE payment SET batch_id = NULL, state = 'failed' WHERE order_id = $1`} {
		if _, err := s.pool.Exec(context.Background(), sql, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// Setup: a token whose contract keeps a part of what it moves. Test: what did not arrive
// has left us, and the chain halts.
func TestSweepThatLosesOnItsWayHalts(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.deposited(asset.ETH, s.some(500))
	s.look()
	s.step()
	s.chain.Mine(1)
	short := shortReader{s.chain}
	s.watchThrough(short)
	if n := s.count(`SELECT count(*) FROM halt`); n != 1 {
		t.Fatal("payments run on")
	}
	if lost := s.text(`SELECT sum(units)::text FROM posting WHERE account = 'suspense'`); lost != "1" {
		t.Fatalf("%s are in suspense, want what did not arrive", lost)
	}
}

// shortReader shows credits of one unit less than they are.
type shortReader struct{ chain.Reader }

func (r shortReader) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	b, err := r.Reader.Block(ctx, ref, w)
	for i, c := range b.Credits {
		less, failed := c.Units.Sub(asset.NewUnits(1))
		if failed != nil {
			return b, failed
		}
		b.Credits[i].Units = less
	}
	return b, err
}

// watchThrough has new blocks read by another reader.
func (s *sweeper) watchThrough(r chain.Reader) {
	s.t.Helper()
	w, err := watch.New(watch.Config{Reader: r, Store: s.store, Set: s.set, Poll: time.Second, ReorgLimit: confirmations - 1,
		Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	s.must(w.Step(context.Background()))
}

// A flood of dust costs nothing: neither what came in ether nor in a token is ever moved,
// and no gas is given for it, however much of it there is (F23).
func TestF23DustBurnsNoGas(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(1000))
	for range 20 {
		address := s.issued(swap.NewID(swap.SwapPrefix, s.clock.Now())).Address
		s.chain.Pay(address, asset.NewUnits(1000))
		s.chain.PayToken(asset.USDT, fakechain.Output{Address: address, Units: asset.NewUnits(9_999_999)})
		s.chain.PayToken(asset.USDC, fakechain.Output{Address: address, Units: dollars(1000)}) // of which nobody knows the worth
	}
	s.mine(confirmations)
	for range 3 {
		if n := s.look(); n != 0 {
			t.Fatalf("%d payments for dust", n)
		}
		s.clock.advance(25 * time.Hour)
	}
	s.balanced()
}
