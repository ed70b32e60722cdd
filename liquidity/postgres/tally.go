package postgres

import (
	"math/rand/v2"
	"time"

	"ferry/liquidity"
)

// tallyFor is how long a tally is of use. What is confirmed and taken back by a
// reorganisation is unconfirmed again without a turn: for so long that is not noticed.
const tallyFor = 200 * time.Millisecond

// tally is what was promised of an asset after a booking of this process's: at least as
// much as is promised while the database's turn is the tally's, because whoever promises
// anything changes it, and everything else only ends promises. So what fits beside the tally
// fits; what does not is measured anew. It saves summing all promises for each booking.
//
// A tally is of use before its booking has committed: whoever goes by it names its turn,
// which the database has only once that booking has.
type tally struct {
	turn int64
	// balanceAt is the oldest balance that the sums are seen from.
	balanceAt time.Time
	// readAt is when they were last summed.
	readAt time.Time
	sums   liquidity.Measure
}

// serves reports whether a tally is of use at a time and for those balances.
func (t tally) serves(now time.Time, batch []*request) bool {
	return !t.readAt.IsZero() && now.Sub(t.readAt).Abs() < tallyFor && !oldest(batch).Before(t.balanceAt)
}

// newTurn is a turn that nobody else has, unlike the next number: a tally whose booking
// failed must not be taken for that of a stranger who came after. It leaves room for adding
// one as often as anybody likes.
func newTurn() int64 { return 1 + rand.Int64N(1<<62) } //nolint:gosec // nobody gains by guessing it
