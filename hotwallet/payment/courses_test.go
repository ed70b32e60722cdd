package payment_test

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// purpose is a kind of payment, on its way from what causes it to its end.
type purpose struct {
	name string
	on   asset.Chain
	// house payments are found by looking for them.
	house bool
	// ready is done once, begin before each walk: it returns what has to hold in the end.
	ready func(s *sweeper)
	begin func(s *sweeper) func()
	// round, if not nil, happens between a round and its block.
	round func(s *sweeper)
	// slow is how long a round takes; ten minutes if zero.
	slow time.Duration
}

func (p purpose) pace() time.Duration {
	if p.slow > 0 {
		return p.slow
	}
	return 10 * time.Minute
}

// courses are all purposes.
func courses() []purpose {
	on := func(c asset.Chain, name string, ready func(s *sweeper), begin func(s *sweeper) func()) purpose {
		return purpose{name: name + " on " + string(c), on: c, ready: ready, begin: begin}
	}
	var all []purpose
	for _, c := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		all = append(all,
			on(c, "payout", rich, paidOut), on(c, "refund", rich, refunded),
			replaced(on(c, "replaced payout", bidder, paidOut)), replaced(on(c, "replaced refund", bidder, refunded)))
	}
	return append(all,
		on(asset.Bitcoin, "batch of three", gathered, threePaid),
		replaced(on(asset.Bitcoin, "replaced batch of three", func(s *sweeper) { bidder(s); gathered(s) }, threePaid)),
		on(asset.Ethereum, "token payout", rich, tokenPaid),
	)
}

// replaced is a purpose whose first attempt no block takes until there is a second.
func replaced(p purpose) purpose {
	begin := p.begin
	p.begin = func(s *sweeper) func() {
		s.chain.SetBlockRate(20)
		check := begin(s)
		earlier := s.count(`SELECT count(*) FROM attempt WHERE reason <> ''`)
		return func() {
			s.t.Helper()
			check()
			if s.count(`SELECT count(*) FROM attempt WHERE reason <> ''`) == earlier {
				s.t.Fatal("nothing was replaced")
			}
		}
	}
	p.round = func(s *sweeper) {
		if s.count(`SELECT count(*) FROM batch b JOIN attempt a ON a.batch_id = b.id WHERE b.state = 'broadcast' AND a.n > 1 AND a.state IN ('signed', 'broadcast')`) > 0 {
			s.chain.SetBlockRate(0)
		}
	}
	return p
}

// rich has more than all walks spend.
func rich(s *sweeper) {
	for range 40 {
		s.chain.Pay(s.funding, s.some(1000))
	}
	if s.world.on == asset.Ethereum {
		s.fundToken(asset.USDT, dollars(1_000_000))
	}
	s.mine(confirmations)
}

func bidder(s *sweeper) {
	s.bidding()
	s.open()
	rich(s)
}

func gathered(s *sweeper) {
	s.window = time.Minute
	s.restart()
	s.open()
	if s.bid == nil {
		rich(s)
	}
}

func paidOut(s *sweeper) func() {
	o := s.payout(s.some(10))
	s.deliver(o)
	return s.once(o)
}

func refunded(s *sweeper) func() {
	o := s.refund(s.some(10))
	s.deliver(o)
	return s.once(o)
}

func tokenPaid(s *sweeper) func() {
	o := s.tokenPayout(asset.USDT, dollars(7))
	s.deliver(o)
	return s.once(o)
}

func threePaid(s *sweeper) func() {
	orders := []swap.Order{s.payout(s.some(10)), s.payout(s.some(11)), s.payout(s.some(12))}
	s.deliver(orders...)
	return func() {
		s.t.Helper()
		s.paidTogether(1, orders...)
	}
}
