package simulation

import (
	"context"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
)

// hotStore is the hot wallet's store with what may go wrong about each write.
type hotStore struct {
	HotStore
	w *World
}

func (s hotStore) Begin(ctx context.Context, at chain.Ref) error {
	return s.w.around(func() error { return s.HotStore.Begin(ctx, at) })
}

func (s hotStore) Apply(ctx context.Context, b chain.Block) error {
	return s.w.around(func() error { return s.HotStore.Apply(ctx, b) })
}

func (s hotStore) Rollback(ctx context.Context, at chain.Ref) error {
	return s.w.around(func() error { return s.HotStore.Rollback(ctx, at) })
}

func (s hotStore) See(ctx context.Context, credits []chain.Credit) error {
	return s.w.around(func() error { return s.HotStore.See(ctx, credits) })
}

func (s hotStore) Replace(ctx context.Context, ids []string) error {
	return s.w.around(func() error { return s.HotStore.Replace(ctx, ids) })
}

func (s hotStore) Stop(ctx context.Context, reason string) (bool, error) {
	return value(s.w, func() (bool, error) { return s.HotStore.Stop(ctx, reason) })
}

func (s hotStore) AcceptOrders(ctx context.Context, consumer string, b bus.Batch, orders []swap.Order, refused []payment.Refusal) ([]payment.Refusal, error) {
	return value(s.w, func() ([]payment.Refusal, error) { return s.HotStore.AcceptOrders(ctx, consumer, b, orders, refused) })
}

func (s hotStore) StorePlan(ctx context.Context, p []payment.Payment, plan chain.Plan) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StorePlan(ctx, p, plan) })
}

func (s hotStore) StoreReplacement(ctx context.Context, b payment.Batch, plan chain.Plan, reason string) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StoreReplacement(ctx, b, plan, reason) })
}

func (s hotStore) StoreDropped(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StoreDropped(ctx, b, reason) })
}

func (s hotStore) StoreSigned(ctx context.Context, b payment.Batch, raw []byte, txid string) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StoreSigned(ctx, b, raw, txid) })
}

func (s hotStore) StoreAnswer(ctx context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StoreAnswer(ctx, b, n, a) })
}

func (s hotStore) StoreDeath(ctx context.Context, b payment.Batch, r payment.DeathRequest) error {
	return s.w.around(func() error { return s.HotStore.StoreDeath(ctx, b, r) })
}

func (s hotStore) StoreReason(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	return value(s.w, func() (payment.Payment, error) { return s.HotStore.StoreReason(ctx, p, reason) })
}

func (s hotStore) StoreBatchReason(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	return value(s.w, func() (payment.Batch, error) { return s.HotStore.StoreBatchReason(ctx, b, reason) })
}

// node is a chain's adapter with what may go wrong about handing in.
type node struct {
	chain.Adapter
	wallet *wallet
}

func (n node) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	w := n.wallet.world
	raw = w.bug.retried(n.wallet, raw)
	var answer chain.Acceptance
	var cause error
	err := w.around(func() error {
		answer, cause = n.Adapter.Broadcast(ctx, raw)
		n.wallet.handedIn(raw, answer)
		return nil
	})
	if err != nil {
		return chain.Unknown, err
	}
	return answer, cause
}
