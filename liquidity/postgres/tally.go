package postgres

import (
	"sync"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// tallyFor is how long a tally is of use. What is confirmed and taken back by a
// reorganisation is unconfirmed again without a turn: for so long that is not noticed.
const tallyFor = 200 * time.Millisecond

// tally is what was promised of an asset after this process's last booking: at least as
// much as is promised now, if nobody has promised anything since (the turn tells), because
// everything else only ends promises. So what fits beside the tally fits; what does not is
// measured anew. It saves summing all promises for each booking.
type tally struct {
	turn int64
	// balanceAt is the oldest balance that the sums are seen from.
	balanceAt time.Time
	// readAt is when they were last summed.
	readAt time.Time
	sums   liquidity.Measure
}

// tallies are those of all assets.
type tallies struct {
	mu   sync.Mutex
	list map[asset.ID]tally
}

// of is the tally, if it holds for the turn, at a time and for those balances.
func (t *tallies) of(id asset.ID, turn int64, now time.Time, batch []*request) (tally, bool) {
	last, ok := t.latest(id, now, batch)
	return last, ok && last.turn+1 == turn
}

// latest is the tally, if it holds at a time and for those balances where nobody else has
// had a turn since.
func (t *tallies) latest(id asset.ID, now time.Time, batch []*request) (tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, ok := t.list[id]
	if !ok || now.Sub(last.readAt).Abs() >= tallyFor {
		return tally{}, false
	}
	for _, r := range batch {
		if r.bounds.BalanceAt.Before(last.balanceAt) {
			return tally{}, false
		}
	}
	return last, true
}

func (t *tallies) keep(id asset.ID, last tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list[id] = last
}
