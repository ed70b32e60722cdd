package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"ferry/liquidity/venue/simulated"
)

// Limits of a feed.
const (
	maxClients = 64
	// clientQueue is how many frames a client may be behind before it is cut off.
	clientQueue = 64
)

var errFull = errors.New("too many clients")

// feed is one walk and whoever listens to it.
type feed struct {
	market Market
	walk   *Walk

	mu      sync.Mutex
	seq     uint64
	clients map[chan []byte]struct{}
}

func newFeed(seed uint64, m Market) *feed {
	return &feed{market: m, walk: NewWalk(seed, m), seq: 1, clients: map[chan []byte]struct{}{}}
}

// run steps until ctx ends; then every client's channel is closed.
func (f *feed) run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			f.cut()
			return nil
		case <-ticker.C:
		}
		if err := f.step(time.Now()); err != nil {
			return err
		}
	}
}

// step goes on by one and tells every client.
func (f *feed) step(now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := simulated.TypeHeartbeat
	if f.walk.Step() {
		kind = simulated.TypeTop
	}
	f.seq++
	raw, err := f.frame(kind, now)
	if err != nil {
		return err
	}
	for client := range f.clients {
		select {
		case client <- raw:
		default:
			delete(f.clients, client)
			close(client)
		}
	}
	return nil
}

// join returns a channel whose first frame is the book as it stands. It is closed
// when the client falls behind or the feed ends.
func (f *feed) join(now time.Time) (chan []byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients == nil || len(f.clients) >= maxClients {
		return nil, errFull
	}
	raw, err := f.frame(simulated.TypeTop, now)
	if err != nil {
		return nil, err
	}
	client := make(chan []byte, clientQueue)
	client <- raw
	f.clients[client] = struct{}{}
	return client, nil
}

func (f *feed) leave(client chan []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, client)
}

// cut closes all clients; nobody joins afterwards.
func (f *feed) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for client := range f.clients {
		close(client)
	}
	f.clients = nil
}

func (f *feed) frame(kind string, now time.Time) ([]byte, error) {
	frame := simulated.Frame{Type: kind, Pair: f.market.Instrument.String(), Seq: f.seq, Time: now.UTC()}
	if kind == simulated.TypeTop {
		b := f.walk.Book()
		frame.Bid = &simulated.Level{Price: simulated.FormatTicks(b.Bid.Price, Decimals), Size: simulated.FormatTicks(b.Bid.Size, Decimals)}
		frame.Ask = &simulated.Level{Price: simulated.FormatTicks(b.Ask.Price, Decimals), Size: simulated.FormatTicks(b.Ask.Size, Decimals)}
	}
	raw, err := json.Marshal(frame)
	if err != nil {
		return nil, fmt.Errorf("encode frame %d: %w", f.seq, err)
	}
	return raw, nil
}
