package demo

import (
	"context"
	"fmt"

	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
)

// reasonPayoutFailed is the reason of a hold that ends once the payout is made again.
const reasonPayoutFailed = "payout_failed"

// stuck shows how a payout that no block takes is outbid by another transaction.
type stuck struct {
	line *show.Line
	// shown is how many attempts were.
	shown int
}

// showStuck tells of each new attempt for the payout that gets stuck.
func (f *follower) showStuck(ctx context.Context) error {
	if f.cfg.Trouble.Stuck != f.pair.To || f.state != swap.PayoutBroadcast && f.state != swap.PayoutQueued {
		return nil
	}
	attempts, err := f.cfg.Trouble.Attempts(ctx, f.latest.ID)
	if err != nil {
		return fmt.Errorf("transactions of the payout: %w", err)
	}
	for ; f.stuck.shown < len(attempts); f.stuck.shown++ {
		a := attempts[f.stuck.shown]
		if f.stuck.line != nil {
			f.stuck.line.Done(fmt.Sprintf("no block took %s", f.show.ID(attempts[f.stuck.shown-1].TxID)))
		}
		f.stuck.line = f.start(fmt.Sprintf("attempt %d", f.stuck.shown+1),
			fmt.Sprintf("%s offers %s in fees, waiting for a block", f.show.ID(a.TxID), a.Fee))
	}
	return nil
}

// endStuck says which of the attempts a block took: one of all.
func (f *follower) endStuck(mined string) {
	switch {
	case f.stuck.line == nil:
	case f.stuck.shown == 1:
		f.stuck.line.Done(fmt.Sprintf("%s was taken at once: the wallet has learnt what miners want", f.show.ID(mined)))
	default:
		f.stuck.line.Done(fmt.Sprintf("%s was mined; of %d transactions no other can be", f.show.ID(mined), f.stuck.shown))
	}
	f.stuck.line = nil
}

// repaid has the payment of a held swap made again, once, if it failed at a contract that
// refused it: its owner opens it first.
func (f *follower) repaid(ctx context.Context) (done bool, err error) {
	t := f.cfg.Trouble
	if t.Fails != f.pair.To || f.failedTx != "" || f.latest.Reason != reasonPayoutFailed {
		return false, nil
	}
	for _, p := range f.latest.Payments {
		if p.Purpose == swap.PurposePayout {
			f.failedTx = p.TxID
		}
	}
	if f.failedTx == "" {
		return false, fmt.Errorf("swap %s is held for a failed payout that has no transaction", f.latest.ID)
	}
	f.line.Done(fmt.Sprintf("%s was mined and failed: the contract refused it", f.show.ID(f.failedTx)))
	f.line = f.start("open", "its owner opens the contract wallet")
	if err := f.ethereum.OpenSafe(ctx, f.terms.Receipt.PayoutAddress); err != nil {
		return false, err
	}
	f.line.Done("its owner has opened the contract wallet")
	f.line = f.start("support", "ordering the payout again")
	if err := t.Retry(ctx, f.latest.ID, f.line.Update); err != nil {
		return false, fmt.Errorf("order the payout of %s again: %w", f.latest.ID, err)
	}
	f.line.Done("ordered again: paid anew once attestd has seen that the failed one is dead")
	f.line = f.start(label(swap.PayoutQueued), "waiting for the proof that the failed one is dead")
	f.state = swap.PayoutQueued
	return true, nil
}

// forgetBlocks are more than the hot wallet looks at for what blocks were paid.
const forgetBlocks = 8

// forget mines empty blocks where a payout was stuck: what its last offer was is then no
// longer in the newest blocks, and another run's payout gets stuck too.
func (r *run) forget(ctx context.Context) error {
	if r.cfg.Trouble.Stuck == "" {
		return nil
	}
	f, coins := r.faucets[asset.MustLookup(r.cfg.Trouble.Stuck).Chain]
	if !coins {
		return nil
	}
	return f.Mine(ctx, forgetBlocks)
}

// void are the transactions signed for a settled swap's payout that paid nothing.
func (r *trip) void(ctx context.Context, d Done) ([]string, error) {
	t := r.cfg.Trouble
	if r.pair.To != t.Stuck && r.pair.To != t.Fails {
		return nil, nil
	}
	attempts, err := t.Attempts(ctx, d.ID)
	if err != nil {
		return nil, fmt.Errorf("transactions of the payout: %w", err)
	}
	var others []string
	known := false
	for _, a := range attempts {
		if known = known || a.TxID == d.PayoutTx; a.TxID != d.PayoutTx {
			others = append(others, a.TxID)
		}
	}
	if !known {
		return nil, fmt.Errorf("the payout's transaction %s is none of the %d that were signed for it", d.PayoutTx, len(attempts))
	}
	return others, nil
}
