package liquidity

import (
	"testing"
	"time"
)

// Setup: three venues under a clock of the test's. Test: of words that come together the first
// has the price worked out, the others only once time has passed or somebody asks; who asks has
// all of them, the jump that they make included; and what ends or begins a book waits for
// nothing.
func TestWordsOfAMomentAreJudgedTogether(t *testing.T) {
	t.Parallel()
	f := newFloor(t, "a", "b", "c")
	forum := f.fora[0]
	for n := range 3 {
		f.at = f.at.Add(time.Second)
		f.tell(n, 100_000)
	}
	first := forum.judged
	f.at = f.at.Add(3*JudgeEvery - 1)
	f.tell(0, 100_020)
	f.tell(1, 100_020)
	if forum.judged != first || !forum.unjudged {
		t.Errorf("words of a moment were judged at %s", forum.judged)
	}
	if p := f.Prices()[0]; (p.Bid+p.Ask)/2 < 100_005 || forum.unjudged || forum.judged != f.at {
		t.Errorf("who asks is told %d to %d, judged at %s", p.Bid, p.Ask, forum.judged)
	}
	f.at = f.at.Add(3 * JudgeEvery)
	if f.tell(2, 100_030); forum.judged != f.at || forum.unjudged {
		t.Error("a later word waits for others")
	}
	f.lose(0)
	f.lose(1)
	if forum.priced || forum.outages != 1 {
		t.Errorf("a price that two of three venues took away is there, or was lost %d times", forum.outages)
	}
	if f.tell(0, 100_030); !forum.priced {
		t.Error("a price that is back is not")
	}
	forum.config.StopMovePPM = 1_000
	f.tell(0, 150_000)
	f.tell(2, 150_000)
	if !forum.unjudged {
		t.Error("these words were meant to wait")
	}
	if p := f.Prices()[0]; p.Unfit == "" || !forum.jumping {
		t.Errorf("a jump that was not judged yet is priced: %+v", p)
	}
}
