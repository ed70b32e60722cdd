package liquidity

import (
	"reflect"
	"testing"
	"time"
)

// counted is a venue that counts gaps.
type counted struct{ scripted }

func (counted) Gaps() int64 { return 7 }

func TestPrices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fit := top(100_000, 100_100)
	fit.VenueTime, fit.ReceivedAt = now.Add(-time.Second), now.Add(-time.Second)
	lost := Top{Instrument: ethBtc, ReceivedAt: now, Unavailable: "Lost."}
	for _, c := range []struct {
		name string
		tops []Top
		want Price
	}{
		{"nothing yet", nil, Price{Unfit: "No price of ETH-BTC has arrived yet."}},
		{"fit", []Top{fit}, Price{Heard: true, Age: time.Second, Bid: 100_000, Ask: 100_100}},
		{"lost before it came", []Top{lost, lost}, Price{Heard: true, Unfit: "Lost."}},
		{"lost, repeatedly, twice", []Top{fit, lost, lost, fit, lost, fit}, Price{Heard: true, Age: time.Second, Outages: 2, Bid: 100_000, Ask: 100_100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMarket(func() time.Time { return now }, counted{scripted{instrument: ethBtc, tops: c.tops}})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.want.Instrument, c.want.Gaps = ethBtc, 7
			// The one venue stands as its instrument does.
			v := VenuePrice{Venue: "scripted", Heard: c.want.Heard, Age: c.want.Age, Unfit: c.want.Unfit, Gaps: 7, Outages: c.want.Outages}
			if c.want.Unfit == "" {
				v.Price, v.RatioPPM = 100_050, 1_000_000
			}
			c.want.Venues = []VenuePrice{v}
			got := m.Prices()
			if len(got) == 1 && len(got[0].Venues) == 1 {
				got[0].Venues[0].Quality = Quality{} // TestQuality's
			}
			if len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
