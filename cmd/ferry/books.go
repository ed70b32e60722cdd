package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

func booksCommand(a *app) *cobra.Command {
	var asJSON bool
	var day, only string
	cmd := &cobra.Command{
		Use:   "books",
		Short: "Trial balance of both books, or what one day did to them; exit status 1 if anything is off",
		Example: "  ferry books                     all that is in them now, and whether it is right\n" +
			"  ferry books --asset BTC\n" +
			"  ferry books --day 2026-11-22    opening, each kind of entry, closing; the day is UTC's",
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			assets, err := parseAssets(only)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("day") {
				return a.trialBalance(cmd.Context(), asJSON, assets)
			}
			from, err := a.parseDay(day)
			if err != nil {
				return err
			}
			return a.dayBooks(cmd.Context(), asJSON, from, assets)
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().StringVar(&day, "day", "", "what this day did to the books: year-month-day, in UTC")
	cmd.Flags().StringVar(&only, "asset", "", "only this asset")
	return cmd
}

// trialBalance shows all that is in the books now.
func (a *app) trialBalance(ctx context.Context, asJSON bool, assets []asset.ID) error {
	var books support.Books
	err := a.read(ctx, func(r *support.Reader) (err error) {
		books, err = r.Books(ctx)
		return err
	})
	if err != nil {
		return err
	}
	books.Assets = slices.DeleteFunc(books.Assets, func(b support.AssetBooks) bool { return !slices.Contains(assets, b.Asset) })
	err = a.show(asJSON, books, func(p *console.Page) { report.Books(p, books) })
	if err == nil && !books.Balanced() {
		return errSaid
	}
	return err
}

// dayBooks shows what one day did to the books.
func (a *app) dayBooks(ctx context.Context, asJSON bool, from time.Time, assets []asset.ID) error {
	var books support.DayBooks
	err := a.read(ctx, func(r *support.Reader) (err error) {
		books, err = r.Day(ctx, from, assets)
		return err
	})
	if err != nil {
		return err
	}
	err = a.show(asJSON, books, func(p *console.Page) { report.Day(p, books) })
	if err == nil && !books.Balanced() {
		return errSaid
	}
	return err
}

// parseAssets are the assets to show: all, or the one that is named.
func parseAssets(name string) ([]asset.ID, error) {
	var all []asset.ID
	var known []string
	for _, a := range asset.All() {
		if strings.EqualFold(name, string(a.ID)) {
			return []asset.ID{a.ID}, nil
		}
		all, known = append(all, a.ID), append(known, string(a.ID))
	}
	if name != "" {
		return nil, usage("asset %.20q is not known: it is one of %s", name, strings.Join(known, ", "))
	}
	return all, nil
}

// parseDay is when the day begins, in UTC; a day that has not begun has no books.
func (a *app) parseDay(text string) (time.Time, error) {
	from, err := time.ParseInLocation(time.DateOnly, text, time.UTC)
	if err != nil {
		return from, usage("--day %.20q is no day: write year-month-day, such as %s", text, a.now().UTC().Format(time.DateOnly))
	}
	if from.After(a.now()) {
		return from, usage("--day %s has not begun: it is %s UTC", text, console.Clock(a.now()))
	}
	return from, nil
}
