package liquidity_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/swap/asset"
)

// bourse is a venue of a day: it tells its book when the day says, and trades by the same
// one. Its account is what it has got and given.
type bourse struct {
	name    string
	deliver chan func(liquidity.Top)

	mu      sync.Mutex
	mid     uint64 // 0 while it is gone
	now     time.Time
	reports map[string]trade.Report
	fills   []trade.Fill
	account map[asset.ID]*big.Int
}

var errGone = errors.New("the venue is gone")

// Shape of a bourse's book, and what it takes of a trade.
const (
	bourseLevels = 20
	bourseSize   = 2_0000_0000
	bourseFeeBPS = 10
)

func newBourse(name string) *bourse {
	return &bourse{name: name, deliver: make(chan func(liquidity.Top), 1), reports: map[string]trade.Report{},
		account: map[asset.ID]*big.Int{asset.ETH: new(big.Int), asset.BTC: new(big.Int)}}
}

func (b *bourse) Name() string                   { return b.name }
func (*bourse) Instrument() liquidity.Instrument { return venue{}.Instrument() }
func (*bourse) StaleAfter() time.Duration        { return 4 * tick }

// Stream hands what delivers to the day, which speaks for the venue.
func (b *bourse) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	b.deliver <- deliver
	<-ctx.Done()
	return nil
}

// stand has the venue quote around a price from now on, and says what it would tell.
func (b *bourse) stand(mid uint64, now time.Time) liquidity.Top {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mid, b.now = mid, now
	t := liquidity.Top{Instrument: b.Instrument(), VenueTime: now, ReceivedAt: now}
	if mid == 0 {
		t.Unavailable = "Gone."
		return t
	}
	for n := range uint64(bourseLevels) {
		bid, ask := b.level(n)
		t.Bids, t.Asks = append(t.Bids, liquidity.Level{Price: bid, Size: bourseSize}), append(t.Asks, liquidity.Level{Price: ask, Size: bourseSize})
	}
	t.Bid, t.Ask = t.Bids[0], t.Asks[0]
	return t
}

// level are the nth bid and ask. The caller has the lock.
func (b *bourse) level(n uint64) (bid, ask uint64) {
	away := halfOf(b.mid) + n*(b.mid/20_000)
	return b.mid - away, b.mid + away
}

// Rules implements trade.Venue.
func (*bourse) Rules(context.Context, liquidity.Instrument) (trade.Rules, error) {
	return trade.Rules{PriceStep: 1, SizeStep: 1, MinSize: 1}, nil
}

// Depth implements trade.Venue.
func (b *bourse) Depth(context.Context, liquidity.Instrument) (d trade.Depth, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mid == 0 {
		return d, errGone
	}
	for n := range uint64(bourseLevels) {
		bid, ask := b.level(n)
		d.Bids, d.Asks = append(d.Bids, book.Level{Price: bid, Size: bourseSize}), append(d.Asks, book.Level{Price: ask, Size: bourseSize})
	}
	return d, nil
}

// Place implements trade.Venue.
func (b *bourse) Place(_ context.Context, o trade.Order) (trade.Report, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mid == 0 {
		return trade.Report{}, errGone
	}
	if _, again := b.reports[o.ClientID]; again {
		return trade.Report{}, fmt.Errorf("order %s came twice", o.ClientID)
	}
	r := trade.Report{VenueID: fmt.Sprintf("%s-%d", b.name, len(b.reports)), Over: true}
	for n := range uint64(bourseLevels) {
		bid, ask := b.level(n)
		price := bid
		if o.Side == trade.Buy {
			price = ask
		}
		size := min(o.Size-r.Filled, bourseSize)
		if size == 0 || o.Side == trade.Buy && price > o.Price || o.Side == trade.Sell && price < o.Price {
			break
		}
		r.Filled += size
		b.fill(o, r.VenueID, size, price)
	}
	b.reports[o.ClientID] = r
	return r, nil
}

// fill moves the account by one trade and its fee, which is in bitcoin. The caller has the
// lock.
func (b *bourse) fill(o trade.Order, id string, size, price uint64) {
	f := trade.Fill{ID: fmt.Sprintf("%s-%d", id, len(b.fills)), VenueOrderID: id, ClientID: o.ClientID, Side: o.Side, Price: price, Size: size, At: b.now}
	eth, btc := moved(f)
	fee := new(big.Int).Abs(btc)
	fee.Mul(fee, big.NewInt(bourseFeeBPS)).Quo(fee, big.NewInt(10_000)).Add(fee, big.NewInt(1))
	f.Fee = asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(fee.Uint64())}
	b.fills = append(b.fills, f)
	b.account[asset.ETH].Add(b.account[asset.ETH], eth)
	b.account[asset.BTC].Add(b.account[asset.BTC], btc).Sub(b.account[asset.BTC], fee)
}

// Find implements trade.Venue.
func (b *bourse) Find(_ context.Context, o trade.Order, _ time.Time) (trade.Report, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, known := b.reports[o.ClientID]
	if !known {
		return r, trade.ErrNoOrder
	}
	return r, nil
}

// Fills implements trade.Venue.
func (b *bourse) Fills(_ context.Context, _ liquidity.Instrument, since time.Time) (list []trade.Fill, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.fills {
		if !f.At.Before(since) {
			list = append(list, f)
		}
	}
	return list, nil
}

// Balances implements trade.Venue.
func (*bourse) Balances(context.Context) (map[asset.ID]asset.Units, error) {
	return map[asset.ID]asset.Units{}, nil
}
