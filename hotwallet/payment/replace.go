package payment

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// attemptsMost is how many transactions are made for one batch. The signer allows a
// hundred for each authority; what is above this waits for its newest one.
const attemptsMost = 40

// riseMost is how many times the rate of its first attempt a batch offers at most, whatever
// it may cost: half of a small payment is no price for an hour.
const riseMost = 10

// rowsMost bounds all attempts of a batch, those that the signer refused among them.
const rowsMost = 5 * attemptsMost

// ReasonBid is why an attempt was made after an earlier one; what is offered follows.
const ReasonBid = "no block has taken the attempt before:"

// ReasonBudget is that a batch waits at the most that it may cost.
const ReasonBudget = "fees_above_limit: no block takes what the house offers at most for this amount"

// ReasonDescendants is that somebody whom a batch pays has spent that already, at a fee that a
// replacement would have to pay too.
const ReasonDescendants = "no block takes it, and others have built on it: nodes ask more for another in its place than it may cost"

// ReasonReplacement is that another attempt can't be planned now; why follows.
const ReasonReplacement = "no block takes it, and no other attempt can be planned now:"

// ReasonPatient is that a sweep or a top-up offers all that it may and waits for fees to
// fall, which is no alarm before it has waited for long.
const ReasonPatient = "fees_above_limit: deferred: it offers all that it is worth, and waits for fees to fall"

// atMost is why a batch waits that offers all that it may.
func (e *Engine) atMost(b Batch) string {
	for _, p := range b.Payments {
		limit, err := e.limitOf(p)
		if p.House == nil || err != nil || !limit.deferred {
			return ReasonBudget
		}
	}
	return ReasonPatient
}

// ReasonAttempts is that no other attempt is made for a batch.
const ReasonAttempts = "no block takes it, and too many attempts were made for it: it waits for the newest"

// Bid is what is known of a batch that waits for a block.
type Bid struct {
	// Since is when its first attempt was planned, First what that offered and Offered
	// what the newest one offers.
	Since          time.Time
	First, Offered chain.Rate
	// Budget is the most to offer: the rate at which it costs all that it may, or ten times
	// what the first attempt offered, with what others may cost that wait for its nonce; never more than it may cost.
	Budget chain.Rate
}

// Bidder says what a batch that waits for a block should offer now. It never falls as time
// goes on.
type Bidder func(b Bid) chain.Rate

// Rising offers what is usual, at most the budget, and the whole budget within so long: in
// a straight line from the first attempt on (lnd's sweeper, sweep/fee_function.go), at most
// twice as much each time, because the time may have gone by without blocks. usual, if
// not nil, is what is paid for a place in one of the next blocks.
func Rising(now func() time.Time, within time.Duration, usual func() chain.Rate) Bidder {
	return func(b Bid) chain.Rate {
		line, gone := b.First, min(now().Sub(b.Since), within)
		if b.First < b.Budget && gone > 0 {
			part := new(big.Int).Mul(new(big.Int).SetUint64(uint64(b.Budget-b.First)), big.NewInt(int64(gone)))
			line += chain.Rate(part.Div(part, big.NewInt(int64(within))).Uint64())
		}
		line = min(line, 2*b.Offered)
		if usual != nil {
			line = max(line, usual())
		}
		return min(line, b.Budget)
	}
}

// raise has a batch that waits for a block offer more, if it should by now, or do without what
// it has lost. Where that does
// not come to be, what is there stays as good as it was and is handed in again.
func (e *Engine) raise(ctx context.Context, b Batch) (Batch, error) {
	if b.Last().State != AttemptPlanned {
		var planned bool
		var err error
		switch {
		case b.Relieved():
			b, planned, err = e.relieve(ctx, b)
		case b.State != swap.PaymentBroadcast:
		case e.lifts(b):
			err = e.lift(ctx, b)
		default:
			b, planned, err = e.outbid(ctx, b)
		}
		if err != nil || !planned {
			return b, err
		}
	}
	signed, done, err := e.sign(ctx, b, nil)
	if err != nil || done {
		return signed, err
	}
	return e.config.Store.Batch(ctx, b.ID) // its reason is stored
}

