package simulator

import (
	"math/bits"
	"slices"
	"sync"
	"time"

	"ferry/liquidity/book"
	"ferry/swap/asset"
)

// Shape of an account.
const (
	// startCoins is what an account has of each asset at first, startDollars of each dollar.
	startCoins   = 1_000 * coin
	startDollars = 10_000_000 * coin
	// FeeBPS is what a trade costs, of what it brings in or of its price in Quote.
	FeeBPS = 10
	// ordersKept bounds what is remembered; older orders are forgotten.
	ordersKept = 10_000
)

// account is the one trading account at a venue. Everything is in units of 10^-8.
type account struct {
	mu       sync.Mutex
	orders   []*placed
	trades   []traded
	balances map[asset.ID]uint64
	// feeInBase: a buy's fee is taken from the coins that were bought.
	feeInBase bool
	due       map[Kind]int
	// late orders arrive once somebody has asked often enough; asked counts.
	late       []placement
	asked      int
	retryAfter int
	number     int64
}

// placement is an order as it came.
type placement struct {
	client      string
	feed        *feed
	buy         bool
	size, price uint64
	// deadline is when it must be refused; zero for never.
	deadline time.Time
}

// placed is an order that the venue has, always over: nothing rests in a book.
type placed struct {
	placement
	id     int64
	filled uint64
	at     time.Time
}

// traded is one trade of an order.
type traded struct {
	id          int64
	order       *placed
	price, size uint64
	fee         uint64
	feeAsset    asset.ID
	at          time.Time
}

func newAccount(feeInBase bool) *account {
	a := &account{balances: map[asset.ID]uint64{}, feeInBase: feeInBase, due: map[Kind]int{}}
	for _, known := range asset.All() {
		a.balances[known.ID] = startCoins
		if known.Token {
			a.balances[known.ID] = startDollars
		}
	}
	return a
}

// verdict is what becomes of an order and its answer.
type verdict int

const (
	answer verdict = iota
	refused
	expired
	// cut ends the connection, hang never answers.
	cut
	hang
	// reset ends it with an error of the network, after the order was placed.
	reset
	// failed is an internal error, unsure one after the order was placed.
	failed
	unsure
	throttled
	banned
)

// place takes an order, or misbehaves. An order with a client id that was used before is
// taken again: venues compare it with open orders only.
func (a *account) place(p placement, now time.Time) (*placed, verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for kind, v := range map[Kind]verdict{OrderThrottle: throttled, OrderBan: banned, OrderRefused: refused, OrderLost: cut, OrderVanish: hang, OrderFailure: failed} {
		if a.spend(kind) {
			return nil, v
		}
	}
	if a.spend(OrderLate) {
		a.late, a.asked = append(a.late, p), 0
		return nil, cut
	}
	o, v := a.execute(p, now)
	if v != answer {
		return nil, v
	}
	for kind, v := range map[Kind]verdict{OrderCut: cut, OrderReset: reset, OrderHang: hang, OrderUnsure: unsure} {
		if a.spend(kind) {
			return o, v
		}
	}
	return o, answer
}

// arrive executes orders that were on their way while somebody asked twice: for the order
// and for trades, for example.
func (a *account) arrive(now time.Time) {
	if a.asked++; a.asked < 2 {
		return
	}
	for _, p := range a.late {
		a.execute(p, now)
	}
	a.late = nil
}

func (a *account) execute(p placement, now time.Time) (*placed, verdict) {
	if !p.deadline.IsZero() && !now.Before(p.deadline) {
		return nil, expired
	}
	m := p.feed.market.Instrument
	pays, most := m.Base, p.size
	if p.buy {
		pays, most = m.Quote, product(p.size, p.price)
	}
	if a.balances[pays] < most {
		return nil, refused
	}
	a.number++
	o := &placed{placement: p, id: a.number, at: now}
	size := p.size
	if a.spend(OrderPartial) {
		size /= 2
	}
	for _, l := range p.feed.take(p.buy, size, p.price) {
		a.settle(o, l, now)
	}
	a.orders = append(a.orders, o)
	a.orders = a.orders[max(0, len(a.orders)-ordersKept):]
	a.trades = a.trades[max(0, len(a.trades)-ordersKept):]
	return o, answer
}

