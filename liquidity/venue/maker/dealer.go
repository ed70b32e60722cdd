package maker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/swap/asset"
)

// DealerName is the dealer's in settings, logs and metrics.
const DealerName = "dealer"

// perSecond is how many requests the dealer takes.
const perSecond = 10

// Dealer trades by firm quotes. Tokens are named as Ferry names assets, amounts are base
// units.
type Dealer struct {
	client *rest.Client
	key    rest.Key
	now    func() time.Time
	ladder []uint64
	bucket *rest.Bucket
}

var _ trade.Venue = (*Dealer)(nil)

// NewDealer asks for indicative prices of the ladder's sizes, which ascend, in units of the
// instruments' SizeDecimals. It connects nothing yet.
func NewDealer(address string, key rest.Key, ladder []uint64, timeout time.Duration, now func() time.Time) (*Dealer, error) {
	if key.Secret.Reveal() == "" || len(ladder) == 0 || len(ladder) > 5 {
		return nil, errors.New("dealer: a key and one to five sizes are needed")
	}
	had := uint64(0)
	for _, size := range ladder {
		if size <= had {
			return nil, errors.New("dealer: sizes must ascend from above 0")
		}
		had = size
	}
	client, err := rest.New(rest.Config{URL: address, Timeout: timeout, Now: now})
	if err != nil {
		return nil, fmt.Errorf("dealer: %w", err)
	}
	return &Dealer{client: client, key: key, now: now, ladder: ladder, bucket: rest.NewBucket(2*perSecond, 2*time.Second)}, nil
}

// Name implements trade.Venue.
func (d *Dealer) Name() string { return DealerName }

func (d *Dealer) ask(ctx context.Context, method, path, body string, result any) error {
	answer, err := d.client.Do(ctx, rest.Request{Method: method, Path: path, Body: body, Costs: []rest.Cost{{Bucket: d.bucket, Tokens: 1}},
		Header: http.Header{"0x-Api-Key": {d.key.Secret.Reveal()}, "Content-Type": {"application/json"}}})
	if err != nil {
		return err
	}
	switch {
	case answer.Status == http.StatusNotFound:
		return trade.ErrNoOrder
	case answer.Status >= 400 && answer.Status < 500:
		return fmt.Errorf("%w: status %d: %.200s", trade.ErrNotPlaced, answer.Status, answer.Body)
	case answer.Status != http.StatusOK:
		return fmt.Errorf("status %d", answer.Status)
	}
	if err := json.Unmarshal(answer.Body, result); err != nil {
		return fmt.Errorf("an answer that can't be read: %w", err)
	}
	return nil
}

// quote is a price or a firm quote.
type quote struct {
	Available bool        `json:"liquidityAvailable"`
	Sell      asset.Units `json:"sellAmount"`
	Buy       asset.Units `json:"buyAmount"`
	Hash      string      `json:"orderHash"`
	Expiry    string      `json:"expiry"`
}

// quote asks for the exchange of a size of Base against Quote.
func (d *Dealer) quote(ctx context.Context, what string, i liquidity.Instrument, side trade.Side, size uint64) (q quote, cost asset.Units, err error) {
	amount, err := unitsOf(i, size)
	if err != nil {
		return q, cost, fmt.Errorf("%w: %w", trade.ErrNotPlaced, err)
	}
	form := url.Values{"sellToken": {string(i.Base)}, "buyToken": {string(i.Quote)}, "sellAmount": {amount.String()}}
	if side == trade.Buy {
		form = url.Values{"sellToken": {string(i.Quote)}, "buyToken": {string(i.Base)}, "buyAmount": {amount.String()}}
	}
	if err := d.ask(ctx, http.MethodGet, "/rfqm/v1/"+what+"?"+form.Encode(), "", &q); err != nil {
		return q, cost, err
	}
	base, cost := q.Sell, q.Buy
	if side == trade.Buy {
		base, cost = q.Buy, q.Sell
	}
	if !q.Available {
		return q, cost, fmt.Errorf("%w: the dealer quotes nothing for %d", trade.ErrNotPlaced, size)
	}
	if base != amount || cost.IsZero() {
		return q, cost, fmt.Errorf("%w: the dealer quotes %s for %s of %s", trade.ErrNotPlaced, cost, base, i.Base)
	}
	return q, cost, nil
}

// unitsOf is a size in base units; an error where it is no whole number of them.
func unitsOf(i liquidity.Instrument, size uint64) (asset.Units, error) {
	places := asset.MustLookup(i.Base).Decimals - i.SizeDecimals
	if places < 0 {
		return asset.Units{}, fmt.Errorf("sizes of %s are finer than its base units", i)
	}
	return asset.NewUnits(size).MulDiv(asset.Pow10(places), big.NewInt(1), asset.Down)
}

// priceOf is cost / size in ticks, rounded against the house.
func priceOf(i liquidity.Instrument, side trade.Side, size uint64, cost asset.Units) (uint64, error) {
	r := asset.Down
	if side == trade.Buy {
		r = asset.Up
	}
	num := asset.Pow10(i.PriceDecimals + i.SizeDecimals)
	den := new(big.Int).Mul(new(big.Int).SetUint64(size), asset.Pow10(asset.MustLookup(i.Quote).Decimals))
	ticks, err := cost.MulDiv(num, den, r)
	if err != nil {
		return 0, err
	}
	n, fits := ticks.Uint64()
	if !fits || n == 0 {
		return 0, fmt.Errorf("a price of %s ticks", ticks)
	}
	return n, nil
}

// Depth implements trade.Venue: what each next part of the ladder would cost.
func (d *Dealer) Depth(ctx context.Context, i liquidity.Instrument) (trade.Depth, error) {
	var depth trade.Depth
	for side, levels := range map[trade.Side]*[]book.Level{trade.Sell: &depth.Bids, trade.Buy: &depth.Asks} {
		var had uint64
		var paid asset.Units
		for _, size := range d.ladder {
			_, cost, err := d.quote(ctx, "price", i, side, size)
			if err != nil {
				return depth, err
			}
			more, err := cost.Sub(paid)
			if err != nil {
				return depth, fmt.Errorf("the dealer asks less for more: %w", err)
			}
			price, err := priceOf(i, side, size-had, more)
			if err != nil {
				return depth, err
			}
			*levels = append(*levels, book.Level{Price: price, Size: size - had})
			had, paid = size, cost
		}
	}
	return depth, nil
}

// Rules implements trade.Venue: any size from a hundredth of the ladder's first.
func (d *Dealer) Rules(context.Context, liquidity.Instrument) (trade.Rules, error) {
	return trade.Rules{PriceStep: 1, SizeStep: 1, MinSize: max(d.ladder[0]/100, 1)}, nil
}

// Balances implements trade.Venue: a dealer holds nothing of ours.
func (d *Dealer) Balances(context.Context) (map[asset.ID]asset.Units, error) {
	return map[asset.ID]asset.Units{}, nil
}
