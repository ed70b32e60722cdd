package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ferry/hotwallet/psbt"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

func transactionFlag(cmd *cobra.Command, number *int) {
	cmd.Flags().IntVar(number, "transaction", 0, "which of its transactions, by the number that ferry payments show gives it; the newest if it is left out")
}

// writtenPSBT is what `ferry payments show --psbt --json` writes.
type writtenPSBT struct {
	OrderID string `json:"order_id"`
	// Transaction is its number, BatchID and Attempt what the hot wallet calls it.
	Transaction int    `json:"transaction"`
	BatchID     string `json:"batch_id"`
	Attempt     int32  `json:"attempt"`
	// TxID is "" until it is signed.
	TxID   string `json:"txid,omitempty"`
	Signed bool   `json:"signed"`
	// Fee is in the chain's own asset.
	Fee  asset.Units `json:"fee"`
	PSBT string      `json:"psbt"`
}

// showPSBT writes one transaction of a payment as a PSBT: by itself on a line, so that
// other programs can be given it.
func (a *app) showPSBT(ctx context.Context, asJSON bool, order string, number int) error {
	p, number, err := a.planOf(ctx, order, number)
	if err != nil {
		return err
	}
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	d, err := psbt.Of(p.Chain, plan, p.Raw)
	if err != nil {
		return fmt.Errorf("transaction %d of %s: %w", number, order, err)
	}
	text, err := d.Text()
	if err != nil {
		return err
	}
	if !asJSON {
		_, err := fmt.Fprintln(a.out, text)
		return err
	}
	written := writtenPSBT{order, number, p.BatchID, p.N, p.TxID, d.Signed(), plan.Fee, text}
	return a.show(true, written, nil)
}

// planOf is one of the transactions made for a payment, the newest for number 0.
func (a *app) planOf(ctx context.Context, order string, number int) (support.PaymentPlan, int, error) {
	var all []support.PaymentPlan
	err := a.read(ctx, func(r *support.Reader) (err error) {
		all, err = r.Plans(ctx, order)
		return err
	})
	if err != nil {
		return support.PaymentPlan{}, 0, err
	}
	if number == 0 {
		number = len(all)
	}
	if number < 1 || number > len(all) {
		return support.PaymentPlan{}, 0, usage("--transaction %d: %s has 1 to %d", number, order, len(all))
	}
	return all[number-1], number, nil
}

func paymentCheck(a *app) *cobra.Command {
	var asJSON bool
	var number int
	cmd := &cobra.Command{
		Use:   "check <order id> <file with a PSBT, or - for what is piped in>",
		Short: "Whether a PSBT is a transaction that was made for a payment: the same, with its amounts, fee and signatures",
		Args:  exactly(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := orderID(args[0]); err != nil {
				return err
			}
			raw, err := a.psbtFile(cmd.InOrStdin(), args[1])
			if err != nil {
				return err
			}
			return a.checkPSBT(cmd.Context(), asJSON, args[0], number, raw)
		},
	}
	jsonFlag(cmd, &asJSON)
	transactionFlag(cmd, &number)
	return cmd
}

// psbtFile reads a file, or what is piped in, up to a byte more than a PSBT may have.
func (a *app) psbtFile(piped io.Reader, path string) (raw []byte, err error) {
	from := piped
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the PSBT: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		from = f
	}
	raw, err = io.ReadAll(io.LimitReader(from, psbt.MaxText+1))
	if err != nil {
		return nil, fmt.Errorf("read the PSBT: %w", err)
	}
	return raw, err
}

// checkedPSBT is what `ferry payments check --json` writes of one that is the same.
type checkedPSBT struct {
	OrderID     string      `json:"order_id"`
	Transaction int         `json:"transaction"`
	TxID        string      `json:"txid,omitempty"`
	Signed      bool        `json:"signed"`
	Fee         asset.Units `json:"fee"`
}

func (a *app) checkPSBT(ctx context.Context, asJSON bool, order string, number int, raw []byte) error {
	d, err := psbt.Read(raw)
	if err != nil {
		return err
	}
	p, number, err := a.planOf(ctx, order, number)
	if err != nil {
		return err
	}
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	if err := d.Check(p.Chain, plan, p.Raw); err != nil {
		return fmt.Errorf("transaction %d of %s: %w", number, order, err)
	}
	checked := checkedPSBT{order, number, p.TxID, d.Signed(), plan.Fee}
	return a.show(asJSON, checked, func(page *console.Page) {
		native := p.Chain.NativeID()
		page.Title("It is transaction %d of %s", number, order)
		page.Long("txid", p.TxID)
		for _, o := range plan.Outputs {
			page.Item("pays %s", asset.Amount{Asset: native, Units: o.Units})
			page.Long("to", o.Destination)
		}
		if plan.ChangeIndex >= 0 {
			page.Item("output %d is change, ours", plan.ChangeIndex)
		}
		page.Item("fee %s", asset.Amount{Asset: native, Units: plan.Fee})
		if d.Signed() {
			page.Note("Its signatures are the stored ones.")
		} else {
			page.Note("It is not signed.")
		}
	})
}
