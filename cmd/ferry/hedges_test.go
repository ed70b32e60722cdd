package main

import (
	"fmt"
	"testing"
	"time"

	"ferry/swap/asset"
	"ferry/swap/ledger"

	"ferry/cmd/ferry/internal/seed"
)

// Setup: two positions, an order of each kind, two proposals and a swap. Test: what treasury sees
// says which way each amount goes, of what it is, and when.
func TestHedgesAsTreasurySeesThem(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	golden(t, "treasury_hedges_none.txt", ferry(t, env, "treasury", "hedges").out)
	db.Exec("INSERT INTO liquidity.hedge_position (asset, units, round) VALUES ('ETH', -1500000000000000000, 25), ('LTC', 250000000, 3), ('USDT', 0, 1)")
	for n, o := range []struct {
		side, state, filled, reason string
		ago                         time.Duration
	}{{"buy", "open", "NULL", "NULL", time.Second}, {"sell", "done", "150000000", "NULL", time.Minute}, {"buy", "done", "50000000", "NULL", 2 * time.Minute},
		{"sell", "done", "0", "NULL", 3 * time.Minute}, {"buy", "void", "0", "'the venue knows no such order after its deadline'", 4 * time.Minute}} {
		venueID, settled := "'7'", "now()"
		if o.state != "done" {
			venueID = "NULL"
		}
		if o.state == "open" {
			settled = "NULL"
		}
		db.Exec(fmt.Sprintf(`INSERT INTO liquidity.hedge_order (client_id, venue, asset, base, quote, price_decimals, size_decimals, side, size, price,
			mark, intended_at, deadline, state, venue_order_id, filled, reason, settled_at)
			VALUES ('%032x', 'kraken', 'ETH', 'ETH', 'BTC', 8, 8, '%s', 150000000, 3500000, 3490000, $1, $1::timestamptz + interval '10 s', '%s', %s, %s, %s, %s)`,
			n, o.side, o.state, venueID, o.filled, o.reason, settled), seed.Now.Add(-o.ago))
	}
	db.Exec(`INSERT INTO liquidity.treasury_proposal (venue, asset, direction, units, reason, proposed_at) VALUES ('okx', 'BTC', 'deposit', 50000000, 'okx has 0.1 BTC, less than 0.5 BTC', $1),
		('kraken', 'ETH', 'withdrawal', 20000000000000000000, 'kraken has 60 ETH, more than 50 ETH', $1)`, seed.Now.Add(-time.Hour))
	bitcoin := func(units uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(units)} }
	const id = "swap_01k0000000000000000000000b"
	db.Entry("liquidity", ledger.Transfer("exposure:s:1", "exposure", id, "conversion", "spread_earned", bitcoin(700)), seed.Now)
	db.Entry("liquidity", ledger.Transfer("hedge:o", "hedge", "", "hedging_cost", "conversion", bitcoin(400)), seed.Now)
	db.Entry("liquidity", ledger.Transfer("hedge:p", "hedge", "", "hedge_fees", "conversion", bitcoin(500)), seed.Now)
	db.Entry("liquidity", ledger.Transfer("hedge:o:s", "hedge_share", id, "swap_hedging", "hedging_shared", bitcoin(900)), seed.Now)
	got := ferry(t, env, "treasury", "hedges")
	expect(t, got, 0, "-1.5 ETH, less than the capital", "back to its target", "left of spread -0.000002 BTC Hedges' cost", "not the day's result", "send 0.5 BTC from the hot wallet to okx")
	golden(t, "treasury_hedges.txt", got.out)
}
