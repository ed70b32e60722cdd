package scenario

import (
	"context"
	"fmt"
	"math/big"
	"strconv"

	"ferry/swap/asset"
)

// amountText is how steps say what is paid: a share of the quote, what is missing
// of it, or a limit of a variable quote, and some base units more or less.
const amountText = `(the amount|the rest|half the rest|all but less than dust|all but a small rest|just more than dust|the least|the most|\d+ %|\d+ times the amount)(?: (and|but) (\d+) units?(?: more)?)?`

// amountArgs is how many arguments amountText makes.
const amountArgs = 3

// amount reads the arguments that amountText made.
func (p *play) amount(ctx context.Context, s *inPlay, args []string) (asset.Units, error) {
	units, err := p.base(ctx, s, args[0])
	if err != nil || args[1] == "" {
		return units, err
	}
	n, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return units, err
	}
	if args[1] == "but" {
		return units.Sub(asset.NewUnits(n))
	}
	return units.Add(asset.NewUnits(n))
}

func (p *play) base(ctx context.Context, s *inPlay, text string) (asset.Units, error) {
	whole := s.Quote.Deposit.Units
	dust, err := p.Dust(ctx, s.on())
	if err != nil {
		return whole, err
	}
	switch text {
	case "the amount":
		return whole, nil
	case "the rest":
		return s.rest()
	case "half the rest":
		rest, err := s.rest()
		if err != nil {
			return rest, err
		}
		return share(rest, 50)
	case "all but less than dust":
		return sub(whole, dust, 1)
	case "all but a small rest":
		return sub(whole, dust, 0)
	case "the least":
		return s.Quote.DepositMin.Units, nil
	case "the most":
		return s.Quote.DepositMax.Units, nil
	case "just more than dust":
		return dust.Add(asset.NewUnits(1))
	}
	var n int64
	var unit string
	if _, err := fmt.Sscanf(text, "%d %s", &n, &unit); err != nil {
		return whole, fmt.Errorf("amount %q: %w", text, err)
	}
	if unit == "%" {
		return share(whole, n)
	}
	return share(whole, n*100)
}

// sub is whole less (less − slack).
func sub(whole, less asset.Units, slack uint64) (asset.Units, error) {
	less, err := less.Sub(asset.NewUnits(slack))
	if err != nil {
		return whole, err
	}
	return whole.Sub(less)
}

// share is so many percent of an amount, rounded down.
func share(of asset.Units, percent int64) (asset.Units, error) {
	return of.MulDiv(big.NewInt(percent), big.NewInt(100), asset.Down)
}

// rest is what is missing of the quote's amount.
func (s *inPlay) rest() (asset.Units, error) {
	rest := s.Quote.Deposit.Units
	for _, paid := range s.paid {
		var err error
		if rest, err = rest.Sub(paid); err != nil {
			return rest, fmt.Errorf("more than the amount was paid: %w", err)
		}
	}
	return rest, nil
}
