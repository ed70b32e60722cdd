package main

import (
	"slices"

	"github.com/spf13/cobra"

	"ferry/swap"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
	"ferry/cmd/ferry/internal/support"
)

// purposes are those that payments can be listed by.
var purposes = []swap.Purpose{swap.PurposePayout, swap.PurposeRefund, swap.PurposeSweep, swap.PurposeGasTopUp, swap.PurposeGapFill}

func paymentsCommand(a *app) *cobra.Command {
	var asJSON bool
	var f support.PaymentsFilter
	var chain, purpose string
	cmd := &cobra.Command{
		Use:   "payments",
		Short: "What is paid: state, age, fee, what is next; those that stand still first",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if chain != "" {
				var err error
				if f.Chain, err = parseChain(chain); err != nil {
					return err
				}
			}
			f.Purpose = swap.Purpose(purpose)
			if purpose != "" && !slices.Contains(purposes, f.Purpose) {
				return usage("--purpose %.40q is not known: it is one of %v", purpose, purposes)
			}
			var found support.Payments
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				found, err = r.Payments(cmd.Context(), f)
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, found, func(p *console.Page) { report.Payments(p, found) })
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().StringVar(&chain, "chain", "", "only those on a chain: "+string(asset.Bitcoin)+", …")
	cmd.Flags().StringVar(&purpose, "purpose", "", "only those for a purpose: payout, refund, sweep, …")
	cmd.Flags().BoolVar(&f.Open, "open", false, "only those that are not final")
	cmd.Flags().BoolVar(&f.Stuck, "stuck", false, "only those that somebody should look at, the oldest first")
	cmd.AddCommand(paymentShow(a), paymentCheck(a))
	return cmd
}

// orderMost bounds an order id, in bytes.
const orderMost = 300

func orderID(text string) error {
	if text == "" || len(text) > orderMost {
		return usage("an order id has 1 to %d characters, as ferry payments lists it", orderMost)
	}
	return nil
}

func paymentShow(a *app) *cobra.Command {
	var asJSON, asPSBT bool
	var number int
	cmd := &cobra.Command{
		Use:   "show <order id>",
		Short: "One payment with every transaction that was made for it",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := orderID(args[0]); err != nil {
				return err
			}
			if asPSBT {
				return a.showPSBT(cmd.Context(), asJSON, args[0], number)
			}
			if number != 0 {
				return usage("--transaction says which of them --psbt writes")
			}
			var c support.PaymentCase
			err := a.read(cmd.Context(), func(r *support.Reader) (err error) {
				c, err = r.Payment(cmd.Context(), args[0])
				return err
			})
			if err != nil {
				return err
			}
			return a.show(asJSON, c, func(p *console.Page) { report.Payment(p, c) })
		},
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&asPSBT, "psbt", false, "write one of its transactions as a PSBT (BIP 174), for another program to show")
	transactionFlag(cmd, &number)
	return cmd
}
