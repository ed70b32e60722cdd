package makers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/simulator"
)

// Key is what the dealer asks for. It is no secret: whoever reaches it may trade.
const Key = "ferry-simulator"

// Makers is one market's.
type Makers struct {
	market simulator.Market
	every  time.Duration
	now    func() time.Time

	mu       sync.Mutex
	exchange *simulator.Exchange
	sequence int64
	quotes   map[string]firm
	orders   map[string]*deal
	trades   []*deal
	due      map[simulator.Kind]int

	// QuoteLife is how long a firm quote can be taken; it is set before the first.
	QuoteLife time.Duration
}

// quoteLife is how long a firm quote can be taken where nothing else is said.
const quoteLife = 3 * time.Second

// New stands at the market's first price; every is the time between two messages of the
// stream.
func New(seed uint64, m simulator.Market, every time.Duration, now func() time.Time) *Makers {
	return &Makers{market: m, every: every, now: now, exchange: simulator.NewExchange(seed, m, "maker"), quotes: map[string]firm{},
		orders: map[string]*deal{}, due: map[simulator.Kind]int{}, QuoteLife: quoteLife}
}

// Inject makes the next count orders (OrderCut, OrderLost, OrderFailure), lookups
// (LookupBlind) or messages (Gap, which repeats an old number; Garbage; OldSnapshot, which
// withdraws the quotes) misbehave.
func (m *Makers) Inject(kind simulator.Kind, count int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due[kind] = count
}

func (m *Makers) spend(kind simulator.Kind) bool {
	if m.due[kind] == 0 {
		return false
	}
	m.due[kind]--
	return true
}

// Handler serves both.
func (m *Makers) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /maker", m.stream)
	mux.HandleFunc("GET /dealer/rfqm/v1/price", m.keyed(m.price))
	mux.HandleFunc("GET /dealer/rfqm/v1/quote", m.keyed(m.quote))
	mux.HandleFunc("POST /dealer/rfqm/v1/submit", m.keyed(m.submit))
	mux.HandleFunc("GET /dealer/rfqm/v1/status", m.keyed(m.status))
	mux.HandleFunc("GET /dealer/rfqm/v1/trades", m.keyed(m.list))
	return mux
}

// stream tells a client that has subscribed what the maker would do, until it is gone.
func (m *Makers) stream(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered already
	}
	defer func() { _ = conn.CloseNow() }() // the client is gone, or told nothing more
	var asked struct {
		Type string `json:"type"`
		Pair string `json:"pair"`
	}
	_, raw, err := conn.Read(r.Context())
	if err != nil || json.Unmarshal(raw, &asked) != nil || asked.Type != "subscribe" || asked.Pair != m.market.Instrument.String() {
		_ = conn.Write(r.Context(), websocket.MessageText, []byte(`{"type":"error","reason":"unknown pair"}`)) // it ends all the same
		return
	}
	ctx := conn.CloseRead(r.Context())
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	for {
		if err := conn.Write(ctx, websocket.MessageText, m.levels()); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// levels is the next message of the stream, or the fault that is due.
func (m *Makers) levels() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exchange.Step()
	m.sequence++
	number, shot := m.sequence, m.exchange.Snapshot(10)
	if m.spend(simulator.Gap) {
		number = 1
	}
	if m.spend(simulator.OldSnapshot) {
		return fmt.Appendf(nil, `{"type":"withdrawn","pair":%q,"seq":%d,"ts":%d}`, m.market.Instrument.String(), number, m.now().UnixMilli())
	}
	raw, err := json.Marshal(struct {
		Type string      `json:"type"`
		Pair string      `json:"pair"`
		Seq  int64       `json:"seq"`
		Time int64       `json:"ts"`
		Bids [][2]string `json:"bids"`
		Asks [][2]string `json:"asks"`
	}{"levels", m.market.Instrument.String(), number, m.now().UnixMilli(), pairs(shot.Bids), pairs(shot.Asks)})
	if err != nil {
		panic("makers: texts and numbers are always JSON: " + err.Error())
	}
	if m.spend(simulator.Garbage) {
		raw = raw[:len(raw)/2]
	}
	return raw
}

func pairs(levels []book.Level) [][2]string {
	list := make([][2]string, len(levels))
	for i, l := range levels {
		list[i] = [2]string{book.FormatTicks(l.Price, simulator.Decimals), book.FormatTicks(l.Size, simulator.Decimals)}
	}
	return list
}
