package liquidity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// A quote out of the socket verifies, says what was asked, and is in the database.
func TestLockBothWays(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, func(c *liquidity.Config) {
		for i := range c.Pairs {
			c.Pairs[i].SpreadBPS, c.Pairs[i].FeeBPS = 0, 100
		}
	})
	cases := []struct{ from, to, deposit, payout, wantDeposit, wantPayout, wantFee, wantRate string }{
		// 1 ETH × 0.035 = 0.035; 1 % and 2000 sat off.
		{"ETH", "BTC", "1", "", "1 ETH", "0.03463 BTC", "0.00035 BTC", "0.035"},
		// 18 places are kept.
		{"ETH", "BTC", "1.000000000000000001", "", "1.000000000000000001 ETH", "0.03463 BTC", "0.00035 BTC", "0.034999999999"},
		// 0.9895 + 0.0005 = 0.99 = 99 % of 1 ETH, which costs 0.036.
		{"BTC", "ETH", "", "0.9895", "0.036 BTC", "0.9895 ETH", "0.01 ETH", "27.777777777777"},
	}
	for _, c := range cases {
		signed, err := d.lock(t.Context(), c.from, c.to, c.deposit, c.payout, "alice")
		if err != nil {
			t.Fatal(err)
		}
		q, err := swap.VerifyQuote(signed, d.keys)
		if err != nil {
			t.Fatal(err)
		}
		if q.Deposit.String() != c.wantDeposit || q.Payout.String() != c.wantPayout || q.ServiceFee.String() != c.wantFee || q.Rate != c.wantRate {
			t.Errorf("%+v: quote %+v", c, q)
		}
		if q.AcceptBy.Sub(q.IssuedAt) != time.Minute || q.DepositWindowSeconds != 1800 || q.ConfirmWindowSeconds != 86400 || q.RefundFeeMax.Units.IsZero() {
			t.Errorf("windows of %+v", q)
		}
		if d.count(t, "quote_id = '"+q.ID+"' AND signed_quote = '"+signed+"' AND client = 'alice'") != 1 {
			t.Errorf("%s is not stored", q.ID)
		}
	}
	if n := d.locked.Load(); n != int64(len(cases)) {
		t.Errorf("told of %d locks, want %d", n, len(cases))
	}
}

