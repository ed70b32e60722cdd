package liquidity

import (
	"errors"
	"time"

	"ferry/swap"
)

// Price is how the price of one instrument stands, for operators.
type Price struct {
	Instrument Instrument
	// Age is since the venue's last message; meaningless unless Heard.
	Heard bool
	Age   time.Duration
	// Unfit says why swaps can't be priced from it now; "" if they can.
	Unfit string
	// Outages counts how often the book was lost, Gaps how often the venue's messages
	// skipped a number, since the start.
	Outages, Gaps int64
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
func (e *Engine) Prices() []Price { return e.market.prices() }

func (m *Market) prices() []Price {
	m.mu.RLock()
	defer m.mu.RUnlock()
	now := m.now()
	list := make([]Price, 0, len(m.sources))
	for _, s := range m.sources {
		p := Price{Instrument: s.Instrument(), Unfit: "No price has arrived yet.", Outages: m.outages[s.Instrument()]}
		if counter, ok := s.(GapCounter); ok {
			p.Gaps = counter.Gaps()
		}
		if top, heard := m.tops[s.Instrument()]; heard {
			p.Heard, p.Age, p.Unfit = true, now.Sub(top.ReceivedAt), ""
			var refusal *swap.Error
			if err := top.fit(now, s.StaleAfter()); errors.As(err, &refusal) {
				p.Unfit = refusal.Message
			}
		}
		list = append(list, p)
	}
	return list
}
