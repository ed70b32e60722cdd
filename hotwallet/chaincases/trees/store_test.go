package trees_test

import (
	"context"
	"errors"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/model"
	"ferry/hotwallet/watch"
)

var errLost = errors.New("the store's answer is lost")

// store is the hot wallet's with calls that fail before or after they have their
// effect. It knows which blocks were applied, and checks after each.
type store struct {
	watch.Store
	inner   *model.Store
	w       *world
	applied []chain.Block // from where it began, taken back ones removed
	// settled are the deposits that were deep enough once: they stay credited until
	// their own block is taken back.
	settled map[string]bool
	// alarms are what people were told of.
	alarms []string
}

// add notes an applied block.
func (s *store) add(b chain.Block) {
	s.applied = append(s.applied, b)
	for _, depth := range []int{needed, maturity} {
		if i := len(s.applied) - depth; i > 0 {
			for _, c := range s.w.blocks[s.applied[i].Hash].Credits {
				if depth == depthOf(c) {
					s.settled[s.inner.DepositID(c)] = true
				}
			}
		}
	}
}

// depthOf is how deep a credit has to be.
func depthOf(c chain.Credit) int {
	if c.Coinbase {
		return maturity
	}
	return needed
}

// top is where processing stands by what was applied.
func (s *store) top() chain.Ref {
	if len(s.applied) == 0 {
		return chain.Ref{}
	}
	return s.applied[len(s.applied)-1].Ref
}

// change runs a call that may fail before it or after.
func (s *store) change(f func() error, done func()) error {
	honest := s.w.node.honest
	if !honest && s.w.chance(30) {
		s.w.lost++
		return errLost
	}
	if err := f(); err != nil {
		return err
	}
	done()
	s.w.check()
	if !honest && s.w.chance(30) {
		s.w.lost++
		return errLost
	}
	return nil
}

func (s *store) Cursor(ctx context.Context) (chain.Ref, bool, error) {
	if !s.w.node.honest && s.w.chance(80) {
		return chain.Ref{}, false, errLost
	}
	return s.inner.Cursor(ctx)
}

func (s *store) Begin(ctx context.Context, at chain.Ref) error {
	return s.change(func() error { return s.inner.Begin(ctx, at) },
		func() { s.applied = []chain.Block{{Ref: at}} })
}

func (s *store) Apply(ctx context.Context, b chain.Block) error {
	if s.w.bug == cursorFirst && !s.w.node.honest && s.w.chance(30) {
		bare := b
		bare.Credits, bare.Debits = nil, nil
		return errors.Join(errLost, s.change(func() error { return s.inner.Apply(ctx, bare) },
			func() { s.add(b) }))
	}
	return s.change(func() error { return s.inner.Apply(ctx, b) }, func() {
		s.w.applied++
		s.add(b)
	})
}

func (s *store) Rollback(ctx context.Context, at chain.Ref) error {
	return s.change(func() error { return s.inner.Rollback(ctx, at) }, func() {
		s.w.rolledBack++
		for _, c := range s.w.blocks[at.Hash].Credits {
			delete(s.settled, s.inner.DepositID(c))
		}
		s.applied = s.applied[:len(s.applied)-1]
	})
}

func (s *store) See(ctx context.Context, credits []chain.Credit) error {
	return s.change(func() error { return s.inner.See(ctx, credits) }, func() {})
}

func (s *store) Replace(ctx context.Context, ids []string) error {
	return s.change(func() error { return s.inner.Replace(ctx, ids) }, func() {})
}

func (s *store) Alarm(ctx context.Context, alarm, reason string) (fresh bool, err error) {
	err = s.change(func() (err error) {
		fresh, err = s.inner.Alarm(ctx, alarm, reason)
		return err
	}, func() { s.alarms = append(s.alarms, reason) })
	return fresh, err
}
