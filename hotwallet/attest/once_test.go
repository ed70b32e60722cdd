package attest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

func TestNothingIsAttestedTwice(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	first := d.request(t, asset.BTC, asset.ETH, 1)
	signed := d.mustAttest(t, first)
	for _, reopened := range []bool{false, true} {
		if reopened {
			d.reopen(t)
		}
		if again := d.mustAttest(t, first); again != signed {
			t.Errorf("reopened %v: the same request got another receipt", reopened)
		}
		for name, c := range map[string]struct {
			change          func(req *ferryv1.AttestRequest)
			field, sentence string
		}{
			"swap": {func(r *ferryv1.AttestRequest) { r.Terms.SwapId = first.GetTerms().GetSwapId() }, "terms.swap_id", "another request"},
			"quote": {func(r *ferryv1.AttestRequest) { r.Terms.SignedQuote = first.GetTerms().GetSignedQuote() },
				"terms.signed_quote", "another swap"},
			"index": {func(r *ferryv1.AttestRequest) { r.Index, r.Address = first.GetIndex(), first.GetAddress() }, "index", "another swap"},
		} {
			req := d.request(t, asset.BTC, asset.ETH, 2)
			c.change(req)
			_, err := d.attest(req)
			if err == nil {
				t.Fatalf("reopened %v: %s was attested twice", reopened, name)
			}
			swaptest.WantRefusal(t, err, swap.CodeRefused, c.field, c.sentence)
		}
		// One changed detail makes it another request.
		for name, change := range map[string]func(req *ferryv1.AttestRequest){
			"payout": func(r *ferryv1.AttestRequest) { r.Terms.PayoutAddress = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359" },
			"secret": func(r *ferryv1.AttestRequest) { r.Terms.SecretHash = strings.Repeat("0b", 32) },
			"index":  func(r *ferryv1.AttestRequest) { r.Index = 2 },
		} {
			req := proto.Clone(first).(*ferryv1.AttestRequest)
			change(req)
			_, err := d.attest(req)
			if err == nil {
				t.Fatalf("%s: attested again", name)
			}
			swaptest.WantRefusal(t, err, swap.CodeRefused, "terms.swap_id", "another request")
		}
		if got := d.highWater(t, asset.Bitcoin); got != 2 {
			t.Errorf("reopened %v: high water is %d, want 2", reopened, got)
		}
		if got := d.highWater(t, asset.Ethereum); got != 0 {
			t.Errorf("reopened %v: high water of the other chain is %d, want 0", reopened, got)
		}
	}
	// The other chain has indices of its own.
	d.mustAttest(t, d.request(t, asset.ETH, asset.BTC, 1))
}

// What was attested, and what comes into reach by it, is ours from then on.
func TestReachMovesWithTheHighWater(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	next := d.own(t, asset.Ethereum, keys.Deposit, keys.External, 6)
	to := func(address string, index uint32) *ferryv1.AttestRequest {
		req := d.request(t, asset.BTC, asset.ETH, index)
		req.Terms.PayoutAddress = address
		return req
	}
	d.mustAttest(t, to(next, 0)) // 0 to 4 are in reach, 6 is not known as ours
	d.mustAttest(t, d.request(t, asset.ETH, asset.BTC, 3))
	for _, reopened := range []bool{false, true} {
		if reopened {
			d.reopen(t)
		}
		for _, index := range []uint32{3, 6, 8} {
			_, err := d.attest(to(d.own(t, asset.Ethereum, keys.Deposit, keys.External, index), 1))
			if err == nil {
				t.Fatalf("reopened %v: our deposit address %d was taken as a payout address", reopened, index)
			}
			swaptest.WantRefusal(t, err, swap.CodeForbiddenAddress, "terms.payout_address", "our own")
		}
	}
	_, err := d.attest(d.request(t, asset.ETH, asset.BTC, 9))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "index", "too far ahead")
	d.mustAttest(t, d.request(t, asset.ETH, asset.BTC, 8))
}

// A failure between the decision and the commit answers nothing and uses up nothing.
func TestNoReceiptWithoutItsRecord(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	d.attestor.store.beforeCommit = func() error { return errors.New("disk full") }
	signed, err := d.attest(d.request(t, asset.BTC, asset.ETH, 0))
	if signed != "" || swap.ErrorCode(err) != swap.CodeInternal || strings.Contains(err.Error(), "disk") {
		t.Fatalf("answer is %q, %v; want an internal error without details", signed, err)
	}
	d.reopen(t)
	if got := d.highWater(t, asset.Bitcoin); got != 0 {
		t.Errorf("high water is %d, want 0", got)
	}
	d.mustAttest(t, d.request(t, asset.BTC, asset.ETH, 0))
}

func TestSameRequestAtTheSameTime(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.request(t, asset.BTC, asset.ETH, 0)
	const callers = 8
	type answer struct {
		signed string
		err    error
	}
	answers := make(chan answer, callers)
	for range callers {
		go func() {
			signed, err := d.attest(req)
			answers <- answer{signed, err}
		}()
	}
	first := <-answers
	for range callers - 1 {
		if next := <-answers; next != first || next.err != nil {
			t.Fatalf("answers differ: %v and %v", next, first)
		}
	}
}

// Whatever is asked in whatever order, with failures and restarts: each index,
// swap and quote has at most one receipt, and a repetition gets the same one.
func TestAtMostOneReceipt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "attest")
		if err != nil {
			t.Fatalf("folder: %v", err)
		}
		defer func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatalf("remove folder: %v", err)
			}
		}()
		d := newDesk(t, dir)
		defer func() {
			if err := d.attestor.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
		}()
		var swaps, quotes []string
		pairs := []asset.Pair{{From: asset.BTC, To: asset.ETH}, {From: asset.ETH, To: asset.BTC}, {From: asset.BTC, To: asset.ETH}}
		for _, pair := range pairs {
			swaps = append(swaps, swap.NewID(swap.SwapPrefix, testNow))
			quotes = append(quotes, d.quote(t, pair.From, pair.To, nil))
		}
		byRequest, receiptOf := map[string]string{}, map[string]string{}
		for range rapid.IntRange(3, 30).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				d.reopen(t)
			}
			d.attestor.store.db.NoSync = true // no machine is killed here
			d.attestor.store.beforeCommit = nil
			if rapid.IntRange(0, 9).Draw(t, "crash") == 0 {
				d.attestor.store.beforeCommit = func() error { return errors.New("crash") }
			}
			q := rapid.IntRange(0, 2).Draw(t, "quote")
			req := d.request(t, pairs[q].From, pairs[q].To, uint32(rapid.IntRange(0, 3).Draw(t, "index")))
			req.Terms.SwapId = swaps[rapid.IntRange(0, 2).Draw(t, "swap")]
			req.Terms.SignedQuote = quotes[q]
			req.Terms.SecretHash = strings.Repeat(rapid.SampledFrom([]string{"0a", "0b"}).Draw(t, "secret"), 32)
			signed, err := d.attest(req)
			name := req.String()
			if earlier, known := byRequest[name]; known && (err != nil || signed != earlier) {
				t.Fatalf("%s was answered before and now gets %v", name, err)
			}
			if err != nil {
				continue
			}
			byRequest[name] = signed
			for _, key := range []string{req.GetTerms().GetSwapId(), req.GetTerms().GetSignedQuote(), fmt.Sprint(pairs[q].From, req.GetIndex())} {
				if earlier, known := receiptOf[key]; known && earlier != signed {
					t.Fatalf("%.60s has two receipts", key)
				}
				receiptOf[key] = signed
			}
		}
	})
}
