package scenario

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"ferry/swap"
	"ferry/swap/asset"
)

// ends are the steps that demand what became of a swap.
func ends() []step {
	return []step{
		say(`the (other )?swap settles in full`, func(ctx context.Context, p *play, args []string) error {
			return p.settles(ctx, trim(args[0]), func(s *inPlay, paid asset.Amount) error {
				if paid != s.Quote.Payout {
					return fmt.Errorf("the payout is %s, quoted were %s", paid, s.Quote.Payout)
				}
				return nil
			})
		}),
		say(`the swap settles for what came, (\d+) basis points below the locked rate at most`, func(ctx context.Context, p *play, args []string) error {
			bps, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return err
			}
			return p.settles(ctx, "", func(s *inPlay, paid asset.Amount) error { return s.about(paid, bps) })
		}),
		say(`the swap is refunded because of (\w+)`, func(ctx context.Context, p *play, args []string) error {
			return p.ends(ctx, "", swap.Refunded, args[0])
		}),
		say(`the swap expires`, func(ctx context.Context, p *play, _ []string) error { return p.ends(ctx, "", swap.Expired, "") }),
		say(`the swap expires within (\d+) minutes`, func(ctx context.Context, p *play, args []string) error {
			if err := p.Pass(ctx, minutes(args[0])); err != nil {
				return err
			}
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			u, err := p.Look(ctx, s.Receipt.SwapID)
			if err == nil && u.State != swap.Expired {
				err = fmt.Errorf("it has not: %s", stands(u))
			}
			return err
		}),
		say(`the swap is held because of (\w+)`, func(ctx context.Context, p *play, args []string) error {
			return p.ends(ctx, "", swap.Held, args[0])
		}),
		say(`the swap (waits for its deposit|waits for confirmations|is confirmed|is settled|is expired|is queued for payout)`, func(ctx context.Context, p *play, args []string) error {
			states := map[string][]swap.State{"waits for its deposit": {swap.AwaitingDeposit}, "waits for confirmations": {swap.DepositDetected},
				"is confirmed": {swap.DepositConfirmed, swap.PayoutQueued}, "is queued for payout": {swap.PayoutQueued}, "is settled": {swap.Settled}, "is expired": {swap.Expired}}[args[0]]
			return p.see(ctx, "", fmt.Sprint("state ", states), func(u swap.Update) bool { return slices.Contains(states, u.State) })
		}),
	}
}

// outcomes are the steps that demand what became of each deposit.
func outcomes() []step {
	return []step{
		say(`(\d+) deposits? (?:is|are) (counted|topped_up|dust|extra|late|short|over|wrong_asset)`, func(ctx context.Context, p *play, args []string) error {
			return p.see(ctx, "", args[0]+" deposits "+args[1], func(u swap.Update) bool {
				n := 0
				for _, d := range u.Deposits {
					if string(d.Verdict) == args[1] {
						n++
					}
				}
				return strconv.Itoa(n) == args[0]
			})
		}),
		say(`(\d+) payouts? (?:is|are) paid`, func(ctx context.Context, p *play, args []string) error {
			return p.see(ctx, "", args[0]+" payouts", func(u swap.Update) bool {
				return strconv.Itoa(final(u, swap.PurposePayout)) == args[0]
			})
		}),
		say(`a (payout|refund) is ordered within (\d+) minutes`, func(ctx context.Context, p *play, args []string) error {
			if err := p.Pass(ctx, minutes(args[1])); err != nil {
				return err
			}
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			u, err := p.Look(ctx, s.Receipt.SwapID)
			if err == nil && !slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool { return string(pay.Purpose) == args[0] }) {
				err = fmt.Errorf("none was: %s", stands(u))
			}
			return err
		}),
		say(`no (payout|refund) is sent`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			u, err := p.Look(ctx, s.Receipt.SwapID)
			if err == nil && slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool { return string(pay.Purpose) == args[0] && pay.TxID != "" }) {
				err = fmt.Errorf("one was: %s", stands(u))
			}
			return err
		}),
		say(`(\d+) deposits? (?:is|are) refunded`, func(ctx context.Context, p *play, args []string) error {
			return p.see(ctx, "", args[0]+" refunds", func(u swap.Update) bool {
				return strconv.Itoa(final(u, swap.PurposeRefund)) == args[0]
			})
		}),
		say(`nothing is (paid out|refunded)`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			u, err := p.Look(ctx, s.Receipt.SwapID)
			if err != nil {
				return err
			}
			purpose := map[string]swap.Purpose{"paid out": swap.PurposePayout, "refunded": swap.PurposeRefund}[args[0]]
			if slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool { return pay.Purpose == purpose }) {
				return fmt.Errorf("something is %s: %s", args[0], stands(u))
			}
			return nil
		}),
	}
}

