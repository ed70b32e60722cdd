package payment_test

import (
	"context"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/sweep"
)

// widely runs an effect that is not the engine's own between two points.
func widely[T any](f *fuse, name string, effect func() (T, error)) (T, error) {
	if !f.wide {
		return effect()
	}
	return around(f, name, effect)
}

func (s fusedStore) StoreDeath(ctx context.Context, b payment.Batch, r payment.DeathRequest) error {
	_, err := widely(s.fuse, "StoreDeath", func() (struct{}, error) { return struct{}{}, s.Store.StoreDeath(ctx, b, r) })
	return err
}

type fusedAttestor struct {
	payment.Attestor
	fuse *fuse
}

func (a fusedAttestor) AttestDeposit(ctx context.Context, r payment.AttestRequest) (string, error) {
	return widely(a.fuse, "AttestDeposit", func() (string, error) { return a.Attestor.AttestDeposit(ctx, r) })
}

type fusedCoroner struct {
	payment.Coroner
	fuse *fuse
}

func (c fusedCoroner) AttestDeath(ctx context.Context, r payment.DeathRequest) (string, error) {
	return widely(c.fuse, "AttestDeath", func() (string, error) { return c.Coroner.AttestDeath(ctx, r) })
}

// fusedCoroner is nil where nobody vouches for deaths.
func (w *world) fusedCoroner() payment.Coroner {
	if w.coroner == nil {
		return nil
	}
	return fusedCoroner{w.coroner, w.fuse}
}

type fusedLifter struct {
	payment.Lifter
	fuse *fuse
}

func (l fusedLifter) StoreLift(ctx context.Context, b payment.Batch, coin chain.Coin, h payment.House) (string, error) {
	return around(l.fuse, "StoreLift", func() (string, error) { return l.Lifter.StoreLift(ctx, b, coin, h) })
}

func (l fusedLifter) StoreNeedless(ctx context.Context, p payment.Payment) error {
	_, err := around(l.fuse, "StoreNeedless", func() (struct{}, error) { return struct{}{}, l.Lifter.StoreNeedless(ctx, p) })
	return err
}

type fusedHouse struct {
	*postgres.Store
	fuse *fuse
}

func (s fusedHouse) StoreHouse(ctx context.Context, intents []sweep.Intent) ([]string, error) {
	return widely(s.fuse, "StoreHouse", func() ([]string, error) { return s.Store.StoreHouse(ctx, intents) })
}

type fusedWatch struct {
	*postgres.Store
	fuse *fuse
}

func (s fusedWatch) Apply(ctx context.Context, b chain.Block) error {
	_, err := widely(s.fuse, "Apply", func() (struct{}, error) { return struct{}{}, s.Store.Apply(ctx, b) })
	return err
}

func (s fusedWatch) See(ctx context.Context, credits []chain.Credit) error {
	_, err := widely(s.fuse, "See", func() (struct{}, error) { return struct{}{}, s.Store.See(ctx, credits) })
	return err
}

// answer is what becomes of handing a transaction in.
type answer string

// The classes of answers; each but the first is a failure.
const (
	answerAccepted    answer = "accepted"
	answerLost        answer = "answer lost"
	answerKnown       answer = "already known"
	answerConflicting answer = "conflicting"
	answerRejected    answer = "rejected"
	answerTimeout     answer = "timeout before arrival"
	answerGone        answer = "node gone"
)

var allAnswers = []answer{answerAccepted, answerLost, answerKnown, answerConflicting, answerRejected, answerTimeout, answerGone}

// goneCalls is how many calls a node that went away fails.
const goneCalls = 3

// answers has the next hand-in end in a way.
type answers struct {
	next answer
	// given is how many ended in another way than the chain's own.
	given int
}

// answering is a node that answers as it is told.
type answering struct {
	*fakechain.Chain
	answers *answers
}

func (p answering) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	how := p.answers.next
	if p.answers.next = ""; how != "" {
		p.answers.given++
	}
	switch how {
	case answerLost:
		if _, err := p.Chain.Broadcast(ctx, raw); err != nil {
			return chain.Unknown, err
		}
		return chain.Unknown, errLost
	case answerKnown:
		if said, err := p.Chain.Broadcast(ctx, raw); err != nil {
			return said, err
		}
	case answerConflicting:
		return chain.Conflicting, errLost
	case answerRejected:
		return chain.Rejected, errLost
	case answerTimeout:
		return chain.Unknown, errLost
	case answerGone:
		p.FailCalls(goneCalls)
	case answerAccepted:
	}
	return p.Chain.Broadcast(ctx, raw)
}
