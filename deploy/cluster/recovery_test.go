package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/parts"
	"ferry/migrations"
	"ferry/swap"
	"ferry/swap/asset"
)

// wallets are the daemons whose rows are lost in these tests.
var wallets = []string{"hotwalletd-bitcoin", "hotwalletd-ethereum"}

// Setup: every daemon, on real nodes, with swaps settled in both directions, and one
// address of each chain given to a user who has not paid.
//
// Test: the hot wallets' rows are lost, all of them, and later they and attestd's memory
// are restored from old copies. Rebuilt from the seed's public keys, the birth height and
// the highest issued index, coins, holdings and nonce are as before to the unit, and
// equal to the nodes'; what was paid meanwhile is there; no address is given twice; and
// new swaps settle.
func TestRecoveryOnRealNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED under -short: nothing is recovered on real nodes")
	}
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	r := &ruin{house: newHouse(ctx, t)}
	must(t, r.swapBoth(ctx))
	for _, part := range []struct {
		name string
		run  func(context.Context, *testing.T)
	}{
		{"all rows are lost", r.rowsLost},
		{"an old backup, and an old memory of attestd", r.oldCopies},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			part.run(ctx, t)
			must(t, r.swapBoth(ctx))
			must(t, r.kept(ctx))
			must(t, r.onlyOnce())
			must(t, r.rest(ctx))
		}) {
			return
		}
	}
}

// ruin is a house whose hot wallets lose what they know.
type ruin struct {
	*house
	// given are the deposit addresses of receipts.
	given []string
}

// swapBoth settles a swap in each direction.
func (r *ruin) swapBoth(ctx context.Context) error {
	both, err := r.bookBoth(ctx)
	if err != nil {
		return err
	}
	r.give(both)
	if both, err = r.payBoth(ctx, both); err != nil {
		return err
	}
	if err := r.settleBoth(ctx, both); err != nil {
		return err
	}
	return r.rest(ctx)
}

func (r *ruin) give(both [2]exchange) {
	for _, e := range both {
		r.given = append(r.given, e.Receipt.DepositAddress)
	}
}

// rest waits until both books are balanced and nothing is between them.
func (r *ruin) rest(ctx context.Context) error {
	var off string
	err := r.until(ctx, "the books to be at rest", 250*time.Millisecond, func() (bool, error) {
		page, err := r.ferry(ctx, "books", "--json")
		if err != nil {
			off = err.Error() // a comparison with the node may be of a block before
			return false, nil //nolint:nilerr // until it is not
		}
		off, err = unrest(page)
		return off == "", err
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, off)
	}
	return nil
}

// onlyOnce: no address was given to two swaps.
func (r *ruin) onlyOnce() error {
	seen := map[string]bool{}
	for _, address := range r.given {
		if seen[address] {
			return fmt.Errorf("address %s was given twice", address)
		}
		seen[address] = true
	}
	return nil
}

// holdingsSQL is what the chains know of us: coins, holdings, what the house paid in,
// and the next nonce.
const holdingsSQL = `SELECT concat_ws(E'\n',
	(SELECT string_agg(txid || ':' || idx || ' ' || units || ' ' || path || ' ' || height, E'\n' ORDER BY txid, idx)
		FROM hotwallet.coin WHERE spent_txid IS NULL AND height IS NOT NULL),
	(SELECT string_agg(asset || ' held ' || held, E'\n' ORDER BY asset) FROM
		(SELECT asset, sum(units) AS held FROM hotwallet.posting WHERE account IN ('wallet', 'in_flight') GROUP BY asset) h),
	(SELECT string_agg(asset || ' of the house ' || paid, E'\n' ORDER BY asset) FROM
		(SELECT asset, sum(units) AS paid FROM hotwallet.posting WHERE account = 'house_capital' GROUP BY asset) h),
	(SELECT 'nonce ' || next_nonce FROM hotwallet.sender WHERE chain = 'ethereum'))`

func (r *ruin) holdings(ctx context.Context) (all string, err error) {
	err = r.query(ctx, &all, holdingsSQL)
	return all, err
}

