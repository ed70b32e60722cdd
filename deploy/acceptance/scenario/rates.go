package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// rates are the steps about a variable quote's rate, which is set when its deposit is seen.
func rates() []step {
	return []step{
		say(`the deposit's rate is set`, rateIsSet),
		say(`no rate is set for the deposit`, noRateIsSet),
		say(`the rate is too old`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			until, err := s.rateUntil()
			if err != nil {
				return err
			}
			return p.PassBy(ctx, until, time.Minute)
		}),
		say(`the swap settles at the rate that was set`, func(ctx context.Context, p *play, _ []string) error {
			return p.settles(ctx, "", func(s *inPlay, paid asset.Amount) error {
				if s.rate.SignedRequote == "" || paid != s.rate.Payout {
					return fmt.Errorf("the payout is %s, the rate that was set pays %s", paid, s.rate.Payout)
				}
				return nil
			})
		}),
		say(`the swap settles at another rate than was set`, func(ctx context.Context, p *play, _ []string) error {
			return p.settles(ctx, "", func(s *inPlay, paid asset.Amount) error {
				if s.rate.SignedRequote == "" || paid == s.rate.Payout {
					return fmt.Errorf("the payout is %s, by the rate that was set", paid)
				}
				return nil
			})
		}),
	}
}

// rateOf is the rate that was set for the last deposit, if one was and holds.
func (s *inPlay) rateOf(u swap.Update) (swap.SetRate, bool) {
	tx, err := s.last()
	if err != nil {
		return swap.SetRate{}, false
	}
	for _, d := range u.Deposits {
		i := slices.IndexFunc(u.Rates, func(r swap.SetRate) bool { return r.DepositID == d.ID && !r.Gone && r.SignedRequote != "" })
		if d.TxID == tx.ID && i >= 0 {
			return u.Rates[i], true
		}
	}
	return swap.SetRate{}, false
}

// rateIsSet waits for it, and demands that it is for what came.
func rateIsSet(ctx context.Context, p *play, _ []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	err = p.see(ctx, "", "its rate set", func(u swap.Update) bool {
		set, ok := s.rateOf(u)
		if ok {
			s.rate = set
		}
		return ok
	})
	if came := s.paid[len(s.paid)-1]; err == nil && s.rate.Deposit.Units != came {
		err = fmt.Errorf("the rate is for %s, what came are %s base units", s.rate.Deposit, came)
	}
	return err
}

// noRateIsSet: a while after the deposit was seen it has none.
func noRateIsSet(ctx context.Context, p *play, _ []string) error {
	if err := p.depositIs(ctx, swap.DepositSeen, swap.DepositInBlock, swap.DepositFinal); err != nil {
		return err
	}
	if err := p.Pass(ctx, time.Minute); err != nil {
		return err
	}
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if set, ok := s.rateOf(u); err == nil && ok {
		err = fmt.Errorf("%s are set for %s: %s", set.Payout, set.Deposit, stands(u))
	}
	return err
}

// rateUntil is until when the rate that was set is paid: as long from its issue on as the
// quote gives a deposit that is seen at the last moment.
func (s *inPlay) rateUntil() (time.Time, error) {
	r, err := swap.DecodeRequote(s.rate.SignedRequote)
	if err != nil {
		return time.Time{}, fmt.Errorf("no rate was set: %w", err)
	}
	return r.IssuedAt.Add(time.Duration(s.Quote.ConfirmWindowSeconds-s.Quote.DepositWindowSeconds) * time.Second), nil
}
