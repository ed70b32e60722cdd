package scenario

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"ferry/swap"
	"ferry/swap/asset"
)

// people are the steps in which the user answers and staff acts.
func people() []step {
	return []step{
		say(`the user answers (requote|refund)(?: for at least (\d+) % of the offer)?`, func(ctx context.Context, p *play, args []string) error {
			return answer(ctx, p, "", args)
		}),
		say(`somebody answers (requote|refund) with a wrong secret and is refused`, func(ctx context.Context, p *play, args []string) error {
			return refusal(answer(ctx, p, "not the secret", []string{args[0], ""}))
		}),
		say(`the owner says yes to its refund`, func(ctx context.Context, p *play, _ []string) error { return sayYes(ctx, p, false) }),
		say(`somebody says yes to its refund with a wrong secret and is refused`, func(ctx context.Context, p *play, _ []string) error {
			return refusal(sayYes(ctx, p, true))
		}),
		say(`the user sets a refund address`, setAddress),
		say(`the user sets another refund address and is refused`, func(ctx context.Context, p *play, _ []string) error {
			return refusal(setAddress(ctx, p, nil))
		}),
		say(`somebody sets a refund address with a wrong secret and is refused`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			stolen := s.Created
			stolen.Secret = "not the secret"
			_, err = p.SetRefundAddress(ctx, stolen)
			return refusal(err)
		}),
		say(`(\w+) of staff orders a (refund|requote|release|retry|write_off|note)`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			p.request, err = p.Act(ctx, s.Receipt.SwapID, args[0], swap.StaffAction(args[1]), "a scenario")
			return err
		}),
		say(`(\w+) of staff approves it`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.Approve(ctx, s.Receipt.SwapID, args[0], p.request)
		}),
	}
}

// refusals are the codes of whoever is told no.
var refusals = []swap.Code{swap.CodeRefused, "wrong_secret", "refund_address_set"}

// refusal demands that something was refused.
func refusal(err error) error {
	if !slices.Contains(refusals, swap.ErrorCode(err)) {
		return fmt.Errorf("it was not refused: %w", err)
	}
	return nil
}

// answer answers the question about the first mismatch.
func answer(ctx context.Context, p *play, secret string, args []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(u.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitAnswer })
	if i < 0 {
		return fmt.Errorf("nobody was asked: %s", stands(u))
	}
	m, as := u.Mismatches[i], s.Created
	if secret != "" {
		as.Secret = secret
	}
	atLeast := asset.Amount{}
	if args[0] == string(swap.AnswerRequote) {
		atLeast = asset.Amount{Asset: s.Quote.Pair.To, Units: asset.NewUnits(1)}
	}
	if args[1] != "" {
		percent, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		offer, err := p.offer(s, m)
		if err != nil {
			return err
		}
		if atLeast.Units, err = share(offer, percent); err != nil {
			return err
		}
	}
	return p.Answer(ctx, as, m.ID, swap.Answer(args[0]), atLeast)
}

// offer is what the last price would have paid; where none was asked for, what the
// quote pays for such a deposit.
func (p *play) offer(s *inPlay, m swap.Mismatch) (asset.Units, error) {
	if !m.Offer.Units.IsZero() {
		return m.Offer.Units, nil
	}
	came := asset.Units{}
	for _, paid := range s.paid {
		var err error
		if came, err = came.Add(paid); err != nil {
			return came, err
		}
	}
	return s.Quote.Payout.Units.MulDiv(came.Big(), s.Quote.Deposit.Units.Big(), asset.Down)
}

func setAddress(ctx context.Context, p *play, _ []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	address, err := p.SetRefundAddress(ctx, s.Created)
	if err == nil {
		s.changed = address
	}
	return err
}

// sayYes has a deposit in another asset refunded.
func sayYes(ctx context.Context, p *play, stolen bool) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	as := s.Created
	if stolen {
		as.Secret = "not the secret"
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(u.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitOwner })
	if i < 0 {
		return fmt.Errorf("nothing waits for its owner: %s", stands(u))
	}
	to, err := p.RefundWrongAsset(ctx, as, u.Mismatches[i].ID)
	if err == nil {
		s.elsewhere, s.elsewhereOn = to, asset.MustLookup(u.Mismatches[i].Fee.Asset).Chain
	}
	return err
}
