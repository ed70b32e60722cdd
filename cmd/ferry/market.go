package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/internal/admin/market"
	"ferry/deploy/cluster"
)

// overMost bounds how long a person waits for a rate.
const overMost = time.Minute

func marketCommand(a *app) *cobra.Command {
	var asJSON bool
	over := time.Second
	cmd := &cobra.Command{
		Use:   "market",
		Short: "What swaps are priced from, venue by venue; exit status 1 if a price is missing",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if over <= 0 || over > overMost {
				return usage("--over must be above 0 and at most %s", overMost)
			}
			endpoints, err := a.access().Admin()
			if err != nil {
				return err
			}
			address, ok := endpoints["liquidityd"]
			if !ok {
				return fmt.Errorf("no running liquidityd is known at %s: start one with make demo", a.root)
			}
			first, second, err := askTwice(cmd.Context(), address, over)
			if err != nil {
				return err
			}
			if err := a.show(asJSON, second, func(p *console.Page) { layMarket(p, first, second) }); err != nil {
				return err
			}
			for _, i := range second.Instruments {
				if i.Unfit != "" {
					return errSaid
				}
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&over, "over", over, "time over which messages are counted")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// askTwice asks again after a while, so that there are rates.
func askTwice(ctx context.Context, address string, over time.Duration) (first, second market.Answer, err error) {
	if err = cluster.Ask(ctx, address, market.Path, &first); err != nil {
		return first, second, err
	}
	timer := time.NewTimer(over)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return first, second, ctx.Err()
	case <-timer.C:
	}
	err = cluster.Ask(ctx, address, market.Path, &second)
	return first, second, err
}

// layMarket lays out the second answer, with rates since the first, in tables that fit a
// telephone.
func layMarket(p *console.Page, first, second market.Answer) {
	p.Title("Prices at %s UTC", console.Clock(second.At))
	took := second.At.Sub(first.At)
	for _, i := range second.Instruments {
		base, quote, _ := strings.Cut(i.Name, "-")
		p.Section("%s, in %s for one %s", i.Name, quote, base)
		if i.Unfit != "" {
			p.Alarm("%s", i.Unfit)
		} else {
			p.Field("bid", "%s", i.Bid)
			p.Field("ask", "%s", i.Ask)
		}
		table := [][]string{{"venue", "state", "price", "of the price"}}
		feeds := [][]string{{"venue", "msg/s", "age", "delay", "same", "gaps", "lost"}}
		for _, v := range i.Venues {
			rate := "-"
			if before, heard := messages(first, i.Name, v.Name); heard && before <= v.Messages && took > 0 {
				rate = strconv.FormatInt((v.Messages-before)*int64(time.Second)/int64(took), 10)
			}
			table = append(table, []string{v.Name, v.State, dash(v.Price), ratio(v.RatioPPM)})
			feeds = append(feeds, []string{v.Name, rate, age(v.AgeMillis), age(&v.LatencyMillis), age(v.UnchangedMillis), fmt.Sprint(v.Gaps), fmt.Sprint(v.Outages)})
		}
		p.Table(table, 3)
		p.Table(feeds, 1, 2, 3, 4, 5, 6)
		for _, v := range i.Venues {
			if v.Alert != "" {
				p.Alarm("%s %s is %s", v.Class, v.Name, v.Alert)
			}
			if v.Reason != "" {
				p.Item("%s: %s", v.Name, v.Reason)
			}
			if v.SuspectMillis > 0 {
				p.Item("%s: its book was suspect for %s in all", v.Name, age(&v.SuspectMillis))
			}
		}
	}
	p.Section("How to read it")
	p.Text("of the price: the venue's by that of all, in percent. age: since its last message; delay: how old that was when it came; same: since its best levels changed; gaps: messages that were missing; lost: how often its book could not be trusted.")
}

// messages are those of a venue's book in an answer; false where it has none, as where it
// was subscribed to between two of them. What was connected anew has counted from the start.
func messages(a market.Answer, instrument, venue string) (int64, bool) {
	for _, i := range a.Instruments {
		for _, v := range i.Venues {
			if i.Name == instrument && v.Name == venue {
				return v.Messages, true
			}
		}
	}
	return 0, false
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// ratio writes millionths as a percentage.
func ratio(ppm uint64) string {
	if ppm == 0 {
		return "-"
	}
	return fmt.Sprintf("%d.%04d %%", ppm/10_000, ppm%10_000)
}

func age(millis *int64) string {
	if millis == nil {
		return "-"
	}
	return (time.Duration(*millis) * time.Millisecond).String()
}
