package issue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/issue"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

func TestIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.request()
	first, signed := w.receipt(r)
	if !w.watched[first.DepositAddress] {
		t.Fatal("the address is not watched")
	}
	_, again := w.receipt(proto.Clone(r).(*ferryv1.IssueRequest))
	if again != signed {
		t.Fatal("the same request got another receipt")
	}
	second, _ := w.receipt(w.request())
	if second.DepositAddress == first.DepositAddress {
		t.Fatal("two swaps have one address")
	}
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'issued'`); n != 2 {
		t.Fatalf("%d addresses issued, want 2", n)
	}
}

// More calls at once than addresses are ready, each swap twice: no address goes to
// two swaps, and each swap has one receipt.
func TestIssuesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.must(w.issuer.Start(t.Context()))
	const n = 12
	requests := make([]*ferryv1.IssueRequest, n)
	for i := range requests {
		requests[i] = w.request()
	}
	receipts := make([]string, 2*n)
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	for i := range receipts {
		wg.Go(func() { receipts[i], errs[i] = w.issue(requests[i%n]) })
	}
	wg.Wait()
	owners := map[string]string{}
	for i, err := range errs {
		w.must(err)
		if receipts[i] != receipts[i%n] {
			t.Error("one swap has two receipts")
		}
		r, err := swap.VerifyReceipt(receipts[i], public(seedKey("attest")))
		w.must(err)
		if owner := owners[r.DepositAddress]; owner != "" && owner != r.SwapID {
			t.Errorf("%s was given to %s and %s", r.DepositAddress, owner, r.SwapID)
		}
		owners[r.DepositAddress] = r.SwapID
	}
	if len(owners) != n {
		t.Errorf("%d addresses for %d swaps", len(owners), n)
	}
}

func TestOtherTermsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.must(w.issuer.Start(t.Context()))
	r := w.request()
	w.receipt(r)
	other, err := networks.ParseAddress(asset.Ethereum, "0x1111111111111111111111111111111111111111")
	w.must(err)
	for name, change := range map[string]func(r *ferryv1.IssueRequest){
		"quote":          func(r *ferryv1.IssueRequest) { r.SignedQuote = w.request().GetSignedQuote() },
		"payout address": func(r *ferryv1.IssueRequest) { r.PayoutAddress = other },
		"refund address": func(r *ferryv1.IssueRequest) { r.RefundAddress = w.chain.NewAddress() },
		"secret":         func(r *ferryv1.IssueRequest) { r.SecretHash = strings.Repeat("ab", 32) },
		"tolerance":      func(r *ferryv1.IssueRequest) { r.Policy.ToleranceBps = 1 },
		"no refund":      func(r *ferryv1.IssueRequest) { r.RefundAddress = "" },
	} {
		changed := proto.Clone(r).(*ferryv1.IssueRequest)
		change(changed)
		if _, err := w.issue(changed); swap.ErrorCode(err) != swap.CodeRefused {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'issued'`); n != 1 {
		t.Fatalf("%d addresses issued, want 1", n)
	}
}

func TestBadRequestsTakeNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	own, err := networks.ParseAddress(asset.Ethereum, "0x2222222222222222222222222222222222222222")
	w.must(err)
	_, err = w.pool.Exec(t.Context(), `INSERT INTO address (chain, role, branch, idx, path, address, state)
		VALUES ('ethereum', 1, 0, 0, 'm', $1, 'hot')`, own)
	w.must(err)
	for name, row := range map[string]struct {
		change func(r *ferryv1.IssueRequest)
		code   swap.Code
	}{
		"swap id":           {func(r *ferryv1.IssueRequest) { r.SwapId = "swap_1" }, swap.CodeInvalidBody},
		"quote":             {func(r *ferryv1.IssueRequest) { r.SignedQuote += "A" }, swap.CodeQuoteInvalid},
		"payout address":    {func(r *ferryv1.IssueRequest) { r.PayoutAddress = "x" }, swap.CodeInvalidAddress},
		"payout not exact":  {func(r *ferryv1.IssueRequest) { r.PayoutAddress = strings.ToLower(r.PayoutAddress) }, swap.CodeInvalidAddress},
		"payout to us":      {func(r *ferryv1.IssueRequest) { r.PayoutAddress = own }, swap.CodeForbiddenAddress},
		"payout to a token": {func(r *ferryv1.IssueRequest) { r.PayoutAddress = usdtContract }, swap.CodeForbiddenAddress},
		"payout to nobody": {func(r *ferryv1.IssueRequest) {
			r.PayoutAddress = "0x0000000000000000000000000000000000000000"
		}, swap.CodeForbiddenAddress},
		"payout burns":      {func(r *ferryv1.IssueRequest) { r.PayoutAddress = "0x000000000000000000000000000000000000dEaD" }, swap.CodeForbiddenAddress},
		"refund elsewhere":  {func(r *ferryv1.IssueRequest) { r.RefundAddress = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq" }, swap.CodeWrongNetwork},
		"refund to us":      {func(r *ferryv1.IssueRequest) { r.RefundAddress = w.anAddress() }, swap.CodeForbiddenAddress},
		"policy":            {func(r *ferryv1.IssueRequest) { r.Policy.OnLate = "keep" }, swap.CodeInvalidPolicy},
		"no policy":         {func(r *ferryv1.IssueRequest) { r.Policy = nil }, swap.CodeInvalidPolicy},
		"tolerance":         {func(r *ferryv1.IssueRequest) { r.Policy.ToleranceBps = swap.MaxToleranceBPS + 1 }, swap.CodeInvalidPolicy},
		"secret":            {func(r *ferryv1.IssueRequest) { r.SecretHash = "ab" }, swap.CodeInvalidBody},
		"secret in capital": {func(r *ferryv1.IssueRequest) { r.SecretHash = strings.Repeat("AB", 32) }, swap.CodeInvalidBody},
	} {
		r := w.request()
		row.change(r)
		if _, err := w.issue(r); swap.ErrorCode(err) != row.code {
			t.Errorf("%s: %v, want %s", name, err, row.code)
		}
	}
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'issued'`); n != 0 {
		t.Fatalf("%d addresses were taken", n)
	}
}

func (w *world) anAddress() string {
	var a string
	w.must(w.pool.QueryRow(context.Background(), `SELECT address FROM address WHERE chain = 'bitcoin' ORDER BY idx DESC LIMIT 1`).Scan(&a))
	return a
}

// The answer of attestd is lost, or it is away: the next call goes on with the
// same address.
func TestGoesOnAfterAttestd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.request()
	w.attest.err = errors.New("away")
	if _, err := w.issue(r); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Fatalf("while away: %v", err)
	}
	w.attest.err, w.attest.lose = nil, 1
	if _, err := w.issue(r); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Fatalf("answer lost: %v", err)
	}
	w.receipt(r)
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'issued'`); n != 1 {
		t.Fatalf("%d addresses issued, want 1", n)
	}
}

// A refusal that is not about the index passes, and nothing is burnt.
func TestAttestdRefuses(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]*swap.Error{
		"swap":      swap.Refuse(swap.CodeRefused, "terms.swap_id", "", "no"),
		"too far":   swap.Refuse(swap.CodeRefused, "index", "9", "no"),
		"forbidden": swap.Refuse(swap.CodeForbiddenAddress, "terms.payout_address", "", "no"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.must(w.issuer.Start(t.Context()))
			w.attest.err = refusal
			_, err := w.issue(w.request())
			if swap.ErrorCode(err) != refusal.Code {
				t.Fatalf("%v, want %v", err, refusal)
			}
			if n := w.count(`SELECT count(*) FROM address WHERE state = 'burnt'`); n != 0 {
				t.Fatal("an address was burnt")
			}
		})
	}
}

// A receipt that is not for exactly the terms and the address is not answered.
func TestReceiptIsChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *swap.Receipt){
		"address": func(r *swap.Receipt) { r.DepositAddress += "x" },
		"path":    func(r *swap.Receipt) { r.DepositPath += "1" },
		"payout":  func(r *swap.Receipt) { r.PayoutAddress = "0x" },
		"refund":  func(r *swap.Receipt) { r.RefundAddress = "x" },
		"quote":   func(r *swap.Receipt) { r.QuoteHash = strings.Repeat("00", 32) },
		"secret":  func(r *swap.Receipt) { r.SecretHash = strings.Repeat("00", 32) },
		"policy":  func(r *swap.Receipt) { r.Policy.ToleranceBPS = 5 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.must(w.issuer.Start(t.Context()))
			w.attest.spoil = spoil
			if _, err := w.issue(w.request()); swap.ErrorCode(err) != swap.CodeUnavailable {
				t.Fatalf("%v", err)
			}
			if n := w.count(`SELECT count(*) FROM address WHERE signed_receipt IS NOT NULL`); n != 0 {
				t.Fatal("the receipt was stored")
			}
		})
	}
	t.Run("key", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 3)
		w.must(w.issuer.Start(t.Context()))
		w.attest.key = seedKey("stranger")
		if _, err := w.issue(w.request()); swap.ErrorCode(err) != swap.CodeUnavailable {
			t.Fatalf("%v", err)
		}
	})
}

