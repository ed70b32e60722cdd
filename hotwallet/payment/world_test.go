package payment_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/treasury"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// confirmations is how deep deposits and payments have to be in these tests.
const confirmations = 3

// world is a chain, a database, a signer with a memory, and a hot wallet on top
// that can be killed and started again.
type world struct {
	t        tester
	on       asset.Chain
	chain    *fakechain.Chain
	pool     *pgxpool.Pool
	accounts keys.Accounts
	quoteKey ed25519.PrivateKey
	attest   ed25519.PrivateKey
	signer   *fakeSigner
	attestor *fakeAttestor
	clock    *clock
	fuse     *fuse
	answers  *answers
	feeMax   asset.Units
	// lineFee is the most for what others wait behind, from the next start on.
	lineFee asset.Units
	offset  int64
	// receipt is the last that order made.
	receipt swap.Receipt
	// edit, if not nil, changes the receipts that order makes.
	edit func(r *swap.Receipt)
	// refundFee is the most that quotes keep back of a refund.
	refundFee asset.Units
	// gasReserve is what a token's payment is reckoned to cost until it is planned.
	gasReserve asset.Units
	// window is the batch window from the next start on.
	window  time.Duration
	funding string
	// reorgLimit and burial are in force from the next start on.
	reorgLimit, burial int64

	// The process that runs now.
	store   *postgres.Store
	lease   *postgres.Lease
	watcher *watch.Watcher
	engine  *payment.Engine
	orders  *payment.Orders
	house   *treasury.Treasury
	coroner payment.Coroner
	set     *watch.Set
	// bid is in force from the next start on.
	bid payment.Bidder
	// inFlight is the most that may be in no block from the next start on; 0 for the usual.
	inFlight int
	// newID names quotes and swaps; swap.NewID unless it is set.
	newID func(prefix string, at time.Time) string
	// wrap, if not nil, is put around the engine's store from the next start on.
	wrap func(payment.Store) payment.Store
	// told is heard from the next start on.
	told payment.Observer
}

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Error(args ...any)
	Context() context.Context
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func both(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, on))
		})
	}
}

func newWorld(t testing.TB, on asset.Chain) *world {
	t.Helper()
	return newWorldWith(t, on, fakechain.Config{Networks: networks})
}

