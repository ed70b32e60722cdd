package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ferry/swap/asset"

	"ferry/deploy/deployment"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

func treasuryCommand(a *app) *cobra.Command {
	cmd := group(&cobra.Command{Use: "treasury", Short: "Where to send house capital, and what there is"})
	cmd.AddCommand(fundAddress(a), balances(a), hedges(a))
	return cmd
}

// parseChain reads a chain's name.
func parseChain(name string) (asset.Chain, error) {
	chain := asset.Chain(name)
	if slices.Contains(asset.Chains(), chain) {
		return chain, nil
	}
	names := make([]string, 0, len(asset.Chains()))
	for _, c := range asset.Chains() {
		names = append(names, string(c))
	}
	return "", usage("chain %.40q is not known: it is one of %s", name, strings.Join(names, ", "))
}

func fundAddress(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "fund-address <chain>",
		Short: "The address that treasury sends a chain's coins to",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, err := parseChain(args[0])
			if err != nil {
				return err
			}
			var address string
			err = a.read(cmd.Context(), func(r *support.Reader) (err error) {
				address, err = r.FundAddress(cmd.Context(), chain)
				return err
			})
			if err != nil {
				return err
			}
			// Alone on its line, so that it can be piped.
			_, err = fmt.Fprintln(a.out, address)
			return err
		},
	}
}

func balances(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "balances",
		Short: "What the hot wallet holds, can pay, and waits for, per asset",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			confirmations, err := a.confirmations()
			if err != nil {
				return err
			}
			var all []support.Balance
			err = a.read(cmd.Context(), func(r *support.Reader) (err error) {
				all, err = r.Balances(cmd.Context(), confirmations)
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, all, func(p *console.Page) { report.Balances(p, all, len(confirmations) == 0) })
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// confirmations is how deep a payment's coins must be, from the deployment; empty
// where no deployment is named.
func (a *app) confirmations() (map[asset.Chain]int64, error) {
	path, err := a.access().Deployment()
	if err != nil || path == "" {
		return nil, err
	}
	d, err := deployment.Load(path)
	if err != nil {
		return nil, err
	}
	deep := map[asset.Chain]int64{}
	for chain, policy := range d.Chains {
		deep[chain] = policy.Confirmations
	}
	return deep, nil
}
