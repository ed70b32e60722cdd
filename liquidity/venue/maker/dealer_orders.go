package maker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// Place implements trade.Venue: it asks for a firm quote and accepts it if it keeps the
// order's limit and expires by its deadline.
func (d *Dealer) Place(ctx context.Context, o trade.Order) (trade.Report, error) {
	if err := o.Validate(); err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	q, cost, err := d.quote(ctx, "quote", o.Instrument, o.Side, o.Size)
	if err != nil {
		// Nothing was accepted yet.
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	price, err := priceOf(o.Instrument, o.Side, o.Size, cost)
	if err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	if o.Side == trade.Buy && price > o.Price || o.Side == trade.Sell && price < o.Price {
		return trade.Report{}, fmt.Errorf("%w: the dealer's price %d is beyond the limit %d", trade.ErrNotPlaced, price, o.Price)
	}
	expiry, err := rest.Seconds(q.Expiry)
	if err != nil || q.Hash == "" || !expiry.After(d.now()) || expiry.After(o.Deadline) {
		return trade.Report{}, fmt.Errorf("%w: the quote expires at %.30q, not by the order's deadline", trade.ErrNotPlaced, q.Expiry)
	}
	body, err := json.Marshal(map[string]string{"orderHash": q.Hash, "clientOrderId": o.ClientID})
	if err != nil {
		return trade.Report{}, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	var told struct {
		Hash string `json:"orderHash"`
	}
	if err := d.ask(ctx, http.MethodPost, "/rfqm/v1/submit", string(body), &told); err != nil {
		return trade.Report{}, err
	}
	if told.Hash != q.Hash {
		return trade.Report{}, fmt.Errorf("the dealer answered of quote %.80q, not of %.80q", told.Hash, q.Hash)
	}
	return trade.Report{VenueID: q.Hash}, nil
}

// settled is an order's state, and its trade once it is confirmed.
type settled struct {
	Status   string      `json:"status"`
	Hash     string      `json:"orderHash"`
	ClientID string      `json:"clientOrderId"`
	SellName asset.ID    `json:"sellToken"`
	Sell     asset.Units `json:"sellAmount"`
	Buy      asset.Units `json:"buyAmount"`
	At       int64       `json:"timestamp"`
}

// Find implements trade.Venue. What succeeded and is not confirmed may still be undone.
func (d *Dealer) Find(ctx context.Context, o trade.Order, _ time.Time) (trade.Report, error) {
	var told settled
	if err := d.ask(ctx, http.MethodGet, "/rfqm/v1/status?clientOrderId="+o.ClientID, "", &told); err != nil {
		return trade.Report{}, err
	}
	if told.ClientID != o.ClientID || told.Hash == "" {
		return trade.Report{}, fmt.Errorf("the dealer answered of order %.40q, not of %s", told.ClientID, o.ClientID)
	}
	switch told.Status {
	case "confirmed":
		return trade.Report{VenueID: told.Hash, Over: true, Filled: o.Size}, nil
	case "failed":
		return trade.Report{VenueID: told.Hash, Over: true}, nil
	case "pending", "submitted", "succeeded":
		return trade.Report{VenueID: told.Hash}, nil
	}
	return trade.Report{}, fmt.Errorf("order status %.40q is not known", told.Status)
}

// Fills implements trade.Venue: confirmed orders of the pair. Their exact cost goes before
// their price.
func (d *Dealer) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) ([]trade.Fill, error) {
	var told struct {
		Trades []settled `json:"trades"`
		More   bool      `json:"more"`
	}
	path := "/rfqm/v1/trades?base=" + string(i.Base) + "&quote=" + string(i.Quote) + "&since=" + strconv.FormatInt(since.Unix(), 10)
	if err := d.ask(ctx, http.MethodGet, path, "", &told); err != nil {
		return nil, err
	}
	if told.More {
		return nil, trade.ErrCut
	}
	fills := make([]trade.Fill, len(told.Trades))
	for n, t := range told.Trades {
		var err error
		if fills[n], err = t.fill(i); err != nil {
			return nil, fmt.Errorf("trade %.80q: %w", t.Hash, err)
		}
	}
	return fills, nil
}

func (t settled) fill(i liquidity.Instrument) (f trade.Fill, err error) {
	base, cost, side := t.Sell, t.Buy, trade.Sell
	if t.SellName != i.Base {
		base, cost, side = t.Buy, t.Sell, trade.Buy
	}
	f = trade.Fill{ID: t.Hash, VenueOrderID: t.Hash, ClientID: t.ClientID, Side: side, Cost: cost, At: time.Unix(t.At, 0)}
	size, err := base.MulDiv(big.NewInt(1), asset.Pow10(asset.MustLookup(i.Base).Decimals-i.SizeDecimals), asset.Down)
	if err != nil {
		return f, err
	}
	n, fits := size.Uint64()
	if !fits || n == 0 || f.ID == "" {
		return f, errors.New("no size, or no id")
	}
	f.Size = n
	f.Price, err = priceOf(i, side, f.Size, cost)
	return f, err
}