// A database restored from an old copy gives out nothing that attestd has
// attested: what is known is burnt, what is not is derived and watched again.
func TestHighWaterBurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.must(w.issuer.Start(t.Context()))
	w.attest.next = 300
	restored := w.newIssuer(4)
	w.must(restored.Start(t.Context()))
	w.issuer = restored
	r, _ := w.receipt(w.request())
	if !strings.HasSuffix(r.DepositPath, "/300") {
		t.Fatalf("gave %s, want index 300", r.DepositPath)
	}
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'burnt' AND idx < 300`); n != 300 {
		t.Fatalf("%d burnt, want 300", n)
	}
	if len(w.watched) != 304 {
		t.Fatalf("%d addresses watched, want 304", len(w.watched))
	}
}

// An index that attestd refuses as used is burnt and another given, a few times.
func TestUsedIndexIsBurnt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.must(w.issuer.Start(t.Context()))
	w.attest.indexes = map[uint32]string{0: "another", 1: "another"}
	r, _ := w.receipt(w.request())
	if !strings.HasSuffix(r.DepositPath, "/2") {
		t.Fatalf("gave %s, want index 2", r.DepositPath)
	}
	for i := range uint32(9) {
		w.attest.indexes[i] = "another"
	}
	if _, err := w.issue(w.request()); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Fatalf("%v, want an end to the tries", err)
	}
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'burnt'`); n != 7 {
		t.Fatalf("%d burnt, want 2 and 5", n)
	}
}

func TestStartNeedsAttestd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.attest.err = errors.New("away")
	if err := w.issuer.Start(t.Context()); err == nil {
		t.Fatal("started without knowing what was attested")
	}
	if n := w.count(`SELECT count(*) FROM address`); n != 0 {
		t.Fatal("addresses are ready to be given")
	}
}

func TestCheckDestination(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.must(w.issuer.Start(t.Context()))
	good, forbidden := w.chain.NewAddress(), w.chain.NewAddress()
	w.chain.Forbid(forbidden)
	for address, code := range map[string]swap.Code{
		good: "", forbidden: swap.CodeForbiddenAddress, w.anAddress(): swap.CodeForbiddenAddress,
		strings.ToUpper(good): swap.CodeInvalidAddress, "": swap.CodeInvalidAddress,
	} {
		if err := w.checkDestination(address); swap.ErrorCode(err) != code {
			t.Errorf("%s: %v, want %q", address, err, code)
		}
	}
	w.chain.SetAway(true)
	if err := w.checkDestination(good); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Errorf("while the node is away: %v", err)
	}
}

func (w *world) checkDestination(address string) error {
	_, err := w.issuer.CheckDestination(context.Background(),
		connect.NewRequest(&ferryv1.CheckDestinationRequest{Address: address}))
	return err
}

// The store's guards fire.
func TestStoreGuards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	if _, err := w.store.IssueDeposit(t.Context(), "swap_a", "hash"); !errors.Is(err, issue.ErrPoolEmpty) {
		t.Fatalf("an empty pool: %v", err)
	}
	w.must(w.issuer.Start(t.Context()))
	d, err := w.store.IssueDeposit(t.Context(), "swap_a", "hash")
	w.must(err)
	w.must(w.store.StoreReceipt(t.Context(), "swap_a", d.Index, "receipt"))
	w.must(w.store.StoreReceipt(t.Context(), "swap_a", d.Index, "receipt"))
	for name, err := range map[string]error{
		"another receipt": w.store.StoreReceipt(t.Context(), "swap_a", d.Index, "other"),
		"another swap":    w.store.StoreReceipt(t.Context(), "swap_b", d.Index, "receipt"),
		"burn answered":   w.store.BurnIssued(t.Context(), "swap_a", d.Index),
		"burn another's":  w.store.BurnIssued(t.Context(), "swap_b", d.Index+1),
	} {
		if !errors.Is(err, issue.ErrChanged) {
			t.Errorf("%s: %v, want ErrChanged", name, err)
		}
	}
	if _, err := w.store.IssueDeposit(t.Context(), "swap_a", "other"); !errors.Is(err, issue.ErrOtherTerms) {
		t.Errorf("other terms: %v", err)
	}
	wrong := []issue.Address{{Index: 0, Path: "m", Address: "not the one derived"}}
	if err := w.store.AddDeposits(t.Context(), wrong, false); err == nil {
		t.Error("another address under a known index was taken")
	}
}

// Run fills the pool again after addresses were given.
func TestRunRefills(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.must(w.issuer.Start(t.Context()))
	filled := make(chan struct{}, 1)
	c := w.config(2)
	c.Store = filledStore{w.store, filled}
	var err error
	w.issuer, err = issue.New(c)
	w.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.issuer.Run(ctx) }()
	w.receipt(w.request())
	<-filled
	cancel()
	w.must(<-done)
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'pool'`); n != 2 {
		t.Fatalf("%d addresses ready, want 2", n)
	}
}

// attestd's refusal of the lease is no mistake of the caller's: it is told to try
// again, and the address stays tied to the swap for whoever has the lease then.
func TestAnOldLeaseIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.request()
	w.attest.err = swap.Refuse(swap.CodeRefused, "fencing_token", "4", "The caller's lease is older than one seen before.")
	if _, err := w.issue(r); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Fatalf("%v, want unavailable", err)
	}
	w.attest.err = nil
	w.receipt(r)
	if n := w.count(`SELECT count(*) FROM address WHERE state = 'issued'`); n != 1 {
		t.Errorf("%d addresses issued, want 1", n)
	}
	c := w.config(3)
	c.FencingToken = 0
	if _, err := issue.New(c); err == nil {
		t.Error("an issuer without a lease was made")
	}
}
