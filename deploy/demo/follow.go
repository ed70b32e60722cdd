package demo

import (
	"context"
	"fmt"
	"strings"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/show"
	"ferry/swap"
)

// follower looks at one swap until it is settled and shows each state as it comes.
type follower struct {
	*trip
	terms     swap.Terms
	depositTx string
	// dust is the line of the advertiser's transaction; nil where there was none.
	dustTx string
	dust   *show.Line

	stuck stuck
	// failedTx is the payout that failed; "" while none has.
	failedTx string
	// resumed: it is held no longer.
	resumed bool

	line    *show.Line // of the state it is in
	state   swap.State
	version int64
	latest  client.Swap
}

// follow returns the payout's transaction once the swap is settled.
func (f *follower) follow(ctx context.Context) (payoutTx string, err error) {
	id := f.terms.Receipt.SwapID
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.SwapLimit, fmt.Errorf("it took longer than %s", f.cfg.SwapLimit))
	defer cancel()
	f.state = swap.AwaitingDeposit
	f.line = f.start(label(f.state), "waiting for Ferry to see the deposit")
	defer func() {
		if err != nil {
			f.line.Fail(err.Error())
		}
		f.endDust()
	}()
	err = until(ctx, nil, pollEvery, "swap "+id+" to be settled", func() (bool, string, error) {
		s, err := f.api.Swap(ctx, id)
		if client.Passing(err) {
			return false, err.Error(), nil
		}
		if err != nil {
			return false, "", err
		}
		f.latest = s
		if err := f.moveOn(ctx); err != nil {
			return false, "", err
		}
		if err := f.showStuck(ctx); err != nil {
			return false, "", err
		}
		return f.state == swap.Settled, fmt.Sprintf("%s: %s", label(s.State), s.Message), nil
	})
	if err != nil {
		return "", err
	}
	for _, p := range f.latest.Payments {
		if p.Purpose == swap.PurposePayout && p.TxID != "" {
			f.endStuck(p.TxID)
			return p.TxID, nil
		}
	}
	return "", fmt.Errorf("swap %s is settled without a payout's transaction", id)
}

// moveOn shows every update since the last look, none left out, and what the
// deposits and payments look like now.
func (f *follower) moveOn(ctx context.Context) error {
	if f.failedTx != "" && !f.resumed {
		if f.latest.State == swap.Held {
			return nil // what staff had done is not told yet
		}
		f.resumed = true
	}
	for _, u := range f.latest.Updates {
		if u.Version > f.version {
			f.version = u.Version
			f.enter(u.State)
		}
	}
	if f.latest.Version >= f.version {
		f.version = f.latest.Version
		f.enter(f.latest.State)
	}
	f.showDust()
	switch f.state {
	case swap.Settled:
		f.line.Done(f.describe(f.state))
		return nil
	case swap.Held:
		if done, err := f.repaid(ctx); done || err != nil {
			return err
		}
		return f.wentWrong()
	case swap.Expired, swap.RefundQueued, swap.RefundBroadcast, swap.Refunded:
		return f.wentWrong()
	default:
		f.line.Update(f.describe(f.state))
		return nil
	}
}

func (f *follower) wentWrong() error {
	return fmt.Errorf("swap %s went to %s (%s): %s", f.latest.ID, f.state, f.latest.Reason, f.latest.Message)
}

// enter ends the line of the state before and begins the next one's.
func (f *follower) enter(state swap.State) {
	if state == f.state {
		return
	}
	f.line.Done(f.describe(f.state))
	f.state = state
	f.line = f.start(label(state), f.describe(state))
}

// describe says what a state is about, with its transaction and amount.
func (f *follower) describe(state swap.State) string {
	switch state {
	case swap.AwaitingDeposit:
		return fmt.Sprintf("%s to %s", f.terms.Quote.Deposit, f.terms.Receipt.DepositAddress)
	case swap.DepositDetected, swap.DepositConfirmed:
		for _, d := range f.latest.Deposits {
			if d.TxID == f.depositTx {
				return fmt.Sprintf("%s %s by %s, %d of %d confirmations", d.Amount, d.Asset, f.show.ID(d.TxID), min(d.Confirmations, d.Needed), d.Needed)
			}
		}
	case swap.PayoutQueued, swap.PayoutBroadcast, swap.Settled:
		for _, p := range f.latest.Payments {
			if p.Purpose == swap.PurposePayout && p.TxID != "" && state != swap.PayoutQueued {
				return fmt.Sprintf("%s %s to %s by %s", p.Amount, p.Asset, p.Destination, f.show.ID(p.TxID))
			}
		}
		return fmt.Sprintf("%s to %s", f.terms.Quote.Payout, f.terms.Receipt.PayoutAddress)
	case swap.Expired, swap.RefundQueued, swap.RefundBroadcast, swap.Refunded, swap.Held:
	}
	return f.latest.Message
}

// showDust ends the advertiser's line as soon as Ferry has judged the dust.
func (f *follower) showDust() {
	for _, d := range f.latest.Deposits {
		if f.dust != nil && d.TxID == f.dustTx && d.Verdict != swap.VerdictNone {
			f.dust.Done(fmt.Sprintf("%s %s by %s: verdict %s; the swap is untouched", d.Amount, d.Asset, f.show.ID(d.TxID), d.Verdict))
			f.dust = nil
		}
	}
}

func (f *follower) endDust() {
	if f.dust != nil {
		f.dust.Done(fmt.Sprintf("%d sat by %s: no verdict yet; the swap did not wait for it", dustSat, f.show.ID(f.dustTx)))
		f.dust = nil
	}
}

func label(state swap.State) string { return strings.ReplaceAll(string(state), "_", " ") }
