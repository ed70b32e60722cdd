package main

import (
	"strings"

	"github.com/spf13/cobra"

	"ferry/swap"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

func swapCommand(a *app) *cobra.Command {
	cmd := group(&cobra.Command{Use: "swap", Short: "Find swaps, show all that is known of one, have something done with it"})
	cmd.AddCommand(swapShow(a), swapFind(a))
	cmd.AddCommand(staffCommands(a)...)
	return cmd
}

// maxEvents bounds --events.
const maxEvents = 10_000

func swapShow(a *app) *cobra.Command {
	var asJSON bool
	var events int
	cmd := &cobra.Command{
		Use:   "show <swap id>",
		Short: "State, who must act by when and why, terms, deposits, payments, timeline",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !swap.ValidID(swap.SwapPrefix, args[0]) {
				return usage("%.80q is no swap id (%s_ and 26 characters); look for other texts with ferry swap find", args[0], swap.SwapPrefix)
			}
			if events < 1 || events > maxEvents {
				return usage("--events must be 1 to %d", maxEvents)
			}
			var c support.Case
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				c, err = r.Case(cmd.Context(), args[0], events)
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, c, func(p *console.Page) { report.Case(p, c) })
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().IntVar(&events, "events", support.CaseEvents, "how many of the newest events to show")
	return cmd
}

func swapFind(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "find <text>",
		Short: "Swaps by id, quote, address, transaction, deposit, order, or amount in coins",
		Example: "  ferry swap find sb1q…\n  ferry swap find 0x71c7…\n" +
			"  ferry swap find 0.015          an amount of any asset\n  ferry swap find 0.015 BTC",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			search, err := support.ParseSearch(strings.Join(args, " "))
			if err != nil {
				return usage("%v", err)
			}
			var found support.Matches
			err = a.read(cmd.Context(), func(r *support.Reader) (err error) {
				found, err = r.Find(cmd.Context(), search)
				return err
			})
			if err != nil {
				return err
			}
			err = a.show(asJSON, found, func(p *console.Page) { report.Matches(p, found) })
			if err == nil && len(found.Matches) == 0 {
				return errSaid
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
