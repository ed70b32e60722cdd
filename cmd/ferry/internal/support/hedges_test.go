package support

import (
	"fmt"
	"testing"

	"ferry/swap/asset"
	"ferry/swap/ledger"

	"ferry/cmd/ferry/internal/seed"
)

// Setup: a position, 25 orders of which one is open, and a swap's spread. Test: all of it
// is told, the open order first, and that there are more.
func TestHedges(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Exec("INSERT INTO liquidity.hedge_position (asset, units, round) VALUES ('ETH', -1500000000000000000, 25)")
	for n := range 25 {
		state, venueID, filled, settled := "done", "'7'", "100000000", "now()"
		if n == 0 {
			state, venueID, filled, settled = "open", "NULL", "NULL", "NULL"
		}
		db.Exec(fmt.Sprintf(`INSERT INTO liquidity.hedge_order (client_id, venue, asset, base, quote, price_decimals, size_decimals, side, size, price,
			mark, intended_at, deadline, state, venue_order_id, filled, settled_at)
			VALUES ('%032x', 'kraken', 'ETH', 'ETH', 'BTC', 8, 8, 'buy', 150000000, 3500000, 3490000, $1, $1::timestamptz + interval '10 s', '%s', %s, %s, %s)`,
			n, state, venueID, filled, settled), seed.Now)
	}
	db.Exec("INSERT INTO liquidity.treasury_proposal (venue, asset, direction, units, reason, proposed_at) VALUES ('okx', 'BTC', 'deposit', 50000000, 'few', $1)", seed.Now)
	gained := ledger.Transfer("exposure:s:1", "exposure", "s", "conversion", "spread_earned", asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(700)})
	db.Entry("liquidity", gained, seed.Now)
	// A debit of swap_hedging: the house pays.
	db.Entry("liquidity", ledger.Transfer("hedge:o:s", "hedge_share", "s", "swap_hedging", "hedging_shared", asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(90)}), seed.Now)
	var h Hedges
	err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) (err error) { h, err = r.Hedges(t.Context()); return err })
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Positions) != 1 || h.Positions[0].Position.String() != "-1.5 ETH" || h.Positions[0].Open != 1 {
		t.Errorf("positions %+v", h.Positions)
	}
	if len(h.Orders) != hedgeOrdersMost || !h.More || h.Orders[0].State != "open" || h.Orders[0].Size != "1.5" || h.Orders[0].Price != "0.035" {
		t.Errorf("%d orders, more %t, first %+v", len(h.Orders), h.More, h.Orders[0])
	}
	if len(h.Proposals) != 1 || h.Proposals[0].Amount.String() != "0.5 BTC" || h.Proposals[0].Direction != "deposit" {
		t.Errorf("proposals %+v", h.Proposals)
	}
	if h.Spread.String() != "0.000007 BTC" || h.Cost.String() != "0 BTC" {
		t.Errorf("earned %s, spent %s", h.Spread, h.Cost)
	}
	if len(h.Swaps) != 1 || h.Swaps[0].SwapID != "s" || h.Swaps[0].Spread.String() != "0.000007 BTC" || h.Swaps[0].Cost.String() != "0.0000009 BTC" {
		t.Errorf("swaps %+v", h.Swaps)
	}
}