// outbid makes another attempt for a batch that waits for a block, if it should offer
// more by now. The earlier ones stay good: each spends what the first spends, so that one
// of all can be mined. It reports whether there is a new plan.
func (e *Engine) outbid(ctx context.Context, b Batch) (Batch, bool, error) {
	if !e.mayBid(b) {
		return b, false, nil
	}
	basis, err := e.config.Store.ReplacementBasis(ctx, b)
	if err != nil || !b.passedOver(basis.Height) || basis.BuiltOn {
		return b, false, err
	}
	rise, most, err := e.rise(b, basis.Behind)
	if err != nil {
		return b, false, err
	}
	rate, due, err := e.bidAbove(b, most, b.Newest().Plan.Rate, b.Newest().Plan.Size, rise)
	if err != nil || !due {
		return b, false, err
	}
	if delete(e.unlifted, b.ID); basis.Unsigned {
		return b, false, nil
	}
	plan, err := e.replacement(ctx, b, basis.Funds, rate, rise, most)
	switch {
	case ctx.Err() != nil:
		return b, false, ctx.Err()
	case errors.Is(err, chain.ErrDescendants):
		e.unlifted[b.ID] = ReasonDescendants
		if b.Reason() != ReasonDescendants {
			e.config.Log.Error("payment can't be outbid: others have built on it", "chain", e.config.Chain, "batch", b.ID, "error", err)
		}
		return b, false, nil
	case errors.Is(err, chain.ErrFeeMax), errors.Is(err, chain.ErrFunds):
		e.spent[b.ID] = true
		return b, false, nil
	case err != nil:
		e.unlifted[b.ID] = because(ReasonReplacement, err)
		e.config.Log.Warn("no other attempt can be planned now", "chain", e.config.Chain, "batch", b.ID, "error", err)
		return b, false, nil
	case !b.Newest().Plan.Fee.Less(plan.Fee) || most.Less(plan.Fee):
		return b, false, nil
	}
	if err := e.running(ctx); err != nil {
		return b, false, err
	}
	reason := fmt.Sprintf("%s %d offered, now %d", ReasonBid, b.Newest().Plan.Rate, plan.Rate)
	crash.Point("payment.replace.before")
	b, err = e.config.Store.StoreReplacement(ctx, b, plan, reason)
	if err != nil {
		return b, false, err
	}
	crash.Point("payment.replace.after")
	e.config.Observer.replaced(b.Purpose)
	e.config.Log.Info("payment offers more", "chain", e.config.Chain, "batch", b.ID, "attempt", b.Last().N, "fee", plan.Fee.String())
	e.moved()
	return b, true, nil
}

// mayBid: after each attempt some time is given, more of it where the signer has refused
// others since.
func (e *Engine) mayBid(b Batch) bool {
	if e.config.Bid == nil || !e.config.Payer.Replaceable() || b.Newest().Plan.Size == 0 {
		return false
	}
	signed, refused := b.refusals()
	e.worn[b.ID] = signed >= attemptsMost || len(b.Attempts) >= rowsMost
	return !e.worn[b.ID] && e.config.Now().Sub(b.Last().PlannedAt) >= e.config.BidEvery<<min(refused, refusedShifts)
}

// refusals are how many attempts were signed, and how many the signer has refused since the last
// of these.
func (b Batch) refusals() (signed, refused int) {
	for _, a := range b.Attempts {
		switch {
		case len(a.Raw) > 0:
			signed, refused = signed+1, 0
		default:
			refused++
		}
	}
	return signed, refused
}

// refusedShifts bounds how often the time between two attempts doubles: half a minute
// becomes half an hour.
const refusedShifts = 6

// passedOver reports that a block has come which could have had the newest attempt. What
// is offered says nothing of itself as long as there is none.
func (b Batch) passedOver(height int64) bool { return height > b.Newest().Height }