// Whatever is wrong with a request is refused by name, and stores nothing.
func TestLockRefuses(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, func(c *liquidity.Config) {
		c.Pairs = c.Pairs[:1] // BTC to ETH only
		c.Pairs[0].SpreadBPS, c.Pairs[0].FeeBPS = 0, 0
	})
	good := [5]string{"BTC", "ETH", "0.036", "", "alice"}
	with := func(field int, text string) [5]string {
		r := good
		r[field] = text
		return r
	}
	payout := func(text string) [5]string { return [5]string{"BTC", "ETH", "", text, "alice"} }
	cases := []struct {
		name    string
		request [5]string
		code    swap.Code
		field   string
		limit   string
	}{
		{"unknown from", with(0, "DOGE"), swap.CodeUnknownPair, "from", ""},
		{"unknown to", with(1, "eth"), swap.CodeUnknownPair, "to", ""},
		{"pair of one", with(1, "BTC"), swap.CodeUnknownPair, "to", ""},
		{"pair not offered", [5]string{"ETH", "BTC", "1", "", "alice"}, swap.CodeUnknownPair, "from", ""},
		{"no amount", with(2, ""), swap.CodeInvalidAmount, "deposit_amount", ""},
		{"two amounts", with(3, "1"), swap.CodeInvalidAmount, "deposit_amount", ""},
		{"negative", with(2, "-1"), swap.CodeInvalidAmount, "deposit_amount", ""},
		{"exponent", with(2, "1e-3"), swap.CodeInvalidAmount, "deposit_amount", ""},
		{"not a number", payout("many"), swap.CodeInvalidAmount, "payout_amount", ""},
		{"zero", with(2, "0.000"), swap.CodeInvalidAmount, "deposit_amount", ""},
		{"zero payout", payout("0"), swap.CodeInvalidAmount, "payout_amount", ""},
		{"nine places", with(2, "0.123456789"), swap.CodeTooManyPlaces, "deposit_amount", "8"},
		{"nineteen places", payout("0.1234567890123456789"), swap.CodeTooManyPlaces, "payout_amount", "18"},
		{"too small", with(2, "0.00019999"), swap.CodeAmountTooSmall, "deposit_amount", "0.0002 BTC"},
		{"all fees", with(2, "0.00000001"), swap.CodeAmountTooSmall, "deposit_amount", "0.0002 BTC"},
		{"too large", with(2, "1.00000001"), swap.CodeAmountTooLarge, "deposit_amount", "1 BTC"},
		{"beyond 256 bits", with(2, strings.Repeat("9", 71)), swap.CodeAmountTooLarge, "deposit_amount", ""},
		{"too large to price", with(2, strings.Repeat("9", 69)), swap.CodeAmountTooLarge, "deposit_amount", "1 BTC"},
		// 0.0002 BTC ÷ 0.036 − 0.0005; 1 BTC ÷ 0.036 − 0.0005.
		{"payout too small", payout("0.005"), swap.CodeAmountTooSmall, "payout_amount", "0.00505555 ETH"},
		{"payout too large", payout("28"), swap.CodeAmountTooLarge, "payout_amount", "27.77727777 ETH"},
		{"payout beyond price", payout(strings.Repeat("9", 59)), swap.CodeAmountTooLarge, "payout_amount", "27.77727777 ETH"},
		{"no client", with(4, ""), swap.CodeInvalidBody, "client", "100"},
		{"long client", with(4, strings.Repeat("x", 101)), swap.CodeInvalidBody, "client", "100"},
		{"client with a NUL", with(4, "a\x00b"), swap.CodeInvalidBody, "client", "100"},
	}
	for _, c := range cases {
		r := c.request
		_, err := d.lock(t.Context(), r[0], r[1], r[2], r[3], r[4])
		var refusal *swap.Error
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v is no refusal", c.name, err)
			continue
		}
		if refusal.Code != c.code || refusal.Field != c.field || refusal.Limit != c.limit || refusal.Message == "" {
			t.Errorf("%s: %+v, want %s in %q with limit %q", c.name, refusal, c.code, c.field, c.limit)
		}
	}
	if n := d.count(t, "true"); n != 0 {
		t.Errorf("refused requests left %d locks", n)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, nil)
	signed, err := d.lock(t.Context(), "BTC", "ETH", "0.01", "", "alice")
	if err != nil {
		t.Fatal(err)
	}
	mine, other := swap.NewID(swap.SwapPrefix, time.Now()), swap.NewID(swap.SwapPrefix, time.Now())
	foreign := openForBusiness(t, nil)
	unknown, err := foreign.lock(t.Context(), "BTC", "ETH", "0.01", "", "alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, signed, swapID string
		code                 swap.Code
	}{
		{"malformed swap", signed, "swap_1", swap.CodeInvalidBody},
		{"no quote", "", mine, swap.CodeQuoteInvalid},
		{"changed", signed[:len(signed)-4] + "AAAA", mine, swap.CodeQuoteInvalid},
		{"another house's", unknown, mine, swap.CodeQuoteInvalid},
		{"ours", signed, mine, ""},
		{"again", signed, mine, ""},
		{"another swap", signed, other, swap.CodeQuoteUsed},
	} {
		if err := d.accept(t.Context(), c.signed, c.swapID); swap.ErrorCode(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
	}
	lapsed, err := d.lock(t.Context(), "BTC", "ETH", "0.01", "", "alice")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.pool.Exec(t.Context(), "UPDATE lock SET issued_at = 'epoch', accept_by = now() WHERE swap_id IS NULL"); err != nil {
		t.Fatal(err)
	}
	if err := d.accept(t.Context(), lapsed, other); swap.ErrorCode(err) != swap.CodeQuoteExpired {
		t.Errorf("lapsed: %v", err)
	}
	if _, err := d.pool.Exec(t.Context(), "DELETE FROM lock"); err != nil {
		t.Fatal(err)
	}
	if err := d.accept(t.Context(), lapsed, other); swap.ErrorCode(err) != swap.CodeQuoteInvalid {
		t.Errorf("signed by us but not stored: %v", err)
	}
}

