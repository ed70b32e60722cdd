package nodes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// shown is what the API says of a swap: what a wallet follows, and what waits.
type shown struct {
	client.Swap
	RefundAddress string    `json:"refund_address"`
	Mismatches    []matters `json:"mismatches"`
}

// matters is a deposit that does not match, as the API shows it.
type matters struct {
	ID          string       `json:"deposit_id"`
	Deposits    []string     `json:"deposit_ids"`
	Verdict     swap.Verdict `json:"verdict"`
	Main        bool         `json:"main"`
	WaitsFor    swap.Wait    `json:"waits_for"`
	Reason      string       `json:"reason"`
	ActBy       time.Time    `json:"act_by"`
	OfferAmount string       `json:"offer_amount"`
	// Asset and RefundFee are those of a deposit in another asset.
	Asset     asset.ID `json:"asset"`
	RefundFee string   `json:"refund_fee"`
}

const (
	callLimit = 30 * time.Second
	maxAnswer = 4 << 20
)

// call asks the public API as any program would. A refusal is a *swap.Error.
func (d *Driver) call(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, content)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode != http.StatusOK {
		p := &client.Problem{}
		if err := json.Unmarshal(text, p); err != nil || p.Code == "" {
			p = &client.Problem{Code: swap.CodeInternal, Detail: fmt.Sprintf("status %d without a problem document", res.StatusCode)}
		}
		p.Status = res.StatusCode
		return p
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (w *world) show(ctx context.Context, swapID string) (s shown, err error) {
	err = w.patiently(ctx, "swap "+swapID, func() error {
		return w.call(ctx, http.MethodGet, "/v1/swaps/"+url.PathEscape(swapID), nil, &s)
	})
	return s, err
}

// Look implements scenario.User.
func (w *world) Look(ctx context.Context, swapID string) (swap.Update, error) {
	s, err := w.show(ctx, swapID)
	if err != nil {
		return swap.Update{}, err
	}
	return s.update()
}

func (s shown) update() (swap.Update, error) {
	u := swap.Update{SwapID: s.ID, Version: s.Version, State: s.State, Message: s.Message, Actor: s.NextActor, By: s.ActBy,
		Reason: s.Reason, At: s.UpdatedAt, RefundAddress: s.RefundAddress}
	var errs []error
	amount := func(id asset.ID, text string) asset.Amount {
		a, err := asset.ParseDecimal(id, text)
		errs = append(errs, err)
		return a
	}
	for _, d := range s.Deposits {
		u.Deposits = append(u.Deposits, swap.Deposit{ID: d.ID, TxID: d.TxID, Amount: amount(d.Asset, d.Amount), State: d.State,
			Verdict: d.Verdict, Confirmations: d.Confirmations, Needed: d.Needed})
	}
	to := asset.BTC
	if len(s.Deposits) > 0 && s.Deposits[0].Asset == asset.BTC {
		to = asset.ETH
	}
	for _, p := range s.Payments {
		u.Payments = append(u.Payments, swap.Payment{OrderID: p.ID, Purpose: p.Purpose, Deposits: p.DepositIDs,
			Amount: amount(p.Asset, p.Amount), Destination: p.Destination, State: p.State, TxID: p.TxID})
	}
	for _, r := range s.Rates {
		requote, err := swap.DecodeRequote(r.SignedRequote)
		errs = append(errs, err)
		u.Rates = append(u.Rates, swap.SetRate{DepositID: r.DepositID, SignedRequote: r.SignedRequote, Deposit: requote.Deposit,
			Payout: requote.Payout, Rate: r.Rate})
	}
	for _, m := range s.Mismatches {
		waits := swap.Mismatch{ID: m.ID, Deposits: m.Deposits, Verdict: m.Verdict, Main: m.Main, Wait: m.WaitsFor, Reason: m.Reason, By: m.ActBy}
		if m.OfferAmount != "" {
			waits.Offer = amount(to, m.OfferAmount)
		}
		if m.RefundFee != "" {
			waits.Fee = amount(m.Asset, m.RefundFee)
		}
		u.Mismatches = append(u.Mismatches, waits)
	}
	return u, errors.Join(errs...)
}

// Updates implements scenario.User: the newest hundred.
func (w *world) Updates(ctx context.Context, swapID string) (all []swap.Update, err error) {
	s, err := w.show(ctx, swapID)
	for _, u := range s.Updates {
		all = append(all, swap.Update{SwapID: swapID, Version: u.Version, State: u.State, Message: u.Message, At: u.At})
	}
	return all, err
}

// Answer implements scenario.User.
func (w *world) Answer(ctx context.Context, c scenario.Created, depositID string, answer swap.Answer, atLeast asset.Amount) error {
	body := map[string]string{"secret": c.Secret, "deposit_id": depositID, "answer": string(answer)}
	if answer == swap.AnswerRequote {
		body["at_least"] = atLeast.Decimal()
	}
	return w.amend(ctx, c, "answer", body)
}

// RefundWrongAsset implements scenario.User. On the deposit's own chain the swap's refund
// address is meant, on any other a fresh one is named.
func (w *world) RefundWrongAsset(ctx context.Context, c scenario.Created, depositID string) (string, error) {
	body := map[string]string{"secret": c.Secret, "deposit_id": depositID, "answer": "refund_wrong_asset"}
	to := c.Receipt.RefundAddress
	if chain, _, _ := strings.Cut(depositID, ":"); asset.Chain(chain) != c.Receipt.DepositChain || to == "" {
		var err error
		if to, err = w.NewAddress(ctx, asset.Chain(chain)); err != nil {
			return "", err
		}
		body["refund_address"] = to
	}
	return to, w.amend(ctx, c, "answer", body)
}

// SetRefundAddress implements scenario.User.
func (w *world) SetRefundAddress(ctx context.Context, c scenario.Created) (string, error) {
	address, err := w.NewAddress(ctx, asset.MustLookup(c.Quote.Pair.From).Chain)
	if err != nil {
		return "", err
	}
	return address, w.amend(ctx, c, "refund-address", map[string]string{"secret": c.Secret, "refund_address": address})
}

func (w *world) amend(ctx context.Context, c scenario.Created, what string, body any) error {
	return w.patiently(ctx, what, func() error {
		var answer json.RawMessage
		return w.call(ctx, http.MethodPost, "/v1/swaps/"+url.PathEscape(c.Receipt.SwapID)+"/"+what, body, &answer)
	})
}
