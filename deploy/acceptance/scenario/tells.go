package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// tells are the steps that demand what people are told.
func tells() []step {
	return []step{
		say(`the user is told to send the missing (\d+) %`, func(ctx context.Context, p *play, args []string) error {
			percent, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return err
			}
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			units, err := share(s.Quote.Deposit.Units, percent)
			if err != nil {
				return err
			}
			return p.asked(ctx, asset.Amount{Asset: s.Quote.Pair.From, Units: units})
		}),
		say(`the user is told to send the rest`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			units, err := s.rest()
			if err != nil {
				return err
			}
			return p.asked(ctx, asset.Amount{Asset: s.Quote.Pair.From, Units: units})
		}),
		say(`the user is told "([^"]+)"`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.Await(ctx, fmt.Sprintf("swap %s to be told %q", s.Receipt.SwapID, args[0]), func() (bool, string, error) {
				all, err := p.Updates(ctx, s.Receipt.SwapID)
				told := slices.ContainsFunc(all, func(u swap.Update) bool { return strings.Contains(u.Message, args[0]) })
				if len(all) == 0 {
					return false, "nothing was told", err
				}
				return told, stands(all[len(all)-1]), err
			})
		}),
	}
}

// standing are the steps that demand how a swap stands, and how it came there.
func standing() []step {
	return []step{
		say(`the next to act is the (user|chain)|the next to act is (ferry|support|nobody)`, func(ctx context.Context, p *play, args []string) error {
			actor := args[0] + args[1]
			return p.see(ctx, "", "next to act "+actor, func(u swap.Update) bool {
				return u.Actor == actor && due(u)
			})
		}),
		say(`the user is asked about a deposit`, func(ctx context.Context, p *play, _ []string) error {
			return p.see(ctx, "", "a question", func(u swap.Update) bool {
				return slices.ContainsFunc(u.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitAnswer })
			})
		}),
		say(`the user is told nothing new`, nothingNew),
		say(`the swap never expired`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			all, err := p.Updates(ctx, s.Receipt.SwapID)
			if slices.ContainsFunc(all, func(u swap.Update) bool { return u.State == swap.Expired }) {
				return fmt.Errorf("swap %s was expired", s.Receipt.SwapID)
			}
			return err
		}),
		say(`the swap went through ([a-z_, ]+)`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			all, err := p.Updates(ctx, s.Receipt.SwapID)
			if err != nil {
				return err
			}
			want, went := strings.Split(args[0], ", "), []string{}
			for _, u := range all {
				went = append(went, string(u.State))
			}
			left := want
			for _, state := range went {
				if len(left) > 0 && left[0] == state {
					left = left[1:]
				}
			}
			if len(left) > 0 {
				return fmt.Errorf("it went through %v, and not from %s on through %v", slices.Compact(went), left[0], want)
			}
			return nil
		}),
	}
}

// due: there is a time where somebody must act, and none where nobody has to. A missing
// refund address can be named at any time.
func due(u swap.Update) bool {
	waits := slices.ContainsFunc(u.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitAddress || m.Wait == swap.WaitOwner })
	return waits && u.Actor == "user" || u.By.IsZero() == (u.Actor == "nobody")
}

// nothingNew: since all was told again a while has passed, and there is no update more.
func nothingNew(ctx context.Context, p *play, _ []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	if err := p.Pass(ctx, 2*time.Minute); err != nil {
		return err
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if err == nil && u.Version != p.before {
		err = fmt.Errorf("update %d follows %d: %s", u.Version, p.before, stands(u))
	}
	return err
}

// asked: the user must send exactly this to the same address, by a time.
func (p *play) asked(ctx context.Context, missing asset.Amount) error {
	return p.see(ctx, "", "a request for "+missing.String(), func(u swap.Update) bool {
		return u.State == swap.AwaitingDeposit && u.Actor == "user" && !u.By.IsZero() &&
			strings.Contains(u.Message, "Send the missing "+missing.String()+" to the same address by ")
	})
}

// quiet is what must hold of what users were told after any scenario: each update has
// a sentence and an actor, with a time where somebody must act; versions only rise (what
// is told of dust together is told once).
func (p *play) quiet(ctx context.Context) error {
	var errs []error
	for _, s := range p.swaps {
		all, err := p.Updates(ctx, s.Receipt.SwapID)
		errs = append(errs, err)
		for i, u := range all {
			if u.Message == "" || i > 0 && u.Version <= all[i-1].Version {
				errs = append(errs, fmt.Errorf("swap %s: update %d says %q and follows %d", s.Receipt.SwapID, u.Version, u.Message, all[max(i-1, 0)].Version))
			}
		}
		u, err := p.Look(ctx, s.Receipt.SwapID)
		if err == nil && (u.Actor == "" || !due(u)) {
			err = fmt.Errorf("swap %s: who must act, and by when? %s", s.Receipt.SwapID, stands(u))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// kept compares, once every payment is final, what the chains show with what the users
// were told: each destination has received the sum of its payments and no unit more.
func (p *play) kept(ctx context.Context) error {
	for _, s := range p.swaps {
		if err := p.keptOf(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) keptOf(ctx context.Context, s *inPlay) error {
	var u swap.Update
	err := p.Await(ctx, fmt.Sprintf("all payments of swap %s to be final", s.Receipt.SwapID), func() (bool, string, error) {
		var err error
		u, err = p.Look(ctx, s.Receipt.SwapID)
		open := slices.ContainsFunc(u.Payments, func(pay swap.Payment) bool {
			return pay.State != swap.PaymentFinal && pay.State != swap.PaymentFailed && !waits(u, pay)
		})
		return err == nil && !open, stands(u), err
	})
	if err != nil {
		return err
	}
	due := map[string]asset.Units{s.Receipt.PayoutAddress: {}, s.refundAddress(): {}}
	if s.elsewhere != "" {
		due[s.elsewhere] = asset.Units{}
	}
	for _, pay := range u.Payments {
		if _, known := due[pay.Destination]; !known {
			return fmt.Errorf("swap %s has a payment to %s, which nobody named", s.Receipt.SwapID, pay.Destination)
		}
		if pay.State != swap.PaymentFinal || asset.MustLookup(pay.Amount.Asset).Token {
			continue // chains are asked for their own coin
		}
		if due[pay.Destination], err = due[pay.Destination].Add(pay.Amount.Units); err != nil {
			return err
		}
	}
	for address, want := range due {
		on := s.on()
		switch address {
		case s.Receipt.PayoutAddress:
			on = s.to()
		case s.elsewhere:
			on = s.elsewhereOn
		}
		if address == "" {
			continue
		}
		got, err := p.Received(ctx, on, address)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("swap %s: %s was told as paid to %s, the chain shows %s", s.Receipt.SwapID, want, address, got)
		}
	}
	return nil
}

// waits reports a payment that is not made because its deposit is taken back.
func waits(u swap.Update, pay swap.Payment) bool {
	return slices.ContainsFunc(u.Deposits, func(d swap.Deposit) bool {
		return slices.Contains(pay.Deposits, d.ID) && d.State != swap.DepositFinal
	})
}
