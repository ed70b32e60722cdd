package payment

import (
	"context"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/swap/crash"
)

// ReasonLost is why an attempt was made that spends less than the one before.
const ReasonLost = "a coin of the attempt before can't be spent any more"

// ReasonUnrelieved is that a batch waits for an attempt without what it has lost; why follows.
const ReasonUnrelieved = "a coin of it can't be spent any more, and no attempt without that can be made now:"

// relieve plans another attempt of a batch of which nothing can be mined as it is: it spends
// the anchor, so that it conflicts with all before it, and others in place of what is lost.
// Nobody's word is needed for that: should a coin come back, one of all attempts can be mined.
// It reports whether there is a new plan.
func (e *Engine) relieve(ctx context.Context, b Batch) (Batch, bool, error) {
	if !e.mayRelieve(b) {
		return b, false, nil
	}
	basis, err := e.config.Store.ReplacementBasis(ctx, b)
	if err != nil {
		return b, false, err
	}
	most, err := e.most(b)
	if err != nil {
		return b, false, err
	}
	// Nodes have none of the earlier ones, so nothing is to be outbid.
	f, r := basis.Funds, e.outputs(b, chain.Request{FeeMax: most})
	first := b.Payments[0]
	if first.House != nil { // it moves what is left
		f.Coins, r = nil, request(first, most)
	}
	r.Rate = b.Newest().Plan.Rate
	plan, err := e.config.Payer.Plan(ctx, f, r)
	if ctx.Err() != nil {
		return b, false, ctx.Err()
	}
	if err == nil && most.Less(plan.Fee) {
		err = chain.ErrFeeMax
	}
	if err != nil {
		e.config.Log.Warn("a lost coin can't be replaced now", "chain", e.config.Chain, "batch", b.ID, "error", err)
		e.unlifted[b.ID] = because(ReasonUnrelieved, err)
		return b, false, nil
	}
	plan = returned(first, f, plan)
	if err := e.running(ctx); err != nil {
		return b, false, err
	}
	crash.Point("payment.replace.before")
	next, err := e.config.Store.StoreReplacement(ctx, b, plan, ReasonLost)
	if err != nil {
		return b, false, err
	}
	crash.Point("payment.replace.after")
	e.config.Log.Warn("payment does without a lost coin", "chain", e.config.Chain, "batch", b.ID, "attempt", next.Last().N, "lost", len(b.Lost))
	delete(e.unlifted, b.ID)
	e.moved()
	return next, true, nil
}

// mayRelieve: what the signer has refused is asked for again, ever more rarely, and uses up
// nothing: nothing else of the batch can be mined. Once there are rowsMost attempts it is asked
// no more than about once a day, so that they stay few.
func (e *Engine) mayRelieve(b Batch) bool {
	signed, refused := b.refusals()
	if e.worn[b.ID] = signed >= reliefsMost; e.worn[b.ID] {
		return false
	}
	if refused == 0 {
		return true
	}
	shift := min(refused, refusedShifts)
	if len(b.Attempts) >= rowsMost {
		shift = dayShifts
	}
	if e.config.Now().Sub(b.Last().PlannedAt) < e.config.BidEvery<<shift {
		e.unlifted[b.ID] = ReasonUnrelieved + " the signer refused it"
		return false
	}
	return true
}

// unrelieved is why a batch waits that is to do without what it has lost, "" if nothing is known.
func (e *Engine) unrelieved(b Batch) string {
	if e.worn[b.ID] {
		return ReasonAttempts
	}
	if why := e.unlifted[b.ID]; strings.HasPrefix(why, ReasonUnrelieved) {
		return why
	}
	return ""
}

// reliefsMost is how many signed attempts a batch has at most, those included that do without
// what it has lost: the signer signs no more for an authority.
const reliefsMost = 100

// dayShifts makes half a minute a day, about.
const dayShifts = 11

// outputs adds what a batch pays.
func (e *Engine) outputs(b Batch, r chain.Request) chain.Request {
	for _, p := range b.Payments {
		r.Outputs = append(r.Outputs, chain.Output{Destination: p.Order.Destination, Asset: p.Order.Amount.Asset, Units: p.Order.Amount.Units})
	}
	return r
}
