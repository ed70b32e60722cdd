package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
)

// Limits of the engine.
const (
	// openMost is how many open payments a round looks at, roundMost how many of
	// them it moves.
	openMost  = 10_000
	roundMost = 200
	// failuresMost in a row end a round.
	failuresMost = 3
	// The pauses between two tries of one payment grow from the first to the last.
	pauseLeast = 5 * time.Second
	pauseMost  = 5 * time.Minute
	// A payment that waits for something of ours is looked at more often.
	waitLeast = 500 * time.Millisecond
	waitMost  = 10 * time.Second
	// bidEvery is how far apart two attempts of a batch are.
	bidEvery = 30 * time.Second
	// Basis points: the whole, and the largest fee unless configured.
	feeBasisWhole   = 10_000
	feeBasisDefault = 2_500
)

// Config is what an Engine needs.
type Config struct {
	Chain  asset.Chain
	Store  Store
	Payer  chain.Payer
	Signer Signer
	// Attestor vouches for deposits: the signer takes nobody else's word.
	Attestor Attestor
	// Coroner vouches for the end of payments that failed; where it is nil none is made anew.
	Coroner Coroner
	// DeathRules are the signer's for what Coroner says, as they are now; where it is nil, what
	// does not meet them is found out by asking the signer.
	DeathRules func() swap.DepositRules
	// Reader finds in blocks who has spent what a coin was made from that is gone; where
	// it is nil, or does not tell what transactions spend, nobody looks. ReorgLimit is the
	// watcher's.
	Reader     chain.Reader
	ReorgLimit int64
	// FencingToken is the lease's.
	FencingToken uint64
	// FeeMax is the most one transaction may cost, whatever it is for, and
	// FeeBasisPoints the most as a share of the amount, of 10,000; 2,500 if zero. A
	// token's amount has no share: its fee is in another asset, and no price is known here.
	// They and AmountMax must be no wider than the signer's caps: what it refuses
	// ties up coins, or a nonce with all that come after it.
	FeeMax         asset.Units
	FeeBasisPoints int64
	// LineFeeMax is the most a transaction may cost for which later ones of its account wait, where its
	// own limit is less: it is raised up to there for as much as these may cost. Zero: never.
	LineFeeMax asset.Units
	// AmountMax is the most one transaction may pay of each asset; one that is missing
	// has no limit.
	AmountMax map[asset.ID]asset.Units
	// QuoteKeys and AttestKeys are those the signer trusts too.
	QuoteKeys, AttestKeys swap.PublicKeys
	// Bid says what a batch that is in no block should offer; nil never makes a second
	// attempt. Attempts are BidEvery apart, 30 s if zero.
	Bid      Bidder
	BidEvery time.Duration
	// Lifter has what waits be raised by a child where nodes take no replacement; nil never.
	Lifter Lifter
	// Check compares stored bytes with their plan before each time they are handed
	// in: between signature and broadcast they lie in a database that others may
	// reach. nil, in tests whose signer makes no real transactions, checks nothing.
	Check func(on asset.Chain, a Attempt) error
	// BatchWindow is how long payments of a UTXO chain are gathered, so that one
	// transaction pays all that came in it; at zero each is paid by itself, at once.
	BatchWindow time.Duration
	// Poll is how often the engine looks for work; 250 ms if zero.
	Poll time.Duration
	// Wake, if not nil, is signalled after an order or a block.
	Wake <-chan struct{}
	// Moved, if not nil, is called after a payment changed what is available.
	Moved func()
	// Observer hears what signer and node answered.
	Observer Observer
	Now      func() time.Time
	Log      *slog.Logger
}

// Engine moves the payments of one chain along. One goroutine at a time may use it.
type Engine struct {
	config Config
	// tries is when to look at a payment again. It is only a pace: after a
	// restart everything is due.
	tries map[string]try
	// unattestedSince is since when a payment's deposits are not attested, unanswered
	// the chains whose deposits nobody could look at in this round.
	unattestedSince map[string]spell
	// goneSince is since when a payment's deposits are not confirmed in our book.
	goneSince map[string]spell
	// formerSince is since when attestd has not said of what ended earlier payments that they have,
	// by the first payment of the plan that needs it.
	formerSince map[string]spell
	unanswered  map[asset.Chain]error
	// words are what attestd has said in this minute of what ended, by its anchor; wordless are those
	// anchors on which it gave none in this round that does.
	words    map[string]word
	wordless map[string]bool
	// freed are the anchors of what was to spend a coin and has ended, by each coin of which this round
	// has read that.
	freed map[string][]string
	// spent are batches that offer all they may, worn those that no other attempt is made
	// for.
	spent, worn map[string]bool
	// unlifted is why batches wait that nothing can replace, or nothing that they may cost.
	unlifted map[string]string
	// ending is why batches that have lost their coin or nonce are not made anew yet.
	ending map[string]string
	// looks is how far blocks were looked through for the spender that ended a batch.
	looks map[string]look
	// gathering is since when payments wait to be paid together, zero while none does;
	// apart are those that are paid each by itself.
	gathering time.Time
	apart     map[string]bool
	// full is that the sender had no room for another transaction in this round; crowded
	// are the payments that were told so before.
	full    bool
	crowded map[string]bool
}

