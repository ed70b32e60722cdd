package payment_test

import (
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// bids has the sweeper's batches offer all they may within half an hour.
func (s *sweeper) bids() {
	s.t.Helper()
	s.bidding()
	s.open()
}

// sweepID is the one sweep that is stored.
func (s *sweeper) sweepID() string {
	s.t.Helper()
	return s.text(`SELECT order_id FROM payment WHERE purpose = 'sweep'`)
}

func (s *sweeper) attemptsOf(id string) string {
	s.t.Helper()
	return s.text(`SELECT string_agg(state, ' ' ORDER BY n) FROM attempt WHERE batch_id = $1`, id)
}

// Setup: a sweep of ether, of a token and of small coins, that miners take only for more.
// Test: it offers more, from the same nonce or coins, and is mined; what it moved is what
// arrived, whichever attempt it was, and the books agree.
func TestSweepsOfferMore(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		on    asset.Chain
		begin func(s *sweeper)
	}{
		"ether": {asset.Ethereum, func(s *sweeper) { s.deposited(asset.ETH, s.some(500)) }},
		"a token": {asset.Ethereum, func(s *sweeper) {
			address := s.deposited(asset.USDT, dollars(50))
			s.chain.Pay(address, s.some(10)) // gas for more than one offer
			s.mine(confirmations)
		}},
		"small coins": {asset.Bitcoin, func(s *sweeper) {
			for range 30 {
				s.chain.Pay(s.funding, asset.NewUnits(20_000))
			}
			s.mine(confirmations)
		}},
	} {
		for _, earlier := range []bool{false, true} {
			when := map[bool]string{false: "the newest is mined", true: "the first is mined"}[earlier]
			t.Run(name+", "+when, func(t *testing.T) {
				t.Parallel()
				s := newSweeper(t, row.on)
				s.bids()
				row.begin(s)
				s.look()
				id := s.sweepID()
				s.step()
				first := s.payment(id).Attempt
				s.outbidOnce(id, first)
				if earlier {
					s.chain.Evict(s.payment(id).Attempt.TxID)
					if _, err := s.chain.Broadcast(t.Context(), first.Raw); err != nil {
						t.Fatal(err)
					}
				}
				s.chain.SetBlockRate(0)
				s.mine(1)
				mined := first
				if !earlier {
					mined = s.payment(id).Attempt
				}
				if got := s.text(`SELECT txid FROM attempt WHERE batch_id = $1 AND state = 'mined'`, id); got != mined.TxID {
					t.Fatalf("%s is mined, want %s: %s", got, mined.TxID, s.attemptsOf(id))
				}
				if moved := s.text(`SELECT units::text FROM payment WHERE order_id = $1`, id); moved != mined.Plan.Outputs[0].Units.String() {
					t.Fatalf("the rows say that %s moved, the transaction %s", moved, mined.Plan.Outputs[0].Units)
				}
				s.mine(confirmations)
				s.step()
				if state := s.text(`SELECT state FROM payment WHERE order_id = $1`, id); state != "final" {
					t.Fatalf("the sweep is %s", state)
				}
				s.balanced()
				if n := s.count(`SELECT count(*) FROM (SELECT FROM posting WHERE account IN ('in_flight', 'payment_confirming') GROUP BY account, asset HAVING sum(units) <> 0) x`); n != 0 {
					t.Fatal("something is left on its way")
				}
			})
		}
	}
}

// outbidOnce has miners want more until there is a second attempt, which has to conflict
// with the first and move no more than it.
func (s *sweeper) outbidOnce(id string, first *payment.Attempt) {
	s.t.Helper()
	s.chain.SetBlockRate(1000)
	for i := 0; s.payment(id).Attempt.N == first.N; i++ {
		if i == 10 {
			s.t.Fatalf("no second attempt: %s, %q", s.attemptsOf(id), s.payment(id).Reason)
		}
		s.passed()
	}
	second := s.payment(id).Attempt.Plan
	if !first.Plan.Fee.Less(second.Fee) || second.Nonce != first.Plan.Nonce || len(second.Coins) != len(first.Plan.Coins) {
		s.t.Fatalf("the second attempt costs %s after %s, nonce %d, %d coins", second.Fee, first.Plan.Fee, second.Nonce, len(second.Coins))
	}
	if first.Plan.Outputs[0].Units.Less(second.Outputs[0].Units) {
		s.t.Fatalf("the second attempt moves %s, the first %s", second.Outputs[0].Units, first.Plan.Outputs[0].Units)
	}
}

