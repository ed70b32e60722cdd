package support

import (
	"context"
	"math/big"
	"time"

	"ferry/swap/asset"
)

// hedgeOrdersMost is how many orders are listed.
const hedgeOrdersMost = 20

// Hedges is what liquidity holds beyond its capital, and how it got rid of the rest.
type Hedges struct {
	Positions []HedgePosition `json:"positions"`
	// Orders are those that are open, and then the newest; More says that there are others.
	Orders []HedgeOrder `json:"orders"`
	More   bool         `json:"more"`
	// Proposals are what treasury is asked to move now.
	Proposals []HedgeProposal `json:"proposals"`
	// Spread, Cost and Fees are of the last day: earned from swaps beyond the fair price, and
	// spent on hedges beyond it and on venues' fees.
	Spread Sum `json:"spread_earned"`
	Cost   Sum `json:"hedging_cost"`
	Fees   Sum `json:"hedge_fees"`
	// Swaps are the newest of that day, as many as orders.
	Swaps []HedgeSwap `json:"swaps"`
}

// HedgeSwap is what a swap brought beyond the fair price, and its share of what hedges cost
// with venues' fees.
type HedgeSwap struct {
	SwapID string `json:"swap_id"`
	Spread Sum    `json:"spread_earned"`
	Cost   Sum    `json:"hedging_cost"`
}

func (r *Reader) hedgeSwaps(ctx context.Context) ([]HedgeSwap, error) {
	type row struct{ SwapID, Spread, Cost string }
	found, err := rows[row](ctx, r, "HEDGE_SWAPS", r.now.Add(-24*time.Hour), hedgeOrdersMost)
	if err != nil {
		return nil, err
	}
	var list []HedgeSwap
	for _, s := range found {
		spread, err := newSum(asset.BTC, s.Spread)
		if err != nil {
			return nil, err
		}
		cost, err := newSum(asset.BTC, s.Cost)
		if err != nil {
			return nil, err
		}
		list = append(list, HedgeSwap{s.SwapID, spread, cost})
	}
	return list, nil
}

// HedgePosition is an asset's.
type HedgePosition struct {
	Position Sum `json:"position"`
	// Open counts orders whose outcome is not known.
	Open int64 `json:"open_orders"`
}

// HedgeOrder is an order at a venue, in coins.
type HedgeOrder struct {
	ClientID   string    `json:"client_id"`
	Venue      string    `json:"venue"`
	Instrument string    `json:"instrument"`
	Side       string    `json:"side"`
	Size       string    `json:"size"`
	Price      string    `json:"price"`
	Filled     string    `json:"filled"`
	State      string    `json:"state"`
	Reason     string    `json:"reason,omitempty"`
	IntendedAt time.Time `json:"intended_at"`
}

// HedgeProposal asks for a deposit at a venue, or a withdrawal.
type HedgeProposal struct {
	Venue      string    `json:"venue"`
	Direction  string    `json:"direction"`
	Amount     Sum       `json:"amount"`
	Reason     string    `json:"reason"`
	ProposedAt time.Time `json:"proposed_at"`
}

// proposals are bounded by venues and assets.
const hedgeProposalsMost = 100

func (r *Reader) proposals(ctx context.Context) ([]HedgeProposal, error) {
	type row struct {
		Venue      string
		Asset      asset.ID
		Direction  string
		Units      string
		Reason     string
		ProposedAt time.Time
	}
	found, err := rows[row](ctx, r, "HEDGE_PROPOSALS", hedgeProposalsMost)
	if err != nil {
		return nil, err
	}
	var list []HedgeProposal
	for _, p := range found {
		amount, err := newSum(p.Asset, p.Units)
		if err != nil {
			return nil, err
		}
		list = append(list, HedgeProposal{p.Venue, p.Direction, amount, p.Reason, p.ProposedAt})
	}
	return list, nil
}

// Hedges reads liquidity's positions and orders, and the results of the last day.
func (r *Reader) Hedges(ctx context.Context) (Hedges, error) {
	none := Sum{Asset: asset.BTC, Units: new(big.Int)}
	h := Hedges{Spread: none, Cost: none, Fees: none}
	type position struct {
		Asset asset.ID
		Units string
		Open  int64
	}
	positions, err := rows[position](ctx, r, "HEDGE_POSITIONS")
	if err != nil {
		return h, err
	}
	for _, p := range positions {
		sum, err := newSum(p.Asset, p.Units)
		if err != nil {
			return h, err
		}
		h.Positions = append(h.Positions, HedgePosition{sum, p.Open})
	}
	if h.Orders, err = rows[HedgeOrder](ctx, r, "HEDGE_ORDERS", hedgeOrdersMost+1); err != nil {
		return h, err
	}
	h.Orders, h.More = cut(h.Orders, hedgeOrdersMost)
	if h.Proposals, err = r.proposals(ctx); err != nil {
		return h, err
	}
	if h.Swaps, err = r.hedgeSwaps(ctx); err != nil {
		return h, err
	}
	type result struct{ Account, Units string }
	results, err := rows[result](ctx, r, "HEDGE_RESULTS", r.now.Add(-24*time.Hour))
	if err != nil {
		return h, err
	}
	for _, x := range results {
		sum, err := newSum(asset.BTC, x.Units)
		if err != nil {
			return h, err
		}
		switch x.Account {
		case "spread_earned":
			h.Spread = Sum{Asset: asset.BTC, Units: sum.Units.Neg(sum.Units)} // a credit
		case "hedging_cost":
			h.Cost = sum
		case "hedge_fees":
			h.Fees = sum
		}
	}
	return h, nil
}
