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
		on(asset.Ethereum, "retry after death", proving, paidAgain),
		own(on(asset.Ethereum, "ether sweep", nil, etherSwept)),
		own(on(asset.Ethereum, "gas top-up and token sweep", rich, tokenSwept)),
		replaced(own(on(asset.Ethereum, "replaced gas top-up", bidder, tokenSwept))),
		own(on(asset.Ethereum, "gap-fill", rich, gapFilled)),
		replaced(own(on(asset.Ethereum, "replaced gap-fill", bidder, gapFilled))),
		own(on(asset.Bitcoin, "consolidation", nil, consolidated)),
	)
}

// own is a purpose of the house's own.
func own(p purpose) purpose {
	p.house = true
	return p
}

// replaced is a purpose whose first attempt, handed in before the walk, no block takes until
// there is a second.
func replaced(p purpose) purpose {
	begin := p.begin
	p.begin = func(s *sweeper) func() {
		check := begin(s)
		s.chain.SetBlockRate(20)
		for range courseMost {
			if p.house {
				s.look()
			}
			if s.step(); s.count(`SELECT count(*) FROM payment WHERE state IN ('queued', 'signed')`) == 0 {
				break
			}
		}
		earlier := s.count(`SELECT count(*) FROM attempt WHERE reason <> '' AND txid IS NOT NULL`)
		return func() {
			s.t.Helper()
			check()
			if s.count(`SELECT count(*) FROM attempt WHERE reason <> '' AND txid IS NOT NULL`) == earlier {
				s.t.Fatal("nothing was replaced")
			}
		}
	}
	p.round = func(s *sweeper) {
		if s.count(`SELECT count(*) FROM batch b WHERE state IN ('queued', 'signed', 'broadcast') AND NOT EXISTS (SELECT FROM attempt a
			WHERE a.batch_id = b.batch_id AND a.n > 1 AND a.state IN ('signed', 'broadcast'))`) == 0 {
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

// proving has deaths attested.
func proving(s *sweeper) {
	s.hireCoroner()
	s.restart()
	s.open()
	rich(s)
}

// paidAgain fails when it is mined, and is ordered again.
func paidAgain(s *sweeper) func() {
	o := s.payout(s.some(10))
	s.deliver(o)
	s.failed(o)
	s.deliver(again(o, 1))
	return func() {
		s.t.Helper()
		if p := s.payment(o.ID); p.State != swap.PaymentFinal || s.received(o) != o.Amount.Units {
			s.t.Fatalf("%s is %s because %q and received %s", o.ID, p.State, p.Reason, s.received(o))
		}
		if told := s.kinds(o, 1); told != "payment.queued payment.broadcast payment.confirmed payment.final" {
			s.t.Fatalf("of %s was told %s", o.ID, told)
		}
	}
}

// wants has the walk end once so many more payments of the house are final.
func (s *sweeper) wants(more int) {
	s.want = more + s.count(`SELECT count(*) FROM payment WHERE swap_id = '' AND state = 'final'`)
}

func etherSwept(s *sweeper) func() {
	before := s.holds(s.funding, asset.ETH)
	address := s.deposited(asset.ETH, s.some(500))
	s.wants(1)
	return func() {
		s.t.Helper()
		if left := units(s.holds(address, asset.ETH)); !left.Less(s.some(1)) {
			s.t.Fatalf("%s is left with %s", address, left)
		}
		got, err := units(s.holds(s.funding, asset.ETH)).Sub(units(before))
		s.must(err)
		if moved := s.text(`SELECT string_agg(units::text, ' ') FROM payment WHERE order_id LIKE 'sweep:' || $1 || ':%'`, address); moved != got.String() {
			s.t.Fatalf("%s came of the sweeps of %s", got, moved)
		}
	}
}

func tokenSwept(s *sweeper) func() {
	before := s.holds(s.funding, asset.USDT)
	address := s.deposited(asset.USDT, dollars(50))
	s.wants(2)
	return func() {
		s.t.Helper()
		got, err := units(s.holds(s.funding, asset.USDT)).Sub(units(before))
		s.must(err)
		if left := s.holds(address, asset.USDT); left != "0" || got != dollars(50) {
			s.t.Fatalf("%s is left with %s, and %s came", address, left, got)
		}
	}
}

// gapFilled has a nonce that was planned and dropped, and a payment behind it.
func gapFilled(s *sweeper) func() {
	dropped, behind := s.payout(s.some(10)), s.payout(s.some(20))
	s.deliver(dropped)
	s.signer.fail(signAway)
	s.step()
	s.must(s.drop(dropped))
	s.deliver(behind)
	s.step()
	s.wants(1)
	return s.once(behind)
}

// consolidated has small coins, a day after the last were brought together.
func consolidated(s *sweeper) func() {
	for range 30 {
		s.chain.Pay(s.funding, asset.NewUnits(20_000))
	}
	s.mine(confirmations)
	s.clock.advance(25 * time.Hour)
	s.wants(1)
	return func() {
		s.t.Helper()
		if n := s.count(`SELECT count(*) FROM coin WHERE spent_txid IS NULL`); n > 2 {
			s.t.Fatalf("%d coins are left", n)
		}
	}
}
