package postgres

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/treasury"
	"ferry/swap/asset"
)

const placesSQL = `SELECT coalesce(string_agg(address || ' ' || units || ' ' || asset, ', ' ORDER BY address, asset), '') FROM holding WHERE units <> 0`

func ether(txid, address string, units uint64) chain.Credit {
	return chain.Credit{TxID: txid, Address: address, Asset: asset.ETH, Units: asset.NewUnits(units)}
}

// lived is a wallet whose first two blocks have funding, deposits in ether and a token,
// and a failed transaction of the sender's, with what its addresses hold then.
func lived(t *testing.T) (s *Store, pool *pgxpool.Pool, last chain.Block, places string) {
	t.Helper()
	s, pool = ordered(t, asset.Ethereum)
	funded := block("a", 11, ether("fund", "house", 1000), ether("paid", "deposit3", 300),
		chain.Credit{TxID: "token", Address: "deposit3", Asset: asset.USDT, Units: asset.NewUnits(50)})
	spent := block("a", 12, ether("more", "deposit3", 5))
	spent.Debits = []chain.Debit{
		{TxID: "fails", Address: "house", Asset: asset.ETH, Fee: asset.NewUnits(7), Failed: true},
		{TxID: "lost", Address: "house", Asset: asset.ETH, Nonce: 1, Units: asset.NewUnits(100), Fee: asset.NewUnits(7)},
		{TxID: "taken", Address: "deposit3", Asset: asset.USDT, Units: asset.NewUnits(20)},
	}
	apply(t, s, funded, spent)
	return s, pool, spent, "deposit3 305 ETH, deposit3 30 USDT, house 886 ETH"
}

// What each address holds follows every credit, spend and fee, and goes back with the
// block; the sum is what the books have.
func TestHoldingsFollowBlocks(t *testing.T) {
	t.Parallel()
	s, pool, last, want := lived(t)
	for range 2 {
		if got := text(t, pool, placesSQL); got != want {
			t.Fatalf("the addresses hold %s, want %s", got, want)
		}
		books, err := s.Books(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range books {
			if b.Places == nil || b.Places.Cmp(b.Units) != 0 {
				t.Fatalf("of %s the addresses hold %s and the books %s", b.Asset, b.Places, b.Units)
			}
		}
		if err := s.Rollback(t.Context(), last.Ref); err != nil {
			t.Fatal(err)
		}
		if got := text(t, pool, placesSQL); got != "deposit3 300 ETH, deposit3 50 USDT, house 1000 ETH" {
			t.Fatalf("after the block is gone the addresses hold %s", got)
		}
		apply(t, s, last)
	}
}

// The address that pays can spend what it holds itself, and nothing that lies elsewhere
// or is not deep enough.
func TestSenderSpendsItsOwn(t *testing.T) {
	t.Parallel()
	s, _, _, _ := lived(t)
	available := func() treasury.Balances {
		all, err := s.Balances(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	if b := available(); !b.Available.IsZero() || b.OnSender != asset.NewUnits(886) || b.Unswept != asset.NewUnits(305) {
		t.Fatalf("not deep enough: %+v", b)
	}
	apply(t, s, block("a", 13), block("a", 14, ether("late", "house", 10)))
	if b := available(); b.Available != asset.NewUnits(886) || b.OnSender != asset.NewUnits(896) {
		t.Fatalf("deep enough: %+v", b)
	}
}

// Only blocks that can be taken back keep what they changed.
func TestOldHoldingChangesArePruned(t *testing.T) {
	t.Parallel()
	s, pool, last, places := lived(t)
	run(t, pool, `UPDATE cursor SET height = $1`, last.Height+keepBlocks-1)
	apply(t, s, chain.Block{Ref: chain.Ref{Height: last.Height + keepBlocks, Hash: "far"}, Parent: last.Hash, Time: last.Time})
	if got := text(t, pool, `SELECT string_agg(DISTINCT height::text, ',') FROM holding_change`); got != "12" {
		t.Fatalf("changes of blocks %s are kept, want those of 12", got)
	}
	if got := text(t, pool, placesSQL); got != places {
		t.Fatalf("the addresses hold %s, want %s", got, places)
	}
}

// A wallet from before there were holdings gets those that its rows imply, and what its
// kept blocks changed: deposits, and payments of the sender's.
func TestHoldingsOfAnOlderWallet(t *testing.T) {
	t.Parallel()
	s, pool, last, _ := lived(t)
	if err := s.Rollback(t.Context(), last.Ref); err != nil { // what was foreign is in no row of its own
		t.Fatal(err)
	}
	want := text(t, pool, placesSQL)
	run(t, pool, `DELETE FROM holding; DELETE FROM holding_change`)
	run(t, pool, `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, fee, height, block_hash)
		VALUES ('o', 'ethereum', 's', 'payout', 'ETH', 40, 'd', '{}', 'final', 2, 11, 'a11')`)
	raw, err := os.ReadFile("../../migrations/hotwallet/0020_holding.sql")
	if err != nil {
		t.Fatal(err)
	}
	run(t, pool, string(raw[strings.Index(string(raw), "INSERT INTO holding "):]))
	if got := text(t, pool, placesSQL); got != want {
		t.Fatalf("after the upgrade the addresses hold %s, want %s", got, want)
	}
	changed := text(t, pool, `SELECT string_agg(concat_ws(' ', height, hash, address, units, asset), ', ' ORDER BY height, address, asset) FROM holding_change`)
	if changed != "11 a11 deposit3 300 ETH, 11 a11 deposit3 50 USDT, 11 a11 house 958 ETH" {
		t.Fatalf("after the upgrade the blocks have changed %s", changed)
	}
}
