package simulation

import (
	"context"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	hot "ferry/hotwallet/model"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/sweep"
	"ferry/swap/asset"
)

// newRunner is the real runner of the house's own payments: sweeps of deposit addresses,
// gas for them, and small coins brought together.
func (h *wallet) newRunner(store sweep.Store) *sweep.Runner {
	w, gas := h.world, gwei(1_000_000_000)
	runner, err := sweep.New(sweep.Config{Chain: h.on, Store: store, Payer: h.node, Sender: h.treasury, FeeMax: gwei(50_000_000),
		Settings: sweep.Settings{PerHour: 10, TokenLeast: map[asset.ID]asset.Units{asset.USDT: asset.NewUnits(10_000_000)},
			TopUpMax: gas, TopUpAddressDay: gas, TopUpDay: gas, CoinsMost: 4, ConsolidatePerDay: 4},
		FeesUsual: func(context.Context) (bool, error) { return w.seed%7 != 0 || w.steps%2 == 0, nil }, Log: w.log})
	must(err)
	return runner
}

// tidy has a wallet look for what the house may move; now and then there are small coins
// of treasury's.
func (w *World) tidy() {
	h := w.hot[one(w, networks.Chains())]
	if h.on == asset.Bitcoin && w.chance(3) {
		for range 8 {
			w.chains[h.on].PayMany(fakechain.Output{Address: h.treasury, Units: asset.NewUnits(60_000)})
		}
	}
	h.step(func() { h.tolerate(h.runner.Look(w.ctx)) })
}

// checkHouse holds what is signed for the house to its rule: both ends are ours, and nobody
// else is paid.
func (w *World) checkHouse(o payment.Authority, plan chain.Plan) {
	ours := func(address string) bool {
		return slices.ContainsFunc(w.wallets.OwnAddresses(), func(a hot.Address) bool { return a.Chain == o.Order.Chain && a.Address == address })
	}
	tx, _, err := fakechain.Decode(plan.Unsigned)
	must(err)
	if o.Order.SwapID != "" || len(o.Attestations) != 0 || tx.Sender != "" && !ours(tx.Sender) {
		fail("%s is none of the house's own", o.Order.ID)
	}
	for _, out := range tx.Outputs {
		if !ours(out.Address) {
			fail("%s pays %s, which is not ours", o.Order.ID, out.Address)
		}
	}
}

// Sweepable leaves out addresses of the other chain's form: that a wallet watches them is
// this world's own, in Postgres a swap has one.
func (s hotStore) Sweepable(ctx context.Context, least map[asset.ID]asset.Units) (sweep.State, error) {
	st, err := s.HotStore.Sweepable(ctx, least)
	st.Held = slices.DeleteFunc(st.Held, func(h sweep.Held) bool {
		_, foreign := networks.ParseAddress(asset.Ethereum, h.Address)
		return foreign != nil
	})
	return st, err
}

func (s hotStore) StoreHouse(ctx context.Context, intents []sweep.Intent) ([]string, error) {
	return value(s.w, func() ([]string, error) { return s.HotStore.StoreHouse(ctx, intents) })
}
