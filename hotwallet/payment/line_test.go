package payment_test

import (
	"context"
	"math/big"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: a payout planned while fees are low, then a spike to far more than ten times that, and
// eight others behind it, which all have to wait for its nonce. Test: it is raised by what they may
// cost, within its own limits, and all are paid; without anything behind it, it is not.
func TestTheHeadOfALineIsRaisedForWhatWaitsBehindIt(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]int{"eight behind it": payment.InFlightMax, "nothing behind it": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, all := newCrowd(t, 0, 1)
			w.bidding()
			w.chain.SetBlockRate(1000)
			w.step()
			first := w.payment(all[0].ID).Attempt.Plan
			w.chain.SetBlockRate(20 * uint64(first.Rate) / gwei)
			w.chain.SetFeeRate(25 * uint64(first.Rate) / gwei)
			for range behind {
				o := w.payout(w.some(200))
				all = append(all, o)
				w.deliver(o)
			}
			for range 12 {
				w.passed()
			}
			p := w.payment(all[0].ID)
			if behind == 0 {
				if p.State != swap.PaymentBroadcast || p.Attempt.Plan.Rate > 10*first.Rate || p.Reason != payment.ReasonBudget {
					t.Fatalf("%s at %d of %d because %q", p.State, p.Attempt.Plan.Rate, first.Rate, p.Reason)
				}
				return
			}
			if p.Attempt.Plan.Rate <= 10*first.Rate {
				t.Fatalf("it offers %d, at first %d: %s because %q", p.Attempt.Plan.Rate, first.Rate, p.State, p.Reason)
			}
			for _, o := range all {
				w.paid(o)
			}
		})
	}
}

// gwei is one in wei.
const gwei = 1_000_000_000

// Setup: two payments wait behind one, below whose nonce is one that nothing uses since its plan
// was given up. Test: what is to be raised for the line is what fills that, and not the one above
// it, which no fee helps; once the nonce is used, it is.
func TestANonceThatNothingUsesIsTheHeadOfTheLine(t *testing.T) {
	t.Parallel()
	w, behind := gap(t)
	if n := behind(); n != 0 {
		t.Fatalf("%d wait for the nonce above the gap", n)
	}
	w.exec(`INSERT INTO batch (batch_id, chain, purpose, state, orders) VALUES ('fills it', 'ethereum', 'gap_fill', 'final', '{fill}')`)
	w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce, raw, txid) SELECT 'fills it', 1, chain, 'mined', '{}', 1, address, 0, 'x', 'x' FROM sender`)
	if n := behind(); n != 2 {
		t.Fatalf("%d wait for the head", n)
	}
}

// Setup: as before, and blocks show that nonce, or a later one below the head's, as used: the rows are
// older than they are. Test: nothing can fill it, and the head is raised for what waits behind it.
func TestANonceThatIsUsedAllTheSameIsNotTheHeadOfTheLine(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]string{
		"by another": `INSERT INTO deposit_sent (chain, address, nonce, height, txid, block_hash) SELECT chain, address, 0, 2, 'x', 'x' FROM sender`,
		"a later one by another": `INSERT INTO deposit_sent (chain, address, nonce, height, txid, block_hash)
			SELECT chain, address, 1, 2, 'x', 'x' FROM sender`,
		"a later one by ours": `INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce, raw, txid)
			SELECT 'given up', 2, chain, 'mined', '{}', 1, address, 1, 'x', 'x' FROM sender`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, behind := gap(t)
			w.exec(shown)
			if n := behind(); n != 2 {
				t.Fatalf("%d wait for the head", n)
			}
		})
	}
}

// gap is a line of three payments, below whose first nonce is one of a plan that was given up;
// behind tells how many wait for the first.
func gap(t *testing.T) (w *world, behind func() int) {
	t.Helper()
	w = newWorld(t, asset.Ethereum)
	w.fund(w.some(5000))
	w.exec(`UPDATE sender SET next_nonce = 2`)
	w.exec(`INSERT INTO batch (batch_id, chain, purpose, state, orders) VALUES ('given up', 'ethereum', 'payout', 'dropped', '{gone}')`)
	w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee, sender, nonce) SELECT 'given up', 1, chain, 'dropped', '{}', 1, address, 0 FROM sender`)
	all := w.payouts(3)
	w.step()
	return w, func() int {
		t.Helper()
		b, err := w.store.Batch(t.Context(), w.payment(all[0].ID).BatchID)
		w.must(err)
		basis, err := w.store.ReplacementBasis(t.Context(), b)
		w.must(err)
		return len(basis.Behind)
	}
}

// odd has an order be told behind each head of which no limit can be computed.
type odd struct{ payment.Store }

func (s odd) ReplacementBasis(ctx context.Context, b payment.Batch) (payment.Basis, error) {
	basis, err := s.Store.ReplacementBasis(ctx, b)
	o := b.Payments[0].Order
	o.ID, o.Deferrable, o.Deposits = "odd", true, nil
	basis.Behind = append([]payment.Behind{{Order: o}}, basis.Behind...)
	return basis, err
}

// Setup: no block takes the head of a line, and of one that waits behind it no limit can be
// computed. Test: the head is raised all the same, until it is mined.
func TestAnOddOrderBehindTheHeadDoesNotKeepItFromBeingRaised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.wrap = func(s payment.Store) payment.Store { return odd{s} }
	w.bidding()
	o := w.ordered()
	w.step()
	w.chain.SetBlockRate(10)
	for range 12 {
		w.passed()
	}
	w.paid(o)
}

// Setup: a least payout was planned while fees were low, then blocks ask for four times the quarter of
// it that it may cost; others wait for its nonce. Test: it is raised beyond that up to the limit
// for what others wait behind, and by no more than these may cost; without that limit, or where it
// is too little, it waits for people.
func TestALeastPayoutAtTheHeadIsRaisedWithinALimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		line   uint64 // in millionths
		behind uint64
		most   uint64
		paid   bool
	}{
		"enough":                      {1000, 200, 1000, true},
		"no limit of its own":         {0, 200, 250, false},
		"less than blocks ask":        {600, 200, 600, false},
		"for what may cost as little": {1000, 1, 750, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, asset.Ethereum)
			w.lineFee = micro(w, c.line)
			w.bidding()
			w.fund(w.some(5000))
			w.chain.SetFeeRate(2)
			w.chain.SetBlockRate(1000)
			all := []swap.Order{w.payout(w.some(1))}
			w.deliver(all...)
			w.step()
			w.chain.SetBlockRate(40)
			if c.paid {
				w.chain.SetFeeRate(50)
			}
			for range 2 {
				all = append(all, w.payout(w.some(c.behind)))
			}
			w.deliver(all[1:]...)
			for range 12 {
				w.passed()
			}
			p := w.payment(all[0].ID)
			if micro(w, c.most).Less(p.Attempt.Plan.Fee) {
				t.Fatalf("it offers %s, at most %s", p.Attempt.Plan.Fee, micro(w, c.most))
			}
			if !c.paid {
				if p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonBudget {
					t.Fatalf("it is %s because %q", p.State, p.Reason)
				}
				return
			}
			w.paid(all...)
			w.balanced()
		})
	}
}

// micro are millionths of a coin of Ethereum's.
func micro(w *world, n uint64) asset.Units {
	u, err := asset.NewUnits(n).MulDiv(asset.Pow10(12), big.NewInt(1), asset.Down)
	w.must(err)
	return u
}
