package liquidity

import (
	"errors"
	"math/bits"
	"slices"
	"time"

	"ferry/swap"
)

// Price is how the price of one instrument stands, for operators.
type Price struct {
	Instrument Instrument
	// Age is that of the newest message of any venue; meaningless unless Heard.
	Heard bool
	Age   time.Duration
	// Unfit says why swaps can't be priced from it now; "" if they can.
	Unfit string
	// Bid and Ask are what swaps are priced from, in ticks; 0 while there is no price.
	Bid, Ask uint64
	// MovePPM is its standard deviation of a minute, in millionths of the price.
	MovePPM uint64
	// Outages counts how often the price was lost, Gaps how often a venue's messages
	// skipped something, since the start.
	Outages, Gaps int64
	Venues        []VenuePrice
}

// VenuePrice is how one venue of an instrument stands.
type VenuePrice struct {
	Venue string
	// Age is since the venue's last message; meaningless unless Heard.
	Heard bool
	Age   time.Duration
	// Unfit says why its book can't be priced from now; "" if it can. Excluded says
	// that it can and is left out all the same, because it is too far from the others.
	Unfit    string
	Excluded bool
	// Price is the venue's own, in ticks; 0 while it is unfit. RatioPPM is it by the
	// price of all, in millionths; 0 while there is none of the two.
	Price    uint64
	RatioPPM uint64
	// Messages, Gaps and Outages of its book since the start.
	Messages, Gaps, Outages int64
	Quality
}

// GapCounter is a Source that counts the gaps in its venue's messages.
type GapCounter interface {
	// Gaps since the start.
	Gaps() int64
}

// MessageCounter is a Source that counts its venue's messages.
type MessageCounter interface {
	// Messages since the start.
	Messages() int64
}

// Prices lists every instrument there is a source of.
func (e *Engine) Prices() []Price { return e.market.Prices() }

// Prices lists every instrument there is a source of.
func (m *Market) Prices() []Price {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	list := make([]Price, 0, len(m.fora))
	for _, f := range m.fora {
		list = append(list, f.stand(now))
	}
	return list
}

func (f *forum) stand(now time.Time) Price {
	f.caughtUp(now)
	p := Price{Instrument: f.instrument, Outages: f.outages, Gaps: f.gapsGone, MovePPM: moves(f.seen.quick, 60)}
	top, err := f.top(now)
	if err != nil {
		p.Unfit = sentence(err)
	} else {
		p.Bid, p.Ask = top.Bid.Price, top.Ask.Price
	}
	for _, s := range f.stalls {
		v := s.stand(now, p.Bid+(p.Ask-p.Bid)/2)
		if v.Heard && (!p.Heard || v.Age < p.Age) {
			p.Heard, p.Age = true, v.Age
		}
		p.Gaps += v.Gaps
		p.Venues = append(p.Venues, v)
	}
	for _, s := range f.joining {
		if slices.ContainsFunc(f.stalls, func(other *stall) bool { return other.source.Name() == s.source.Name() }) {
			continue // the one whose place it takes is listed
		}
		v := s.stand(now, 0)
		if v.Price = 0; v.Unfit == "" {
			v.Unfit = "It was subscribed to and is not priced from yet."
		}
		p.Gaps += v.Gaps
		p.Venues = append(p.Venues, v)
	}
	return p
}

func (s *stall) stand(now time.Time, fair uint64) VenuePrice {
	v := VenuePrice{Venue: s.source.Name(), Heard: s.heard, Outages: s.outages, Quality: s.quality(now)}
	if s.heard {
		v.Age = now.Sub(s.top.ReceivedAt)
	}
	if counter, ok := s.source.(GapCounter); ok {
		v.Gaps = counter.Gaps()
	}
	if counter, ok := s.source.(MessageCounter); ok {
		v.Messages = counter.Messages()
	}
	if err := s.fit(now); err != nil {
		v.Unfit = sentence(err)
		return v
	}
	v.Excluded, v.Price = s.excluded, s.opinion.price
	if fair > 0 {
		high, low := bits.Mul64(v.Price, 1_000_000)
		if high < fair {
			v.RatioPPM, _ = bits.Div64(high, low, fair)
		}
	}
	return v
}

// sentence is what a refusal says.
func sentence(err error) string {
	var refusal *swap.Error
	if errors.As(err, &refusal) {
		return refusal.Message
	}
	return err.Error()
}
