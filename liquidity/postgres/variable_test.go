package postgres_test

import (
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
)

// variable is a lock whose rate is set when its deposit is detected.
func (b bench) variable(client string) liquidity.Lock {
	l := b.lock(client)
	l.Quote.Variable = true
	l.Quote.DepositMin, l.Quote.DepositMax = asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1)}, l.Quote.Deposit
	return l
}

// detected is the rate of a deposit that is seen: one piece, as requoted.
func (b bench) detected(swapID, deposit string, n, balance int) liquidity.Answer {
	r := b.asked(swapID, deposit, n, true)
	r.Basis = swap.BasisDetected
	a := b.requoted(r, 1, balance)
	a.Requote.Deposit = asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(3_500_000)}
	return a
}

func rate(id, deposit string, asked int, gone bool) []swap.SetRate {
	return []swap.SetRate{{DepositID: deposit, Asked: asked, Gone: gone}}
}

// A variable lock is used up once and reserves nothing; its rate reserves what it pays, as
// unconfirmed until its deposit is confirmed, until that is replaced or the swap is over.
func TestVariableReservesFromDetectionOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	bounds := b.bounds(1)
	var ids []string
	for _, l := range []liquidity.Lock{b.variable("alice"), b.variable("bob"), b.variable("carol")} {
		if got := b.book(t, l, bounds); !got.Booked {
			t.Fatalf("%+v", got)
		}
		ids = append(ids, newSwap())
		b.mustAccept(t, l, ids[len(ids)-1])
	}
	reserved := func(when, want, unconfirmed string) {
		t.Helper()
		e, err := b.store.Exposure(t.Context())
		if got := b.reserved(t); err != nil || got != want || e.Unconfirmed[asset.ETH].String() != unconfirmed {
			t.Errorf("%s: reserved %s, unconfirmed %s, %v; want %s and %s", when, got, e.Unconfirmed[asset.ETH], err, want, unconfirmed)
		}
	}
	const eth = "1000000000000000000"
	reserved("accepted", "0", "0")
	if told := q.answer(t, b.detected(ids[0], "bitcoin:a:0", 1, 1)); told[0].Refused != "" {
		t.Fatalf("%+v", told)
	}
	reserved("detected", "1", eth)
	if told := q.answer(t, b.detected(ids[1], "bitcoin:b:0", 1, 1)); told[0].Refused != swap.RefusedUnavailable {
		t.Errorf("beyond the balance: %+v", told)
	}
	at := start.Add(time.Second)
	b.clock.forward(time.Second)
	b.tell(t, swap.Update{SwapID: ids[0], Version: 3, State: swap.DepositDetected, At: at, Rates: rate(ids[0], "bitcoin:a:0", 1, false)})
	reserved("told", "1", eth)
	b.tell(t, swap.Update{SwapID: ids[0], Version: 4, State: swap.DepositConfirmed, At: at, Rates: rate(ids[0], "bitcoin:a:0", 1, false)})
	reserved("confirmed", "1", "0")
	b.tell(t, swap.Update{SwapID: ids[0], Version: 5, State: swap.DepositDetected, At: at, Rates: rate(ids[0], "bitcoin:a:0", 1, false)})
	reserved("taken back", "1", eth)
	b.tell(t, swap.Update{SwapID: ids[0], Version: 6, State: swap.AwaitingDeposit, At: at, Rates: rate(ids[0], "bitcoin:a:0", 1, true)})
	b.clock.forward(time.Second)
	bounds.BalanceAt = b.clock.now()
	if n := b.openRequotes(t); n != 0 {
		t.Errorf("replaced: %d rates are open", n)
	}
	// What ended holds until a younger balance has come.
	next := b.detected(ids[1], "bitcoin:b:0", 2, 1)
	next.Bounds.BalanceAt = b.clock.now()
	if told := q.answer(t, next); told[0].Refused != "" {
		t.Errorf("after it: %+v", told)
	}
	b.tell(t, swap.Update{SwapID: ids[1], Version: 9, State: swap.Expired, At: b.clock.now().Add(time.Second), Rates: rate(ids[1], "bitcoin:b:0", 2, false)})
	if n := b.openRequotes(t); n != 0 {
		t.Errorf("expired: %d rates are open", n)
	}
}

