package scenario

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"ferry/swap"
	"ferry/swap/asset"
)

// chainText is how steps name a chain.
const chainText = `(bitcoin|ethereum|the deposit's chain|the payout's chain)`

// chains are the steps in which a chain or its node misbehaves.
func chains() []step {
	return []step{
		onChain(`no blocks come on `+chainText, func(ctx context.Context, p *play, on asset.Chain, _ []string) error { return p.Hold(ctx, on) }),
		onChain(`blocks come again on `+chainText, func(ctx context.Context, p *play, on asset.Chain, _ []string) error { return p.Release(ctx, on) }),
		onChain(chainText+` makes (\d+) blocks?`, func(ctx context.Context, p *play, on asset.Chain, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				return err
			}
			return p.Mine(ctx, on, n)
		}),
		onChain(`the node of `+chainText+` forgets what is in no block`, func(ctx context.Context, p *play, on asset.Chain, _ []string) error { return p.Forget(ctx, on) }),
		onChain(`a reorganisation of (?:the last )?`+chainText+` takes (\d+) blocks back`, func(ctx context.Context, p *play, on asset.Chain, args []string) error {
			depth, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return err
			}
			return p.Reorg(ctx, on, depth, Returns)
		}),
		shake(`a reorganisation takes the deposit back, and it (returns|is forgotten|is double-spent)`, takesDepositBack),
		shake(`a reorganisation takes the (payout|refund) back`, takesPaymentBack),
		shake(`the sender spends the deposit's coins on something else`, func(ctx context.Context, p *play, _ []string) error {
			s, tx, err := p.lastOf(ctx)
			if err != nil {
				return err
			}
			address, err := p.NewAddress(ctx, s.on())
			if err != nil {
				return err
			}
			_, err = p.Replace(ctx, tx, []Output{{Address: address, Units: s.paid[len(s.paid)-1]}})
			s.paid = s.paid[:len(s.paid)-1]
			return err
		}),
		shake(`the sender replaces the deposit by one of `+amountText, func(ctx context.Context, p *play, args []string) error {
			s, tx, err := p.lastOf(ctx)
			if err != nil {
				return err
			}
			units, err := p.amount(ctx, s, args)
			if err != nil {
				return err
			}
			instead, err := p.Replace(ctx, tx, []Output{{Address: s.Receipt.DepositAddress, Units: units}})
			s.txs[len(s.txs)-1], s.paid[len(s.paid)-1] = instead, units
			return err
		}),
		shake(`the sender hands the deposit in again`, func(ctx context.Context, p *play, _ []string) error {
			_, tx, err := p.lastOf(ctx)
			if err != nil {
				return err
			}
			return p.Resend(ctx, tx)
		}),
	}
}

// onChain is a shaking step whose first argument is a chain.
func onChain(pattern string, do func(ctx context.Context, p *play, on asset.Chain, args []string) error) step {
	return shake(pattern, func(ctx context.Context, p *play, args []string) error {
		on, err := p.chainOf(ctx, args[0])
		if err != nil {
			return err
		}
		return do(ctx, p, on, args[1:])
	})
}

func (p *play) lastOf(ctx context.Context) (*inPlay, Tx, error) {
	s, err := p.swap(ctx)
	if err != nil {
		return nil, Tx{}, err
	}
	tx, err := s.last()
	return s, tx, err
}

func takesDepositBack(ctx context.Context, p *play, args []string) error {
	s, tx, err := p.lastOf(ctx)
	if err != nil {
		return err
	}
	depth, err := p.Confirmations(ctx, tx)
	if err != nil || depth == 0 {
		return fmt.Errorf("the deposit is in no block: %w", err)
	}
	fate := map[string]Fate{"returns": Returns, "is forgotten": Forgotten, "is double-spent": DoubleSpent}[args[0]]
	return p.Reorg(ctx, s.on(), depth, fate)
}

// takesPaymentBack takes the block with the payment away; its bytes return to the
// mempool, or Ferry hands them in again.
func takesPaymentBack(ctx context.Context, p *play, args []string) error {
	s, err := p.swap(ctx)
	if err != nil {
		return err
	}
	u, err := p.Look(ctx, s.Receipt.SwapID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(u.Payments, func(pay swap.Payment) bool { return string(pay.Purpose) == args[0] && pay.TxID != "" })
	if i < 0 {
		return fmt.Errorf("no %s was sent: %s", args[0], stands(u))
	}
	on := asset.MustLookup(u.Payments[i].Amount.Asset).Chain
	depth, err := p.Confirmations(ctx, Tx{Chain: on, ID: u.Payments[i].TxID})
	if err != nil || depth == 0 {
		return fmt.Errorf("the %s is in no block: %w", args[0], err)
	}
	return p.Reorg(ctx, on, depth, Forgotten)
}
