package main

import (
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/seed"
)

// expect demands an exit status and sentences, wherever they are wrapped.
func expect(t *testing.T, got ran, code int, says ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit status %d, want %d; said %q and showed:\n%s", got.code, code, got.errs, got.out)
	}
	said := strings.Join(strings.Fields(got.out+" "+got.errs), " ")
	for _, s := range says {
		if !strings.Contains(said, s) {
			t.Errorf("nothing says %q in:\n%s%s", s, got.out, got.errs)
		}
	}
}

func TestNothingFound(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	expect(t, ferry(t, people(db), "swap", "show", seed.SwapID("zzz")), 1, "not found")
	expect(t, ferry(t, people(db), "swap", "find", "nobody"), 1, "Nothing found for nobody.")
	expect(t, ferry(t, people(db), "swap", "find", "0.3"), 1, "Nothing found for 0.3.")
}

// A swap that only others know of is shown with what they know.
func TestASwapTheStateMachineRefused(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Exec(`INSERT INTO swap.parked_fact (swap_id, source, seq, kind, fact, reason, parked_at)
	         VALUES ($1, 'gateway', 1, 'swap.created', '{}', 'the terms do not verify', $2)`, seed.SwapID("00x"), seed.Now.Add(-time.Hour))
	expect(t, ferry(t, people(db), "swap", "show", seed.SwapID("00x")), 0,
		"not known to the state machine", "the terms do not verify")
	expect(t, ferry(t, people(db), "status"), 1, "!! facts parked: 1, the oldest for 1 h")
}

// transfer books from capital to the wallet, or whatever else a case needs.
func transfer(db *seed.Database, schema, key string, debit, credit ledger.Account, decimal string, at time.Time) {
	db.Entry(schema, ledger.Transfer(key, "test", "", debit, credit, swaptest.Amount(asset.BTC, decimal)), at)
}

func TestBooksThatAreOff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		breaks func(*seed.Database)
		says   string
	}{
		{"the state machine was told of nothing that happened", func(db *seed.Database) {
			transfer(db, "swap", "deposit:bitcoin:x:0", ledger.Clearing, ledger.Inventory, "0.5", seed.Now)
		}, "0.5 BTC of deposit:bitcoin:x:0 is in the state machine's book and not in the hot wallet's"},
		{"another amount was told", func(db *seed.Database) {
			transfer(db, "hotwallet", "deposit.confirmed:bitcoin:x:0", ledger.DepositConfirming, ledger.Clearing, "0.4", seed.Now)
			transfer(db, "swap", "deposit:bitcoin:x:0", ledger.Clearing, ledger.Inventory, "0.5", seed.Now)
		}, "deposit:bitcoin:x:0 is -0.4 BTC in the hot wallet's book and 0.5 BTC in the state machine's"},
		{"a fact never arrived", func(db *seed.Database) {
			transfer(db, "hotwallet", "deposit.confirmed:bitcoin:x:0", ledger.DepositConfirming, ledger.Clearing, "0.4", seed.Now.Add(-11*time.Minute))
		}, "facts in flight for more than 10 min: 1"},
		{"the chain holds less", func(db *seed.Database) {
			db.Exec("UPDATE hotwallet.reconciliation SET node = node - 1 WHERE chain = 'bitcoin'")
		}, "at block 320 the books say 1.03 BTC and the node 1.02999999 BTC"},
		{"a balance that guards payouts was tampered with", func(db *seed.Database) {
			db.Exec("UPDATE swap.swap_balance SET owed = owed + 1 WHERE asset = 'BTC' AND account = $1", string(ledger.SwapDeposit(seed.SwapID("00a"))))
		}, "swaps are owed 0.00000001 BTC by the running balances and 0 BTC by the postings"},
		{"half an entry", func(db *seed.Database) {
			db.Exec("ALTER TABLE hotwallet.posting DISABLE TRIGGER USER")
			db.Exec("INSERT INTO hotwallet.posting (entry_key, n, account, asset, units) SELECT min(entry_key), 9, 'wallet', 'BTC', 7 FROM hotwallet.posting")
		}, "the hot wallet's book does not sum to zero but to 0.00000007 BTC"},
		{"half an entry of the state machine", func(db *seed.Database) {
			db.Exec("ALTER TABLE swap.posting DISABLE TRIGGER USER")
			db.Exec("INSERT INTO swap.posting (entry_key, n, account, asset, units) SELECT min(entry_key), 9, 'inventory', 'BTC', -7 FROM swap.posting")
		}, "the state machine's book does not sum to zero but to -0.00000007 BTC"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := seed.New(t)
			db.Story()
			test.breaks(db)
			expect(t, ferry(t, people(db), "books"), 1, "BTC: NOT BALANCED", test.says, "ETH: balanced")
		})
	}
}

