package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
	"ferry/deploy/hedgefile"
	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

// demoHedging trades what the demo's swaps leave at the simulator.
func demoHedging() hedgefile.File {
	f := hedgefile.File{Venues: map[string]hedgefile.Account{}, Assets: map[asset.ID]hedgefile.Policy{
		asset.ETH: {Band: "0.01", OrderMost: "50"}, asset.LTC: {Band: "0.1", OrderMost: "500"}, asset.BCH: {Band: "0.05", OrderMost: "100"},
		asset.USDT: {Band: "20", OrderMost: "100000"}, asset.USDC: {Band: "20", OrderMost: "100000"}}}
	for _, venue := range simulator.Venues() {
		f.Venues[venue] = hedgefile.Account{Key: simulator.AccountKey, Secret: simulator.Secret(venue), Passphrase: simulator.AccountPhrase, FeeBPS: simulator.FeeBPS}
	}
	return f
}

// hedging writes the demo's file and names it to liquidityd.
func (a *app) hedging() (func(daemon string) []string, error) {
	if err := os.MkdirAll(a.root, 0o755); err != nil {
		return nil, fmt.Errorf("make the demo's folder: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(a.root, "hedge.json"))
	if err != nil {
		return nil, fmt.Errorf("name the hedge file: %w", err)
	}
	if err := demoHedging().Write(path); err != nil {
		return nil, err
	}
	return func(daemon string) []string {
		if daemon != "liquidityd" {
			return nil
		}
		return []string{"FERRY_HEDGE=" + path}
	}, nil
}

func hedges(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "hedges",
		Short: "Positions, orders at venues, and what hedging earned and cost",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all support.Hedges
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				all, err = r.Hedges(cmd.Context())
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, all, func(p *console.Page) { report.Hedges(p, all) })
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