// Calls in parallel promise no more than the balance, and no client holds more
// locks than it may.
func TestParallelLocks(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, func(c *liquidity.Config) { c.MaxLocksPerClient = 4 })
	d.wallet.set(asset.ETH, "5.6", "") // 2.5 swaps of 0.08 BTC
	d.until(t, "BTC-ETH", func(r swap.Rate) bool { return available(r) && r.Max.Units.Less(asset.NewUnits(30_000_000)) })
	codes := func(from, to, amount string, client func(int) string) map[swap.Code]int {
		var mu sync.Mutex
		counts := map[swap.Code]int{}
		var calls sync.WaitGroup
		for n := range 20 {
			calls.Go(func() {
				_, err := d.lock(t.Context(), from, to, amount, "", client(n))
				mu.Lock()
				defer mu.Unlock()
				counts[swap.ErrorCode(err)]++
			})
		}
		calls.Wait()
		return counts
	}
	got := codes("BTC", "ETH", "0.08", func(n int) string { return string(rune('a' + n)) })
	if got[""] != 2 || got[swap.CodeInsufficientLiquidity] != 18 {
		t.Errorf("by balance: %v, want 2 locks and 18 without liquidity", got)
	}
	got = codes("ETH", "BTC", "0.1", func(int) string { return "zoe" })
	if got[""] != 4 || got[swap.CodeTooManyLocks] != 16 {
		t.Errorf("by client: %v, want 4 locks and 16 too many", got)
	}
	_, err := d.lock(t.Context(), "BTC", "ETH", "0.08", "", "yves")
	var refusal *swap.Error
	if !errors.As(err, &refusal) || refusal.Field != "deposit_amount" || !strings.HasSuffix(refusal.Limit, " BTC") {
		t.Fatalf("%v, with %+v", err, refusal)
	}
	// What the refusal says still fits does fit.
	if _, err := d.lock(t.Context(), "BTC", "ETH", strings.TrimSuffix(refusal.Limit, " BTC"), "", "yves"); err != nil {
		t.Errorf("the limit of %q: %v", refusal.Message, err)
	}
}

// Many swaps race for one quote through the socket: exactly one wins.
func TestParallelAccepts(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, nil)
	signed, err := d.lock(t.Context(), "BTC", "ETH", "0.01", "", "alice")
	if err != nil {
		t.Fatal(err)
	}
	var won, used atomic.Int64
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			switch code := swap.ErrorCode(d.accept(t.Context(), signed, swap.NewID(swap.SwapPrefix, time.Now()))); code {
			case "":
				won.Add(1)
			case swap.CodeQuoteUsed:
				used.Add(1)
			default:
				t.Errorf("refused with %q", code)
			}
		})
	}
	calls.Wait()
	if won.Load() != 1 || used.Load() != 19 {
		t.Errorf("%d won and %d came too late", won.Load(), used.Load())
	}
}

