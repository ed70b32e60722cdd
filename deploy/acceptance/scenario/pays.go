package scenario

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"ferry/swap/asset"
)

// pays are the steps in which somebody pays a deposit address.
func pays() []step {
	who := `(?:(?:the )?(other )?user )?`
	return []step{
		say(who+`pays `+amountText+`(?: after (\d+) minutes| (\d+) minutes too late)?`, paysAmount),
		say(who+`pays `+amountText+` in (\d+) outputs at once`, paysInOutputs),
		say(`an exchange pays `+amountText+` in a batch of (\d+) withdrawals`, batch),
		say(`an exchange pays both users in a batch of (\d+) withdrawals`, batchOfBoth),
		say(`advertisers send (\d+) dust deposits?`, sprays),
		say(`somebody pays the deposit address on a chain whose addresses look the same`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.PayElsewhere(ctx, s.Created)
		}),
		say(`somebody sends tokens to the deposit address`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.PayTokens(ctx, s.Receipt.DepositAddress)
		}),
		shake(`a contract pays the amount from within`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			return p.PayInternally(ctx, s.Receipt.DepositAddress, s.Quote.Deposit.Units)
		}),
	}
}

func paysAmount(ctx context.Context, p *play, args []string) error {
	s, err := p.of(ctx, trim(args[0]))
	if err != nil {
		return err
	}
	after, late := args[1+amountArgs], args[2+amountArgs]
	switch {
	case after != "":
		err = p.Pass(ctx, minutes(after))
	case late != "":
		err = p.PassBy(ctx, s.Receipt.DepositBy, minutes(late))
	}
	if err != nil {
		return err
	}
	units, err := p.amount(ctx, s, args[1:1+amountArgs])
	if err != nil {
		return err
	}
	return p.deposit(ctx, s, []Output{{Address: s.Receipt.DepositAddress, Units: units}})
}

// deposit pays outputs, those to the swap's address being its deposits.
func (p *play) deposit(ctx context.Context, s *inPlay, outputs []Output) error {
	txs, err := p.Pay(ctx, s.on(), outputs)
	if err != nil {
		return err
	}
	s.txs = append(s.txs, txs...)
	for _, o := range outputs {
		if o.Address == s.Receipt.DepositAddress {
			s.paid = append(s.paid, o.Units)
		}
	}
	return nil
}

func paysInOutputs(ctx context.Context, p *play, args []string) error {
	s, err := p.of(ctx, trim(args[0]))
	if err != nil {
		return err
	}
	whole, err := p.amount(ctx, s, args[1:1+amountArgs])
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(args[1+amountArgs], 10, 64)
	if err != nil || n < 1 || n > 100 {
		return fmt.Errorf("%d outputs: 1 to 100 are paid", n)
	}
	part, err := whole.MulDiv(big.NewInt(1), big.NewInt(n), asset.Down)
	if err != nil {
		return err
	}
	var outputs []Output
	for rest := whole; n > 0; n-- {
		units := part
		if n == 1 {
			units = rest
		}
		outputs = append(outputs, Output{Address: s.Receipt.DepositAddress, Units: units})
		if rest, err = rest.Sub(units); err != nil {
			return err
		}
	}
	return p.deposit(ctx, s, outputs)
}

// batch is a withdrawal among others, the deposit somewhere in the middle.
func batch(ctx context.Context, p *play, args []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	units, err := p.amount(ctx, s, args)
	if err != nil {
		return err
	}
	others, err := p.strangers(ctx, s, args[amountArgs])
	if err != nil {
		return err
	}
	ours := Output{Address: s.Receipt.DepositAddress, Units: units}
	middle := len(others) / 2
	return p.deposit(ctx, s, append(append(others[:middle:middle], ours), others[middle:]...))
}

func batchOfBoth(ctx context.Context, p *play, args []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	other, err := p.other(ctx)
	if err != nil {
		return err
	}
	outputs, err := p.strangers(ctx, s, args[0])
	if err != nil {
		return err
	}
	outputs = append(outputs, Output{Address: s.Receipt.DepositAddress, Units: s.Quote.Deposit.Units},
		Output{Address: other.Receipt.DepositAddress, Units: other.Quote.Deposit.Units})
	return p.deposit(ctx, s, outputs)
}

// strangers are outputs that are no deposits.
func (p *play) strangers(ctx context.Context, s *inPlay, count string) ([]Output, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	dust, err := p.Dust(ctx, s.on())
	if err != nil {
		return nil, err
	}
	units, err := share(dust, 1000)
	if err != nil {
		return nil, err
	}
	var outputs []Output
	for len(outputs) < n-1 {
		address, err := p.NewAddress(ctx, s.on())
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, Output{Address: address, Units: units})
	}
	return outputs, nil
}

// sprays send to the swap's address, and to the other user's where there is one, what is
// below the chain's threshold.
func sprays(ctx context.Context, p *play, args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if _, err := p.swap(ctx); err != nil {
		return err
	}
	for _, s := range p.swaps {
		dust, err := p.Dust(ctx, s.on())
		if err != nil {
			return err
		}
		least, err := share(dust, 70)
		if err != nil {
			return err
		}
		var outputs []Output
		for i := range n {
			units, err := least.Add(asset.NewUnits(uint64(i)))
			if err != nil {
				return err
			}
			outputs = append(outputs, Output{Address: s.Receipt.DepositAddress, Units: units})
		}
		if _, err := p.Pay(ctx, s.on(), outputs); err != nil {
			return err
		}
	}
	return nil
}

func minutes(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0 // the pattern has digits only
	}
	return time.Duration(n) * time.Minute
}

// trim is "other" of "other ".
func trim(text string) string {
	if text == "" {
		return ""
	}
	return text[:len(text)-1]
}
