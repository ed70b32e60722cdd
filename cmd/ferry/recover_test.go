package main

import (
	"testing"
	"time"

	"ferry/swap/ledger"

	"ferry/cmd/ferry/internal/access"
	"ferry/cmd/ferry/internal/seed"
)

// Setup: a Ferry whose hot wallet's rows are there. Test: a recovery is ordered by an
// operator only, halts the chain, is shown until it has ended, and what the state
// machine booked against the lost rows is named as such and nothing that is off.
func TestRecoverIsOrderedAndShown(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	env := people(db)
	expect(t, ferry(t, env, "recover", "bitcoin"), 1, "no recovery of bitcoin was ever ordered")
	expect(t, ferry(t, env, "recover", "bitcoin", "--reason", " "), 2, "--reason must say why")
	expect(t, ferry(t, env, "recover", "bitcoin", "--reason", "r", "--gap", "501"), 2, "--gap must be 0 to 500")
	expect(t, ferry(t, env, "recover", "bitcoin", "--reason", "r", "--highest", "-2"), 2, "--highest must be an index")
	expect(t, ferry(t, env, "recover", "bitcoin", "--reason", "r", "--birth", "-2"), 2, "heights of blocks")
	expect(t, ferry(t, env, "recover", "bitcoin", "--highest", "12", "--birth", "5", "--reason", "the disk is gone"), 0, "The recovery of bitcoin is ordered")
	expect(t, ferry(t, env, "recover", "bitcoin", "--once"), 0, "hotwalletd has not begun it")
	if got := db.Text("SELECT actor || ' ' || action || ' ' || reason FROM hotwallet.staff_action WHERE action = 'recover'"); got != "alice recover highest index 12, gap 20, birth 5, until : the disk is gone" {
		t.Errorf("on record is %q", got)
	}
	if got := db.Text("SELECT reason FROM hotwallet.halt WHERE chain = 'bitcoin'"); got != "recovery: the disk is gone" {
		t.Errorf("the halt is %q", got)
	}
	db.Exec("UPDATE hotwallet.recovery SET began = 5, until = (SELECT height + height - 5 FROM hotwallet.cursor WHERE chain = 'bitcoin')")
	expect(t, ferry(t, env, "recover", "bitcoin", "--once"), 0, ", 50%")
	db.Exec("UPDATE hotwallet.recovery SET finished_at = '2026-01-02 03:00:00+00'")
	expect(t, ferry(t, env, "recover", "bitcoin"), 0, "payments stand still until ferry resume bitcoin")
	lacking := map[string]string{access.EnvSupportURL: db.SupportURL, access.EnvOperatorURL: db.SupportURL, "USER": "mallory"}
	expect(t, ferry(t, lacking, "recover", "bitcoin", "--reason", "no right"), 1, "permission denied")
}

// What the state machine booked before the hot wallet's recovery has lost its
// counterpart and is told as that; what it booked after it is off.
func TestBooksAfterARecovery(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	db.Exec("INSERT INTO hotwallet.recovery (chain, highest, gap, birth, started_at) VALUES ('bitcoin', 5, 20, 1, $1)", seed.Now.Add(-time.Minute))
	transfer(db, "swap", "deposit:bitcoin:x:0", ledger.Clearing, ledger.Inventory, "0.5", seed.Now.Add(-2*time.Minute))
	transfer(db, "swap", "deposit:bitcoin:y:0", ledger.Clearing, ledger.Inventory, "0.25", seed.Now.Add(-3*time.Minute))
	expect(t, ferry(t, people(db), "books"), 0, "0.75 BTC of it is from before the hot wallet's recovery", "BTC: balanced")
	transfer(db, "swap", "deposit:bitcoin:z:0", ledger.Clearing, ledger.Inventory, "0.1", seed.Now)
	expect(t, ferry(t, people(db), "books"), 1, "BTC: NOT BALANCED", "0.1 BTC of deposit:bitcoin:z:0 is in the state machine's book and not in the hot wallet's")
}
