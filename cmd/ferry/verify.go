package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/verify"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/report"
)

// verifyCommand does what a client can do alone: it reads files and calls nobody.
func verifyCommand(a *app) *cobra.Command {
	cmd := group(&cobra.Command{Use: "verify", Short: "Check a signed quote or receipt, offline, before anything is paid on it"})
	cmd.AddCommand(verifyQuote(a), verifyReceipt(a))
	return cmd
}

// pinned is what both commands are told besides the documents.
type pinned struct{ keys, at string }

func (p *pinned) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.keys, "keys", "", "deployment file with the networks and public keys to trust (default: the running Ferry's)")
	cmd.Flags().StringVar(&p.at, "at", "", "the time to judge by, such as 2026-01-02T03:04:05Z (default: now)")
}

// verifier pins the keys of a deployment.
func (p *pinned) verifier(a *app) (verify.Verifier, error) {
	now := a.now()
	if p.at != "" {
		at, err := time.Parse(time.RFC3339, p.at)
		if err != nil {
			return verify.Verifier{}, usage("--at %.60q is no time such as 2026-01-02T03:04:05Z", p.at)
		}
		now = at
	}
	path := p.keys
	if path == "" {
		running, err := a.access().Deployment()
		if err != nil {
			return verify.Verifier{}, err
		}
		path = running
	}
	if path == "" {
		return verify.Verifier{}, usage("name the deployment whose public keys are to be trusted: --keys deployment.json")
	}
	d, err := deployment.Load(path)
	if err != nil {
		return verify.Verifier{}, err
	}
	quoteKeys, quoteErr := d.PublicQuoteKeys()
	attestKeys, attestErr := d.PublicAttestKeys()
	return verify.Verifier{Networks: d.Networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys,
		Now: func() time.Time { return now }}, errors.Join(quoteErr, attestErr)
}

// at is the app at the time that a verifier judges by.
func (a *app) at(v verify.Verifier) *app {
	then := *a
	then.now = v.Now
	return &then
}

func verifyQuote(a *app) *cobra.Command {
	var p pinned
	cmd := &cobra.Command{
		Use:   "quote <file>",
		Short: "Who signed a quote, what it promises, and whether it holds now",
		Long:  "The file holds the signed text, or the API's JSON answer with its signed_quote; - is the standard input.",
		Args:  exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := p.verifier(a)
			if err != nil {
				return err
			}
			signed, err := readSigned(cmd.InOrStdin(), args[0], "signed_quote")
			if err != nil {
				return err
			}
			q, err := swap.VerifyQuote(signed["signed_quote"], v.QuoteKeys)
			if err != nil {
				return verify.Refuse("signed_quote", err)
			}
			if err := v.Holds(q); err != nil {
				return err
			}
			return a.at(v).show(false, nil, func(page *console.Page) { report.Quote(page, q) })
		},
	}
	p.flags(cmd)
	return cmd
}

func verifyReceipt(a *app) *cobra.Command {
	var p pinned
	var quote, payout, refund, policy, secret string
	cmd := &cobra.Command{
		Use:   "receipt <file>",
		Short: "Whether a deposit address belongs to exactly this swap",
		Long: "The file holds the signed text, or the API's JSON answer with its signed_receipt (and signed_quote, where it has one);\n" +
			"- is the standard input. What you name of your request is compared with the receipt.",
		Example: "  ferry verify receipt swap.json --quote quote.json --payout 0x71c7… --refund sb1q…",
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" && quote == "-" {
				return usage("only one of the documents can come from the standard input")
			}
			v, err := p.verifier(a)
			if err != nil {
				return err
			}
			signed, err := readSigned(cmd.InOrStdin(), args[0], "signed_receipt")
			if err != nil {
				return err
			}
			if quote != "" {
				from, err := readSigned(cmd.InOrStdin(), quote, "signed_quote")
				if err != nil {
					return err
				}
				signed["signed_quote"] = from["signed_quote"]
			}
			if signed["signed_quote"] == "" {
				return usage("name the quote that the swap was made from: --quote FILE")
			}
			asked := report.Asked{Payout: payout, Secret: secret}
			if cmd.Flags().Changed("refund") {
				asked.Refund = &refund
			}
			if cmd.Flags().Changed("policy") {
				p, err := parsePolicy(policy)
				if err != nil {
					return err
				}
				asked.Policy = &p
			}
			return a.receipt(v, signed, asked)
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&quote, "quote", "", "file of the signed quote")
	cmd.Flags().StringVar(&payout, "payout", "", "the payout address that was asked for")
	cmd.Flags().StringVar(&refund, "refund", "", "the refund address that was asked for; '' if it was left open")
	cmd.Flags().StringVar(&policy, "policy", "", "the policy that was asked for: default, or such as short=refund,over=ask,tolerance=100")
	cmd.Flags().StringVar(&secret, "secret", "", "the swap's secret (others on this machine may see a command line)")
	return cmd
}

// receipt verifies and shows one. What was not named is taken from the receipt
// and shown as not compared.
func (a *app) receipt(v verify.Verifier, signed map[string]string, asked report.Asked) error {
	t, err := v.Terms(signed["signed_quote"], signed["signed_receipt"])
	if err != nil {
		return err
	}
	ask := verify.ReceiptAsk{PayoutAddress: t.Receipt.PayoutAddress, RefundAddress: t.Receipt.RefundAddress,
		Policy: t.Receipt.Policy, SecretHash: t.Receipt.SecretHash}
	if asked.Payout != "" {
		ask.PayoutAddress = asked.Payout
	}
	if asked.Refund != nil {
		ask.RefundAddress = *asked.Refund
	}
	if asked.Policy != nil {
		ask.Policy = *asked.Policy
	}
	if asked.Secret != "" {
		ask.SecretHash = swap.HashDocument(asked.Secret)
	}
	if err := errors.Join(v.Asked(t, ask), v.Payable(t)); err != nil {
		return err
	}
	return a.at(v).show(false, nil, func(page *console.Page) { report.Receipt(page, t, asked) })
}

// maxSigned bounds a file with a signed document, in bytes; the API's answer about
// a swap with 100 updates is some 40 KB.
const maxSigned = 1 << 20

// readSigned takes the documents out of a file: the text alone is the wanted one,
// a JSON object may have others beside it.
func readSigned(in io.Reader, path, want string) (_ map[string]string, err error) {
	if path != "-" {
		f, openErr := os.Open(path)
		if openErr != nil {
			return nil, fmt.Errorf("read the document: %w", openErr)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxSigned+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(raw) > maxSigned {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxSigned)
	}
	raw = bytes.TrimSpace(raw)
	if !bytes.HasPrefix(raw, []byte("{")) {
		return map[string]string{want: string(raw)}, nil
	}
	var answer struct {
		SignedQuote   string `json:"signed_quote"`
		SignedReceipt string `json:"signed_receipt"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("%s is neither a signed document nor an answer of the API: %w", path, err)
	}
	found := map[string]string{"signed_quote": answer.SignedQuote, "signed_receipt": answer.SignedReceipt}
	if found[want] == "" {
		return nil, verify.Refuse(want, fmt.Errorf("there is none in %s", path))
	}
	return found, nil
}
