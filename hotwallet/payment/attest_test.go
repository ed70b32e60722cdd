package payment_test

import (
	"errors"
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// A payment whose deposit is not attested ties up nothing and says why; it is an alarm
// once that has lasted, and is paid when the deposit is attested.
func TestUnattestedDepositWaits(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		w.attestor.refuses(swap.Refuse(swap.CodeRefused, "depth", "3", "The deposit is 2 blocks deep on the attestor's own node, 3 are needed."))
		o := w.payout(w.some(10))
		w.deliver(o)
		w.must(w.engine.Round(t.Context()))
		w.stands(o, payment.ReasonUnattested+" The deposit is 2 blocks deep")
		w.step() // ten minutes later
		w.stands(o, payment.ReasonUnattestedLong+" The deposit is 2 blocks deep")
		w.attestor.refuses(errors.New("connection refused"))
		w.step()
		w.stands(o, payment.ReasonUnattestedLong+" The attestor does not answer")
		if n := w.count(`SELECT count(*) FROM attempt`); n != 0 || w.signer.calls != 0 {
			t.Fatalf("%d plans, %d calls of the signer", n, w.signer.calls)
		}
		w.attestor.refuses(nil)
		w.settle(o)
	})
}

// Setup: a deposit is not attested, and the hot wallet starts again twice a minute. Test: after a
// minute that is an alarm all the same, once the last start has looked twice.
func TestAStartDoesNotForgetSinceWhenADepositIsNotAttested(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.attestor.refuses(swap.Refuse(swap.CodeRefused, "deposit", "", "It is not there."))
		o := w.ordered()
		w.must(w.engine.Round(t.Context()))
		for range 2 {
			w.restart()
			w.round(30 * time.Second)
			w.stands(o, payment.ReasonUnattested+" It is not there.")
		}
		w.round(15 * time.Second)
		w.stands(o, payment.ReasonUnattestedLong+" It is not there.")
		w.attestor.refuses(nil)
		w.settle(o)
	})
}

// What is asked about a deposit is where our own book has it; one look serves plan and
// signature, and a payment that was planned before has its deposits looked at again.
func TestDepositsAreAttestedWhereTheBookHasThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	o := w.payout(w.some(10))
	w.deliver(o)
	w.signer.fail(signAway)
	w.must(w.engine.Round(t.Context()))
	w.stands(o, payment.ReasonSigner)
	if n := w.attestor.calls(); n != 1 {
		t.Fatalf("asked %d times, want once for plan and signature", n)
	}
	asked := w.attestor.asked[0]
	if asked.Block.Height != 1 || asked.Block.Hash != "hash" || asked.Deposit != o.Deposits[0] || asked.FencingToken != uint64(w.lease.Token()) {
		t.Errorf("asked for %+v", asked)
	}
	w.attestor.refuses(swap.Refuse(swap.CodeRefused, "block_hash", "", "The attestor's own node has another block."))
	w.step()
	w.stands(o, payment.ReasonUnattested+" The attestor's own node has another block")
	if w.signer.calls != 1 {
		t.Fatalf("the signer was asked %d times", w.signer.calls)
	}
	w.attestor.refuses(nil)
	w.settle(o)
}

// An attestor that vouches for something else is as none: the signer would refuse it.
func TestAttestationOfSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(1000))
	w.attestor.edit = func(a *swap.DepositAttestation) { a.Amount.Units = asset.NewUnits(1) }
	o := w.payout(w.some(10))
	w.deliver(o)
	w.must(w.engine.Round(t.Context()))
	w.stands(o, payment.ReasonUnattested+" the attestation is for")
	w.attestor.edit = nil
	w.settle(o)
}

// A chain that nobody can look at holds up a round once, and not for each payment;
// those of other deposits go on.
func TestSilentAttestorIsAskedOncePerRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	orders := []swap.Order{w.payout(w.some(10)), w.payout(w.some(10)), w.payout(w.some(10))}
	w.deliver(orders...)
	w.attestor.refuses(swap.Refuse(swap.CodeUnavailable, "node", "", "The attestor's node of bitcoin does not answer."))
	w.must(w.engine.Round(t.Context()))
	for _, o := range orders {
		w.stands(o, payment.ReasonUnattested+" The attestor's node of bitcoin does not answer")
	}
	if n := w.attestor.calls(); n != 1 {
		t.Fatalf("asked %d times in a round, want once", n)
	}
	w.attestor.refuses(nil)
	w.settle(orders...)
}

// What was attested for an earlier try is not handed to the signer in a later one.
func TestEachTryIsAttestedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(1000))
	o := w.payout(w.some(10))
	w.deliver(o)
	w.signer.fail(signAway, signAway)
	w.must(w.engine.Round(t.Context()))
	w.step()
	w.step()
	if n := w.attestor.calls(); n != 3 {
		t.Errorf("attested %d times over three tries", n)
	}
	w.settle(o)
}

// A payment that there is nothing to pay with waits without anybody being asked to look
// at its deposits, however often it is tried; they are once it can be paid.
func TestNobodyLooksForWhatCannotBePaid(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.payout(w.some(10))
		w.deliver(o)
		for range 3 {
			w.step()
			w.stands(o, payment.ReasonFunds)
		}
		if n := w.attestor.calls(); n != 0 {
			t.Fatalf("asked %d times about a deposit of a payment without funds", n)
		}
		w.fund(w.some(1000))
		w.attestor.refuses(swap.Refuse(swap.CodeRefused, "depth", "3", "The deposit is 2 blocks deep on the attestor's own node, 3 are needed."))
		w.step()
		w.stands(o, payment.ReasonUnattested+" The deposit is 2 blocks deep")
		if n := w.count(`SELECT count(*) FROM attempt`); n != 0 {
			t.Fatalf("%d plans are stored before the deposit is attested", n)
		}
		w.attestor.refuses(nil)
		w.settle(o)
		if n := w.attestor.calls(); n != 2 {
			t.Errorf("asked %d times, want once for each try that could be paid", n)
		}
	})
}

// A deposit whose block attestd's node can't show is no silence: other payments over the
// same chain are asked for and paid in the same round, and it is asked about ever more
// rarely until it can be seen.
func TestOneBlockThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(1000), w.some(1000))
	stuck, other := w.payout(w.some(10)), w.payout(w.some(10))
	w.deliver(stuck, other)
	w.attestor.refusesOnly(stuck.ID, swap.Refuse(swap.CodeRefused, "block", "", "The attestor's node of ethereum answers, and can't show the block of this deposit."))
	w.must(w.engine.Round(t.Context()))
	w.stands(stuck, payment.ReasonUnattested+" The attestor's node of ethereum answers")
	if p := w.payment(other.ID); p.State != swap.PaymentBroadcast {
		t.Fatalf("the other payment is %s: %s", p.State, p.Reason)
	}
	before := w.attestor.calls()
	for range 60 { // half an hour
		w.clock.advance(30 * time.Second)
		w.must(w.engine.Round(t.Context()))
	}
	if n := w.attestor.calls() - before; n < 5 || n > 13 {
		t.Errorf("asked %d times in half an hour, want about every five minutes", n)
	}
	w.attestor.refusesOnly("", nil)
	w.settle(stuck, other)
}