type try struct {
	due   time.Time
	pause time.Duration
}

// New checks the configuration.
func New(c Config) (*Engine, error) {
	if c.Store == nil || c.Payer == nil || c.Signer == nil || c.Attestor == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("payment: a store, payer, signer, attestor, clock or log is missing")
	}
	if _, ok := c.Chain.Native(); !ok {
		return nil, fmt.Errorf("payment: chain %.20q is not known", c.Chain)
	}
	if c.FeeMax.IsZero() || c.FencingToken == 0 {
		return nil, errors.New("payment: the fee limit or the fencing token is zero")
	}
	if c.FeeMax.Less(c.LineFeeMax) {
		return nil, fmt.Errorf("payment: %s for a payment that others wait for is above the limit %s for any", c.LineFeeMax, c.FeeMax)
	}
	if c.FeeBasisPoints < 0 || c.FeeBasisPoints > feeBasisWhole {
		return nil, fmt.Errorf("payment: a fee of %d basis points; it can be 1 to %d", c.FeeBasisPoints, feeBasisWhole)
	}
	if c.FeeBasisPoints == 0 {
		c.FeeBasisPoints = feeBasisDefault
	}
	if len(c.QuoteKeys) == 0 || len(c.AttestKeys) == 0 {
		return nil, errors.New("payment: no key is trusted to sign quotes or receipts")
	}
	if c.BidEvery == 0 {
		c.BidEvery = bidEvery
	}
	if c.BatchWindow < 0 {
		return nil, fmt.Errorf("payment: a batch window of %s", c.BatchWindow)
	}
	if c.Poll == 0 {
		c.Poll = 250 * time.Millisecond
	}
	return &Engine{config: c, tries: map[string]try{}, unattestedSince: map[string]spell{}, goneSince: map[string]spell{},
		formerSince: map[string]spell{}, unanswered: map[asset.Chain]error{}, words: map[string]word{}, wordless: map[string]bool{}, freed: map[string][]string{},
		apart: map[string]bool{}, crowded: map[string]bool{}, spent: map[string]bool{}, worn: map[string]bool{}, looks: map[string]look{}, unlifted: map[string]string{}, ending: map[string]string{}}, nil
}

// Run makes rounds until ctx ends; it returns nil then. A round that fails is
// logged and made again: what it was about is stored.
func (e *Engine) Run(ctx context.Context) error {
	ticker := time.NewTicker(e.config.Poll)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := e.Round(ctx); err != nil && ctx.Err() == nil {
			e.config.Log.Error("payment round failed, will try again", "chain", e.config.Chain, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-e.config.Wake:
		}
	}
	return nil
}

// Round moves every payment that is due, the oldest first. A payment that fails is
// put off and does not hold up the rest; several in a row end the round, for then
// it is the store that fails. It returns what failed.
func (e *Engine) Round(ctx context.Context) error {
	open, err := e.config.Store.OpenPayments(ctx, openMost)
	if err != nil {
		return err
	}
	if len(open) == openMost {
		e.config.Log.Warn("more open payments than a round looks at", "chain", e.config.Chain, "limit", openMost)
	}
	e.forget(open)
	clear(e.unanswered)
	clear(e.wordless)
	clear(e.freed)
	e.full = false
	moved, inARow := 0, 0
	open, failed := e.gather(ctx, open)
	switch {
	case errors.Is(failed, errHalted):
		return nil
	case errors.Is(failed, ErrChanged):
		e.config.Log.Debug("payments changed meanwhile", "chain", e.config.Chain, "error", failed)
		failed = nil
	}
	seen := map[string]bool{}
	for _, o := range open {
		if moved == roundMost || inARow == failuresMost || ctx.Err() != nil {
			break
		}
		if e.full && o.BatchID == "" && e.crowded[o.OrderID] {
			continue // it says so already
		}
		if seen[o.key()] || e.config.Now().Before(e.tries[o.key()].due) {
			continue
		}
		moved++
		seen[o.key()] = true
		err := e.advance(ctx, o)
		switch {
		case err == nil:
			inARow = 0
		case errors.Is(err, errHalted):
			return failed
		case errors.Is(err, ErrChanged):
			e.config.Log.Debug("payment changed meanwhile", "chain", e.config.Chain, "order", o.OrderID, "error", err)
		default:
			inARow++
			failed = errors.Join(failed, fmt.Errorf("payment %s: %w", o.OrderID, err))
			e.later(o.key(), waitLeast, waitMost)
		}
	}
	return failed
}

