package liquidity

import (
	"errors"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// A pair that people have stopped gives no lock and no rate, and says why; the other
// direction goes on.
func TestAStoppedPairSaysWhy(t *testing.T) {
	t.Parallel()
	const why = "Ferry does not swap BTC to ETH for now: Maintenance until noon."
	s := newShop(t)
	s.desk.config.Pairs[0].Stopped = "Maintenance until noon."
	pair := s.desk.config.Pairs[0]
	_, err := s.desk.Lock(t.Context(), Request{Pair: pair.Pair, Deposit: amount(t, asset.BTC, "0.01"), Client: "alice"})
	var refusal *swap.Error
	if !errors.As(err, &refusal) || refusal.Code != swap.CodePriceUnavailable || refusal.Message != why {
		t.Errorf("a lock: %v", err)
	}
	rate, err := s.desk.Rate(pair)
	if err != nil || rate.Unavailable != why || rate.RatioNum.Big().Sign() != 0 {
		t.Errorf("a rate: %+v, %v", rate, err)
	}
	if rate, err := s.desk.Rate(s.desk.config.Pairs[1]); err != nil || rate.Unavailable != "" {
		t.Errorf("the other direction: %+v, %v", rate, err)
	}
}
