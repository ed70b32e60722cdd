package binance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// fillsMost is the longest list of trades the venue gives.
const fillsMost = 1000

// orderAnswer is an order as "New order" and "Query order" tell it.
type orderAnswer struct {
	ID       int64  `json:"orderId"`
	ClientID string `json:"clientOrderId"`
	Status   string `json:"status"`
	Executed string `json:"executedQty"`
}

func (a orderAnswer) report(o trade.Order) (trade.Report, error) {
	if a.ClientID != o.ClientID || a.ID <= 0 {
		return trade.Report{}, fmt.Errorf("the venue answered of order %.40q, not of %s", a.ClientID, o.ClientID)
	}
	filled, err := rest.Ticks(a.Executed, o.Instrument.SizeDecimals)
	if err != nil {
		return trade.Report{}, fmt.Errorf("executed quantity: %w", err)
	}
	r := trade.Report{VenueID: strconv.FormatInt(a.ID, 10), Filled: filled}
	switch a.Status {
	case "FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH":
		r.Over = true
	case "NEW", "PENDING_NEW", "PARTIALLY_FILLED", "PENDING_CANCEL":
	default:
		return r, fmt.Errorf("order status %.40q is not known", a.Status)
	}
	return r, nil
}

// Place implements trade.Venue: "New order (TRADE)". The deadline is the end of the window
// in which the venue takes the request.
func (t *Trader) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	window := o.Deadline.Sub(t.now())
	if window < time.Millisecond || window > recvWindowMost {
		return trade.Report{}, fmt.Errorf("%w: its deadline is in %s, not within %s", trade.ErrNotPlaced, window, recvWindowMost)
	}
	query := "symbol=" + symbol(o.Instrument) + "&side=" + strings.ToUpper(string(o.Side)) + "&type=LIMIT&timeInForce=IOC" +
		"&quantity=" + rest.Format(o.Size, o.Instrument.SizeDecimals) + "&price=" + rest.Format(o.Price, o.Instrument.PriceDecimals) +
		"&newClientOrderId=" + o.ClientID + "&newOrderRespType=RESULT&"
	answer, err := t.signed(ctx, http.MethodPost, "/api/v3/order", query, window, t.weighs(1),
		rest.Cost{Bucket: t.tenSecs, Tokens: 1}, rest.Cost{Bucket: t.day, Tokens: 1})
	if err != nil {
		return trade.Report{}, err
	}
	if answer.Status != http.StatusOK {
		err := refusal(answer)
		if errors.Is(err, trade.ErrNoOrder) {
			err = fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
		}
		return trade.Report{}, err
	}
	placed, err := rest.Decode[orderAnswer](answer)
	if err != nil {
		return trade.Report{}, err
	}
	return placed.report(o)
}

// Find implements trade.Venue: "Query order (USER_DATA)" by origClientOrderId.
func (t *Trader) Find(ctx context.Context, o trade.Order, _ time.Time) (trade.Report, error) {
	query := "symbol=" + symbol(o.Instrument) + "&origClientOrderId=" + o.ClientID + "&"
	answer, err := t.signed(ctx, http.MethodGet, "/api/v3/order", query, recvWindowMost, t.weighs(4))
	if err != nil {
		return trade.Report{}, err
	}
	if answer.Status != http.StatusOK {
		return trade.Report{}, refusal(answer)
	}
	found, err := rest.Decode[orderAnswer](answer)
	if err != nil {
		return trade.Report{}, err
	}
	return found.report(o)
}

