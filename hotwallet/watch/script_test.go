package watch_test

import (
	"errors"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// script drives a chain and the watcher at random, and keeps its own list of what
// was sent to us: the truth is asked from the chain by transaction, never from
// the watcher.
type script struct {
	*world
	// ours are the addresses, with the swap of those that were issued.
	ours map[string]string
	// sent are the outputs of each transaction a stranger made, to us and others.
	sent map[string][]fakechain.Output
	paid []payout
	// most is the greatest height ever: nothing that deep below it is dropped.
	most int64
	away bool
}

// actions are what can happen. The order of the keys does not matter to rapid.
func (s *script) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"pay":     func(t *rapid.T) { s.stranger(t, "") },
		"replace": s.replace,
		"evict": func(t *rapid.T) {
			s.chain.Evict(rapid.SampledFrom(s.unconfirmed(t)).Draw(t, "txid"))
		},
		"mine":    func(t *rapid.T) { s.grow(rapid.IntRange(1, needed+1).Draw(t, "blocks")) },
		"empty":   func(t *rapid.T) { s.chain.MineEmpty(1); s.grown() },
		"reorg":   s.reorg,
		"between": s.between,
		"look":    func(*rapid.T) { s.try() },
		"look again and mine": func(*rapid.T) {
			for range 3 {
				s.try()
				s.grow(1)
			}
		},
		"settle a payout": func(t *rapid.T) {
			s.payout(t)
			s.grow(1)
			s.try()
		},
		"restart": func(*rapid.T) { s.restart() },
		"faults":  func(t *rapid.T) { s.chain.FailCalls(rapid.IntRange(1, 4).Draw(t, "calls")) },
		"away":    func(*rapid.T) { s.away = !s.away; s.chain.SetAway(s.away) },
		"payout":  s.payout,
		"resend":  func(*rapid.T) { s.resend() },
	}
	return actions
}

// stranger pays us and perhaps others, in place of an unconfirmed transaction if
// one is named.
func (s *script) stranger(t *rapid.T, instead string) {
	addresses := slices.Sorted(maps.Keys(s.ours))
	n := 1
	if s.chain.Chain() == asset.Bitcoin {
		n = rapid.IntRange(1, 3).Draw(t, "outputs")
	}
	var all []fakechain.Output
	for range n {
		o := fakechain.Output{Units: asset.NewUnits(rapid.Uint64Range(1, 1<<40).Draw(t, "units"))}
		if to := rapid.IntRange(0, len(addresses)).Draw(t, "to"); to < len(addresses) {
			o.Address = addresses[to]
		} else {
			o.Address = s.chain.NewAddress()
		}
		all = append(all, o)
	}
	var txid string
	if instead == "" {
		txid = s.chain.PayMany(all...)
	} else {
		txid = s.chain.Replace(instead, all...)
	}
	s.sent[txid] = all
}

func (s *script) unconfirmed(t *rapid.T) []string {
	ids := slices.DeleteFunc(s.chain.Unconfirmed(), func(id string) bool { return s.sent[id] == nil })
	if len(ids) == 0 {
		t.Skip("the mempool has nothing of a stranger")
	}
	return ids
}

func (s *script) replace(t *rapid.T) {
	s.stranger(t, rapid.SampledFrom(s.unconfirmed(t)).Draw(t, "txid"))
}

func (s *script) grow(n int) {
	s.chain.Mine(n)
	s.grown()
}

func (s *script) grown() { s.most = max(s.most, s.height()) }

// height is the tip's, whether or not the node answers.
func (s *script) height() int64 {
	s.Helper()
	s.chain.SetAway(false)
	s.chain.FailCalls(0)
	height := s.tip().Height
	s.chain.SetAway(s.away)
	return height
}

var fates = []fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend}

// reorg drops some blocks, none of them needed deep below the greatest height
// there ever was, and mostly mines a longer branch.
func (s *script) reorg(t *rapid.T) {
	height := s.height()
	depth := int(height - (s.most - (needed - 1)))
	if depth < 1 {
		t.Skip("the limit is used up")
	}
	n := rapid.IntRange(1, depth).Draw(t, "depth")
	s.chain.Reorg(n, rapid.SampledFrom(fates).Draw(t, "fate"))
	if rapid.Bool().Draw(t, "longer") {
		s.grow(n + 1)
	}
}

// between has the chain change in the middle of the watcher's next look.
func (s *script) between(t *rapid.T) {
	skip := rapid.IntRange(0, 8).Draw(t, "calls before")
	fate := rapid.SampledFrom(fates).Draw(t, "fate")
	height := s.height()
	depth := int(height - (s.most - (needed - 1)))
	if depth < 1 {
		t.Skip("the limit is used up")
	}
	n := rapid.IntRange(1, depth).Draw(t, "depth")
	s.chain.Before(func(string) {
		if skip--; skip >= 0 {
			return
		}
		s.chain.Before(nil)
		s.chain.Reorg(n, fate)
		s.chain.Mine(n + 1)
	})
	s.try()
	s.chain.Before(nil)
	s.grown()
}

// try looks once; only the node's absence is an excuse.
func (s *script) try() {
	s.Helper()
	if err := s.watcher.Step(s.ctx); err != nil && !s.away && !fault(err) {
		s.Fatal(err)
	}
}

// fault reports what FailCalls causes, or a block that went between two calls.
func fault(err error) bool {
	return errors.Is(err, chain.ErrBlockGone) || root(err).Error() == "fakechain: the node is away"
}

func root(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}

func (s *script) payout(t *rapid.T) {
	if s.away {
		t.Skip("no plan without a node")
	}
	s.chain.FailCalls(0)
	p, ok := s.sign(s.small())
	if !ok {
		t.Skip("no funds are settled")
	}
	if s.chain.Chain() == asset.Ethereum && rapid.Bool().Draw(t, "fails") {
		s.chain.Fail(p.txid)
		p.fails = true
	}
	s.broadcast(p)
	s.paid = append(s.paid, p)
}

// resend hands in what is in no block again, as the payment engine does.
func (s *script) resend() {
	for _, p := range s.paid {
		if s.chain.Confirmations(p.txid) > 0 || s.away {
			continue
		}
		s.chain.FailCalls(0)
		s.broadcast(p)
	}
}
