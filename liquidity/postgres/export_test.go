package postgres

import (
	"time"

	"ferry/swap/asset"
)

// Within lets a transaction of the store's take so long.
func (s *Store) Within(d time.Duration) { s.queue.within = d }

// Sent is how many bookings of an asset were sent and are not answered.
func (s *Store) Sent(id asset.ID) int {
	c := s.chains.of(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stream == nil {
		return 0
	}
	return c.stream.users
}
