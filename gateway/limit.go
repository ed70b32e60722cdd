package gateway

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// clientOf names who sent a request from an address: its IP address, and for IPv6 the /64, which
// is what one subscriber has. Behind a proxy that is the proxy; headers that claim
// otherwise are not believed.
func clientOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}

// rates limits each client's requests. It remembers a bounded number of clients
// and forgets the one that was silent longest.
type rates struct {
	perMinute, burst, most int
	now                    func() time.Time

	mu      sync.Mutex
	clients map[string]*list.Element
	recent  *list.List // of *clientRate, the most recent first
}

type clientRate struct {
	client  string
	limiter *rate.Limiter
}

func newRates(l Limits, now func() time.Time) *rates {
	return &rates{perMinute: l.PostsPerMinute, burst: l.PostBurst, most: l.Clients, now: now,
		clients: map[string]*list.Element{}, recent: list.New()}
}

// allow takes one request off the client's budget, if it has any left.
func (r *rates) allow(client string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.clients[client]
	if known {
		r.recent.MoveToFront(e)
	} else {
		if r.recent.Len() >= r.most {
			oldest := r.recent.Back()
			if c, ok := r.recent.Remove(oldest).(*clientRate); ok {
				delete(r.clients, c.client)
			}
		}
		e = r.recent.PushFront(&clientRate{client: client,
			limiter: rate.NewLimiter(rate.Every(time.Minute/time.Duration(r.perMinute)), r.burst)})
		r.clients[client] = e
	}
	c, ok := e.Value.(*clientRate)
	return ok && c.limiter.AllowN(r.now(), 1)
}
