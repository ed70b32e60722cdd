package postgres_test

import (
	"math/big"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// tell hands the updates over as one batch of a consumer of its own.
func (b bench) tell(t *testing.T, updates ...swap.Update) {
	t.Helper()
	if _, err := b.store.Close(t.Context(), newSwap(), bus.Batch{Topic: bus.TopicUpdates, From: 0, Next: 1}, updates); err != nil {
		t.Fatal(err)
	}
}

// opposite is a lock of the other direction, that pays what l deposits.
func (b bench) opposite(l liquidity.Lock) liquidity.Lock {
	q := l.Quote
	q.ID = swap.NewID(swap.QuotePrefix, b.clock.now())
	q.Pair = asset.Pair{From: asset.ETH, To: asset.BTC}
	q.Deposit, q.Payout = q.Payout, q.Deposit
	q.ServiceFee, q.NetworkFee = asset.Amount{Asset: asset.BTC}, asset.Amount{Asset: asset.BTC}
	q.RefundFeeMax = asset.Amount{Asset: asset.ETH}
	return liquidity.Lock{Quote: q, Signed: "signed " + q.ID, Client: "carol"}
}

// A deposit that is confirmed frees what is kept from the unconfirmed; one that is taken
// back takes it again; and an update from before changes nothing.
func TestUnconfirmedIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bounds := b.bounds(4)
	bounds.UnconfirmedPPM = 500_000 // 2 of 4
	first, id := b.lock("alice"), newSwap()
	for _, l := range []liquidity.Lock{first, b.lock("bob")} {
		if got := b.book(t, l, bounds); !got.Booked {
			t.Fatalf("%+v", got)
		}
	}
	fits := func(when string, want liquidity.Stop) {
		t.Helper()
		l := b.lock("carol")
		got := b.book(t, l, bounds)
		if got.Stop != want || got.Booked != (want == "") {
			t.Errorf("%s: %q (booked %t), want %q", when, got.Stop, got.Booked, want)
		}
		if got.Booked {
			// It makes room again.
			if _, err := b.pool.Exec(t.Context(), "DELETE FROM lock WHERE quote_id = $1", l.Quote.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	fits("two are open", liquidity.StopUnconfirmed)
	b.mustAccept(t, first, id)
	fits("one is accepted", liquidity.StopUnconfirmed)
	b.tell(t, swap.Update{SwapID: id, Version: 2, State: swap.DepositDetected})
	fits("its deposit is seen", liquidity.StopUnconfirmed)
	b.tell(t, swap.Update{SwapID: id, Version: 3, State: swap.DepositDetected}, swap.Update{SwapID: id, Version: 4, State: swap.DepositConfirmed})
	fits("its deposit is confirmed", "")
	b.tell(t, swap.Update{SwapID: id, Version: 3, State: swap.DepositDetected})
	fits("an old update comes again", "")
	e, err := b.store.Exposure(t.Context())
	if err != nil || e.Unconfirmed[asset.ETH] != asset.MustUnits("1000000000000000000") {
		t.Errorf("%+v, %v", e, err)
	}
	b.tell(t, swap.Update{SwapID: id, Version: 5, State: swap.DepositDetected})
	fits("its deposit is taken back", liquidity.StopUnconfirmed)
}

// A pair's locks have at risk what they deposit for as long as that may take, less what
// the opposite direction pays.
func TestRiskIsBoundedAndNetted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bounds := b.bounds(100)
	bounds.RiskMost, bounds.Length = asset.NewUnits(7_000_000), 2*time.Minute // two locks of 0.035 BTC
	l := b.lock("alice")
	for _, l := range []liquidity.Lock{l, b.lock("bob")} {
		if got := b.book(t, l, bounds); !got.Booked {
			t.Fatalf("%+v", got)
		}
	}
	if got := b.book(t, b.lock("bob"), bounds); got.Stop != liquidity.StopRisk || got.Risk.Cmp(big.NewInt(2*3_500_000*120)) != 0 {
		t.Errorf("a third: %+v", got)
	}
	// One that pays out what a lock takes in makes room for just that one.
	other := bounds
	other.Available = asset.NewUnits(1e8)
	if got := b.book(t, b.opposite(l), other); !got.Booked || got.Risk.Sign() >= 0 {
		t.Errorf("the opposite: %+v", got)
	}
	if got := b.book(t, b.lock("bob"), bounds); !got.Booked || got.Risk.Cmp(big.NewInt(3_500_000*120)) != 0 {
		t.Errorf("a third beside the opposite: %+v", got)
	}
	if got := b.book(t, b.lock("bob"), bounds); got.Stop != liquidity.StopRisk {
		t.Errorf("a fourth: %+v", got)
	}
	// Half of the time later half of it is at risk: one more fits.
	b.clock.forward(30 * time.Second)
	id := newSwap()
	b.mustAccept(t, l, id)
	e, err := b.store.Exposure(t.Context())
	if err != nil || e.Risk[l.Quote.Pair].Cmp(big.NewInt(2*3_500_000*90)) != 0 || e.Risk[asset.Pair{From: asset.ETH, To: asset.BTC}].Sign() >= 0 {
		t.Errorf("%+v, %v", e, err)
	}
	// What is confirmed is hedged, and at risk no more.
	b.tell(t, swap.Update{SwapID: id, Version: 2, State: swap.DepositConfirmed})
	if e, err = b.store.Exposure(t.Context()); err != nil || e.Risk[l.Quote.Pair].Cmp(big.NewInt(3_500_000*90)) != 0 {
		t.Errorf("%+v, %v", e, err)
	}
}

// One client's open locks take no more than its share; another's are not its.
func TestClientsShareIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bounds := b.bounds(10)
	bounds.ClientPPM = 200_000 // 2 of 10
	for n, want := range []liquidity.Stop{"", "", liquidity.StopShare} {
		if got := b.book(t, b.lock("alice"), bounds); got.Stop != want {
			t.Errorf("alice's lock %d: %q, want %q", n, got.Stop, want)
		}
	}
	if got := b.book(t, b.lock("bob"), bounds); got.Stop != "" {
		t.Errorf("bob's: %q", got.Stop)
	}
}
