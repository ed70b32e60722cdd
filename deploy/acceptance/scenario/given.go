package scenario

import (
	"context"
	"fmt"
	"strconv"

	"ferry/swap"
	"ferry/swap/asset"
)

// given are the steps before a swap is made.
func given() []step {
	answers := "(refund|requote|ask)"
	return []step{
		say(`a locked (BTC|ETH)→(BTC|ETH) quote`, func(_ context.Context, p *play, args []string) error {
			p.ask.Pair = asset.Pair{From: asset.ID(args[0]), To: asset.ID(args[1])}
			return nil
		}),
		say(`a variable (BTC|ETH)→(BTC|ETH) quote`, func(_ context.Context, p *play, args []string) error {
			p.ask.Pair, p.ask.Variable = asset.Pair{From: asset.ID(args[0]), To: asset.ID(args[1])}, true
			return nil
		}),
		say(`the policy for whatever does not match is `+answers, func(_ context.Context, p *play, args []string) error {
			a := swap.Answer(args[0])
			p.ask.Policy.OnShort, p.ask.Policy.OnOver, p.ask.Policy.OnLate, p.ask.Policy.OnExtra = a, a, a, a
			return nil
		}),
		say(`the default policy`, func(_ context.Context, p *play, _ []string) error {
			p.ask.Policy = swap.DefaultPolicy()
			return nil
		}),
		say(`the policy for (short|over|late|extra) deposits is `+answers, func(_ context.Context, p *play, args []string) error {
			into := map[string]*swap.Answer{"short": &p.ask.Policy.OnShort, "over": &p.ask.Policy.OnOver,
				"late": &p.ask.Policy.OnLate, "extra": &p.ask.Policy.OnExtra}[args[0]]
			*into = swap.Answer(args[1])
			return nil
		}),
		say(`a tolerance of (\d+) basis points`, func(_ context.Context, p *play, args []string) (err error) {
			p.ask.Policy.ToleranceBPS, err = strconv.ParseInt(args[0], 10, 64)
			return err
		}),
		say(`no refund address`, func(_ context.Context, p *play, _ []string) error {
			p.ask.NoRefundAddress = true
			return nil
		}),
		shake(`a payout address that refuses payments`, func(_ context.Context, p *play, _ []string) error {
			p.ask.PayoutRefused = true
			return nil
		}),
		say(`a swap is made of it`, func(ctx context.Context, p *play, _ []string) error {
			_, err := p.swap(ctx)
			return err
		}),
		say(`another user makes a swap like it`, func(ctx context.Context, p *play, _ []string) error {
			_, err := p.other(ctx)
			return err
		}),
		say(`the user loses all state and sends the same request again`, again),
		say(`a user asks for a (BTC|ETH)→(BTC|ETH) quote of less than a refund is worth`, func(ctx context.Context, p *play, args []string) (err error) {
			p.refused.code, p.refused.limit, err = p.QuoteBelow(ctx, asset.Pair{From: asset.ID(args[0]), To: asset.ID(args[1])})
			return err
		}),
		say(`the quote is refused with the least that is taken`, func(_ context.Context, p *play, _ []string) error {
			if p.refused.code != swap.CodeAmountTooSmall || p.refused.limit == "" {
				return fmt.Errorf("it was refused with %q, limit %q", p.refused.code, p.refused.limit)
			}
			return nil
		}),
	}
}

// again: the same request with the same idempotency key is the same swap.
func again(ctx context.Context, p *play, _ []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	same, err := p.Again(ctx, s.Created)
	if err != nil {
		return err
	}
	if same.SignedReceipt != s.SignedReceipt || same.Secret != s.Secret || s.Secret == "" {
		return fmt.Errorf("swap %s was answered by swap %s: another receipt or secret", s.Receipt.SwapID, same.Receipt.SwapID)
	}
	return nil
}
