package liquidity

import (
	"errors"
	"math/big"
	"reflect"
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

// A desk of another configuration has all else of the one before: no field is forgotten.
func TestAnotherConfigurationIsAnotherDesk(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.desk.store, s.desk.drawdown = reserves{}, func() (int64, bool) { return 0, true }
	s.desk.stock.store, s.desk.stock.funds, s.desk.stock.hedges = reserves{}, s.desk.funds, func(asset.ID) *big.Int { return nil }
	s.desk.stock.held = map[asset.ID]holding{asset.BTC: {}}
	s.desk.stock.exposure = Exposure{Unconfirmed: map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1)}}
	c := s.desk.config
	c.Market.Targets = map[asset.ID]Target{asset.BTC: {}}
	c.MaxLocksPerClient = 99
	next := s.desk.with(c)
	if next.config.MaxLocksPerClient != 99 || next.stock.targets == nil || next.market != s.desk.market {
		t.Errorf("%+v", next.config)
	}
	for _, v := range []reflect.Value{reflect.ValueOf(next).Elem(), reflect.ValueOf(&next.stock).Elem()} {
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "mu" && v.Field(i).IsZero() {
				t.Errorf("%s.%s is not taken along", v.Type(), name)
			}
		}
	}
}