// Setup: fees are above all that a sweep is worth paying. Test: it waits at its most
// without an alarm, keeps only its own nonce, and after a week offers as much as any
// payment may, so that it ends.
func TestSweepWaitsWithADeadline(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(1000))
	s.bids()
	s.deposited(asset.ETH, s.some(500))
	s.look()
	id := s.sweepID()
	s.step()
	most := units(s.text(`SELECT fee_max::text FROM payment WHERE order_id = $1`, id))
	s.chain.SetBlockRate(15)
	for range 8 {
		s.passed()
	}
	p := s.payment(id)
	if p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonPatient || most.Less(p.Attempt.Plan.Fee) {
		t.Fatalf("%s at a fee of %s of %s: %q", p.State, p.Attempt.Plan.Fee, most, p.Reason)
	}
	if n := s.count(`SELECT count(*) FROM payment WHERE reason <> '' AND reason NOT LIKE 'fees_above_limit: deferred%'`); n != 0 {
		t.Fatal("it is an alarm already")
	}
	s.clock.advance(8 * 24 * time.Hour)
	for i := 0; s.payment(id).State == swap.PaymentBroadcast; i++ {
		if i == 20 {
			t.Fatalf("it waits for ever: %q, %s", s.payment(id).Reason, s.attemptsOf(id))
		}
		s.step()
		s.mine(1)
	}
	if fee := units(s.text(`SELECT fee::text FROM payment WHERE order_id = $1`, id)); !most.Less(fee) {
		t.Fatalf("it was mined at %s", fee)
	}
	s.mine(confirmations)
	s.balanced()
}

// Setup: small coins are brought together, and fees are above all that this is worth for a week.
// Test: it offers no more then than before, and is mined once they fall.
func TestConsolidationNeverOffersMoreForAge(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Bitcoin)
	s.bids()
	for range 30 {
		s.chain.Pay(s.funding, asset.NewUnits(20_000))
	}
	s.mine(confirmations)
	s.look()
	id := s.sweepID()
	most := units(s.text(`SELECT fee_max::text FROM payment WHERE order_id = $1`, id))
	s.step()
	s.chain.SetBlockRate(1_000_000)
	for range 8 {
		s.passed()
	}
	s.clock.advance(8 * 24 * time.Hour)
	for range 8 {
		s.passed()
	}
	p := s.payment(id)
	if p.State != swap.PaymentBroadcast || most.Less(p.Attempt.Plan.Fee) || p.Attempt.N == 1 {
		t.Fatalf("%s at a fee of %s of %s: %q, %s", p.State, p.Attempt.Plan.Fee, most, p.Reason, s.attemptsOf(id))
	}
	s.chain.SetBlockRate(0)
	s.mine(confirmations + 1)
	s.balanced()
}

// Setup: a sweep can't be planned, because fees rose before it was. Test: it waits, is taken
// back after a day, and is decided anew once fees are usual again.
func TestUnplannedSweepIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, on := range []asset.Chain{asset.Ethereum, asset.Bitcoin} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			s := newSweeper(t, on)
			for range 30 {
				s.chain.Pay(s.funding, asset.NewUnits(20_000))
			}
			s.mine(confirmations)
			if on == asset.Ethereum {
				s.deposited(asset.ETH, s.some(500))
			}
			s.look()
			id := s.sweepID()
			s.chain.SetFeeRate(100)
			s.step()
			if p := s.payment(id); p.BatchID != "" || !strings.HasPrefix(p.Reason, "fees_above_limit: deferred") {
				t.Fatalf("%s because %q", p.State, p.Reason)
			}
			s.clock.advance(25 * time.Hour)
			s.usual = false
			s.step()
			if n := s.look(); n != 0 {
				t.Fatalf("%d payments are open after a day", n)
			}
			s.chain.SetFeeRate(2)
			s.usual = true
			if n := s.look(); n != 1 {
				t.Fatalf("%d payments once fees are usual", n)
			}
			s.carried()
			if state := s.text(`SELECT state FROM payment WHERE purpose = 'sweep'`); state != "final" {
				t.Fatalf("the sweep is %s", state)
			}
		})
	}
}

// A top-up is raised like any payment of the sender's: what comes after its nonce waits for it.
func TestTopUpsOfferMore(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(1000))
	s.bids()
	s.deposited(asset.USDT, dollars(50))
	s.look()
	id := s.text(`SELECT order_id FROM payment WHERE purpose = 'gas_topup'`)
	s.step()
	first := s.payment(id).Attempt
	s.outbidOnce(id, first)
	s.chain.SetBlockRate(0)
	s.carried()
	if state := s.text(`SELECT state FROM payment WHERE order_id = $1`, id); state != "final" {
		t.Fatalf("the top-up is %s: %s", state, s.attemptsOf(id))
	}
}