// final counts the payments of a purpose that are final.
func final(u swap.Update, purpose swap.Purpose) (n int) {
	for _, pay := range u.Payments {
		if pay.Purpose == purpose && pay.State == swap.PaymentFinal {
			n++
		}
	}
	return n
}

// ends waits for a state, and fails at once where the swap rests in another that it
// can't leave by itself. A swap that is at first in the state it is to leave, such as an
// expired one that gets a late deposit, is waited for.
func (p *play) ends(ctx context.Context, whose string, state swap.State, reason string) error {
	s, err := p.of(ctx, whose)
	if err != nil {
		return err
	}
	return p.see(ctx, whose, fmt.Sprintf("ended as %s (%s)", state, reason), func(u swap.Update) bool {
		if u.State != state || u.Reason != reason {
			return false
		}
		return state != swap.Refunded || s.refundsAsQuoted(u)
	})
}

// refundsAsQuoted: what decided the swap went back, each deposit by itself, less the
// quote's fee.
func (s *inPlay) refundsAsQuoted(u swap.Update) bool {
	for _, d := range u.Deposits {
		if d.Verdict == swap.VerdictDust || d.Verdict == swap.VerdictWrongAsset || d.State != swap.DepositFinal {
			continue
		}
		back, err := d.Amount.Units.Sub(s.Quote.RefundFeeMax.Units)
		if err != nil || !slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool {
			return pay.Purpose == swap.PurposeRefund && slices.Contains(pay.Deposits, d.ID) && pay.Amount.Units == back && pay.State == swap.PaymentFinal
		}) {
			return false
		}
	}
	return true
}

// settles waits for the end and judges the one payout of the main leg.
func (p *play) settles(ctx context.Context, whose string, right func(s *inPlay, paid asset.Amount) error) error {
	s, err := p.of(ctx, whose)
	if err != nil {
		return err
	}
	if err := p.ends(ctx, whose, swap.Settled, ""); err != nil {
		return err
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(u.Payments, func(pay swap.Payment) bool { return pay.OrderID == swap.PayoutOrderID(s.Receipt.SwapID) })
	if i < 0 {
		return fmt.Errorf("there is no payout: %s", stands(u))
	}
	if pay := u.Payments[i]; pay.Destination != s.Receipt.PayoutAddress || pay.State != swap.PaymentFinal {
		return fmt.Errorf("the payout is %s, to %s", pay.State, pay.Destination)
	}
	return right(s, u.Payments[i].Amount)
}

// about demands a payout in proportion to what was paid, but for fixed fees and so many
// basis points.
func (s *inPlay) about(paid asset.Amount, bps int64) error {
	came := new(big.Int)
	for _, units := range s.paid {
		came.Add(came, units.Big())
	}
	q := s.Quote
	gross := new(big.Int).Add(q.Payout.Units.Big(), new(big.Int).Add(q.ServiceFee.Units.Big(), q.NetworkFee.Units.Big()))
	fair := gross.Mul(gross, came)
	fair.Div(fair, q.Deposit.Units.Big())
	fair.Sub(fair, q.NetworkFee.Units.Big())
	least := new(big.Int).Mul(fair, big.NewInt(10_000-bps))
	least.Div(least, big.NewInt(10_000))
	// Each amount is rounded once, to the places of a quote.
	least.Sub(least, rounding(q.Pair.To))
	// The service fee is a part of what is paid: at most it is what the quote took, per coin.
	fee := new(big.Int).Mul(q.ServiceFee.Units.Big(), came)
	fee.Div(fee, q.Deposit.Units.Big())
	least.Sub(least, fee.Add(fee, big.NewInt(2)))
	got := paid.Units.Big()
	if paid.Asset != q.Pair.To || got.Cmp(least) < 0 || bps == 0 && got.Cmp(fair) > 0 {
		return fmt.Errorf("the payout is %s base units of %s, at least %s were due", got, paid.Asset, least)
	}
	return nil
}

// rounding is two steps of a quoted amount, in base units.
func rounding(id asset.ID) *big.Int {
	step := big.NewInt(1)
	if a := asset.MustLookup(id); a.Decimals > asset.QuotePlaces {
		step = asset.Pow10(a.Decimals - asset.QuotePlaces)
	}
	return step.Mul(step, big.NewInt(2))
}
