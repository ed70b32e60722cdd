package kraken

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
)

// The venue's deadline of an order is from 2 to 60 seconds ahead.
const (
	deadlineLeast = 2 * time.Second
	deadlineMost  = time.Minute
)

// tradesPage is how many trades an answer has at most, pagesMost how many are asked for.
const (
	tradesPage = 50
	pagesMost  = 4
)

// Place implements trade.Venue: "Add Order" with a deadline, after which the matching
// engine refuses it. The answer does not tell what was filled.
func (t *Trader) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	if left := o.Deadline.Sub(t.now()); left < deadlineLeast || left > deadlineMost {
		return trade.Report{}, fmt.Errorf("%w: its deadline is in %s, not within %s and %s", trade.ErrNotPlaced, left, deadlineLeast, deadlineMost)
	}
	var told struct {
		IDs []string `json:"txid"`
	}
	err := t.private(ctx, "AddOrder", url.Values{"ordertype": {"limit"}, "type": {string(o.Side)}, "pair": {pair(o.Instrument)},
		"volume": {rest.Format(o.Size, o.Instrument.SizeDecimals)}, "price": {rest.Format(o.Price, o.Instrument.PriceDecimals)},
		"timeinforce": {"IOC"}, "oflags": {"fciq"}, "cl_ord_id": {o.ClientID},
		"deadline": {o.Deadline.UTC().Format("2006-01-02T15:04:05.000Z")}}, &told, rest.Cost{Bucket: t.orders, Tokens: 1})
	if err != nil {
		return trade.Report{}, err
	}
	if len(told.IDs) != 1 || told.IDs[0] == "" {
		return trade.Report{}, fmt.Errorf("the venue made %d orders of one", len(told.IDs))
	}
	return trade.Report{VenueID: told.IDs[0]}, nil
}

type orderAnswer struct {
	Status   string `json:"status"`
	ClientID string `json:"cl_ord_id"`
	Executed string `json:"vol_exec"`
}

// Find implements trade.Venue: "Get Open Orders", then "Get Closed Orders", by cl_ord_id:
// so an order that is over in between is found by the second. Before its deadline "none" says
// nothing.
func (t *Trader) Find(ctx context.Context, o trade.Order, since time.Time) (trade.Report, error) {
	var open struct {
		Orders map[string]orderAnswer `json:"open"`
	}
	// What both questions cost is taken at once: else the first could use up again and again
	// what the second waits for.
	if err := t.private(ctx, "OpenOrders", url.Values{"cl_ord_id": {o.ClientID}}, &open, t.counts(3)); err != nil {
		return trade.Report{}, err
	}
	var closed struct {
		Orders map[string]orderAnswer `json:"closed"`
	}
	form := url.Values{"cl_ord_id": {o.ClientID}, "start": {strconv.FormatInt(since.Unix(), 10)}}
	if err := t.private(ctx, "ClosedOrders", form, &closed); err != nil {
		return trade.Report{}, err
	}
	for _, orders := range []map[string]orderAnswer{closed.Orders, open.Orders} {
		for id, told := range orders {
			if told.ClientID == o.ClientID {
				return told.report(id, o)
			}
		}
	}
	return trade.Report{}, trade.ErrNoOrder
}

func (a orderAnswer) report(id string, o trade.Order) (trade.Report, error) {
	filled, err := rest.Ticks(a.Executed, o.Instrument.SizeDecimals)
	if err != nil {
		return trade.Report{}, fmt.Errorf("executed volume: %w", err)
	}
	r := trade.Report{VenueID: id, Filled: filled}
	switch a.Status {
	case "closed", "canceled", "expired":
		r.Over = true
	case "pending", "open":
	default:
		return r, fmt.Errorf("order status %.40q is not known", a.Status)
	}
	return r, nil
}

type tradeAnswer struct {
	OrderID string      `json:"ordertxid"`
	Pair    string      `json:"pair"`
	Time    json.Number `json:"time"`
	Side    trade.Side  `json:"type"`
	Price   string      `json:"price"`
	Volume  string      `json:"vol"`
	Fee     string      `json:"fee"`
}

