package watch_test

import (
	"errors"
	"slices"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/watch"
)

// Every look tells the node's height, a reorganisation how deep it goes, and one
// that is too deep at each look that it lasts.
func TestObserver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{}))
	var heights, depths []int64
	tooDeep := 0
	w.told = watch.Observer{Tip: func(height int64) { heights = append(heights, height) },
		Reorg: func(depth int64) { depths = append(depths, depth) }, TooDeep: func() { tooDeep++ }}
	w.restart()
	w.mine(needed)
	if tip := w.tip().Height; len(heights) == 0 || heights[len(heights)-1] != tip || !slices.IsSorted(heights) {
		t.Errorf("told heights %v, the tip is %d", heights, tip)
	}
	if len(depths) != 0 || tooDeep != 0 {
		t.Errorf("without a reorganisation: %v, %d", depths, tooDeep)
	}
	w.chain.Reorg(2, fakechain.Drop)
	w.mine(needed + 1)
	if !slices.Equal(depths, []int64{2}) || tooDeep != 0 {
		t.Errorf("told depths %v and %d too deep, want one of 2", depths, tooDeep)
	}
	address, _ := w.issue()
	w.chain.Pay(address, w.small())
	w.mine(needed)
	w.chain.Reorg(needed, fakechain.Drop)
	w.chain.Mine(needed + 1)
	for range 2 {
		if err := w.watcher.Step(w.ctx); !errors.Is(err, watch.ErrTooDeep) {
			t.Fatal(err)
		}
	}
	if tooDeep != 2 || len(depths) != 1 {
		t.Errorf("told %d times of one too deep, want 2; depths %v", tooDeep, depths)
	}
}
