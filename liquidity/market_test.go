package liquidity

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

func asRefusal(err error, into **swap.Error) bool { return errors.As(err, into) }

// scripted is a venue that tells what a test wants it to.
type scripted struct {
	instrument Instrument
	tops       []Top
	fail       error
}

func (s scripted) Name() string              { return "scripted" }
func (s scripted) Instrument() Instrument    { return s.instrument }
func (s scripted) StaleAfter() time.Duration { return 2 * time.Second }
func (s scripted) Stream(ctx context.Context, deliver func(Top)) error {
	for _, t := range s.tops {
		deliver(t)
	}
	return s.fail
}

func TestMarketRefusesUnfitBooks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fit := top(100_000, 100_100)
	fit.VenueTime, fit.ReceivedAt = now, now
	with := func(change func(*Top)) []Top {
		changed := fit
		change(&changed)
		return []Top{changed}
	}
	cases := []struct {
		name   string
		tops   []Top
		reason string
	}{
		{"fit", []Top{fit}, ""},
		{"nothing yet", nil, "No price of ETH-BTC has arrived yet."},
		{"just fresh", with(func(t *Top) { t.ReceivedAt = now.Add(-1999 * time.Millisecond) }), ""},
		{"stale", with(func(t *Top) { t.ReceivedAt = now.Add(-2 * time.Second) }), "The price of ETH-BTC is too old."},
		{"delayed", with(func(t *Top) { t.VenueTime = now.Add(-2 * time.Second) }), "The price of ETH-BTC is delayed at its venue."},
		{"from the future", with(func(t *Top) { t.VenueTime = now.Add(2 * time.Second) }), "The price of ETH-BTC is delayed at its venue."},
		{"crossed", with(func(t *Top) { t.Bid.Price = t.Ask.Price + 1 }), "The book of ETH-BTC is crossed."},
		{"locked", with(func(t *Top) { t.Bid.Price = t.Ask.Price }), "The book of ETH-BTC is crossed."},
		{"no bid", with(func(t *Top) { t.Bid = Level{} }), "The book of ETH-BTC has an empty side."},
		{"no size", with(func(t *Top) { t.Ask.Size = 0 }), "The book of ETH-BTC has an empty side."},
		{"outage", []Top{fit, {Instrument: ethBtc, Unavailable: "Lost."}}, "Lost."},
		{"back again", []Top{{Instrument: ethBtc, Unavailable: "Lost."}, fit}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMarket(func() time.Time { return now }, scripted{instrument: ethBtc, tops: c.tops})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, pair := range []asset.Pair{btcToEth, ethToBtc} {
				_, err := m.Top(pair)
				var refusal *swap.Error
				switch {
				case c.reason == "" && err != nil:
					t.Errorf("%s: %v", pair, err)
				case c.reason != "" && (!asRefusal(err, &refusal) || refusal.Code != swap.CodePriceUnavailable || refusal.Message != c.reason):
					t.Errorf("%s: %v, want %q", pair, err, c.reason)
				}
			}
		})
	}
}

func TestMarketSetUp(t *testing.T) {
	t.Parallel()
	ok := scripted{instrument: ethBtc}
	if _, err := NewMarket(time.Now, ok, ok); err == nil {
		t.Error("two sources of one instrument were accepted")
	}
	for _, bad := range []Instrument{{}, {Base: asset.BTC, Quote: asset.BTC}, {Base: asset.ETH, Quote: "DOGE"},
		{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 19}, {Base: asset.ETH, Quote: asset.BTC, SizeDecimals: -1}} {
		if _, err := NewMarket(time.Now, scripted{instrument: bad}); err == nil {
			t.Errorf("instrument %+v was accepted", bad)
		}
	}
	m, err := NewMarket(time.Now, scripted{instrument: ethBtc, fail: io.ErrUnexpectedEOF})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that gave up: %v", err)
	}
	if _, err := m.Top(asset.Pair{From: asset.BTC, To: "DOGE"}); swap.ErrorCode(err) != swap.CodePriceUnavailable {
		t.Errorf("a pair without a venue: %v", err)
	}
}

func TestFunds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339Nano) }
	body := func(units, halted, at string) string {
		return `{"asset":"BTC","available":"` + units + `","dust_threshold":"546","halted":"` + halted + `","at":"` + at + `"}`
	}
	cases := []struct {
		name                string
		key                 string
		bodies              []string
		payable, receivable swap.Code
		available           string
	}{
		{"unknown", "BTC", nil, swap.CodeInsufficientLiquidity, swap.CodeChainHalted, "0"},
		{"known", "BTC", []string{body("7", "", at(0))}, "", "", "7"},
		{"newest wins", "BTC", []string{body("7", "", at(0)), body("8", "", at(time.Second))}, "", "", "8"},
		{"older is ignored", "BTC", []string{body("7", "", at(0)), body("8", "", at(-time.Second))}, "", "", "7"},
		{"stale", "BTC", []string{body("7", "", at(-20*time.Second))}, swap.CodeInsufficientLiquidity, swap.CodeChainHalted, "7"},
		{"from the future", "BTC", []string{body("7", "", at(20*time.Second))}, swap.CodeInsufficientLiquidity, swap.CodeChainHalted, "7"},
		{"halted", "BTC", []string{body("7", "a drill", at(0))}, swap.CodeChainHalted, swap.CodeChainHalted, "7"},
		{"resumed", "BTC", []string{body("7", "a drill", at(0)), body("7", "", at(0))}, "", "", "7"},
		{"another's key", "ETH", []string{body("7", "", at(0))}, swap.CodeInsufficientLiquidity, swap.CodeChainHalted, "0"},
		{"no JSON", "BTC", []string{"7"}, swap.CodeInsufficientLiquidity, swap.CodeChainHalted, "0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := NewFunds(20*time.Second, func() time.Time { return now }, slog.New(slog.DiscardHandler))
			for _, b := range c.bodies {
				f.Take(bus.Record{Topic: bus.TopicBalances, Key: c.key, Body: []byte(b)})
			}
			b, err := f.payable(asset.BTC)
			if swap.ErrorCode(err) != c.payable || b.Available.String() != c.available {
				t.Errorf("payable: %s, %v; want %s, %q", b.Available, err, c.available, c.payable)
			}
			if _, err := f.receivable(asset.BTC); swap.ErrorCode(err) != c.receivable {
				t.Errorf("receivable: %v, want %q", err, c.receivable)
			}
		})
	}
}