// rowsLost: the hot wallets' schema is gone, attestd's memory is not. Meanwhile a user
// pays to an address that only attestd and the user know of.
func (r *ruin) rowsLost(ctx context.Context, t *testing.T) {
	late, err := r.unpaid(ctx)
	must(t, err)
	before, err := r.holdings(ctx)
	must(t, err)
	must(t, r.down(ctx))
	must(t, r.asOwner(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `DROP SCHEMA hotwallet CASCADE; DROP TABLE public.migration_roles`)
		return err
	}))
	must(t, migrations.Up(ctx, r.owner().String()))
	if err := r.up.Restart(ctx, wallets[0]); err == nil || !strings.Contains(err.Error(), "ferry recover") {
		t.Fatalf("hotwalletd went on with an empty database: %v", err)
	}
	must(t, r.stopAll(ctx))
	must(t, r.order(ctx, -1))
	must(t, r.recovered(ctx, t))
	after, err := r.holdings(ctx)
	must(t, err)
	if after != before {
		t.Fatalf("rebuilt:\n%s\nbefore:\n%s", after, before)
	}
	must(t, r.resume(ctx, "bitcoin", "ethereum"))
	r.lost(ctx, t, late)
}

// oldCopies: rows and attestd's memory are restored from copies of before the newest
// swaps. The highest index that was issued is given by hand.
func (r *ruin) oldCopies(ctx context.Context, t *testing.T) {
	memory := filepath.Join(r.root, "attest", "attest.db")
	must(t, r.down(ctx))
	must(t, r.up.StopOne(ctx, "attestd"))
	old, err := os.ReadFile(memory)
	must(t, err)
	must(t, r.asOwner(ctx, func(conn *pgx.Conn) error { return copyRows(ctx, conn, "hotwallet", "old_copy") }))
	must(t, r.all(ctx, append([]string{"attestd"}, wallets...)))
	must(t, r.swapBoth(ctx))
	late, err := r.unpaid(ctx)
	must(t, err)
	before, err := r.holdings(ctx)
	must(t, err)

	must(t, r.down(ctx))
	must(t, r.up.StopOne(ctx, "attestd"))
	highest, err := r.marks(ctx)
	must(t, err)
	must(t, r.asOwner(ctx, func(conn *pgx.Conn) error { return copyRows(ctx, conn, "old_copy", "hotwallet") }))
	must(t, os.WriteFile(memory, old, 0o600)) // in place: it stays attestd's
	forgotten, err := r.marks(ctx)
	must(t, err)
	if forgotten[asset.Bitcoin] >= highest[asset.Bitcoin] || forgotten[asset.Ethereum] >= highest[asset.Ethereum] {
		t.Fatalf("the old memory has marks %v, the lost one %v", forgotten, highest)
	}
	must(t, r.order(ctx, max(highest[asset.Bitcoin], highest[asset.Ethereum])))
	must(t, r.all(ctx, []string{"attestd"}))
	if err := r.up.Restart(ctx, wallets[0]); err == nil || !strings.Contains(err.Error(), "attestd raise bitcoin") {
		t.Fatalf("hotwalletd went on with an attestd that has forgotten: %v", err)
	}
	must(t, r.stopAll(ctx))
	must(t, r.up.StopOne(ctx, "attestd"))
	for _, chain := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		_, err := r.up.Command(ctx, "attestd", "raise", string(chain), fmt.Sprint(max(highest[asset.Bitcoin], highest[asset.Ethereum])))
		must(t, err)
	}
	must(t, r.all(ctx, []string{"attestd"}))
	must(t, r.recovered(ctx, t))
	after, err := r.holdings(ctx)
	must(t, err)
	if after != before {
		t.Fatalf("rebuilt:\n%s\nbefore:\n%s", after, before)
	}
	must(t, r.resume(ctx, "bitcoin", "ethereum"))
	r.lost(ctx, t, late)
}

// unpaid books a swap in each direction that nobody pays yet.
func (r *ruin) unpaid(ctx context.Context) (both [2]exchange, err error) {
	for i, pair := range []asset.Pair{btcToETH, ethToBTC} {
		if both[i].Terms, err = r.book(ctx, pair); err != nil {
			return both, err
		}
	}
	r.give(both)
	return both, nil
}

// lost: what is paid to an address from before a recovery is there, unattributed.
func (r *ruin) lost(ctx context.Context, t *testing.T, both [2]exchange) {
	t.Helper()
	both, err := r.payBoth(ctx, both)
	must(t, err)
	for _, e := range both {
		must(t, r.until(ctx, "the deposit to a burnt address", lookEvery, func() (bool, error) {
			var found int
			err := r.query(ctx, &found, `SELECT count(*) FROM hotwallet.deposit d JOIN hotwallet.address a USING (chain, address)
				WHERE d.txid = $1 AND a.address = $2 AND d.purpose = 'unattributed' AND a.state = 'burnt' AND d.height IS NOT NULL`,
				e.txid, e.Receipt.DepositAddress)
			return found == 1, err
		}))
		if s, err := r.api.Swap(ctx, e.Receipt.SwapID); err != nil || s.State != swap.AwaitingDeposit {
			t.Errorf("the swap that was paid is %s (%v), want it as it was", s.State, err)
		}
	}
}

