package sweep

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// gaps fills nonces of the sender that a dropped plan has left.
func (r *Runner) gaps(ctx context.Context) error {
	dropped, err := r.config.Store.DroppedNonces(ctx)
	if err != nil {
		return err
	}
	var intents []Intent
	for _, nonce := range dropped {
		intents = append(intents, Intent{Purpose: swap.PurposeGapFill, Address: r.config.Sender, Nonce: nonce,
			Asset: r.config.Chain.NativeID(), FeeMax: r.config.FeeMax})
	}
	return r.store(ctx, intents)
}

// accounts sweeps deposit addresses.
func (r *Runner) accounts(ctx context.Context) error {
	native := r.config.Chain.NativeID()
	usual, err := r.config.FeesUsual(ctx)
	if err != nil {
		return fmt.Errorf("look at fees: %w", err)
	}
	// What a plain transfer costs says how little is worth a look.
	transfer, err := r.cost(ctx, Held{Address: r.config.Sender, Asset: native, Units: everything}, 0)
	if errors.Is(err, chain.ErrFeeMax) {
		return nil // nothing is swept at such fees
	}
	if err != nil {
		return fmt.Errorf("ask what a transfer costs: %w", err)
	}
	least := map[asset.ID]asset.Units{}
	for id, units := range r.config.Settings.TokenLeast {
		least[id] = units
	}
	if least[native], err = transfer.MulDiv(big.NewInt(r.config.Settings.multiple()), big.NewInt(1), asset.Up); err != nil {
		return err
	}
	st, err := r.config.Store.Sweepable(ctx, least)
	if err != nil {
		return err
	}
	st.FeesUsual, st.FeeMax, st.Cost = usual, r.config.FeeMax, map[asset.ID]asset.Units{native: transfer}
	if err := r.tokens(ctx, &st); err != nil {
		return err
	}
	intents, err := Decide(r.config.Settings, st)
	if err != nil {
		return err
	}
	return r.store(ctx, intents)
}

// tokens asks what the token sweeps cost that may be begun now, each by itself: gas
// depends on the contract and on what the address has there. No more are asked for than
// may be begun.
func (r *Runner) tokens(ctx context.Context, st *State) error {
	st.Exact = map[Spend]asset.Units{}
	for _, h := range st.Held {
		account, can := st.Accounts[h.Address]
		if h.Asset == st.Native || !can || len(st.Exact) >= r.config.Settings.PerHour-st.Begun {
			continue
		}
		cost, err := r.cost(ctx, h, account.Nonce)
		switch {
		case errors.Is(err, chain.ErrFeeMax), errors.Is(err, chain.ErrRefused), errors.Is(err, chain.ErrFunds):
			// Not at these fees; or the token is paused, or bars the address.
		case err != nil:
			return fmt.Errorf("ask what a sweep of %s costs: %w", h.Asset, err)
		default:
			st.Exact[Spend{h.Address, h.Asset}] = cost
		}
	}
	return nil
}

// everything is more of any asset than there is: an address with so much can pay any fee.
var everything = asset.MustUnits("1000000000000000000000000000")

// cost is the most that sweeping a holding costs at today's fees.
func (r *Runner) cost(ctx context.Context, h Held, nonce uint64) (asset.Units, error) {
	f := chain.Funds{Sender: h.Address, Nonce: nonce, Balance: everything}
	if h.Asset != r.config.Chain.NativeID() {
		f.TokenBalance = h.Units
	}
	plan, err := r.config.Payer.Plan(ctx, f, chain.Request{FeeMax: r.config.FeeMax, Whole: true,
		Outputs: []chain.Output{{Destination: r.config.Sender, Asset: h.Asset}}})
	return plan.Fee, err
}

// coins brings small coins together.
func (r *Runner) coins(ctx context.Context) error {
	if r.config.Settings.ConsolidatePerDay == 0 {
		return nil
	}
	c, err := r.config.Store.SmallCoins(ctx)
	if err != nil {
		return err
	}
	if c.FeesUsual, err = r.config.FeesUsual(ctx); err != nil {
		return fmt.Errorf("look at fees: %w", err)
	}
	if !Consolidate(r.config.Settings, c) {
		return nil
	}
	most, err := c.Units.MulDiv(big.NewInt(1), big.NewInt(InputWorth), asset.Down)
	if err != nil {
		return err
	}
	if r.config.FeeMax.Less(most) {
		most = r.config.FeeMax
	}
	return r.store(ctx, []Intent{{Purpose: swap.PurposeSweep, Coin: c.Smallest, Units: c.Units,
		Asset: r.config.Chain.NativeID(), FeeMax: most}})
}