// errHalted ends a round: nothing moves on a halted chain.
var errHalted = errors.New("the chain is halted")

// running is asked before each outside effect: a halt must not wait for a long
// round to end.
func (e *Engine) running(ctx context.Context) error {
	halted, err := e.config.Store.Halted(ctx)
	if err == nil && halted != "" {
		return errHalted
	}
	return err
}

// forget drops the pace of payments and batches that are open no more.
func (e *Engine) forget(open []Open) {
	still := make(map[string]bool, len(open))
	for _, o := range open {
		still[o.OrderID], still[o.key()] = true, true
	}
	for id := range e.tries {
		if !still[id] {
			delete(e.tries, id)
		}
	}
	maps.DeleteFunc(e.spent, func(id string, _ bool) bool { return !still[id] })
	maps.DeleteFunc(e.worn, func(id string, _ bool) bool { return !still[id] })
	maps.DeleteFunc(e.unlifted, func(id string, _ string) bool { return !still[id] })
	maps.DeleteFunc(e.ending, func(id string, _ string) bool { return !still[id] })
	maps.DeleteFunc(e.looks, func(id string, _ look) bool { return !still[id] })
	maps.DeleteFunc(e.crowded, func(id string, _ bool) bool { return !still[id] })
	for id := range e.apart {
		if !still[id] {
			delete(e.apart, id)
		}
	}
	maps.DeleteFunc(e.unattestedSince, func(id string, _ spell) bool { return !still[id] })
	maps.DeleteFunc(e.formerSince, func(id string, _ spell) bool { return !still[id] })
	maps.DeleteFunc(e.goneSince, func(id string, _ spell) bool { return !still[id] })
}

// later puts off a payment without a plan, or a batch; the pause doubles each time up to most.
func (e *Engine) later(id string, least, most time.Duration) {
	pause := min(max(2*e.tries[id].pause, least), most)
	e.tries[id] = try{due: e.config.Now().Add(pause), pause: pause}
}

// soon has a payment looked at without delay; if it is put off again, for longer than before.
func (e *Engine) soon(orderID string) {
	e.tries[orderID] = try{pause: e.tries[orderID].pause}
}

// advance takes one payment without a plan, or one batch, as far as it goes now.
func (e *Engine) advance(ctx context.Context, o Open) error {
	var b Batch
	var authorities []Authority // of what is planned now: signed at once, with the same
	var err error
	if o.BatchID == "" {
		var p Payment
		if p, err = e.config.Store.Payment(ctx, o.OrderID); err != nil {
			return err
		}
		if p.State != swap.PaymentQueued || p.BatchID != "" {
			return nil // it has moved since it was listed
		}
		var done bool
		if b, authorities, done, err = e.plan(ctx, p); err != nil || !done {
			return err
		}
	} else if b, err = e.config.Store.Batch(ctx, o.BatchID); err != nil {
		return err
	}
	if b.State == swap.PaymentFailed {
		return e.again(ctx, b)
	}
	if dead, err := e.ended(ctx, b); err != nil || dead {
		return err
	}
	return e.forward(ctx, b, authorities)
}

// forward has a batch signed, for the authorities if they are known, and handed in.
func (e *Engine) forward(ctx context.Context, b Batch, authorities []Authority) (err error) {
	if b.State == swap.PaymentQueued {
		var done bool
		if b, done, err = e.sign(ctx, b, authorities); err != nil || !done {
			return err
		}
	} else if b, err = e.raise(ctx, b); err != nil {
		return err
	}
	if b.State == swap.PaymentSigned || b.State == swap.PaymentBroadcast {
		return e.send(ctx, b)
	}
	return nil
}

// key is what the pace of a payment goes by: its batch, once it has one.
func (o Open) key() string {
	if o.BatchID != "" {
		return o.BatchID
	}
	return o.OrderID
}