// marks reads attestd's highest indices, as an operator does, while it is stopped.
func (r *ruin) marks(ctx context.Context) (map[asset.Chain]int, error) {
	page, err := r.up.Command(ctx, "attestd", "marks")
	if err != nil {
		return nil, err
	}
	found := map[asset.Chain]int{}
	for line := range strings.Lines(page) {
		var chain, index string
		if _, err := fmt.Sscan(line, &chain, &index); err != nil {
			return nil, fmt.Errorf("attestd marks prints %q: %w", line, err)
		}
		highest := -1
		if index != "none" {
			if _, err := fmt.Sscan(index, &highest); err != nil {
				return nil, fmt.Errorf("attestd marks prints %q: %w", line, err)
			}
		}
		found[asset.Chain(chain)] = highest
	}
	if len(found) < 2 {
		return nil, fmt.Errorf("attestd marks prints %q", page)
	}
	return found, nil
}

// order has an operator order both recoveries.
func (r *ruin) order(ctx context.Context, highest int) error {
	for _, chain := range []string{"bitcoin", "ethereum"} {
		_, err := r.ferry(ctx, "recover", chain, "--highest", fmt.Sprint(highest), "--birth", "1",
			"--reason", "a test has thrown the rows away", "--actor", "test")
		if err != nil {
			return err
		}
	}
	return nil
}

// recovered starts the hot wallets and follows them to the end, as an operator does.
func (r *ruin) recovered(ctx context.Context, t *testing.T) error {
	if err := r.all(ctx, wallets); err != nil {
		return err
	}
	for _, chain := range []string{"bitcoin", "ethereum"} {
		page, err := r.ferry(ctx, "recover", chain)
		if err != nil {
			return err
		}
		t.Log(strings.TrimSpace(page))
		if !strings.Contains(page, "recovered up to block") {
			return fmt.Errorf("ferry recover %s ends with %q", chain, page)
		}
		// At the tip once more: payments of the last moment are in blocks by now.
		if err := r.equal(ctx, chain); err != nil {
			return err
		}
	}
	return nil
}

// equal waits for the node to hold exactly what the rebuilt book says.
func (r *ruin) equal(ctx context.Context, chain string) error {
	return r.until(ctx, "the node of "+chain+" to agree", lookEvery, func() (ok bool, err error) {
		err = r.query(ctx, &ok, `SELECT EXISTS (SELECT 1 FROM hotwallet.reconciliation r JOIN hotwallet.recovery c USING (chain)
			WHERE r.chain = $1 AND r.book = r.node AND r.height >= c.until AND r.at > c.started_at)`, chain)
		return ok, err
	})
}

// down stops the hot wallets; stopAll also where one has ended by itself.
func (r *ruin) down(ctx context.Context) error {
	var errs []error
	for _, name := range wallets {
		errs = append(errs, r.up.StopOne(ctx, name))
	}
	return errors.Join(errs...)
}

// stopAll keeps a daemon that ends at each start from being started again.
func (r *ruin) stopAll(ctx context.Context) error {
	for _, name := range wallets {
		if r.up.Running(name) {
			if err := r.up.StopOne(ctx, name); err != nil && !strings.Contains(err.Error(), "exit status") {
				return err
			}
		}
	}
	return nil
}

func (r *ruin) all(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := r.up.Restart(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) owner() *url.URL {
	owner, err := url.Parse(h.up.Settings().SupportURL)
	if err != nil {
		panic(err) // the cluster made it
	}
	owner.User = url.User(parts.Superuser)
	return owner
}

func (h *house) asOwner(ctx context.Context, do func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, h.owner().String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return do(conn)
}

// copyRows makes a schema's rows those of another, as restoring a backup does: guards
// against changed history do not hold there.
func copyRows(ctx context.Context, conn *pgx.Conn, from, to string) error {
	rows, err := conn.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = 'hotwallet' AND tablename NOT LIKE 'migration%'`)
	if err != nil {
		return err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		sql := "SET LOCAL session_replication_role = replica; CREATE SCHEMA IF NOT EXISTS " + to + ";"
		for _, table := range tables {
			if to == "hotwallet" {
				sql += fmt.Sprintf("DELETE FROM hotwallet.%[1]s; INSERT INTO hotwallet.%[1]s OVERRIDING SYSTEM VALUE SELECT * FROM %[2]s.%[1]s;", table, from)
			} else {
				sql += fmt.Sprintf("CREATE TABLE %[2]s.%[1]s AS TABLE hotwallet.%[1]s;", table, to)
			}
		}
		_, err := tx.Exec(ctx, sql)
		return err
	})
}