// Fills implements trade.Venue: "Account trade list (USER_DATA)", which does not tell
// client ids.
func (t *Trader) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	query := fmt.Sprintf("symbol=%s&startTime=%d&limit=%d&", symbol(i), since.UnixMilli(), fillsMost)
	answer, err := t.signed(ctx, http.MethodGet, "/api/v3/myTrades", query, recvWindowMost, t.weighs(20))
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, refusal(answer)
	}
	list, err := rest.Decode[[]tradeAnswer](answer)
	if err != nil {
		return nil, err
	}
	if len(list) >= fillsMost {
		return nil, trade.ErrCut
	}
	fills := make([]trade.Fill, len(list))
	for n, told := range list {
		if fills[n], err = told.fill(i); err != nil {
			return nil, fmt.Errorf("trade %d: %w", told.ID, err)
		}
	}
	return fills, nil
}

type tradeAnswer struct {
	ID       int64  `json:"id"`
	OrderID  int64  `json:"orderId"`
	Price    string `json:"price"`
	Quantity string `json:"qty"`
	Fee      string `json:"commission"`
	FeeAsset string `json:"commissionAsset"`
	Time     int64  `json:"time"`
	Buyer    bool   `json:"isBuyer"`
}

func (a tradeAnswer) fill(i liquidity.Instrument) (f trade.Fill, err error) {
	f = trade.Fill{ID: symbol(i) + ":" + strconv.FormatInt(a.ID, 10), VenueOrderID: strconv.FormatInt(a.OrderID, 10),
		Side: trade.Sell, At: time.UnixMilli(a.Time)}
	if a.Buyer {
		f.Side = trade.Buy
	}
	if f.Price, err = rest.Ticks(a.Price, i.PriceDecimals); err != nil {
		return f, err
	}
	if f.Size, err = rest.Ticks(a.Quantity, i.SizeDecimals); err != nil {
		return f, err
	}
	f.Fee, err = rest.Fee(asset.ID(a.FeeAsset), a.Fee)
	return f, err
}

// Depth implements trade.Venue: "Order book".
func (t *Trader) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/api/v3/depth?limit=50&symbol=" + symbol(i), Costs: []rest.Cost{t.weighs(5)}})
	if err != nil {
		return trade.Depth{}, err
	}
	if answer.Status != http.StatusOK {
		return trade.Depth{}, refusal(answer)
	}
	told, err := rest.Decode[struct {
		Bids [][]json.RawMessage `json:"bids"`
		Asks [][]json.RawMessage `json:"asks"`
	}](answer)
	if err != nil {
		return trade.Depth{}, err
	}
	return rest.Depth(told.Bids, told.Asks, i)
}

// Rules implements trade.Venue: "Exchange information", the filters of a symbol.
func (t *Trader) Rules(ctx context.Context, i liquidity.Instrument) (trade.Rules, error) {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/api/v3/exchangeInfo?symbol=" + symbol(i), Costs: []rest.Cost{t.weighs(20)}})
	if err != nil {
		return trade.Rules{}, err
	}
	if answer.Status != http.StatusOK {
		return trade.Rules{}, refusal(answer)
	}
	told, err := rest.Decode[struct {
		Symbols []struct {
			Symbol  string `json:"symbol"`
			Status  string `json:"status"`
			Filters []struct {
				Type        string `json:"filterType"`
				TickSize    string `json:"tickSize"`
				StepSize    string `json:"stepSize"`
				MinQuantity string `json:"minQty"`
				MinNotional string `json:"minNotional"`
			} `json:"filters"`
		} `json:"symbols"`
	}](answer)
	if err != nil {
		return trade.Rules{}, err
	}
	if len(told.Symbols) != 1 || told.Symbols[0].Symbol != symbol(i) || told.Symbols[0].Status != "TRADING" {
		return trade.Rules{}, fmt.Errorf("%s is not traded at the venue now", i)
	}
	var rules rest.RuleTexts
	for _, f := range told.Symbols[0].Filters {
		switch f.Type {
		case "PRICE_FILTER":
			rules.PriceStep = f.TickSize
		case "LOT_SIZE":
			rules.SizeStep, rules.MinSize = f.StepSize, f.MinQuantity
		case "NOTIONAL", "MIN_NOTIONAL":
			rules.MinCost = f.MinNotional
		}
	}
	return rules.Read(i)
}
