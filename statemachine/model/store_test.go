package model_test

import (
	"testing"

	"ferry/statemachine/model"
	"ferry/statemachine/storetest"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Subject {
		s := model.New()
		return storetest.Subject{Store: s, Stale: model.ErrStale,
			Outbox: func(*testing.T) []bus.Message { return s.Schema().Outbox() },
			Balance: func(_ *testing.T, account ledger.Account, id asset.ID) string {
				return s.Schema().Book.Balance(account, id).String()
			},
			Malformed: func(*testing.T) int { return len(s.Malformed()) },
			Timeline:  func(_ *testing.T, id string) int { return len(s.Events(id)) }}
	})
}