// rise is the rate that a batch offers at most, and what it may cost: riseMost times its first rate
// and, where others wait for its nonce, what these may cost too. For their sake it may cost more than
// its own limit, by as much and up to LineFeeMax: else a small payment at the head would keep
// the others waiting while fees are above a quarter of it. What is paid is what blocks ask.
func (e *Engine) rise(b Batch, behind []Behind) (rise chain.Rate, most asset.Units, err error) {
	if most, err = e.most(b); err != nil {
		return 0, most, err
	}
	first := b.Attempts[0].Plan
	rise, with := riseMost*first.Rate, most
	for _, p := range behind {
		more, err := e.spares(p)
		if err != nil { // it says so itself, and adds nothing: the head must not wait for it
			e.config.Log.Warn("what waits behind a payment has no limit of its own", "chain", e.config.Chain, "batch", b.ID, "order", p.Order.ID, "error", err)
			continue
		}
		rate, err := budgetRate(e.config.Chain, more, first.Size)
		if err != nil {
			return 0, most, err
		}
		rise += min(rate, ^chain.Rate(0)-rise)
		if with, err = with.Add(more); err != nil {
			return 0, most, fmt.Errorf("what the line behind %s may cost: %w", b.ID, err)
		}
	}
	if e.config.LineFeeMax.Less(with) {
		with = e.config.LineFeeMax
	}
	if most.Less(with) {
		most = with
	}
	return rise, most, nil
}

// spares is what a payment that waits behind another may cost: up to riseMost times its first attempt.
func (e *Engine) spares(p Behind) (asset.Units, error) {
	limit, err := e.limitOf(Payment{Order: p.Order, House: p.House})
	if err != nil {
		return limit.most, err
	}
	if ten, err := p.First.MulDiv(big.NewInt(riseMost), big.NewInt(1), asset.Down); err == nil && !ten.IsZero() && ten.Less(limit.most) {
		return ten, nil
	}
	return limit.most, nil
}

// bidAbove is what a batch should offer that offers a rate together with what it pays for, is of a
// size with that and may cost so much, if that is more.
func (e *Engine) bidAbove(b Batch, most asset.Units, offered chain.Rate, size uint64, rise chain.Rate) (rate chain.Rate, due bool, err error) {
	delete(e.spent, b.ID)
	budget, err := budgetRate(e.config.Chain, most, size)
	if err != nil {
		return 0, false, err
	}
	// An estimate that was right within this factor gets there; above it waits for people.
	budget = min(budget, rise)
	rate = e.config.Bid(Bid{Since: b.Attempts[0].PlannedAt, First: b.Attempts[0].Plan.Rate, Offered: offered, Budget: budget})
	// Less than an eighth more is worth no attempt: nodes of account chains refuse it.
	e.spent[b.ID] = rate >= budget && budget < offered+offered/8
	return rate, rate >= offered+offered/8+1, nil
}

// most is what a batch may cost.
func (e *Engine) most(b Batch) (most asset.Units, err error) {
	for _, p := range b.Payments {
		limit, err := e.limitOf(p)
		if err != nil {
			return most, err
		}
		if most, err = most.Add(limit.most); err != nil {
			return most, fmt.Errorf("largest fee of %s: %w", b.ID, err)
		}
	}
	if e.config.FeeMax.Less(most) {
		most = e.config.FeeMax
	}
	return most, nil
}

// budgetRate is the rate at which a transaction of a size costs all that it may.
func budgetRate(on asset.Chain, most asset.Units, size uint64) (chain.Rate, error) {
	per := big.NewInt(1)
	if on.Family() == asset.UTXO {
		per = big.NewInt(1000)
	}
	rate, err := most.MulDiv(per, new(big.Int).SetUint64(size), asset.Down)
	if err != nil {
		return 0, fmt.Errorf("rate of a fee of %s for %d: %w", most, size, err)
	}
	if n, fits := rate.Uint64(); fits {
		return chain.Rate(n), nil
	}
	return ^chain.Rate(0), nil
}

// replacement plans from the coins that the batch has already, and from more only where
// those do not suffice: what an attempt that loses has spent is not free at once.
func (e *Engine) replacement(ctx context.Context, b Batch, f chain.Funds, rate, rise chain.Rate, most asset.Units) (chain.Plan, error) {
	r := e.outputs(b, chain.Request{FeeMax: most, Rate: rate, RateMost: rise})
	for _, a := range b.Attempts {
		if a.State != AttemptPlanned && a.State != AttemptDropped {
			r.Replaces = append(r.Replaces, a.Plan)
		}
	}
	f, r = anchored(f, r)
	if b.Purpose == swap.PurposeSweep {
		return e.sweptAgain(ctx, b, f, r)
	}
	more := f.Coins
	f.Coins = nil
	plan, err := e.config.Payer.Plan(ctx, f, r)
	if errors.Is(err, chain.ErrFunds) && len(more) > 0 {
		f.Coins = more
		plan, err = e.config.Payer.Plan(ctx, f, r)
	}
	return plan, err
}

