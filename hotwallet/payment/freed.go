package payment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// word is what attestd has said of an end lately.
type word struct {
	text string
	at   time.Time
}

// wordsMost bounds the words that are kept until they are shown.
const wordsMost = 200

// planFrom plans from all that there is. A coin that was free since a lost attempt takes attestd's
// word on what ended that, once: where attestd does not give it now, it is planned without such
// coins, if the others suffice. So no payment waits for that word that need not. What sweeps
// everything waits for it.
func (e *Engine) planFrom(ctx context.Context, b Basis, r chain.Request) (chain.Plan, error) {
	plan, err := e.planWith(ctx, b, r)
	if err != nil || r.Whole || e.config.Chain.Family() != asset.UTXO {
		return plan, err
	}
	if ok, err := e.proven(ctx, plan.Coins, r); err != nil || ok {
		return plan, err
	}
	if b, err = e.withoutFreed(ctx, b); err != nil {
		return plan, err
	}
	other, err := e.planWith(ctx, b, r)
	switch {
	case ctx.Err() != nil:
		return plan, ctx.Err()
	case err != nil || r.FeeMax.Less(other.Fee):
		return plan, nil //nolint:nilerr // the others do not suffice
	}
	e.config.Log.Info("planned without coins of which nobody says now that they are free", "chain", e.config.Chain, "coins", len(plan.Coins))
	return other, nil
}

// proven reports whether attestd says now of all coins of a plan that what was to spend them has
// ended, or the signer remembers that.
func (e *Engine) proven(ctx context.Context, coins []chain.Coin, r chain.Request) (bool, error) {
	ended, err := e.config.Store.Deaths(ctx, nil, coinIDs(coins))
	if err != nil || len(ended) == 0 {
		return err == nil, err
	}
	unheard := map[string]bool{}
	for _, d := range ended {
		unheard[d.Anchor] = true
	}
	if err := e.strike(ctx, unheard); err != nil {
		return true, nil //nolint:nilerr // without the signer nothing goes on, whatever is planned
	}
	paid := asset.Amount{Asset: e.config.Chain.NativeID()}
	for _, o := range r.Outputs {
		if paid.Units, err = paid.Units.Add(o.Units); err != nil {
			return false, fmt.Errorf("sum of a plan: %w", err)
		}
	}
	for _, d := range ended {
		if !unheard[d.Anchor] {
			continue
		}
		if e.wordless[d.Anchor] {
			return false, nil
		}
		if _, cause := e.wordOn(ctx, d, paid); cause != nil {
			e.wordless[d.Anchor] = true
			return false, ctx.Err()
		}
	}
	return true, nil
}

// withoutFreed is a basis without coins on which the signer remembers no word that it would need.
func (e *Engine) withoutFreed(ctx context.Context, b Basis) (Basis, error) {
	coins := coinIDs(append(slices.Clone(b.Funds.Coins), b.Own...))
	if err := e.lookUp(ctx, coins); err != nil {
		return b, err
	}
	unheard := map[string]bool{}
	for _, id := range coins {
		for _, anchor := range e.freed[id] {
			unheard[anchor] = true
		}
	}
	if err := e.strike(ctx, unheard); err != nil {
		return b, err
	}
	freed := func(c chain.Coin) bool {
		return slices.ContainsFunc(e.freed[c.ID()], func(anchor string) bool { return unheard[anchor] })
	}
	b.Funds.Coins = slices.DeleteFunc(slices.Clone(b.Funds.Coins), freed)
	b.Own = slices.DeleteFunc(slices.Clone(b.Own), freed)
	return b, nil
}

// lookUp reads what was to spend coins and has ended, of those that this round has not read it of:
// a coin that is free all the round has no new end in it.
func (e *Engine) lookUp(ctx context.Context, coins []string) error {
	coins = slices.DeleteFunc(slices.Clone(coins), func(id string) bool { _, known := e.freed[id]; return known })
	if len(coins) == 0 {
		return nil
	}
	ends, err := e.config.Store.FreedCoins(ctx, coins)
	if err != nil {
		return err
	}
	for _, id := range coins {
		e.freed[id] = ends[id]
	}
	return nil
}

// wordOn is attestd's word on an end, as the signer takes it for an amount: of this minute, so that one
// look serves plan and signature.
func (e *Engine) wordOn(ctx context.Context, r DeathRequest, paid asset.Amount) (string, error) {
	if w, had := e.words[r.Anchor]; had && e.config.Now().Sub(w.at) < attestPatience && e.deadEnough(w.text, paid) == nil {
		return w.text, nil
	}
	text, err := e.death(ctx, r, nil)
	if err == nil {
		err = e.deadEnough(text, paid)
	}
	if err != nil {
		return "", err
	}
	maps.DeleteFunc(e.words, func(_ string, w word) bool { return e.config.Now().Sub(w.at) >= attestPatience })
	if len(e.words) < wordsMost {
		e.words[r.Anchor] = word{text, e.config.Now()}
	}
	return text, nil
}

// strike takes those anchors out of a set of which the signer remembers attestd's word.
func (e *Engine) strike(ctx context.Context, anchors map[string]bool) error {
	for ask := range slices.Chunk(slices.Sorted(maps.Keys(anchors)), endedMost) {
		heard, err := e.config.Signer.Ended(ctx, ask)
		if err != nil {
			return fmt.Errorf("%w: %w", errEnded, err)
		}
		for _, anchor := range heard {
			delete(anchors, anchor)
		}
	}
	return nil
}

func coinIDs(coins []chain.Coin) (ids []string) {
	for _, c := range coins {
		ids = append(ids, c.ID())
	}
	return ids
}
