package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ferry/swap/asset"
)

// troubles are the steps in which daemons, Kafka or the market fail.
func troubles() []step {
	daemon := `(swapd|gatewayd|signerd|liquidityd|attestd|the deposit's hot wallet|the payout's hot wallet)`
	return []step{
		shake(daemon+` is killed`, onDaemon(func(ctx context.Context, p *play, name string) error { return p.Kill(ctx, name) })),
		shake(daemon+` is started again`, onDaemon(func(ctx context.Context, p *play, name string) error { return p.Start(ctx, name) })),
		shake(`the gateway dies before it tells of the swap`, func(ctx context.Context, p *play, _ []string) error { return p.Untold(ctx) }),
		shake(`the daemons crash again and again`, func(ctx context.Context, p *play, _ []string) error { return p.CrashOften(ctx) }),
		shake(`all that was ever told is told again`, func(ctx context.Context, p *play, _ []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			u, err := p.Look(ctx, s.Receipt.SwapID)
			if err != nil {
				return err
			}
			p.before = u.Version
			return p.Repeat(ctx)
		}),
		onChain(`an operator halts payments on `+chainText, func(ctx context.Context, p *play, on asset.Chain, _ []string) error { return p.Halt(ctx, on) }),
		onChain(`an operator resumes payments on `+chainText, func(ctx context.Context, p *play, on asset.Chain, _ []string) error { return p.Resume(ctx, on) }),
		onChain(`the dust threshold of `+chainText+` becomes (\d+) times as much`, func(ctx context.Context, p *play, on asset.Chain, args []string) error {
			times, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return err
			}
			return p.RaiseDust(ctx, on, times)
		}),
		onChain(`payments on `+chainText+` are halted because of "([^"]+)"`, func(ctx context.Context, p *play, on asset.Chain, args []string) error {
			return p.Await(ctx, fmt.Sprintf("%s to be halted because of %q", on, args[0]), func() (bool, string, error) {
				reason, err := p.Halted(ctx, on)
				return strings.Contains(reason, args[0]), "halted: " + reason, err
			})
		}),
		onChain(`payments on `+chainText+` are not halted`, func(ctx context.Context, p *play, on asset.Chain, _ []string) error {
			reason, err := p.Halted(ctx, on)
			if err == nil && reason != "" {
				err = fmt.Errorf("%s is halted: %s", on, reason)
			}
			return err
		}),
		shake(`operators are told of "([^"]+)"`, func(ctx context.Context, p *play, args []string) error {
			return p.Await(ctx, fmt.Sprintf("an alarm of %q", args[0]), func() (bool, string, error) {
				all, err := p.Alarms(ctx)
				text := strings.Join(all, "; ")
				return strings.Contains(text, args[0]), text, err
			})
		}),
		onChain(`the node of `+chainText+` shows nothing but transactions`, func(ctx context.Context, p *play, on asset.Chain, _ []string) error {
			return p.Untraced(ctx, on)
		}),
		shake(`the market (rises|falls) by (\d+) %`, func(ctx context.Context, p *play, args []string) error {
			s, err := p.swap(ctx)
			if err != nil {
				return err
			}
			percent, err := strconv.ParseInt(args[1], 10, 64)
			if args[0] == "falls" {
				percent = -percent
			}
			if err != nil {
				return err
			}
			return p.MoveMarket(ctx, s.Quote.Pair, percent)
		}),
		shake(`there is no price any more`, func(ctx context.Context, p *play, _ []string) error { return p.CloseMarket(ctx) }),
		shake(`prices are back`, func(ctx context.Context, p *play, _ []string) error { return p.OpenMarket(ctx) }),
	}
}

func onDaemon(do func(ctx context.Context, p *play, name string) error) func(context.Context, *play, []string) error {
	return func(ctx context.Context, p *play, args []string) error {
		s, err := p.swap(ctx)
		if err != nil {
			return err
		}
		name := args[0]
		switch name {
		case "the deposit's hot wallet":
			name = "hotwalletd-" + string(s.on())
		case "the payout's hot wallet":
			name = "hotwalletd-" + string(s.to())
		}
		return do(ctx, p, name)
	}
}
