package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// A plan chooses from the largest coins and from the smallest that are worth more than
// their own input costs; each is offered once.
func TestOfferedCoins(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ coins, largest, smallest int }{
		"few coins, those not worth their input too": {coins: 75, largest: 75},
		"all that are worth it":                      {coins: 90, largest: 75, smallest: 90 - 75 - 9},
		"no more than a plan may have":               {coins: 300, largest: 75, smallest: 25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pool := newStore(t, asset.Bitcoin, Config{DustThreshold: asset.NewUnits(9)})
			run(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state) VALUES ('bitcoin', 1, 1, 0, 'm/1', 'change', 'hot')`)
			run(t, pool, `INSERT INTO coin (chain, txid, idx, units, address, path, coinbase, height)
				SELECT 'bitcoin', 't' || n, 0, n, 'change', 'm/1', false, 10 FROM generate_series(1, $1::integer) n`, row.coins)
			if err := s.Begin(t.Context(), chain.Ref{Height: 20, Hash: "a20"}); err != nil {
				t.Fatal(err)
			}
			var f chain.Funds
			err := s.read(t.Context(), func(tx pgx.Tx) (err error) {
				f, err = s.spendableCoins(t.Context(), tx, "order")
				return err
			})
			if err != nil || len(f.Coins) != row.largest+row.smallest {
				t.Fatalf("%d coins (%v), want %d", len(f.Coins), err, row.largest+row.smallest)
			}
			for i, c := range f.Coins {
				want := uint64(row.coins - i)
				if i >= row.largest {
					want = uint64(9 + row.smallest - (i - row.largest))
				}
				if c.Units != asset.NewUnits(want) {
					t.Fatalf("coin %d has %s, want %d", i, c.Units, want)
				}
			}
		})
	}
}

// A coin is offered once it is as deep as the setting says, and never before payments are
// deep enough.
func TestSpendDepth(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ confirmations, depth, want int64 }{{3, 0, 1}, {3, 11, 1}, {3, 12, 0}, {11, 3, 1}, {12, 3, 0}} {
		s, pool := newStore(t, asset.Bitcoin, Config{Confirmations: row.confirmations, SpendDepth: row.depth})
		run(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state) VALUES ('bitcoin', 1, 1, 0, 'm/1', 'change', 'hot')`)
		run(t, pool, `INSERT INTO coin (chain, txid, idx, units, address, path, coinbase, height) VALUES ('bitcoin', 't', 0, 1000, 'change', 'm/1', false, 10)`)
		if err := s.Begin(t.Context(), chain.Ref{Height: 20, Hash: "a20"}); err != nil {
			t.Fatal(err)
		}
		var f chain.Funds
		err := s.read(t.Context(), func(tx pgx.Tx) (err error) {
			f, err = s.spendableCoins(t.Context(), tx, "order")
			return err
		})
		if err != nil || int64(len(f.Coins)) != row.want {
			t.Errorf("%+v: %d coins, %v", row, len(f.Coins), err)
		}
	}
}
