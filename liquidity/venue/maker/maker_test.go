package maker

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/simulator/makers"
	"ferry/liquidity/venue/venuetest"
)

func play(t *testing.T) (*makers.Makers, string) {
	t.Helper()
	m := makers.New(1, venuetest.Market(t), venuetest.Pace, time.Now)
	m.QuoteLife = 20 * time.Second // longer than a noisy machine may stall, and within the orders' deadlines
	server := httptest.NewServer(m.Handler())
	t.Cleanup(server.Close)
	return m, strings.TrimPrefix(server.URL, "http://")
}

// follow streams tops until one is as wanted.
func follow(t *testing.T, v *feed.Venue) (await func(what string, fits func(liquidity.Top) bool)) {
	t.Helper()
	tops := make(chan liquidity.Top)
	done := make(chan error, 1)
	ctx := t.Context()
	go func() {
		done <- v.Stream(ctx, func(top liquidity.Top) {
			select {
			case tops <- top:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(what string, fits func(liquidity.Top) bool) {
		t.Helper()
		limit := time.NewTimer(venuetest.Patience)
		defer limit.Stop()
		for {
			select {
			case top := <-tops:
				if fits(top) {
					return
				}
			case <-limit.C:
				t.Fatalf("no top comes that is %s", what)
			}
		}
	}
}

func priced(top liquidity.Top) bool {
	return top.Unavailable == "" && top.Bid.Price < top.Ask.Price && top.Bid.Size > 0
}
func gone(top liquidity.Top) bool { return top.Unavailable != "" }

// Setup: a maker that streams. Test: its quotes are followed; a message out of turn, one
// that is cut off, and quotes that are withdrawn each cost the price, which then comes back.
func TestQuotesAreFollowed(t *testing.T) {
	t.Parallel()
	m, address := play(t)
	v, err := New(feed.Market{StreamURL: "ws://" + address + "/maker", Instrument: venuetest.Market(t).Instrument, StaleAfter: 30 * time.Second,
		Log: venuetest.Quiet, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	await := follow(t, v)
	await("a price", priced)
	for _, kind := range []simulator.Kind{simulator.Gap, simulator.Garbage, simulator.OldSnapshot} {
		m.Inject(kind, 1)
		await("lost to "+string(kind), gone)
		await("a price again", priced)
	}
	if v.Gaps() == 0 {
		t.Error("the message out of turn was not counted")
	}
}

// Test: what no maker may say is refused.
func TestRefusesWhatIsMalformed(t *testing.T) {
	t.Parallel()
	i := venuetest.Market(t).Instrument
	for name, raw := range map[string]string{
		"no number":     `{"type":"levels","pair":"ETH-BTC","ts":1700000000000,"bids":[["0.03","1"]],"asks":[["0.04","1"]]}`,
		"no time":       `{"type":"levels","pair":"ETH-BTC","seq":1,"bids":[["0.03","1"]],"asks":[["0.04","1"]]}`,
		"another pair":  `{"type":"levels","pair":"LTC-BTC","seq":1,"ts":1700000000000,"bids":[["0.03","1"]],"asks":[["0.04","1"]]}`,
		"a float":       `{"type":"levels","pair":"ETH-BTC","seq":1,"ts":1700000000000,"bids":[["3e-2","1"]],"asks":[["0.04","1"]]}`,
		"crossed":       `{"type":"levels","pair":"ETH-BTC","seq":1,"ts":1700000000000,"bids":[["0.05","1"]],"asks":[["0.04","1"]]}`,
		"one side":      `{"type":"levels","pair":"ETH-BTC","seq":1,"ts":1700000000000,"bids":[],"asks":[["0.04","1"]]}`,
		"an error":      `{"type":"error","reason":"no"}`,
		"not JSON":      `{"type":`,
		"out of bounds": `{"type":"levels","pair":"ETH-BTC","seq":1,"ts":17,"bids":[["0.03","1"]],"asks":[["0.04","1"]]}`,
	} {
		p := Open(i)
		if _, err := p.Take([]byte(raw)); err == nil || p.Trusted() {
			t.Errorf("%s: taken, trusted %t", name, p.Trusted())
		}
	}
	p := Open(i)
	if _, err := p.Take([]byte(`{"type":"levels","pair":"ETH-BTC","seq":1,"ts":1700000000000,"bids":[["0.03","1"]],"asks":[["0.04","1"]]}`)); err != nil || !p.Trusted() {
		t.Errorf("a good message: %v", err)
	}
}

func dealer(t *testing.T, address string) *Dealer {
	t.Helper()
	d, err := NewDealer("http://"+address+"/dealer", rest.Key{Secret: rest.NewSecret(makers.Key)}, []uint64{1_0000_0000, 10_0000_0000}, venuetest.AnswerWithin, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Setup: a dealer. Test: its ladder is a book; orders of either side are filled at no worse
// than their limit, and told with their exact cost; an order beyond its price, or whose
// deadline comes before the quote's end, is not placed.
func TestFirmQuotes(t *testing.T) {
	t.Parallel()
	_, address := play(t)
	d, i := dealer(t, address), venuetest.Market(t).Instrument
	depth, err := d.Depth(t.Context(), i)
	if err != nil || len(depth.Bids) != 2 || len(depth.Asks) != 2 || depth.Bids[0].Price >= depth.Asks[0].Price || depth.Bids[1].Price >= depth.Bids[0].Price {
		t.Fatalf("depth %+v: %v", depth, err)
	}
	since := time.Now().Add(-time.Minute)
	for n, side := range []trade.Side{trade.Sell, trade.Buy} {
		o := trade.Order{ClientID: strings.Repeat("0", 31) + string(rune('0'+n)), Instrument: i, Side: side, Size: 1_2345_0000,
			Price: venuetest.Market(t).Start / 2, Deadline: time.Now().Add(30 * time.Second)}
		wrong := o
		wrong.Price *= 3
		if side == trade.Buy {
			o, wrong = wrong, o
		}
		if _, err := d.Place(t.Context(), wrong); !errors.Is(err, trade.ErrNotPlaced) {
			t.Errorf("%s beyond the limit: %v", side, err)
		}
		hasty := o
		hasty.Deadline = time.Now()
		if _, err := d.Place(t.Context(), hasty); !errors.Is(err, trade.ErrNotPlaced) {
			t.Errorf("%s with a deadline before the quote's end: %v", side, err)
		}
		if _, err := d.Find(t.Context(), o, since); !errors.Is(err, trade.ErrNoOrder) {
			t.Errorf("%s before it is placed: %v", side, err)
		}
		if _, err := d.Place(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		report, err := d.Find(t.Context(), o, since)
		if err != nil || !report.Over || report.Filled != o.Size {
			t.Errorf("%s: %+v, %v", side, report, err)
		}
		fills, err := d.Fills(t.Context(), i, since)
		if err != nil || len(fills) != n+1 || !fills[n].Of(o, report.VenueID) || fills[n].Side != side || fills[n].Size != o.Size || fills[n].Cost.IsZero() {
			t.Errorf("%s: %+v, %v", side, fills, err)
		}
	}
}

// Setup: a dealer that does not answer, after or before it took the quote. Test: the order is
// not told as refused, and the dealer's own word decides.
func TestAnOpenAnswerOfADealer(t *testing.T) {
	t.Parallel()
	m, address := play(t)
	d, i := dealer(t, address), venuetest.Market(t).Instrument
	for n, kind := range []simulator.Kind{simulator.OrderCut, simulator.OrderLost, simulator.OrderFailure} {
		m.Inject(kind, 1)
		o := trade.Order{ClientID: strings.Repeat("a", 31) + string(rune('0'+n)), Instrument: i, Side: trade.Sell, Size: 1_0000_0000,
			Price: venuetest.Market(t).Start / 2, Deadline: time.Now().Add(30 * time.Second)}
		if _, err := d.Place(t.Context(), o); err == nil || errors.Is(err, trade.ErrNotPlaced) {
			t.Errorf("%s: %v", kind, err)
		}
		_, err := d.Find(t.Context(), o, time.Now().Add(-time.Minute))
		if (kind == simulator.OrderCut) != (err == nil) {
			t.Errorf("%s is then told as %v", kind, err)
		}
	}
}
