package feed

import "time"

// calm is how long a line has to have been followed, so that what ends it then is the first of its kind.
const calm = 2 * time.Minute

// ending is how the following of a line has ended: whether there was a price, and whether it was by
// what the venue said.
type ending struct{ priced, offended bool }

// pause is how long to wait before the line is connected again, after the last pause and what the
// following lasted. It is short again after a price, but not if the venue says what it should not
// each time: that would spend the dials of all books.
func (e ending) pause(last, lasted time.Duration) time.Duration {
	if e.priced && (!e.offended || lasted >= calm) {
		return retryLeast
	}
	return max(retryLeast, min(2*last, retryMost))
}