// Live are the attempts that a block may still take and nodes may have, the newest first.
func (b Batch) Live() []Attempt {
	var live []Attempt
	for i := len(b.Attempts) - 1; i >= 0; i-- {
		if a := b.Attempts[i]; a.State == AttemptSigned || a.State == AttemptBroadcast {
			live = append(live, a)
		}
	}
	return live
}

// Newest is the newest attempt that was signed, or the only one.
func (b Batch) Newest() Attempt {
	for i := len(b.Attempts) - 1; i > 0; i-- {
		if len(b.Attempts[i].Raw) > 0 {
			return b.Attempts[i]
		}
	}
	return b.Attempts[0]
}

// Conflicts reports that a plan and every signed attempt exclude one another: it spends
// all that the newest one spends and that is not lost, the anchor of all of them always, or
// the same nonce.
func (b Batch) Conflicts(plan chain.Plan) bool {
	newest := b.Newest().Plan
	if unanchored {
		return true
	}
	for _, c := range b.Left(newest.Coins) {
		if !slices.ContainsFunc(plan.Coins, func(o chain.Coin) bool { return o.ID() == c.ID() }) {
			return false
		}
	}
	return newest.Nonce == plan.Nonce && newest.SenderPath == plan.SenderPath
}

// Left are the coins that the batch has not lost; the anchor is always among them.
func (b Batch) Left(coins []chain.Coin) []chain.Coin {
	anchor := ""
	if first := b.Attempts[0].Plan.Coins; len(first) > 0 {
		anchor = first[0].ID()
	}
	return slices.DeleteFunc(slices.Clone(coins), func(c chain.Coin) bool { return c.ID() != anchor && slices.Contains(b.Lost, c.ID()) })
}

// Relieved reports a batch of which nothing can be mined as it is, since each attempt that could
// be spends a coin that is lost, while the anchor is not: another attempt does without.
func (b Batch) Relieved() bool {
	if len(b.Lost) == 0 || slices.Contains(b.Lost, b.Attempts[0].Plan.Coins[0].ID()) {
		return false
	}
	for _, a := range b.Live() {
		if len(b.Left(a.Plan.Coins)) == len(a.Plan.Coins) {
			return false
		}
	}
	return len(b.Live()) > 0
}

// Further are the coins of a plan that no attempt of the batch has, but for dropped ones.
func (b Batch) Further(plan chain.Plan) []chain.Coin {
	had := map[string]bool{}
	for _, a := range b.Attempts {
		for _, c := range a.Plan.Coins {
			had[c.ID()] = had[c.ID()] || a.State != AttemptDropped
		}
	}
	return slices.DeleteFunc(slices.Clone(plan.Coins), func(c chain.Coin) bool { return had[c.ID()] })
}

// Replaced is the batch with another planned attempt.
func (b Batch) Replaced(plan chain.Plan, reason string, at time.Time, height int64) Batch {
	next := b.Moved(b.State, "", 0, nil)
	next.Attempts = append(next.Attempts, Attempt{N: b.Last().N + 1, State: AttemptPlanned, Plan: plan, Reason: reason, PlannedAt: at, Height: height})
	return next
}

// Orders are the ids of those that it pays.
func (b Batch) Orders() []string {
	var ids []string
	for _, p := range b.Payments {
		ids = append(ids, p.Order.ID)
	}
	return ids
}

// HeldFee is the highest fee of the signed attempts, which the books hold; held is false
// where none is signed.
func (b Batch) HeldFee() (fee asset.Units, held bool) {
	for _, a := range b.Attempts {
		if len(a.Raw) > 0 {
			held = true
			if fee.Less(a.Plan.Fee) {
				fee = a.Plan.Fee
			}
		}
	}
	return fee, held
}

// SignedState is the batch's once its newest attempt is signed: an earlier one may have
// been handed in long ago.
func (b Batch) SignedState() swap.PaymentState {
	if b.State == swap.PaymentQueued {
		return swap.PaymentSigned
	}
	return b.State
}
