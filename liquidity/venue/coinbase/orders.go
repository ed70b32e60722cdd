package coinbase

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
)

// randomNonce makes the header "nonce" of each token.
type randomNonce struct{}

// Nonce implements jose.NonceSource.
func (randomNonce) Nonce() (string, error) {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make a nonce: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// Place implements trade.Venue: "Create Order" as sor_limit_ioc. The answer does not tell
// what was filled.
func (t *Trader) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	// A token's expiry is in whole seconds: the deadline is cut, never stretched.
	until := o.Deadline.Truncate(time.Second)
	if left := until.Sub(t.now()); left <= 0 || left > tokenLife {
		return trade.Report{}, fmt.Errorf("%w: its deadline is in %s, not within %s", trade.ErrNotPlaced, left, tokenLife)
	}
	body, err := json.Marshal(map[string]any{"client_order_id": o.ClientID, "product_id": o.Instrument.String(), "side": strings.ToUpper(string(o.Side)),
		"order_configuration": map[string]any{"sor_limit_ioc": map[string]string{
			"base_size": rest.Format(o.Size, o.Instrument.SizeDecimals), "limit_price": rest.Format(o.Price, o.Instrument.PriceDecimals)}}})
	if err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	var told struct {
		Success bool `json:"success"`
		Order   struct {
			ID       string `json:"order_id"`
			ClientID string `json:"client_order_id"`
		} `json:"success_response"`
		Refusal struct {
			Error   string `json:"error"`
			Message string `json:"message"`
		} `json:"error_response"`
	}
	if err := t.ask(ctx, http.MethodPost, "/api/v3/brokerage/orders", nil, string(body), until, &told); err != nil {
		return trade.Report{}, err
	}
	if !told.Success {
		err := fmt.Errorf("the venue says %.60q: %.200s", told.Refusal.Error, told.Refusal.Message)
		if told.Refusal.Error == "" || strings.HasPrefix(told.Refusal.Error, "UNKNOWN") {
			return trade.Report{}, err
		}
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	if told.Order.ID == "" || told.Order.ClientID != o.ClientID {
		return trade.Report{}, fmt.Errorf("the venue answered of order %.40q, not of %s", told.Order.ClientID, o.ClientID)
	}
	return trade.Report{VenueID: told.Order.ID}, nil
}

// Find implements trade.Venue: "List Orders" of the product since then, because orders can't
// be asked for by client id. A list that is cut proves nothing.
func (t *Trader) Find(ctx context.Context, o trade.Order, since time.Time) (trade.Report, error) {
	var told struct {
		Orders []struct {
			ID       string `json:"order_id"`
			ClientID string `json:"client_order_id"`
			Status   string `json:"status"`
			Filled   string `json:"filled_size"`
		} `json:"orders"`
		More bool `json:"has_next"`
	}
	query := url.Values{"product_ids": {o.Instrument.String()}, "start_date": {since.UTC().Format(time.RFC3339)}, "limit": {"250"}}
	if err := t.ask(ctx, http.MethodGet, "/api/v3/brokerage/orders/historical/batch", query, "", time.Time{}, &told); err != nil {
		return trade.Report{}, err
	}
	for _, a := range told.Orders {
		if a.ClientID != o.ClientID {
			continue
		}
		filled, err := rest.Ticks(a.Filled, o.Instrument.SizeDecimals)
		if err != nil {
			return trade.Report{}, fmt.Errorf("filled size: %w", err)
		}
		r := trade.Report{VenueID: a.ID, Filled: filled}
		switch a.Status {
		case "FILLED", "CANCELLED", "EXPIRED", "FAILED":
			r.Over = true
		case "OPEN", "PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED":
		default:
			return r, fmt.Errorf("order status %.40q is not known", a.Status)
		}
		return r, nil
	}
	if told.More {
		return trade.Report{}, trade.ErrCut
	}
	return trade.Report{}, trade.ErrNoOrder
}

type fillAnswer struct {
	EntryID     string    `json:"entry_id"`
	OrderID     string    `json:"order_id"`
	Type        string    `json:"trade_type"`
	Time        time.Time `json:"trade_time"`
	Price       string    `json:"price"`
	Size        string    `json:"size"`
	SizeInQuote bool      `json:"size_in_quote"`
	Commission  string    `json:"commission"`
	Side        string    `json:"side"`
}

// Fills implements trade.Venue: "List Fills", which does not tell client ids.
func (t *Trader) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	var told struct {
		Fills  []fillAnswer `json:"fills"`
		Cursor string       `json:"cursor"`
	}
	query := url.Values{"product_ids": {i.String()}, "start_sequence_timestamp": {since.UTC().Format(time.RFC3339)}, "limit": {"250"}}
	if err := t.ask(ctx, http.MethodGet, "/api/v3/brokerage/orders/historical/fills", query, "", time.Time{}, &told); err != nil {
		return nil, err
	}
	if told.Cursor != "" {
		return nil, trade.ErrCut
	}
	fills := make([]trade.Fill, len(told.Fills))
	for n, a := range told.Fills {
		var err error
		if fills[n], err = a.fill(i); err != nil {
			return nil, fmt.Errorf("fill %.60q: %w", a.EntryID, err)
		}
	}
	return fills, nil
}

func (a fillAnswer) fill(i liquidity.Instrument) (f trade.Fill, err error) {
	f = trade.Fill{ID: a.EntryID, VenueOrderID: a.OrderID, Side: trade.Side(strings.ToLower(a.Side)), At: a.Time}
	switch {
	case a.EntryID == "" || a.OrderID == "" || f.Side != trade.Buy && f.Side != trade.Sell:
		return f, errors.New("an id or a side is missing")
	case a.Type != "FILL" || a.SizeInQuote:
		return f, fmt.Errorf("it is a %.40q, or its size is in %s", a.Type, i.Quote)
	}
	if f.Price, err = rest.Ticks(a.Price, i.PriceDecimals); err != nil {
		return f, err
	}
	if f.Size, err = rest.Ticks(a.Size, i.SizeDecimals); err != nil {
		return f, err
	}
	f.Fee, err = rest.Fee(i.Quote, a.Commission)
	return f, err
}
