package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/psbt"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/seed"
)

const refundOrder = "refund:swap_of_the_test"

// refundPlan pays 9,000 sat of a coin of 10,000, and is signed by a witness that nobody
// verifies here.
func refundPlan(t *testing.T) (plan chain.Plan, signed []byte, txid string) {
	t.Helper()
	script := append([]byte{txscript.OP_0, 20}, bytes.Repeat([]byte{7}, 20)...)
	previous := wire.NewMsgTx(1)
	previous.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{1}}})
	previous.AddTxOut(wire.NewTxOut(10_000, script))
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: previous.TxHash()}, Sequence: wire.MaxTxInSequenceNum - 2})
	tx.AddTxOut(wire.NewTxOut(9_000, script))
	plan = chain.Plan{Unsigned: encode(t, tx), ChangeIndex: -1, Fee: asset.NewUnits(1000),
		Outputs: []chain.Output{{Destination: "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se", Asset: asset.BTC, Units: asset.NewUnits(9_000)}},
		Coins:   []chain.Coin{{TxID: previous.TxHash().String(), Units: asset.NewUnits(10_000), PreviousTx: encode(t, previous)}}}
	tx.TxIn[0].Witness = wire.TxWitness{{1, 2, 3}, {4, 5}}
	return plan, encode(t, tx), tx.TxHash().String()
}

func encode(t *testing.T, tx *wire.MsgTx) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// storeRefund has the hot wallet hold a refund with two transactions, of which the first
// alone is signed.
func storeRefund(t *testing.T, db *seed.Database) {
	t.Helper()
	plan, signed, txid := refundPlan(t)
	stored, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ($1, 'bitcoin', 'swap_of_the_test', 'refund', 'BTC', 9000, $2, '{}', 'broadcast')`, refundOrder, plan.Outputs[0].Destination)
	db.Exec(`INSERT INTO hotwallet.batch (batch_id, chain, purpose, state, orders) VALUES ($1, 'bitcoin', 'refund', 'broadcast', ARRAY[$1])`, refundOrder)
	db.Exec(`UPDATE hotwallet.payment SET batch_id = order_id WHERE order_id = $1`, refundOrder)
	db.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee, raw, txid, signed_at)
		VALUES ($1, 1, 'bitcoin', 'broadcast', $2, 1000, $3, $4, now())`, refundOrder, stored, signed, txid)
	db.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee) VALUES ($1, 2, 'bitcoin', 'planned', $2, 1000)`, refundOrder, stored)
}

// A payment's transactions can be written as PSBTs, and one that somebody sends is told
// from another.
func TestPaymentAsPSBT(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	storeRefund(t, db)
	env := people(db)
	plan, signed, txid := refundPlan(t)
	for number, raw := range map[string][]byte{"1": signed, "2": nil} {
		got := ferry(t, env, "payments", "show", refundOrder, "--psbt", "--transaction", number)
		d, err := psbt.Read([]byte(got.out))
		if got.code != 0 || err != nil || strings.Count(got.out, "\n") != 1 {
			t.Fatalf("exit status %d, %q, %q: %v", got.code, got.out, got.errs, err)
		}
		if err := d.Check(asset.Bitcoin, plan, raw); err != nil || d.Signed() != (raw != nil) {
			t.Errorf("transaction %s is another: %v", number, err)
		}
	}
	var written writtenPSBT
	got := ferry(t, env, "payments", "show", refundOrder, "--psbt", "--json")
	if err := json.Unmarshal([]byte(got.out), &written); err != nil || written.Transaction != 2 || written.Signed || written.Fee != plan.Fee {
		t.Errorf("the newest is %+v (%v)", written, err)
	}
	path := filepath.Join(t.TempDir(), "it.psbt")
	save := func(d psbt.Document) {
		t.Helper()
		raw, err := d.Bytes()
		if err == nil {
			err = os.WriteFile(path, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := psbt.Of(asset.Bitcoin, plan, signed)
	if err != nil {
		t.Fatal(err)
	}
	save(d)
	if got := ferry(t, env, "payments", "check", refundOrder, path, "--transaction", "1"); got.code != 0 ||
		!strings.Contains(got.out, txid) || !strings.Contains(got.out, "pays 0.00009 BTC") || !strings.Contains(got.out, "fee 0.00001 BTC") {
		t.Errorf("exit status %d, %q:\n%s", got.code, got.errs, got.out)
	}
	if got := ferry(t, env, "payments", "check", refundOrder, path); got.code != 1 || !strings.Contains(got.errs, "signed otherwise") {
		t.Errorf("signed, and the stored one is not: exit status %d, %q", got.code, got.errs)
	}
}

func TestPSBTUsedWrongly(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	storeRefund(t, db)
	db.Story()
	settled := "payout:" + seed.SwapID("00a")
	path := filepath.Join(t.TempDir(), "it.psbt")
	if err := os.WriteFile(path, []byte(hex.EncodeToString([]byte("psbt\xff"))), 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(t.TempDir(), "long.psbt")
	if err := os.WriteFile(long, bytes.Repeat([]byte("A"), psbt.MaxText+10), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"show", refundOrder, "--transaction", "1"}, 2, "--psbt"},
		{[]string{"show", refundOrder, "--psbt", "--transaction", "3"}, 2, "1 to 2"},
		{[]string{"show", "refund:nobody", "--psbt"}, 1, "no transaction"},
		{[]string{"show", settled, "--psbt"}, 1, "no PSBTs on this chain"},
		{[]string{"check", refundOrder}, 2, "arguments"},
		{[]string{"check", refundOrder, path}, 1, "no valid PSBT"},
		{[]string{"check", refundOrder, long}, 1, "at most"},
		{[]string{"check", refundOrder, path + ".gone"}, 1, "read the PSBT"},
	} {
		if got := ferry(t, people(db), append([]string{"payments"}, c.args...)...); got.code != c.code || !strings.Contains(got.errs, c.says) {
			t.Errorf("%v: exit status %d, %q", c.args, got.code, got.errs)
		}
	}
}