// A deposit that can be replaced takes no more by a rate than by a lock: of the balance's
// share for the unconfirmed, and of the pair's risk.
func TestRatesAtDetectionAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	answer := func(deposit string, edit func(*liquidity.Bounds)) string {
		t.Helper()
		a := b.detected(newSwap(), deposit, 1, 10)
		edit(&a.Bounds)
		return q.answer(t, a)[0].Refused
	}
	unconfirmed := func(b *liquidity.Bounds) { b.UnconfirmedPPM = 200_000 } // 2 of 10
	for n, want := range []string{"", "", swap.RefusedUnavailable} {
		if got := answer("bitcoin:u"+string(rune('a'+n))+":0", unconfirmed); got != want {
			t.Errorf("rate %d: %q, want %q", n, got, want)
		}
	}
	// 0.035 BTC for ten minutes are at risk by each; the budget is three of them.
	risk := func(b *liquidity.Bounds) { b.RiskMost, b.Length = asset.NewUnits(3*3_500_000), 10*time.Minute }
	for n, want := range []string{"", swap.RefusedUnavailable} {
		if got := answer("bitcoin:r"+string(rune('a'+n))+":0", risk); got != want {
			t.Errorf("rate %d at risk: %q, want %q", n, got, want)
		}
	}
	if l := b.lock("alice"); true {
		bounds := b.bounds(10)
		bounds.RiskMost, bounds.Length = asset.NewUnits(3*3_500_000), 10*time.Minute
		if got := b.book(t, l, bounds); got.Stop != liquidity.StopRisk {
			t.Errorf("a lock beside the rates: %+v", got)
		}
	}
}

// A client's share counts what it has accepted too, until the deposit is confirmed: else
// whoever accepts at once would have no bound.
func TestClientsShareCountsWhatIsAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bounds := b.bounds(10)
	bounds.ClientPPM = 200_000 // 2 of 10
	first, id := b.lock("alice"), newSwap()
	for _, l := range []liquidity.Lock{first, b.lock("alice")} {
		if got := b.book(t, l, bounds); !got.Booked {
			t.Fatalf("%+v", got)
		}
		if l.Quote.ID == first.Quote.ID {
			b.mustAccept(t, l, id)
		} else {
			b.mustAccept(t, l, newSwap())
		}
	}
	if got := b.book(t, b.lock("alice"), bounds); got.Stop != liquidity.StopShare {
		t.Errorf("a third: %+v", got)
	}
	if got := b.book(t, b.lock("bob"), bounds); !got.Booked {
		t.Errorf("bob's: %+v", got)
	}
	b.tell(t, swap.Update{SwapID: id, Version: 2, State: swap.DepositConfirmed})
	if got := b.book(t, b.lock("alice"), bounds); !got.Booked || got.OpenLocks != 0 {
		t.Errorf("once a deposit is confirmed: %+v", got)
	}
}

// So do rates that were set when a deposit was seen: a share of two is taken by two of them,
// and neither a third nor a lock fits beside, until a deposit is confirmed. A rate that takes
// the place of one for the same swap is not measured against it.
func TestClientsShareCountsRates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	var ids []string
	for _, client := range []string{"alice", "alice", "alice", "bob"} {
		l := b.variable(client)
		b.mustBook(t, l)
		ids = append(ids, newSwap())
		b.mustAccept(t, l, ids[len(ids)-1])
	}
	told := func(n, asked int) string {
		t.Helper()
		a := b.detected(ids[n], "bitcoin:"+string(rune('a'+n))+":0", asked, 10)
		a.Bounds.ClientPPM = 200_000 // 2 of 10
		return q.answer(t, a)[0].Refused
	}
	for _, c := range []struct {
		n, asked int
		want     string
	}{{0, 1, ""}, {1, 1, ""}, {2, 1, swap.RefusedUnavailable}, {3, 1, ""}, {1, 2, ""}} {
		if got := told(c.n, c.asked); got != c.want {
			t.Errorf("rate %d of swap %d: %q, want %q", c.asked, c.n, got, c.want)
		}
	}
	bounds := b.bounds(10)
	bounds.ClientPPM = 200_000
	if got := b.book(t, b.lock("alice"), bounds); got.Stop != liquidity.StopShare {
		t.Errorf("a lock beside two rates: %+v", got)
	}
	b.tell(t, swap.Update{SwapID: ids[0], Version: 3, State: swap.DepositConfirmed, At: start, Rates: rate(ids[0], "bitcoin:a:0", 1, false)})
	if got := b.book(t, b.lock("alice"), bounds); !got.Booked {
		t.Errorf("once a deposit is confirmed: %+v", got)
	}
	if got := told(2, 2); got != swap.RefusedUnavailable {
		t.Errorf("a rate beside a rate and a lock: %q", got)
	}
}

// The risk that a rate is measured against is beside the one whose place it takes.
func TestARateTakesItsOwnPlaceAtRisk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := requotes{bench: b}
	id := newSwap()
	for n, c := range []struct{ swapID, want string }{{id, ""}, {id, ""}, {newSwap(), swap.RefusedUnavailable}, {id, ""}} {
		a := b.detected(c.swapID, "bitcoin:"+c.swapID+":0", n+1, 10)
		a.Bounds.RiskMost, a.Bounds.Length = asset.NewUnits(3_500_000), 10*time.Minute // one of them
		if got := q.answer(t, a)[0].Refused; got != c.want {
			t.Errorf("rate %d: %q, want %q", n+1, got, c.want)
		}
	}
}