// Fills implements trade.Venue: "Get Trades History", newest first in pages of 50. They
// tell no client ids.
func (t *Trader) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	var fills []trade.Fill
	for page := range pagesMost {
		var told struct {
			Trades map[string]tradeAnswer `json:"trades"`
		}
		form := url.Values{"start": {strconv.FormatInt(since.Unix(), 10)}, "ofs": {strconv.Itoa(page * tradesPage)}}
		if err := t.private(ctx, "TradesHistory", form, &told, t.counts(2)); err != nil {
			return nil, err
		}
		for id, a := range told.Trades {
			if !of(a.Pair, i) {
				continue
			}
			f, err := a.fill(id, i)
			if err != nil {
				return nil, fmt.Errorf("trade %.40q: %w", id, err)
			}
			fills = append(fills, f)
		}
		if len(told.Trades) < tradesPage {
			return fills, nil
		}
	}
	return nil, trade.ErrCut
}

// of reports whether the venue's name of a pair, old or new, is the instrument's: XETHXXBT
// is ETHXBT.
func of(name string, i liquidity.Instrument) bool {
	if name == pair(i) {
		return true
	}
	if len(name) != 8 || name[0] != 'X' || name[4] != 'X' && name[4] != 'Z' {
		return false
	}
	return name[1:4]+name[5:] == pair(i)
}

func (a tradeAnswer) fill(id string, i liquidity.Instrument) (f trade.Fill, err error) {
	f = trade.Fill{ID: id, VenueOrderID: a.OrderID, Side: a.Side}
	if f.Side != trade.Buy && f.Side != trade.Sell {
		return f, fmt.Errorf("type %.20q is not known", a.Side)
	}
	if f.At, err = rest.Seconds(a.Time.String()); err != nil {
		return f, err
	}
	if f.Price, err = rest.Ticks(a.Price, i.PriceDecimals); err != nil {
		return f, err
	}
	if f.Size, err = rest.Ticks(a.Volume, i.SizeDecimals); err != nil {
		return f, err
	}
	// fciq: fees are in the quote's coins.
	f.Fee, err = rest.Fee(i.Quote, a.Fee)
	return f, err
}

// ask asks without a key.
func (t *Trader) ask(ctx context.Context, path string, result any) error {
	answer, err := t.client.Do(ctx, rest.Request{Method: http.MethodGet, Path: path, Costs: []rest.Cost{{Bucket: t.public, Tokens: 1}}})
	if err != nil {
		return err
	}
	return t.read(answer, result)
}

// Depth implements trade.Venue: "Get Order Book".
func (t *Trader) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	var told map[string]struct {
		Bids [][]json.RawMessage `json:"bids"`
		Asks [][]json.RawMessage `json:"asks"`
	}
	if err := t.ask(ctx, "/0/public/Depth?count=50&pair="+pair(i), &told); err != nil {
		return trade.Depth{}, err
	}
	for _, side := range told {
		if len(told) == 1 {
			return rest.Depth(side.Bids, side.Asks, i)
		}
	}
	return trade.Depth{}, fmt.Errorf("an answer with %d books", len(told))
}

// Rules implements trade.Venue: "Get Tradable Asset Pairs".
func (t *Trader) Rules(ctx context.Context, i liquidity.Instrument) (trade.Rules, error) {
	var told map[string]struct {
		Status      string      `json:"status"`
		TickSize    string      `json:"tick_size"`
		LotDecimals json.Number `json:"lot_decimals"`
		OrderMin    string      `json:"ordermin"`
		CostMin     string      `json:"costmin"`
	}
	if err := t.ask(ctx, "/0/public/AssetPairs?pair="+pair(i), &told); err != nil {
		return trade.Rules{}, err
	}
	for _, p := range told {
		places, err := strconv.Atoi(p.LotDecimals.String())
		if err != nil || places < 0 || places > 18 || len(told) != 1 || p.Status != "online" {
			return trade.Rules{}, fmt.Errorf("%s is not traded at the venue now", i)
		}
		return rest.RuleTexts{PriceStep: p.TickSize, SizeStep: rest.Place(places), MinSize: p.OrderMin, MinCost: p.CostMin}.Read(i)
	}
	return trade.Rules{}, fmt.Errorf("%s is not known at the venue", i)
}
