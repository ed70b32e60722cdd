package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap"
)

// Reasons of a batch whose coin or nonce somebody else has spent, or what that was made from.
const (
	// ReasonEnding is that attestd does not say so, or not so that the signer takes it; why follows.
	ReasonEnding = "its coin or nonce is gone; it is made anew once that is proved:"
	// ReasonShallow is that a reorganisation may take that back, as far as attestd says. It passes by itself.
	ReasonShallow = "its coin or nonce is spent by another transaction; it is made anew once no reorganisation can take that back"
)

// fieldShallow is what a refusal of attestd's names where blocks are missing on top of a spend, with how
// deep it has to be. Without that the chain's payments never count as dead.
const fieldShallow = "depth"

// lookMost is how many blocks are looked through at a time for what ended a batch.
const lookMost = 20

// look is how far that has come: the next block to read or, once it is found, the block
// with the transaction and the coin that it has spent.
type look struct {
	next    int64
	at      chain.Ref
	spender string
	coin    string
}

// ended has the payments of a batch be queued again whose first coin, or nonce, can't be
// spent any more by what was signed: somebody else has spent it, or what the coin was made
// from, deeper than any reorganisation that is followed, as attestd says. Until then the
// batch goes on as it was, because that coin or nonce may come back. A spend of somebody
// else's halts the chain: nothing of this happens before people have resumed it.
func (e *Engine) ended(ctx context.Context, b Batch) (dead bool, err error) {
	if e.config.Coroner == nil || b.State != swap.PaymentSigned && b.State != swap.PaymentBroadcast {
		return false, nil
	}
	end, err := e.config.Store.Ended(ctx, b)
	if delete(e.ending, b.ID); err != nil || end.Anchor == "" {
		return false, err
	}
	if err := e.running(ctx); err != nil {
		return false, err
	}
	if end.Spender == "" {
		end, err = e.find(ctx, b, end)
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			e.config.Log.Warn("nobody can say yet what became of a coin", "chain", e.config.Chain, "batch", b.ID, "anchor", end.Anchor, "error", err)
			return false, nil
		case end.Spender == "":
			return false, nil
		}
	}
	text, cause := e.death(ctx, end.DeathRequest, b.signed())
	if cause == nil {
		cause = e.deadEnough(text, largest(b.Payments))
	}
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case cause != nil:
		e.config.Log.Info("a payment's coin or nonce is gone; it is made anew once that is proved", "chain", e.config.Chain, "batch", b.ID,
			"anchor", end.Anchor, "spender", end.Spender, "error", cause)
		e.ending[b.ID] = ending(cause)
		return false, nil
	}
	return true, e.bury(ctx, b, end.DeathRequest)
}

// ending is the reason of a batch that has lost its coin or nonce and is not made anew yet.
func ending(cause error) string {
	var refusal *swap.Error
	switch {
	case !errors.As(cause, &refusal):
		return because(ReasonEnding, cause)
	case refusal.Field == fieldShallow && refusal.Limit != "":
		return ReasonShallow
	}
	return because(ReasonEnding, errors.New(refusal.Message))
}

// find looks through blocks for who has spent what the anchor was made from. It goes on
// where it stopped, and begins again where what it found is in the best chain no more.
func (e *Engine) find(ctx context.Context, b Batch, end Ending) (Ending, error) {
	reader := e.config.Reader
	ancestry, tells := reader.(chain.Ancestry)
	if !tells {
		return end, errors.New("there is no node to ask")
	}
	made := b.Attempts[0].Plan.Coins[0].PreviousTx
	maker, inputs, err := ancestry.Inputs(made)
	if err != nil {
		return end, fmt.Errorf("read what made it: %w", err)
	}
	seen := e.looks[b.ID]
	if seen.spender != "" {
		if at, err := reader.RefAt(ctx, seen.at.Height); err != nil || at != seen.at {
			seen = look{}
		}
	}
	seen.next = max(seen.next, end.From-e.config.ReorgLimit, 0)
	if seen.spender == "" {
		if seen, err = e.lookOn(ctx, seen, maker, spentBy(inputs)); err != nil {
			return end, err
		}
	}
	e.looks[b.ID] = seen
	if seen.spender != "" {
		end.Spent, end.Spender, end.Block = string(e.config.Chain)+":"+seen.coin, seen.spender, seen.at
		end.Lineage = [][]byte{made}
	}
	return end, nil
}

// lookOn reads at most lookMost more blocks.
func (e *Engine) lookOn(ctx context.Context, seen look, maker string, inputs spentBy) (look, error) {
	tip, err := e.config.Reader.Tip(ctx)
	if err != nil {
		return seen, err
	}
	// What is above may be another branch by the next time.
	last := min(tip.Height-e.config.ReorgLimit, seen.next+lookMost-1)
	for ; seen.next <= last; seen.next++ {
		ref, err := e.config.Reader.RefAt(ctx, seen.next)
		if err != nil {
			return seen, err
		}
		block, err := e.config.Reader.Block(ctx, ref, inputs)
		if err != nil {
			return seen, err
		}
		for _, d := range block.Debits {
			if d.TxID != maker && inputs.Coin(d.CoinID) {
				seen.at, seen.spender, seen.coin = ref, d.TxID, d.CoinID
				return seen, nil
			}
		}
	}
	return seen, nil
}

// spentBy watches the coins that a transaction would spend.
type spentBy []string

// Address implements chain.Watch: what arrives is of no interest.
func (spentBy) Address(string) bool { return false }

// Coin implements chain.Watch.
func (s spentBy) Coin(id string) bool {
	return slices.Contains(s, id)
}
