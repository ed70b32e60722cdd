package chaintest

import (
	"errors"
	"testing"

	"ferry/hotwallet/chain"
)

// testMarket: what a block was paid is read from the block, and a node says what it takes
// at least and, if it has seen enough, what it would offer.
func (s *suite) testMarket(t *testing.T) {
	f, _ := s.fund(t)
	r := s.request(s.to(s.Stranger(t), s.amount))
	usual := s.must(t, f, r)
	r.Rate = 2 * usual.Rate
	p := s.must(t, f, r)
	raw, _ := s.Sign(t, p)
	s.broadcast(t, raw, chain.Accepted)
	s.Mine(t, 1)
	floor, err := s.FloorRate(t.Context())
	if err != nil || floor == 0 {
		t.Errorf("floor %d, %v", floor, err)
	}
	got, err := s.BlockRate(t.Context(), 1)
	if err != nil || got < floor {
		t.Errorf("the block was paid %d, %v, at a floor of %d", got, err, floor)
	}
	// On a UTXO chain it is what its one payment paid, whose signature may be shorter.
	if !s.account() && (got < p.Rate || got > p.Rate+p.Rate/20) {
		t.Errorf("the block was paid %d, its payment offered %d", got, p.Rate)
	}
	if rate, err := s.EstimateRate(t.Context(), 3); err == nil && rate == 0 || err != nil && !errors.Is(err, chain.ErrNoEstimate) {
		t.Errorf("estimate %d, %v", rate, err)
	}
	s.Mine(t, 2)
	if _, err := s.BlockRate(t.Context(), 1); !errors.Is(err, chain.ErrNoEstimate) {
		t.Errorf("of an empty block: %v, want ErrNoEstimate", err)
	}
	if got, err := s.BlockRate(t.Context(), 4); err != nil || got == 0 {
		t.Errorf("of four blocks with one payment: %d, %v", got, err)
	}
}
