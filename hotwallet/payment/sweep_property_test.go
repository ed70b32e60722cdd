package payment_test

import (
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// Random deposits, looks, faults, crashes and reorganisations: in the
// end everything that is worth it is at the address that pays, moved by transactions of
// which no two could be mined for one payment; what is not worth it is where it came; the
// books agree with the node and nobody was told.
func TestWhateverHappensIsSweptOnce(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(5000))
	rapid.Check(t, func(r *rapid.T) {
		outer := s.t
		s.t = r
		defer func() { s.t = outer }()
		var addresses []string
		for range rapid.IntRange(1, 3).Draw(r, "addresses") {
			addresses = append(addresses, s.issued(swap.NewID(swap.SwapPrefix, s.clock.Now())).Address)
		}
		for range rapid.IntRange(4, stepsMost).Draw(r, "steps") {
			s.actSweep(r, addresses)
		}
		s.quiet(r, addresses)
	})
}

// actSweep does one random thing.
func (s *sweeper) actSweep(r *rapid.T, addresses []string) {
	s.t.Helper()
	to := rapid.SampledFrom(addresses).Draw(r, "to")
	switch rapid.IntRange(0, 10).Draw(r, "act") {
	case 0:
		s.chain.Pay(to, rapid.SampledFrom([]asset.Units{asset.NewUnits(1000), s.some(50), s.some(500)}).Draw(r, "ether"))
	case 1:
		s.chain.PayToken(asset.USDT, fakechain.Output{Address: to, Units: rapid.SampledFrom([]asset.Units{asset.NewUnits(1), dollars(9), dollars(50)}).Draw(r, "token")})
	case 2, 3:
		s.look()
	case 4:
		s.signer.fail(signFault(rapid.IntRange(1, 3).Draw(r, "signer")))
	case 5:
		s.chain.FailBroadcasts(rapid.SampledFrom([]fakechain.Fault{fakechain.AnswerLost, fakechain.CallLost, fakechain.Refused}).Draw(r, "broadcast"))
	case 6:
		if s.crashing(rapid.IntRange(1, 15).Draw(r, "crash")) != "" {
			s.restart()
			s.open()
		}
	case 7:
		s.step()
	case 8:
		s.mine(rapid.IntRange(0, confirmations).Draw(r, "blocks"))
	case 9:
		s.chain.Mine(1)
		s.chain.Reorg(1, rapid.SampledFrom([]fakechain.Fate{fakechain.Return, fakechain.Drop}).Draw(r, "fate"))
		s.chain.Mine(2)
		s.mine(0)
	case 10:
		s.usual = rapid.Bool().Draw(r, "fees are usual")
	}
}

// quiet lets faults run out and everything be swept, and compares.
func (s *sweeper) quiet(r *rapid.T, addresses []string) {
	s.t.Helper()
	s.usual = true
	for round := 0; ; round++ {
		s.mine(confirmations)
		if s.look() == 0 {
			break
		}
		if round == 3*stepsMost {
			r.Fatalf("still open: %s", s.text(`SELECT string_agg(order_id || ' ' || state || ' ' || reason, ', ') FROM payment WHERE state NOT IN ('final', 'failed')`))
		}
		s.step()
	}
	s.balanced()
	for _, address := range addresses {
		if left := units(s.holds(address, asset.USDT)); !left.Less(dollars(10)) {
			r.Fatalf("%s is left with %s of a token", address, left)
		}
		if left := units(s.holds(address, asset.ETH)); !left.Less(s.some(50)) {
			r.Fatalf("%s is left with %s wei", address, left)
		}
	}
	if n := s.count(`SELECT count(*) FROM (SELECT FROM attempt WHERE state <> 'dropped' GROUP BY sender, nonce, batch_id) a`); n !=
		s.count(`SELECT count(DISTINCT (sender, nonce)) FROM attempt WHERE state <> 'dropped'`) {
		r.Fatal("a nonce has two payments")
	}
	if n := s.count(`SELECT count(*) FROM outbox WHERE key = ''`); n != 0 {
		r.Fatalf("%d messages of the house's own", n)
	}
	if n := s.count(`SELECT count(*) FROM deposit d WHERE EXISTS (SELECT FROM attempt a WHERE a.txid = d.txid)`); n != 0 {
		r.Fatalf("%d deposits are ends of our own payments", n)
	}
}
