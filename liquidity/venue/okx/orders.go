package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// fillsMost is the longest list of fills the venue gives.
const fillsMost = 100

// Place implements trade.Venue: "Place order", with the header expTime as its deadline. The
// answer does not tell what was filled.
func (t *Trader) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	if !t.now().Before(o.Deadline) {
		return trade.Report{}, fmt.Errorf("%w: its deadline has passed", trade.ErrNotPlaced)
	}
	body, err := json.Marshal(struct {
		Instrument string     `json:"instId"`
		Mode       string     `json:"tdMode"`
		ClientID   string     `json:"clOrdId"`
		Side       trade.Side `json:"side"`
		Type       string     `json:"ordType"`
		Price      string     `json:"px"`
		Size       string     `json:"sz"`
	}{o.Instrument.String(), "cash", o.ClientID, o.Side, "ioc",
		rest.Format(o.Price, o.Instrument.PriceDecimals), rest.Format(o.Size, o.Instrument.SizeDecimals)})
	if err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	var told []struct {
		ID       string `json:"ordId"`
		ClientID string `json:"clOrdId"`
	}
	if err := t.ask(ctx, http.MethodPost, "/api/v5/trade/order", string(body), o.Deadline, t.orders, &told); err != nil {
		if errors.Is(err, trade.ErrNoOrder) {
			err = fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
		}
		return trade.Report{}, err
	}
	if len(told) != 1 || told[0].ID == "" || told[0].ClientID != o.ClientID {
		return trade.Report{}, fmt.Errorf("the venue made %d orders of one", len(told))
	}
	return trade.Report{VenueID: told[0].ID}, nil
}

// Find implements trade.Venue: "Order details" by clOrdId.
func (t *Trader) Find(ctx context.Context, o trade.Order, _ time.Time) (trade.Report, error) {
	var told []struct {
		ID       string `json:"ordId"`
		ClientID string `json:"clOrdId"`
		Filled   string `json:"accFillSz"`
		State    string `json:"state"`
	}
	path := "/api/v5/trade/order?instId=" + o.Instrument.String() + "&clOrdId=" + o.ClientID
	if err := t.ask(ctx, http.MethodGet, path, "", time.Time{}, t.lookups, &told); err != nil {
		return trade.Report{}, err
	}
	if len(told) != 1 || told[0].ClientID != o.ClientID || told[0].ID == "" {
		return trade.Report{}, fmt.Errorf("the venue answered of %d other orders than %s", len(told), o.ClientID)
	}
	filled, err := rest.Ticks(told[0].Filled, o.Instrument.SizeDecimals)
	if err != nil {
		return trade.Report{}, fmt.Errorf("filled size: %w", err)
	}
	r := trade.Report{VenueID: told[0].ID, Filled: filled}
	switch told[0].State {
	case "canceled", "filled", "mmp_canceled":
		r.Over = true
	case "live", "partially_filled":
	default:
		return r, fmt.Errorf("order state %.40q is not known", told[0].State)
	}
	return r, nil
}

// Fills implements trade.Venue: "Get transaction details (last 3 days)".
func (t *Trader) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	var told []fillAnswer
	path := fmt.Sprintf("/api/v5/trade/fills?instType=SPOT&instId=%s&begin=%d&limit=%d", i, since.UnixMilli(), fillsMost)
	if err := t.ask(ctx, http.MethodGet, path, "", time.Time{}, t.lookups, &told); err != nil {
		return nil, err
	}
	if len(told) >= fillsMost {
		return nil, trade.ErrCut
	}
	fills := make([]trade.Fill, len(told))
	for n, a := range told {
		var err error
		if fills[n], err = a.fill(i); err != nil {
			return nil, fmt.Errorf("trade %.40q: %w", a.ID, err)
		}
	}
	return fills, nil
}

type fillAnswer struct {
	ID       string     `json:"tradeId"`
	OrderID  string     `json:"ordId"`
	ClientID string     `json:"clOrdId"`
	Price    string     `json:"fillPx"`
	Size     string     `json:"fillSz"`
	Side     trade.Side `json:"side"`
	Fee      string     `json:"fee"`
	FeeAsset string     `json:"feeCcy"`
	Time     string     `json:"ts"`
}

func (a fillAnswer) fill(i liquidity.Instrument) (f trade.Fill, err error) {
	// A trade's id is unique within its instrument only, and both of an account's own orders
	// may be in it.
	f = trade.Fill{ID: i.String() + ":" + a.ID + ":" + a.OrderID, VenueOrderID: a.OrderID, ClientID: a.ClientID, Side: a.Side}
	if a.ID == "" || a.OrderID == "" || f.Side != trade.Buy && f.Side != trade.Sell {
		return f, errors.New("an id or a side is missing")
	}
	if f.At, err = rest.Millis(a.Time); err != nil {
		return f, err
	}
	if f.Price, err = rest.Ticks(a.Price, i.PriceDecimals); err != nil {
		return f, err
	}
	if f.Size, err = rest.Ticks(a.Size, i.SizeDecimals); err != nil {
		return f, err
	}
	// What is charged is negative, a rebate is not.
	charged, negative := strings.CutPrefix(a.Fee, "-")
	if !negative {
		charged = "0"
	}
	f.Fee, err = rest.Fee(asset.ID(a.FeeAsset), charged)
	return f, err
}
