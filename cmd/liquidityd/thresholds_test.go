package main

import (
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"ferry/deploy/hedgefile"
	"ferry/liquidity/config"
	"ferry/liquidity/postgres"
	"ferry/liquidity/venue/simulator"
	"ferry/swap"
	"ferry/swap/asset"
)

// planAt hedges ether by a policy, at the simulator's venues that a household follows.
func planAt(t *testing.T, address string, p hedgefile.Policy) *hedgePlan {
	t.Helper()
	f := testFile()
	f.Venues = map[string]hedgefile.Account{simulator.Kraken: account(simulator.Kraken), simulator.Coinbase: account(simulator.Coinbase)}
	f.Assets = map[asset.ID]hedgefile.Policy{asset.ETH: p}
	path := filepath.Join(t.TempDir(), "hedge.json")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	plan, err := planHedging(func(name, otherwise string) string {
		switch name {
		case "FERRY_HEDGE":
			return path
		case "FERRY_KRAKEN_TRADE_URL", "FERRY_COINBASE_TRADE_URL":
			venue, _, _ := strings.Cut(strings.TrimPrefix(name, "FERRY_"), "_")
			return "http://" + address + "/" + strings.ToLower(venue)
		}
		return otherwise
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// position is the household's in ether, and how many rounds of orders there were.
func (h *household) position(t *testing.T) (units *big.Int, rounds int64, open int) {
	t.Helper()
	list, err := postgres.NewHedges(h.pool).Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Asset == asset.ETH {
			return p.Units, p.Round, len(p.Open)
		}
	}
	return new(big.Int), 0, 0
}

// ether is some thousandths of one.
func ether(thousandths int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(thousandths), big.NewInt(1e15))
}

// Setup: a daemon that hedges beyond five ether, and a swap that leaves it two short. Test:
// nothing is traded; a version with a narrower band has it brought back, without a restart; one
// that can't be run is reported with what is wrong, and the band stays; after a rollback the
// next two ether are left again. Who starts later hedges by the newest version, and by what it
// says of hedging where the rest can't be run.
func TestThresholdsChangeWhileAPositionIsOpen(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, hedgefile.Policy{Band: "5", OrderMost: "50", Early: "100", UnconfirmedMost: "200"})
	h.hears(t, "a price", func(r swap.Rate) bool { return r.Unavailable == "" && r.Price != "" })
	h.runs(t, 0)
	tell(t, h.brokers)
	h.until(t, "the position", func() bool { units, _, _ := h.position(t); return units.Cmp(ether(-2000)) == 0 })
	h.leaves(t, 0)

	h.set(t, 0, config.Document{"hedging.ETH.band": "0.01"}, nil)
	h.runs(t, 1)
	h.until(t, "the hedge", func() bool {
		units, _, open := h.position(t)
		return units.CmpAbs(ether(10)) <= 0 && open == 0
	})
	if late, _ := h.made(t); late.running.Hedging.Policies().Assets[asset.ETH].Band.Big().Cmp(ether(10)) != 0 {
		t.Errorf("who starts later hedges by %+v", late.running.Hedging)
	}
	h.set(t, 1, config.Document{"hedging.ETH.band": "a lot"}, nil)
	h.until(t, "the problem", func() bool {
		r := h.live.now()
		return r.Wanted == 2 && r.Version == 1 && strings.Contains(r.Problem, "hedging.ETH.band")
	})
	h.beginsHedging(t, "5", "0")
	h.set(t, 2, config.Document{"hedging.ETH.band": "0.01", "hedging.ETH.unconfirmed_max": "150", "venues.kraken.on": "false"}, nil)
	h.beginsHedging(t, "0.01", "150")
	h.set(t, 3, config.Document{}, 0)
	h.runs(t, 4)
	_, rounds, _ := h.position(t)
	tell(t, h.brokers)
	h.until(t, "the next position", func() bool { units, _, _ := h.position(t); return units.Cmp(ether(-1900)) < 0 })
	h.leaves(t, rounds)
}

// beginsHedging has another daemon start with a version that it can't run: its pairs are stopped,
// and it hedges beyond a band, and so much that is not confirmed, in ether.
func (h *household) beginsHedging(t *testing.T, band, unconfirmed string) {
	t.Helper()
	late, _ := h.made(t)
	if r := late.report; r.Version != config.None || late.hedger == nil || late.running.Config.Pairs[0].Stopped == "" {
		t.Errorf("who starts with what can't be run reports %+v", r)
	}
	p := late.running.Hedging.Policies().Assets[asset.ETH]
	for want, got := range map[string]asset.Units{band: p.Band, unconfirmed: p.UnconfirmedMost} {
		if text := (asset.Amount{Asset: asset.ETH, Units: got}).Decimal(); text != want {
			t.Errorf("it hedges by %s, want %s: %+v", text, want, p)
		}
	}
}

// leaves has the hedger look once more, and nothing may have been traded since a round.
func (h *household) leaves(t *testing.T, rounds int64) {
	t.Helper()
	if err := h.live.hedger.Round(t.Context()); err != nil {
		t.Error(err)
	}
	if units, now, open := h.position(t); now != rounds || open > 0 || units.CmpAbs(ether(1900)) < 0 {
		t.Errorf("%s are left, after %d rounds with %d orders open; there were %d", units, now, open, rounds)
	}
}
