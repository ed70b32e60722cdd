package support

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"ferry/swap/asset"
	"ferry/swap/ledger"

	"ferry/cmd/ferry/internal/seed"
)

// Setup: entries of three days, at the edges of days too, in both books, and a sum of
// our own for each account and kind. Test: each day's report is that sum; what it closes
// with is what the next opens with; and all sums to zero.
func TestDaysFollowOneAnother(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(4, 8))
	accounts := []ledger.Account{ledger.Clearing, ledger.Wallet, ledger.Inventory, ledger.HouseCapital}
	moved := map[string]*big.Int{}
	add := func(day int, book string, a ledger.Account, kind string, units int64) {
		key := fmt.Sprint(day, book, a, kind)
		if moved[key] == nil {
			moved[key] = new(big.Int)
		}
		moved[key].Add(moved[key], big.NewInt(units))
	}
	times := []time.Duration{0, 24*time.Hour - time.Microsecond, 24 * time.Hour, 48*time.Hour - time.Microsecond, 48 * time.Hour}
	for n := range 40 {
		at := times[n%len(times)]
		if n >= 2*len(times) {
			at = time.Duration(random.Int64N(int64(72*time.Hour/time.Microsecond))) * time.Microsecond
		}
		book, schema := WalletBook, "hotwallet"
		if n%2 == 0 {
			book, schema = MachineBook, "swap"
		}
		kind := []string{"one", "two"}[random.IntN(2)]
		from := random.IntN(len(accounts))
		to := (from + 1 + random.IntN(len(accounts)-1)) % len(accounts)
		units := 1 + random.Int64N(1_000_000)
		db.Entry(schema, ledger.Transfer(fmt.Sprint("entry", n), kind, "", accounts[to], accounts[from],
			asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(uint64(units))}), first.Add(at))
		day := int(at / (24 * time.Hour))
		add(day, book, accounts[to], kind, units)
		add(day, book, accounts[from], kind, -units)
	}
	conn := db.Support()
	closing := map[string]string{}
	for n := range 4 {
		var d DayBooks
		err := Read(t.Context(), conn, seed.Now, func(r *Reader) (err error) {
			d, err = r.Day(t.Context(), first.AddDate(0, 0, n), []asset.ID{asset.BTC})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !d.Balanced() || len(d.Books) != 2 {
			t.Fatalf("day %d: %+v", n, d)
		}
		for _, b := range d.Books {
			for _, a := range b.Accounts {
				key := b.Book + a.Account
				if opening := a.Opening.Units.String(); opening != closing[key] && (opening != "0" || closing[key] != "") {
					t.Errorf("day %d opens %s with %s, the day before closed it with %s", n, key, opening, closing[key])
				}
				closing[key] = a.Closing.Units.String()
				for _, m := range a.Movements {
					own := fmt.Sprint(n, b.Book, ledger.Account(a.Account), m.Kind)
					if moved[own] == nil || moved[own].Cmp(m.Amount.Units) != 0 || m.Entries == 0 {
						t.Errorf("day %d: %d entries of kind %s moved %s on %s, want %s", n, m.Entries, m.Kind, m.Amount.Units, key, moved[own])
					}
					delete(moved, own)
				}
			}
		}
	}
	for key := range moved {
		t.Errorf("no day has %s", key)
	}
}
