package payment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Reasons of a payment that was ordered again and is not made anew yet.
const (
	ReasonProof = "ordered again: it is made anew once its failure is proved"
	ReasonAlive = "ordered again; its failure is not proved yet:"
)

// again plans nothing yet: it has the payments of a batch that failed, and was ordered
// again, be queued like new ones, once attestd has said that nothing signed for them can
// pay any more.
func (e *Engine) again(ctx context.Context, b Batch) error {
	if err := e.running(ctx); err != nil {
		return err
	}
	end, err := e.config.Store.Ended(ctx, b)
	if err != nil {
		return err
	}
	text, cause := e.death(ctx, end.DeathRequest, b.signed())
	if cause == nil {
		cause = e.deadEnough(text, largest(b.Payments))
	}
	if cause != nil {
		return e.alive(ctx, b, cause)
	}
	return e.bury(ctx, b, end.DeathRequest)
}

// bury has the payments of a batch that is proved to be dead be queued like new ones.
func (e *Engine) bury(ctx context.Context, b Batch, r DeathRequest) error {
	crash.Point("payment.death.before")
	if err := e.config.Store.StoreDeath(ctx, b, r); err != nil {
		return err
	}
	crash.Point("payment.death.after")
	e.config.Log.Warn("payment is made anew", "chain", e.config.Chain, "batch", b.ID, "anchor", r.Anchor, "spender", r.Spender)
	delete(e.tries, b.ID)
	e.setApart(b) // what attestd said suffices for each of them, maybe not for their sum
	e.moved()
	return nil
}

// signed are the txids of a batch.
func (b Batch) signed() (txids []string) {
	for _, a := range b.Attempts {
		if a.TxID != "" {
			txids = append(txids, a.TxID)
		}
	}
	return txids
}

// alive says why the payments of a batch can't be made anew, and puts them off.
func (e *Engine) alive(ctx context.Context, b Batch, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *swap.Error
	if errors.As(cause, &refusal) {
		cause = errors.New(refusal.Message)
	}
	e.later(b.ID, waitLeast, waitMost)
	return e.stand(ctx, b, because(ReasonAlive, cause), errors.Is(cause, swap.ErrPaid))
}

// death is attestd's word on what ended a batch, whose signed transactions are given.
func (e *Engine) death(ctx context.Context, r DeathRequest, signed []string) (string, error) {
	if e.config.Coroner == nil {
		return "", swap.Refuse(swap.CodeUnavailable, "", "", "There is nobody to say so.")
	}
	if unproved {
		return "", nil
	}
	r.FencingToken = e.config.FencingToken
	text, err := e.config.Coroner.AttestDeath(ctx, r)
	if err != nil {
		return "", err
	}
	a, err := swap.VerifyDeathAttestation(text, e.config.AttestKeys)
	if err != nil {
		return "", fmt.Errorf("death of %s: %w", r.Anchor, err)
	}
	return text, a.Kills(r.Anchor, signed)
}

// deadEnough is the signer's rule, asked before coins or a nonce are tied up: a large payment is made
// anew only once the block that ended it is as final as its deposit had to be.
func (e *Engine) deadEnough(text string, amount asset.Amount) error {
	if e.config.DeathRules == nil || unproved {
		return nil
	}
	a, err := swap.VerifyDeathAttestation(text, e.config.AttestKeys)
	if err != nil {
		return err
	}
	return e.config.DeathRules().MeetsDeath(a, amount, e.config.Now())
}

// largest is the largest of payments in one asset: those of a batch that has ended are free of one
// another, and the signer asks of each what its own amount needs.
func largest(payments []Payment) asset.Amount {
	most := payments[0].Order.Amount
	for _, p := range payments[1:] {
		if most.Units.Less(p.Order.Amount.Units) {
			most = p.Order.Amount
		}
	}
	return most
}

// total is what payments in one asset come to.
func total(payments []Payment) (asset.Amount, error) {
	sum := payments[0].Order.Amount
	var err error
	for _, p := range payments[1:] {
		if sum.Units, err = sum.Units.Add(p.Order.Amount.Units); err != nil {
			return sum, fmt.Errorf("sum of a batch: %w", err)
		}
	}
	return sum, nil
}

// deaths are attestd's words on what ended earlier batches of a batch's payments, and those
// that had one of its coins, for the signer. cause is why there is one that can't be had now.
func (e *Engine) deaths(ctx context.Context, b Batch) (signed []string, cause, err error) {
	earlier := e.config.Chain.Family() == asset.UTXO || strings.Contains(b.ID, "#")
	for _, p := range b.Payments {
		earlier = earlier || p.Order.Retry > 0
	}
	if !earlier {
		return nil, nil, nil
	}
	orders := b.Orders()
	if b.Last().N > 1 { // they have their anchor, and keep it
		orders = nil
	}
	ended, err := e.config.Store.Deaths(ctx, orders, coinIDs(b.Last().Plan.Coins))
	if err != nil {
		return nil, nil, err
	}
	if ended, err = e.unheard(ctx, orders, ended); err != nil {
		return nil, nil, err
	}
	sum, err := total(b.Payments)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range ended {
		text, cause := e.wordOn(ctx, r, sum)
		if cause != nil {
			return nil, cause, nil
		}
		signed = append(signed, text)
	}
	return signed, nil, nil
}

// endedMost is how many anchors the signer says of at once whether it remembers their end.
const endedMost = 200

// errEnded is that the signer did not say which ends it remembers. It was not asked to sign:
// whatever it answered, the plan may be signed already.
var errEnded = errors.New("the signer does not say what it remembers")

// unheard are the ends that the signer has to hear of, or hear of again: all of those of
// orders that get another anchor, which takes a word of these minutes, and those of
// others that had one of its coins, once for good. So nobody needs to look at a block of
// months ago, which a node may not have any more, because of a coin that was free since.
func (e *Engine) unheard(ctx context.Context, orders []string, ended []DeathRequest) ([]DeathRequest, error) {
	if len(ended) == 0 {
		return nil, nil
	}
	own, err := e.config.Store.Deaths(ctx, orders, nil)
	if err != nil {
		return nil, err
	}
	others := map[string]bool{}
	for _, r := range ended {
		others[r.Anchor] = true
	}
	for _, r := range own {
		delete(others, r.Anchor)
	}
	if len(others) == 0 {
		return ended, nil
	}
	unheard := maps.Clone(others)
	if err := e.strike(ctx, unheard); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ended, func(r DeathRequest) bool { return others[r.Anchor] && !unheard[r.Anchor] }), nil
}
