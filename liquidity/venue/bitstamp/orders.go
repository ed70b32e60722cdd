package bitstamp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
)

// fillsMost is the longest list of transactions that is asked for.
const fillsMost = 1000

// Place implements trade.Venue: "Buy limit order" and "Sell limit order" as ioc_order. The
// answer does not tell what was filled.
func (t *Trader) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	if left := o.Deadline.Sub(t.now()); left <= 0 || left > stampLife {
		return trade.Report{}, fmt.Errorf("%w: its deadline is in %s, not within %s", trade.ErrNotPlaced, left, stampLife)
	}
	form := url.Values{"amount": {rest.Format(o.Size, o.Instrument.SizeDecimals)}, "price": {rest.Format(o.Price, o.Instrument.PriceDecimals)},
		"ioc_order": {"True"}, "client_order_id": {o.ClientID}}
	var told struct {
		ID       json.RawMessage `json:"id"`
		ClientID string          `json:"client_order_id"`
	}
	err := t.ask(ctx, "/api/v2/"+string(o.Side)+"/"+symbol(o.Instrument)+"/", form, o.Deadline.Add(-stampLife), &told)
	if err != nil {
		if errors.Is(err, trade.ErrNoOrder) {
			err = fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
		}
		return trade.Report{}, err
	}
	if rest.Text(told.ID) == "" || told.ClientID != o.ClientID {
		return trade.Report{}, fmt.Errorf("the venue answered of order %.40q, not of %s", told.ClientID, o.ClientID)
	}
	return trade.Report{VenueID: rest.Text(told.ID)}, nil
}

// Find implements trade.Venue: "Order status" by client_order_id. What was filled is the sum
// of its transactions, in the field that is named like Base.
func (t *Trader) Find(ctx context.Context, o trade.Order, _ time.Time) (trade.Report, error) {
	var told struct {
		ID           json.RawMessage              `json:"id"`
		Status       string                       `json:"status"`
		ClientID     string                       `json:"client_order_id"`
		Transactions []map[string]json.RawMessage `json:"transactions"`
	}
	if err := t.ask(ctx, "/api/v2/order_status/", url.Values{"client_order_id": {o.ClientID}}, t.now(), &told); err != nil {
		return trade.Report{}, err
	}
	if told.ClientID != o.ClientID || rest.Text(told.ID) == "" {
		return trade.Report{}, fmt.Errorf("the venue answered of order %.40q, not of %s", told.ClientID, o.ClientID)
	}
	r := trade.Report{VenueID: rest.Text(told.ID)}
	for _, x := range told.Transactions {
		size, err := rest.Ticks(strings.TrimPrefix(rest.Text(x[strings.ToLower(string(o.Instrument.Base))]), "-"), o.Instrument.SizeDecimals)
		if err != nil {
			return r, fmt.Errorf("a transaction's amount: %w", err)
		}
		r.Filled += size
	}
	switch told.Status {
	case "Finished", "Canceled", "Expired":
		r.Over = true
	case "Open", "In Queue", "Cancel pending":
	default:
		return r, fmt.Errorf("order status %.40q is not known", told.Status)
	}
	return r, nil
}

// Fills implements trade.Venue: "User transactions" of the pair, newest first, which do not
// tell client ids.
func (t *Trader) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	var told []map[string]json.RawMessage
	form := url.Values{"limit": {strconv.Itoa(fillsMost)}, "sort": {"desc"}, "since_timestamp": {strconv.FormatInt(since.Unix(), 10)}}
	if err := t.ask(ctx, "/api/v2/user_transactions/"+symbol(i)+"/", form, t.now(), &told); err != nil {
		return nil, err
	}
	if len(told) >= fillsMost {
		return nil, trade.ErrCut
	}
	var fills []trade.Fill
	for _, x := range told {
		if rest.Text(x["type"]) != marketTrade {
			continue
		}
		f, err := fill(x, i)
		if err != nil {
			return nil, fmt.Errorf("transaction %.40s: %w", x["id"], err)
		}
		fills = append(fills, f)
	}
	return fills, nil
}

// marketTrade is the type of transactions that are trades.
const marketTrade = "2"

// fill reads a transaction: amounts are in fields named like the assets, what was given is
// negative, and the price is in "<base>_<quote>".
func fill(x map[string]json.RawMessage, i liquidity.Instrument) (f trade.Fill, err error) {
	base, quote := strings.ToLower(string(i.Base)), strings.ToLower(string(i.Quote))
	f = trade.Fill{ID: rest.Text(x["id"]), VenueOrderID: rest.Text(x["order_id"]), Side: trade.Buy}
	if f.ID == "" || f.VenueOrderID == "" {
		return f, errors.New("an id is missing")
	}
	amount, given := strings.CutPrefix(rest.Text(x[base]), "-")
	if given {
		f.Side = trade.Sell
	}
	if f.Size, err = rest.Ticks(amount, i.SizeDecimals); err != nil {
		return f, err
	}
	if f.Price, err = rest.Ticks(rest.Text(x[base+"_"+quote]), i.PriceDecimals); err != nil {
		return f, err
	}
	if f.At, err = time.Parse("2006-01-02 15:04:05", rest.Text(x["datetime"])); err != nil {
		return f, err
	}
	f.Fee, err = rest.Fee(i.Quote, rest.Text(x["fee"]))
	return f, err
}
