package simulation

import (
	"context"
	"encoding/json"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// A Bug is a mistake that is planted between the parts, where no daemon is built from:
// the parts themselves are the real ones.
type Bug string

// The planted bugs.
const (
	// BugNone is the system as it is.
	BugNone Bug = ""
	// BugFirstOutput: only the first output seen of a swap is looked at.
	BugFirstOutput Bug = "first-output-wins"
	// BugNewNonce: a payment that is handed in again gets a new nonce.
	BugNewNonce Bug = "retry-with-a-new-nonce"
	// BugOffsetFirst: a batch's offset is stored before its effects.
	BugOffsetFirst Bug = "offset-before-effect"
	// BugDustCounted: the dust threshold is taken for zero.
	BugDustCounted Bug = "dust-counted"
	// BugLateDropped: deposits to an expired swap are dropped.
	BugLateDropped Bug = "late-deposit-dropped"
	// BugAddressDropped: the refund addresses that users name later are dropped.
	BugAddressDropped Bug = "refund-address-dropped"
	// BugDeadlineLost: the deadlines of matters are not stored.
	BugDeadlineLost Bug = "deadline-lost"
)

// Bugs are all that can be planted.
func Bugs() []Bug {
	return []Bug{BugFirstOutput, BugNewNonce, BugOffsetFirst, BugDustCounted, BugLateDropped, BugAddressDropped, BugDeadlineLost}
}

// LyingDesk is no bug of ours: liquidityd signs prices that no policy allows. Nothing is
// paid by them.
const LyingDesk Bug = "lying-desk"

// told is what reaches the state machine of a batch.
func (b Bug) told(w *World, batch bus.Batch) bus.Batch {
	if b != BugFirstOutput && b != BugDustCounted && b != BugLateDropped && b != BugAddressDropped {
		return batch
	}
	batch.Records = slices.Clone(batch.Records)
	batch.Records = slices.DeleteFunc(batch.Records, func(r bus.Record) bool {
		f, err := r.Fact()
		must(err)
		return f.Deposit != nil && b.drops(w, f) || f.Refund != nil && b == BugAddressDropped
	})
	if b == BugDustCounted {
		for i := range batch.Records {
			batch.Records[i].Body = withoutDust(batch.Records[i])
		}
	}
	return batch
}

func (b Bug) drops(w *World, f swap.Fact) bool {
	row, known := w.states.Swap(f.SwapID)
	switch {
	case b == BugFirstOutput:
		return known && len(row.Deposits) > 0 && row.Deposits[0].ID != f.Deposit.DepositID
	case b == BugLateDropped:
		return known && row.State == swap.Expired
	}
	return false
}

func withoutDust(r bus.Record) []byte {
	f, err := r.Fact()
	must(err)
	if f.Deposit == nil {
		return r.Body
	}
	f.Deposit.DustThreshold = asset.Units{}
	body, err := json.Marshal(f)
	must(err)
	return body
}

// retried is what is handed in instead of bytes that were handed in before.
func (b Bug) retried(h *wallet, raw []byte) []byte {
	t, _, err := fakechain.Decode(raw)
	must(err)
	h.retries[t.ID()]++
	if b != BugNewNonce || h.on != asset.Ethereum || h.retries[t.ID()] == 1 {
		return raw
	}
	t.Nonce++
	unsigned, err := json.Marshal(map[string]any{"tx": t})
	must(err)
	again, _ := fakechain.Sign(chain.Plan{Unsigned: unsigned})
	return again
}

// offsetFirst stores the offset, and then the effects.
func (s stateStore) offsetFirst(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	if err := s.w.around(func() error { return s.StateStore.Apply(ctx, b, nil) }); err != nil {
		return err
	}
	b.From, b.Malformed = b.Next, nil
	return s.w.around(func() error { return s.apply(ctx, b, folded) })
}

// stored is what the state machine's store is given.
func (b Bug) stored(folded []statemachine.Folded) []statemachine.Folded {
	if b != BugDeadlineLost {
		return folded
	}
	folded = slices.Clone(folded)
	for i := range folded {
		folded[i].Deadlines = nil
	}
	return folded
}
