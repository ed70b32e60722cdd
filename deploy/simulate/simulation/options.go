package simulation

import (
	"ferry/hotwallet/payment"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/sweep"
	"ferry/hotwallet/watch"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/deadline"

	hot "ferry/hotwallet/model"
	state "ferry/statemachine/model"
	"ferry/swap/asset"
)

// Options of a seed. The zero value plays the system as it is, on models.
type Options struct {
	// What is planted, if anything.
	Bug Bug
	// States and Hot, if not nil, put something between the daemons and the models:
	// a test has both do the same as Postgres, call by call.
	States func(*state.Store) StateStore
	Hot    func(asset.Chain, *hot.Store, hot.Config) HotStore

	// rules and decisions, if not nil, are those of the chains and of the state machine
	// instead of drawn ones.
	rules     map[asset.Chain]chainRules
	decisions *statemachine.Rules
}

// StateStore is what swapd uses of its store.
type StateStore interface {
	consume.Store
	deadline.Store
}

// HotStore is what hotwalletd uses of its store.
type HotStore interface {
	watch.Store
	payment.Store
	payment.OrderStore
	reconcile.Store
	sweep.Store
}

func (o Options) states(s *state.Store) StateStore {
	if o.States == nil {
		return s
	}
	return o.States(s)
}

func (o Options) hot(on asset.Chain, s *hot.Store, c hot.Config) HotStore {
	if o.Hot == nil {
		return s
	}
	return o.Hot(on, s, c)
}