func TestADayThatIsOff(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	db.Exec("ALTER TABLE swap.posting DISABLE TRIGGER USER")
	db.Exec("INSERT INTO swap.posting (entry_key, n, account, asset, units) SELECT min(key), 9, 'inventory', 'BTC', -7 FROM swap.entry WHERE kind = 'exchange'")
	expect(t, ferry(t, people(db), "books", "--day", "2026-01-02"), 1, "BTC, state machine: DOES NOT SUM TO ZERO",
		"the entries of kind exchange in the state machine's book sum to -0.00000007 BTC", "when it ended they summed to -0.00000007 BTC",
		"BTC, hot wallet: sums to zero", "ETH, state machine: sums to zero")
	expect(t, ferry(t, people(db), "books", "--day", "2026-01-02", "--asset", "ETH"), 0, "ETH, state machine: sums to zero")
}

func TestWhatNeedsAPerson(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	long := seed.Now.Add(-3 * time.Hour)
	db.Exec("UPDATE hotwallet.cursor SET seen_at = $1", long)
	db.Exec("UPDATE hotwallet.reconciliation SET node = node + 1 WHERE chain = 'ethereum'")
	db.Exec("UPDATE hotwallet.payment SET queued_at = $1, reason = 'waiting for funds' WHERE state = 'broadcast'", long)
	db.Exec("UPDATE swap.swap SET updated_at = $1 WHERE id = $2", long, seed.SwapID("00b"))
	db.Exec("INSERT INTO swap.malformed_record (reason, at) VALUES ('no JSON', $1)", seed.Now.Add(-time.Minute))
	db.Exec("INSERT INTO swap.outbox (topic, key, kind, body, created_at) VALUES ('ferry.orders', 'k', 'order', '{}', $1)", long)
	db.Swap(db.Terms("00h", long), swap.Held, 9, long)
	db.Swap(db.Terms("00w", long), swap.AwaitingDeposit, 1, long)
	expect(t, ferry(t, people(db), "halt", "bitcoin", "--reason", "a reorg of 7 blocks"), 0, "bitcoin is halted")

	got := ferry(t, people(db), "status")
	expect(t, got, 1, "bitcoin is halted: a reorg of 7 blocks", "HALTED: no payment is made on bitcoin since", "by alice",
		"at block 2399 the books say 9.7197 ETH and the node 9.719700000000000001 ETH", "swaps held: 1", "swaps overdue: 2",
		"swap tells nothing: 1 messages wait, the oldest for 3 h", "bitcoin: no block for 3 h", "ethereum: no block for 3 h",
		"ethereum payments broadcast for more than 1 h: 1", "payments stand still: the first, payout:"+seed.SwapID("00b")+", because: waiting for funds",
		"records that are no facts arrived, the newest 1 min ago")
	// The one whose deposit window closed long ago is overdue, the held one is within its day.
	overdue := got.out[strings.Index(got.out, "Overdue swaps"):]
	if !strings.Contains(overdue, seed.SwapID("00w")) || !strings.Contains(overdue, seed.SwapID("00b")) || strings.Contains(overdue, seed.SwapID("00h")) {
		t.Errorf("the overdue swaps are listed as:\n%s", overdue)
	}
	expect(t, ferry(t, people(db), "swap", "show", seed.SwapID("00w")), 0, "!! Overdue: user should have acted by")
	expect(t, ferry(t, people(db), "treasury", "balances"), 0, "HALTED: no payment is made on bitcoin", "DIFFERENT")
}

func TestHaltAndResume(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	expect(t, ferry(t, env, "resume", "ethereum", "--reason", "none"), 1, "ethereum is not halted: nothing was changed")
	expect(t, ferry(t, env, "halt", "ethereum", "--reason", "strange fees"), 0, "ethereum is halted: no payment is planned")
	expect(t, ferry(t, env, "halt", "ethereum", "--reason", "me too", "--actor", "bob"), 0, "was halted already by alice: strange fees")
	if got := db.Text("SELECT actor || ': ' || reason FROM hotwallet.halt"); got != "alice: strange fees" {
		t.Errorf("the halt is %q", got)
	}
	expect(t, ferry(t, env, "resume", "ethereum", "--reason", "fees are back", "--actor", "carol"), 0, "ethereum is resumed")
	want := "alice halt ethereum, bob halt.repeated ethereum, carol resume ethereum"
	if got := db.Text("SELECT string_agg(actor || ' ' || action || ' ' || target, ', ' ORDER BY id) FROM hotwallet.staff_action"); got != want {
		t.Errorf("on record is %q, want %q", got, want)
	}
	// Support reads and can do nothing else, whatever it is asked to call.
	env["FERRY_OPERATOR_DATABASE_URL"] = db.SupportURL
	expect(t, ferry(t, env, "halt", "ethereum", "--reason", "no right"), 1, "permission denied")
}

func TestSupportCanWriteNothing(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	conn := db.Support()
	for _, sql := range []string{
		"DELETE FROM hotwallet.halt", "UPDATE swap.swap SET state = 'settled'", "INSERT INTO hotwallet.halt VALUES ('bitcoin', 'r', 'a')",
		"SELECT hotwallet.clear_halt('bitcoin', 'r', 'a')",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
