package feed

import "time"

// refusedMost is the longest pause of a line that takes nobody in, and that the venue has nothing for
// but refusals, or silence: as many of those as there may be leave enough dials to all others.
const refusedMost = 3 * time.Minute

// calm is how long a line has to have been followed, so that what ends it then is the first of its kind.
const calm = 2 * time.Minute

// ending is how the following of a line has ended: whether there was a price, whether the venue was
// reached at all, whether it was by what the venue said, and whether the line takes nobody in.
type ending struct{ priced, reached, offended, closed bool }

// pause is how long to wait before the line is connected again, after the last pause and what the
// following lasted. It is short again after a price, but not if the venue says what it should not
// each time: that would spend the dials of all books.
func (e ending) pause(last, lasted time.Duration) time.Duration {
	if e.priced && (!e.offended || lasted >= calm) {
		return retryLeast
	}
	most := retryMost
	if e.closed && (e.offended || e.reached && !e.priced) {
		most = refusedMost
	}
	return max(retryLeast, min(2*last, most))
}