func newWorldWith(t testing.TB, on asset.Chain, c fakechain.Config) *world {
	t.Helper()
	w := &world{t: t, on: on, pool: quickPool(t, pgtest.New(t, "hotwallet")), accounts: testAccounts(t),
		quoteKey: seedKey("quote"), attest: seedKey("attest"), signer: newFakeSigner(), fuse: &fuse{}, answers: &answers{}, refundFee: asset.NewUnits(1000),
		newID: swap.NewID, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, feeMax: units("100000000000000000")}
	if on == asset.Bitcoin {
		w.chain, w.feeMax = fakechain.NewBitcoin(c), units("100000")
	} else {
		w.chain = fakechain.NewEthereum(c)
	}
	w.attestor = &fakeAttestor{w: w}
	w.chain.Mine(1)
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// quickPool does not wait for the disk: it is our process that crashes here, never
// Postgres.
func quickPool(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	c := pool.Config()
	c.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	quick, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(quick.Close)
	return quick
}

// start is what a new process does.
func (w *world) start() {
	w.t.Helper()
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	var err error
	w.store, err = postgres.New(w.pool, w.on, postgres.Config{
		Confirmations: confirmations, Rules: w.rules(), DustThreshold: asset.NewUnits(1000), Tokens: tokens(w.on), GasReserve: w.gasReserve,
		Burial: w.burial, InFlightMax: w.inFlight, Now: w.clock.Now, Log: log})
	w.must(err)
	w.lease, err = w.store.AcquireLease(ctx, "test")
	w.must(err)
	w.set = watch.NewSet()
	w.house, err = treasury.New(treasury.Config{Chain: w.on, Accounts: w.accounts, Store: w.store,
		Watch: func(a []string) { w.set.Add(a...) }, Now: w.clock.Now, Log: log})
	w.must(err)
	w.must(w.house.Start(ctx))
	w.funding = w.house.FundingAddress()
	w.watcher, err = watch.New(watch.Config{Reader: w.chain, Store: fusedWatch{w.store, w.fuse}, Set: w.set, Poll: time.Second,
		ReorgLimit: w.reorgs(), Log: log})
	w.must(err)
	w.must(w.watcher.Step(ctx))
	var store payment.Store = w.store
	if w.wrap != nil {
		store = w.wrap(store)
	}
	w.engine, err = payment.New(payment.Config{Chain: w.on, Store: fusedStore{store, w.fuse},
		Payer: fusedPayer{answering{w.chain, w.answers}, w.fuse}, Signer: fusedSigner{w.signer, w.fuse}, Attestor: fusedAttestor{w.attestor, w.fuse}, Coroner: w.fusedCoroner(), DeathRules: w.store.Rules,
		Lifter: fusedLifter{w.store, w.fuse}, Reader: w.chain, ReorgLimit: w.reorgs(),
		FencingToken: uint64(w.lease.Token()), FeeMax: w.feeMax, LineFeeMax: w.lineFee, BatchWindow: w.window,
		QuoteKeys: public(w.quoteKey), AttestKeys: public(w.attest), Check: checkFake, Bid: w.bid, Observer: w.told, Now: w.clock.Now, Log: log})
	w.must(err)
	w.orders, err = payment.NewOrders(payment.OrdersConfig{Chain: w.on, Store: w.store, Log: log})
	w.must(err)
}

// rules are in force where payments may die.
func (w *world) rules() (r swap.DepositRules) {
	if w.coroner != nil {
		r.Confirmations, r.Dead = map[asset.Chain]int64{w.on: confirmations}, map[asset.Chain]int64{w.on: deathDepth}
	}
	return r
}

// reorgs is the deepest reorganisation that is followed.
func (w *world) reorgs() int64 { return max(w.reorgLimit, confirmations-1) }

// checkFake is remote.Check for the transactions of fakechain.
func checkFake(_ asset.Chain, a payment.Attempt) error {
	raw, txid := fakechain.Sign(a.Plan)
	if !bytes.Equal(raw, a.Raw) || txid != a.TxID {
		return errors.New("another transaction")
	}
	return nil
}

func (w *world) stop() {
	if err := w.lease.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
}

func (w *world) restart() { w.t.Helper(); w.stop(); w.start() }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// step makes one round with the pace of tries left behind.
func (w *world) step() {
	w.t.Helper()
	w.clock.advance(10 * time.Minute)
	w.must(w.engine.Round(context.Background()))
}

// mine makes blocks and has them processed.
func (w *world) mine(n int) {
	w.t.Helper()
	w.chain.Mine(n)
	w.must(w.watcher.Step(context.Background()))
}

// fund has treasury pay in and waits until it can be spent.
func (w *world) fund(amounts ...asset.Units) {
	w.t.Helper()
	for _, a := range amounts {
		w.chain.Pay(w.funding, a)
	}
	w.mine(confirmations)
}

// some is an amount that means something on the chain: n milli-coins.
func (w *world) some(n uint64) asset.Units {
	places := 5
	if w.on == asset.Ethereum {
		places = 15
	}
	u, err := asset.NewUnits(n).MulDiv(asset.Pow10(places), big.NewInt(1), asset.Down)
	w.must(err)
	return u
}

func (w *world) native() asset.ID {
	native, ok := w.on.Native()
	if !ok {
		w.t.Fatal("no native asset")
	}
	return native.ID
}

// deliver hands orders to the consumer as one batch of the topic.
func (w *world) deliver(orders ...swap.Order) {
	w.t.Helper()
	w.must(w.orders.Handle(context.Background(), w.batch(orders...)))
}

func (w *world) batch(orders ...swap.Order) bus.Batch {
	b := bus.Batch{Topic: bus.TopicOrders, From: w.offset, Next: w.offset + int64(len(orders))}
	for i, o := range orders {
		m, err := bus.OrderMessage(o)
		w.must(err)
		b.Records = append(b.Records, bus.Record{Topic: m.Topic, Offset: w.offset + int64(i), Key: m.Key, Kind: m.Kind, Body: m.Body})
	}
	w.offset = b.Next
	return b
}

// payout is an order to pay units to a new address, with documents that allow it
// and a confirmed deposit on the other chain.
func (w *world) payout(u asset.Units) swap.Order {
	w.t.Helper()
	from, depositChain := asset.ETH, asset.Ethereum
	if w.on == asset.Ethereum {
		from, depositChain = asset.BTC, asset.Bitcoin
	}
	o := w.order(from, w.native(), asset.NewUnits(5_000_000), u)
	o.ID, o.Purpose = swap.PayoutOrderID(o.SwapID), swap.PurposePayout
	o.Deposits = deposits(fmt.Sprintf("%s:%x:0", depositChain, sha256.Sum256([]byte(o.SwapID))), o.Deposits[0].Amount)
	w.storeDeposits(o, depositChain)
	return o
}

// ordered is a payout that the consumer has stored, with funds to pay it from.
func (w *world) ordered() swap.Order {
	w.t.Helper()
	w.fund(w.some(1000))
	o := w.payout(w.some(10))
	w.deliver(o)
	return o
}

// waits returns once a connection that uses the table waits for a lock; done must not
// answer before.
func (w *world) waits(table string, done <-chan error) {
	w.t.Helper()
	for w.count(`SELECT count(*) FROM pg_locks l JOIN pg_locks x ON x.pid = l.pid AND NOT x.granted
		WHERE l.relation = $1::regclass`, table) == 0 {
		select {
		case err := <-done:
			w.t.Fatalf("it did not wait: %v", err)
		default:
		}
	}
}

// deposits is what an order of one deposit uses up.
func deposits(id string, amount asset.Amount) []swap.OrderDeposit {
	return []swap.OrderDeposit{{ID: id, Amount: amount}}
}

// order makes the documents of a swap, and what its payout and refund have in common.
func (w *world) order(from, to asset.ID, deposit, payout asset.Units) swap.Order {
	now := w.clock.Now()
	q := swap.Quote{ID: w.newID(swap.QuotePrefix, now), Pair: asset.Pair{From: from, To: to},
		Deposit: asset.Amount{Asset: from, Units: deposit}, Payout: asset.Amount{Asset: to, Units: payout}, Rate: "1",
		ServiceFee: asset.Amount{Asset: to}, NetworkFee: asset.Amount{Asset: to},
		RefundFeeMax: asset.Amount{Asset: from, Units: w.refundFee},
		IssuedAt:     now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 600, ConfirmWindowSeconds: 3600}
	signedQuote, err := swap.SignQuote(q, w.quoteKey)
	w.must(err)
	r := swap.Receipt{SwapID: w.newID(swap.SwapPrefix, now), QuoteID: q.ID, QuoteHash: swap.HashDocument(signedQuote),
		DepositChain: q.DepositChain(), DepositAsset: from, DepositAddress: "deposit", DepositPath: "m/0",
		PayoutAddress: w.chain.NewAddress(), RefundAddress: w.chain.NewAddress(), Policy: swap.RefundPolicy(),
		SecretHash: fmt.Sprintf("%064d", 0), IssuedAt: now, DepositBy: now.Add(time.Hour), ConfirmBy: now.Add(2 * time.Hour)}
	if w.edit != nil {
		w.edit(&r)
	}
	signedReceipt, err := swap.SignReceipt(r, w.attest)
	w.must(err)
	w.receipt = r
	return swap.Order{SwapID: r.SwapID, Chain: w.on, Deposits: deposits("", q.Deposit), Amount: q.Payout,
		Destination: r.PayoutAddress, SignedQuote: signedQuote, SignedReceipt: signedReceipt, At: now}
}

// storeDeposits is what the other chain's hot wallet has stored.
func (w *world) storeDeposits(o swap.Order, on asset.Chain) {
	w.t.Helper()
	for _, d := range o.Deposits {
		_, err := w.pool.Exec(context.Background(), `INSERT INTO deposit (deposit_id, chain, txid, idx, address, asset, units,
		purpose, swap_id, state, first_seen, height, block_hash, block_time, confirmed_at)
		VALUES ($1, $2, $1, 0, 'deposit', $3, $4, 'swap', $5, 'confirmed', now(), 1, 'hash', now(), now())`,
			d.ID, on, d.Amount.Asset, d.Amount.Units, o.SwapID)
		w.must(err)
	}
}

func (w *world) payment(orderID string) payment.Payment {
	w.t.Helper()
	p, err := w.store.Payment(context.Background(), orderID)
	w.must(err)
	return p
}

// count runs a query that gives one number.
func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	var n int
	w.must(w.pool.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// settle lets everything run until nothing is left to do, and checks all that has
// to hold then: each order is paid exactly once and exactly, told once, and the
// books balance and agree with the node.
func (w *world) settle(orders ...swap.Order) {
	w.t.Helper()
	for range 3 {
		w.step()
		w.mine(confirmations + 1)
	}
	for _, o := range orders {
		w.paidOnce(o)
	}
	w.balanced()
}

func (w *world) paidOnce(o swap.Order) {
	w.t.Helper()
	if p := w.payment(o.ID); p.State != swap.PaymentFinal {
		w.t.Fatalf("%s is %s: %q", o.ID, p.State, p.Reason)
	}
	if got := w.received(o); got != o.Amount.Units {
		w.t.Fatalf("%s: the destination received %s, want %s", o.ID, got, o.Amount.Units)
	}
	for _, kind := range []swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentFinal} {
		if n := w.count(`SELECT count(*) FROM outbox WHERE kind = $1 AND body::jsonb #>> '{payment,order_id}' = $2`, kind, o.ID); n != 1 {
			w.t.Fatalf("%s: %s was told %d times", o.ID, kind, n)
		}
	}
	if n := w.count(`SELECT count(*) FROM attempt WHERE batch_id = $1 AND state = 'mined'`, o.ID); n != 1 {
		w.t.Fatalf("%s has %d attempts that were mined", o.ID, n)
	}
}

// balanced checks the books: every asset sums to zero, nothing is left on its
// way, and the node holds what they say.
func (w *world) balanced() {
	w.t.Helper()
	sums, err := postgres.TrialBalance(context.Background(), w.pool)
	w.must(err)
	total := map[asset.ID]*big.Int{}
	for _, s := range sums {
		if total[s.Asset] == nil {
			total[s.Asset] = new(big.Int)
		}
		total[s.Asset].Add(total[s.Asset], s.Sum)
		if (s.Account == "in_flight" || s.Account == "payment_confirming") && s.Sum.Sign() != 0 {
			open, err := w.store.OpenPayments(context.Background(), 100)
			w.must(err)
			if len(open) == 0 {
				w.t.Fatalf("%s on %s with nothing open", s.Sum, s.Account)
			}
		}
	}
	for id, sum := range total {
		if sum.Sign() != 0 {
			w.t.Fatalf("the books are off by %s of %s", sum, id)
		}
	}
	result, err := reconcile.Check(context.Background(), w.store, w.chain, slog.New(slog.DiscardHandler))
	if err != nil || result != reconcile.Equal {
		w.t.Fatalf("books and node: %s, %v", result, err)
	}
	if n := w.count(`SELECT count(*) FROM halt`); n != 0 {
		w.t.Fatal("the chain is halted")
	}
	if w.signer.conflicting != "" {
		w.t.Fatal(w.signer.conflicting)
	}
}

func seedKey(name string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(sum[:])
}

func public(key ed25519.PrivateKey) swap.PublicKeys {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		panic("not an Ed25519 key")
	}
	return swap.PublicKeys{swap.KeyID(pub): pub}
}

func units(s string) asset.Units { return asset.MustUnits(s) }

// testAccounts are extended public keys from a fixed seed.
func testAccounts(t testing.TB) keys.Accounts {
	t.Helper()
	return keystest.Accounts(t, networks, 7)
}

// errLost is what a call answers of which nothing is known.
var errLost = errors.New("the answer was lost")