// settle books one trade.
func (a *account) settle(o *placed, l book.Level, now time.Time) {
	m, cost := o.feed.market.Instrument, product(l.Size, l.Price)
	a.number++
	t := traded{id: a.number, order: o, price: l.Price, size: l.Size, at: now, fee: cost * FeeBPS / 10_000, feeAsset: m.Quote}
	if a.feeInBase && o.buy {
		t.fee, t.feeAsset = l.Size*FeeBPS/10_000, m.Base
	}
	if o.buy {
		a.balances[m.Base] += l.Size
		a.balances[m.Quote] -= min(cost, a.balances[m.Quote])
	} else {
		a.balances[m.Base] -= min(l.Size, a.balances[m.Base])
		a.balances[m.Quote] += cost
	}
	a.balances[t.feeAsset] -= min(t.fee, a.balances[t.feeAsset])
	o.filled += l.Size
	a.trades = append(a.trades, t)
}

// product is size × price in 10^-8 coins of Quote, rounded down.
func product(size, price uint64) uint64 {
	high, low := bits.Mul64(size, price)
	if high >= coin {
		return 1<<64 - 1
	}
	n, _ := bits.Div64(high, low, coin)
	return n
}

// find looks for the newest order of a client id; unfit is answer, or how the
// venue fails instead.
func (a *account) find(client string, now time.Time) (o *placed, unfit verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.arrive(now)
	if unfit := a.lookup(); unfit != answer {
		return nil, unfit
	}
	if a.spend(LookupBlind) {
		return nil, answer
	}
	for _, known := range slices.Backward(a.orders) {
		if known.client == client {
			return known, answer
		}
	}
	return nil, answer
}

// since lists trades in a market (all if nil), oldest first.
func (a *account) since(f *feed, from, now time.Time) (list []traded, unfit verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.arrive(now)
	if unfit := a.lookup(); unfit != answer {
		return nil, unfit
	}
	if a.spend(FillsBlind) {
		return nil, answer
	}
	for _, t := range a.trades {
		if !t.at.Before(from) && (f == nil || t.order.feed == f) {
			list = append(list, t)
		}
	}
	return list, answer
}

// holds are the balances.
func (a *account) holds() map[asset.ID]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	balances := map[asset.ID]uint64{}
	for id, units := range a.balances {
		balances[id] = units
	}
	return balances
}

// lookup is answer, or the fault that is due for what is asked.
func (a *account) lookup() verdict {
	switch {
	case a.spend(LookupFailure):
		return failed
	case a.spend(LookupThrottle):
		return throttled
	}
	return answer
}

func (a *account) spend(k Kind) bool {
	if a.due[k] == 0 {
		return false
	}
	a.due[k]--
	return true
}

func (a *account) inject(fault Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due[fault.Kind] = max(fault.Count, 1)
	a.retryAfter = fault.Seconds
}

// take fills an order against the book as far as its limit allows, and takes what was
// filled out of the book.
func (f *feed) take(buy bool, size, limit uint64) []book.Level {
	f.mu.Lock()
	defer f.mu.Unlock()
	side := book.Bid
	if buy {
		side = book.Ask
	}
	var taken []book.Level
	for _, l := range slices.Collect(f.exchange.book.Levels(side)) {
		if size == 0 || buy && l.Price > limit || !buy && l.Price < limit {
			break
		}
		n := min(size, l.Size)
		size -= n
		taken = append(taken, book.Level{Price: l.Price, Size: n})
		f.exchange.change(side, book.Level{Price: l.Price, Size: l.Size - n})
	}
	return taken
}

// recent lists the orders in a market since a time, newest first.
func (a *account) recent(f *feed, from, now time.Time) (list []*placed, unfit verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.arrive(now)
	if unfit := a.lookup(); unfit != answer {
		return nil, unfit
	}
	if a.spend(LookupBlind) {
		return nil, answer
	}
	for _, o := range slices.Backward(a.orders) {
		if o.feed == f && !o.at.Before(from) {
			list = append(list, o)
		}
	}
	return list, answer
}

// of lists an order's trades.
func (a *account) of(o *placed) (list []traded) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.trades {
		if t.order == o {
			list = append(list, t)
		}
	}
	return list
}
