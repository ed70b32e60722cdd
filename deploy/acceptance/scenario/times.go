package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ferry/swap"
)

// times are the steps that wait.
func times() []step {
	return []step{
		say(`(\d+) minutes pass`, func(ctx context.Context, p *play, args []string) error {
			if _, err := p.swap(ctx); err != nil {
				return err
			}
			return p.Pass(ctx, minutes(args[0]))
		}),
		say(`the time to deposit is over`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.PassBy(ctx, s.Receipt.DepositBy, time.Minute)
		}),
		say(`the time to confirm is over`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.PassBy(ctx, s.Receipt.ConfirmBy, time.Minute)
		}),
		say(`the deposit is seen`, func(ctx context.Context, p *play, _ []string) error {
			return p.depositIs(ctx, swap.DepositSeen, swap.DepositInBlock, swap.DepositFinal)
		}),
		say(`the deposit is in a block`, func(ctx context.Context, p *play, _ []string) error {
			return p.depositIs(ctx, swap.DepositInBlock, swap.DepositFinal)
		}),
		say(`the deposit is confirmed`, func(ctx context.Context, p *play, _ []string) error {
			return p.depositIs(ctx, swap.DepositFinal)
		}),
		say(`the deposit is gone from its chain`, func(ctx context.Context, p *play, _ []string) error {
			return p.depositIs(ctx, swap.DepositReplaced, swap.DepositReorgedTo)
		}),
		say(`the (payout|refund) is (ordered|sent|in a block)`, func(ctx context.Context, p *play, args []string) error {
			reached := map[string][]swap.PaymentState{
				"ordered":    {swap.PaymentQueued, swap.PaymentSigned, swap.PaymentBroadcast, swap.PaymentConfirmed, swap.PaymentFinal},
				"sent":       {swap.PaymentBroadcast, swap.PaymentConfirmed, swap.PaymentFinal},
				"in a block": {swap.PaymentConfirmed, swap.PaymentFinal}}[args[1]]
			return p.see(ctx, "", "its "+args[0]+" "+args[1], func(u swap.Update) bool {
				return slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool {
					return string(pay.Purpose) == args[0] && slices.Contains(reached, pay.State)
				})
			})
		}),
	}
}

// depositIs waits until the last deposit has come so far.
func (p *play) depositIs(ctx context.Context, states ...swap.DepositState) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	tx, err := s.last()
	if err != nil {
		return err
	}
	return p.see(ctx, "", fmt.Sprintf("deposit %.12s %v", tx.ID, states), func(u swap.Update) bool {
		return slices.ContainsFunc(u.Deposits, func(d swap.Deposit) bool { return d.TxID == tx.ID && slices.Contains(states, d.State) })
	})
}

// see waits until the user is told something of a swap.
func (p *play) see(ctx context.Context, whose, what string, ok func(swap.Update) bool) error {
	s, err := p.of(ctx, whose)
	if err != nil {
		return err
	}
	return p.Await(ctx, fmt.Sprintf("swap %s to have %s", s.Receipt.SwapID, what), func() (bool, string, error) {
		u, err := p.Look(ctx, s.Receipt.SwapID)
		return err == nil && ok(u), stands(u), err
	})
}

// stands is an update in words, for whoever reads why a scenario failed.
func stands(u swap.Update) string {
	text := fmt.Sprintf("it is %s (%s): %s", u.State, u.Reason, u.Message)
	for _, d := range u.Deposits {
		text += fmt.Sprintf("; deposit %.12s of %s %s %s", d.TxID, d.Amount, d.State, d.Verdict)
	}
	for _, pay := range u.Payments {
		text += fmt.Sprintf("; %s of %s %s", pay.Purpose, pay.Amount, pay.State)
	}
	return text
}