// What stands in the way of quotes is told on the rates topic and by Lock alike.
func TestRatesFollowConditions(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	says := func(pair, sentence string, code swap.Code) {
		t.Helper()
		rate := d.until(t, pair, func(r swap.Rate) bool { return r.Unavailable == sentence })
		if rate.Price != "" || rate.Min.Units.IsZero() || rate.Max.Units.IsZero() {
			t.Errorf("%q: rate %+v", sentence, rate)
		}
		from, to, _ := strings.Cut(pair, "-")
		if _, err := d.lock(t.Context(), from, to, "0.05", "", "alice"); swap.ErrorCode(err) != code {
			t.Errorf("%q: lock gives %v, want %q", sentence, err, code)
		}
	}
	says("BTC-ETH", "No price of ETH-BTC has arrived yet.", swap.CodePriceUnavailable)
	d.venue.quote(3_500_000, 3_600_000)
	says("BTC-ETH", "The wallet that takes deposits of BTC has not been heard from lately.", swap.CodeChainHalted)
	d.wallet.set(asset.BTC, "10", "")
	says("BTC-ETH", "The wallet that pays ETH has not told its balance lately.", swap.CodeInsufficientLiquidity)
	d.wallet.set(asset.ETH, "0.0001", "")
	says("BTC-ETH", "All ETH that Ferry can pay is promised already.", swap.CodeInsufficientLiquidity)
	d.wallet.set(asset.ETH, "100", "")
	// 1 ÷ 0.036 × 99.8 % × 99.5 %.
	rate := d.until(t, "BTC-ETH", available)
	if rate.Price != "27.583611111111" || rate.Max.String() != "1 BTC" || rate.Min.String() != "0.0002 BTC" {
		t.Errorf("rate %+v", rate)
	}
	d.venue.quote(3_600_000, 3_600_000)
	says("ETH-BTC", "The book of ETH-BTC is crossed.", swap.CodePriceUnavailable)
	d.venue.quote(3_500_000, 3_600_000)
	d.wallet.set(asset.ETH, "100", "a drill nobody should read of")
	says("BTC-ETH", "Payments of ETH are halted for now.", swap.CodeChainHalted)
	says("ETH-BTC", "Payments of ETH are halted for now.", swap.CodeChainHalted)
	d.wallet.set(asset.ETH, "2.5", "")
	rate = d.until(t, "BTC-ETH", available)
	if rate.Max.String() == "1 BTC" {
		t.Errorf("2.5 ETH pay a deposit of %s", rate.Max)
	}
	if _, err := d.lock(t.Context(), "BTC", "ETH", rate.Max.Decimal(), "", "alice"); err != nil {
		t.Errorf("the greatest deposit told can't be locked: %v", err)
	}
}

// A swap that is over gives its reservation back, and only then; stale, repeated
// and foreign updates do no harm.
func TestUpdatesEndReservations(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, nil)
	d.wallet.set(asset.ETH, "3", "")
	rate := d.until(t, "BTC-ETH", func(r swap.Rate) bool { return available(r) && r.Max.String() != "1 BTC" })
	tell := func(id string, version int64, state swap.State) {
		t.Helper()
		u := swap.Update{SwapID: id, Version: version, State: state, Message: "m", At: time.Now()}
		if err := d.publisher.Publish(t.Context(), bus.TopicUpdates, id, bus.KindUpdate, u); err != nil {
			t.Fatal(err)
		}
	}
	full := func(r swap.Rate) bool { return !available(r) }
	for _, over := range []swap.State{swap.Settled, swap.Refunded, swap.Expired} {
		// A deposit near the greatest leaves less than the smallest payout.
		signed, err := d.lock(t.Context(), "BTC", "ETH", rate.Max.Decimal(), "", "alice")
		if err != nil {
			t.Fatal(err)
		}
		id := swap.NewID(swap.SwapPrefix, time.Now())
		if err := d.accept(t.Context(), signed, id); err != nil {
			t.Fatal(err)
		}
		d.until(t, "BTC-ETH", full)
		tell(id, 3, swap.PayoutBroadcast)
		tell(swap.NewID(swap.SwapPrefix, time.Now()), 9, over)
		if err := d.publisher.Publish(t.Context(), bus.TopicUpdates, id, bus.KindUpdate, "no update"); err != nil {
			t.Fatal(err)
		}
		d.awaitOffset(t, 3)
		if n := d.count(t, "swap_id = '"+id+"' AND closed_at IS NULL"); n != 1 {
			t.Fatalf("%s: closed before it was over", over)
		}
		tell(id, 5, over)
		tell(id, 5, over)
		tell(id, 4, swap.PayoutBroadcast)
		rate = d.until(t, "BTC-ETH", available)
		d.awaitOffset(t, 3)
		if n := d.count(t, "closed_at IS NOT NULL AND swap_id = '"+id+"'"); n != 1 {
			t.Errorf("%s: not closed", over)
		}
	}
}

// awaitOffset waits until n more updates than before were consumed: each is one
// offset of its partition.
func (d desk) awaitOffset(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d.consumed.want += int64(n)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		var done int64
		if err := d.pool.QueryRow(ctx, "SELECT coalesce(sum(next_offset), 0) FROM consumer_offset").Scan(&done); err != nil {
			t.Fatal(err)
		}
		if done >= d.consumed.want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d updates consumed, want %d", done, d.consumed.want)
		case <-ticker.C:
		}
	}
}
