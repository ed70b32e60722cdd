package gateway_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"ferry/gateway"
	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

func (b *bundle) create(t testing.TB, key, body string, headers ...string) answer {
	t.Helper()
	return b.send(t, http.MethodPost, "/v1/swaps", body, append([]string{"Idempotency-Key", key}, headers...)...)
}

const aKey = "0d0c4f5e-6f0e-4d55-9a55-0c8f1f6f7a11"

// Setup: a quote. Test: make a swap in each direction. The answer agrees with the
// signed receipt in every field, the secret with its hash, what is stored is whole,
// and looking at the swap tells the same.
func TestCreateSwap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to asset.ID }{{asset.BTC, asset.ETH}, {asset.ETH, asset.BTC}} {
		b := setup(t)
		q := into[api.Quote](t, b.send(t, http.MethodPost, "/v1/quotes",
			body(t, "from", string(c.from), "to", string(c.to), "payout_amount", "0.015")), 201)
		if q.PayoutAmount != "0.015" || b.liquidity.lastClient != "127.0.0.1" {
			t.Errorf("payout %s for client %q", q.PayoutAmount, b.liquidity.lastClient)
		}
		payout, refund := newAddress(asset.MustLookup(c.to).Chain, "p"), newAddress(asset.MustLookup(c.from).Chain, "r")
		ask := body(t, "signed_quote", q.SignedQuote, "payout_address", strings.ToLower(payout), "refund_address", refund)
		made := into[api.CreatedSwap](t, b.create(t, aKey, ask), 201)
		b.expectRows(t, oneSwap)

		terms, err := swap.VerifyTerms(q.SignedQuote, made.SignedReceipt, b.config.QuoteKeys, b.config.AttestKeys)
		if err != nil {
			t.Fatal(err)
		}
		r := terms.Receipt
		sum := sha256.Sum256([]byte(made.Secret))
		if raw, err := base64.RawURLEncoding.DecodeString(made.Secret); err != nil || len(raw) != 32 || hex.EncodeToString(sum[:]) != r.SecretHash {
			t.Errorf("secret %q does not fit the receipt's hash", made.Secret)
		}
		uri := "bitcoin:" + r.DepositAddress + "?amount=0.5"
		if c.from == asset.ETH {
			uri = "ethereum:" + r.DepositAddress + "@1337?value=500000000000000000"
		}
		want := api.CreatedSwap{Id: r.SwapID, Secret: made.Secret, State: "awaiting_deposit", DepositAsset: string(c.from),
			DepositAmount: "0.5", DepositAddress: r.DepositAddress, PaymentUri: uri, PayoutAsset: string(c.to), PayoutAmount: "0.015",
			PayoutAddress: payout, RefundAddress: refund,
			Policy:    api.Policy{OnShort: "requote", OnOver: "requote", OnLate: "requote", OnExtra: "refund", ToleranceBps: 100},
			DepositBy: api.MillisOf(r.DepositBy), ConfirmBy: api.MillisOf(r.ConfirmBy), CreatedAt: api.MillisOf(b.clock.now()),
			SignedReceipt: made.SignedReceipt}
		if made != want {
			t.Errorf("made\n%+v, want\n%+v", made, want)
		}
		shown := b.send(t, http.MethodGet, "/v1/swaps/"+made.Id, "")
		s := into[api.Swap](t, shown, 200)
		if s.State != "awaiting_deposit" || s.NextActor != "user" || s.ActBy != made.DepositBy || s.Version != 0 ||
			s.PaymentUri != uri || s.SignedReceipt != made.SignedReceipt || s.SignedQuote != q.SignedQuote || len(s.Updates) != 1 {
			t.Errorf("shown %+v", s)
		}
		b.expectSecretNowhere(t, made.Secret, shown.body)
		b.expectFact(t, terms)
	}
}

// expectSecretNowhere looks for the secret where it must not be: in what anybody
// may read, in the log, and in every table.
func (b *bundle) expectSecretNowhere(t testing.TB, secret string, shown []byte) {
	t.Helper()
	var stored string
	if err := b.pool.QueryRow(t.Context(), `SELECT (SELECT json_agg(i) FROM idempotency i)::text
		|| (SELECT json_agg(s) FROM swap s)::text || (SELECT json_agg(v) FROM swap_view v)::text
		|| (SELECT json_agg(o) FROM outbox o)::text || coalesce((SELECT json_agg(a) FROM amendment a)::text, '')`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"GET": string(shown), "log": b.log.String(), "tables": stored} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in the %s", where)
		}
	}
}

// expectFact reads the one message of the outbox.
func (b *bundle) expectFact(t testing.TB, terms swap.Terms) {
	t.Helper()
	var topic, key, kind string
	var raw []byte
	if err := b.pool.QueryRow(t.Context(), "SELECT topic, key, kind, body FROM outbox").Scan(&topic, &key, &kind, &raw); err != nil {
		t.Fatal(err)
	}
	var f swap.Fact
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	if topic != "ferry.facts" || key != terms.Receipt.SwapID || kind != "swap.created" || f.Validate() != nil ||
		f.Created.SignedQuote != terms.SignedQuote || f.Created.SignedReceipt != terms.SignedReceipt {
		t.Errorf("outbox has %s %s %s %s", topic, key, kind, raw)
	}
}

// The same request under the same key gets the same answer, byte for byte, however
// late and however its addresses are spelt; nothing is asked or stored again.
func TestRetryGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	quote := b.signedQuote(t, btcToEth)
	ask := body(t, "signed_quote", quote, "payout_address", userETH, "refund_address", userBTC)
	first := b.create(t, aKey, ask)
	b.clock.advance(24 * time.Hour) // the quote and the time to deposit have passed
	respelt := body(t, "signed_quote", quote, "payout_address", strings.ToLower(userETH), "refund_address", strings.ToUpper(userBTC),
		"policy", map[string]any{"on_short": "requote", "on_extra": "refund", "tolerance_bps": 100})
	for _, again := range []string{ask, respelt} {
		if a := b.create(t, aKey, again); a.status != 201 || !bytes.Equal(a.body, first.body) {
			t.Errorf("%d %s, want %s", a.status, a.body, first.body)
		}
	}
	if a, i := b.liquidity.accept.count(), b.wallets[asset.Bitcoin].issue.count(); a != 1 || i != 1 {
		t.Errorf("Accept was called %d times, Issue %d times", a, i)
	}
	b.expectRows(t, oneSwap)
}

// What somebody writes into a stored answer reaches no user: addresses and amounts
// come from the signed receipt, and a receipt that is not this swap's is no answer.
func TestAStoredAnswerIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	first := b.create(t, aKey, ask)
	other := into[api.CreatedSwap](t, b.create(t, aKey+"2", b.swapBody(t)), 201)
	tamper := func(member, value string) {
		tag, err := b.pool.Exec(t.Context(), `UPDATE idempotency SET response = jsonb_set(response, ARRAY[$1], to_jsonb($2::text))
			WHERE swap_id = $3`, member, value, into[api.CreatedSwap](t, first, 201).Id)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("tamper with %s: %v, %v", member, tag, err)
		}
	}
	for _, member := range []string{"deposit_address", "payment_uri", "deposit_amount", "payout_address", "refund_address", "id"} {
		tamper(member, "sb1qsomebodyelse")
	}
	if a := b.create(t, aKey, ask); a.status != 201 || !bytes.Equal(a.body, first.body) {
		t.Errorf("answered %d %s, want %s", a.status, a.body, first.body)
	}
	for _, receipt := range []string{other.SignedReceipt, other.SignedReceipt[:40]} {
		tamper("signed_receipt", receipt)
		if a := b.create(t, aKey, ask); a.status != http.StatusInternalServerError {
			t.Errorf("answered %d %s to another receipt", a.status, a.body)
		}
	}
}

// A used key with another request for the same quote is refused, a used quote under
// another key too, from whichever client; nothing is stored of either.
func TestReuse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	quote := b.signedQuote(t, btcToEth)
	ask := func(quote, payout, refund string) string {
		return body(t, "signed_quote", quote, "payout_address", payout, "refund_address", refund)
	}
	good := ask(quote, userETH, userBTC)
	into[api.CreatedSwap](t, b.create(t, aKey, good), 201)
	for name, other := range map[string]string{
		"payout": ask(quote, newAddress(asset.Ethereum, "other"), userBTC),
		"refund": ask(quote, userETH, newAddress(asset.Bitcoin, "other")),
	} {
		t.Log(name)
		refused(t, b.create(t, aKey, other), 409, swap.CodeIdempotencyKeyReused, "Idempotency-Key", "")
	}
	for _, from := range []string{"127.0.0.1:1", "192.0.2.7:5000"} {
		refused(t, b.create(t, "another-key", good, clientHeader, from), 409, swap.CodeQuoteUsed, "signed_quote", "")
	}
	b.expectRows(t, oneSwap)
}

// Setup: a wallet whose address changes from try to try; the first is answered, or
// dies after its quote was accepted. Test: one swap, and the same answer wherever the
// retry comes from.
func TestRetryFromAnotherAddress(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]error{"answered": nil, "unheard": errCut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ask := b.swapBody(t)
			b.liquidity.accept.set(nil, after)
			first := b.create(t, aKey, ask, clientHeader, "192.0.2.7:5000")
			if (first.status == http.StatusCreated) != (after == nil) {
				t.Fatalf("the first try: %d %s", first.status, first.body)
			}
			b.liquidity.accept.set(nil, nil)
			second := b.create(t, aKey, ask, clientHeader, "198.51.100.9:5000")
			third := b.create(t, aKey, ask, clientHeader, "[2001:db8::1]:5000")
			made := into[api.CreatedSwap](t, second, 201)
			if !bytes.Equal(second.body, third.body) || after == nil && !bytes.Equal(first.body, second.body) || made.Secret == "" {
				t.Errorf("answers differ:\n%s\n%s\n%s", first.body, second.body, third.body)
			}
			b.expectRows(t, oneSwap)
			if n := len(b.wallets[asset.Bitcoin].receipts); n != 1 {
				t.Errorf("%d addresses were issued", n)
			}
		})
	}
}

// Strangers who choose the same text for a key do not meet: each has a swap and a
// secret of its own.
func TestOneKeyForTwoQuotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine := into[api.CreatedSwap](t, b.create(t, aKey, b.swapBody(t)), 201)
	theirs := into[api.CreatedSwap](t, b.create(t, aKey, b.swapBody(t), clientHeader, "192.0.2.7:5000"), 201)
	if mine.Id == theirs.Id || mine.Secret == theirs.Secret || mine.DepositAddress == theirs.DepositAddress {
		t.Errorf("%+v and %+v share something", mine, theirs)
	}
}

// Twenty at once under one key: one swap, one answer.
func TestConcurrentRequestsMakeOneSwap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	answers := make([]answer, 20)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			<-start
			var err error
			if answers[i], err = b.trySend(t.Context(), http.MethodPost, "/v1/swaps", ask, "Idempotency-Key", aKey); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	for _, a := range answers {
		if a.status != 201 || !bytes.Equal(a.body, answers[0].body) {
			t.Errorf("%d %s, want %s", a.status, a.body, answers[0].body)
		}
	}
	b.expectRows(t, oneSwap)
	if n := len(b.wallets[asset.Bitcoin].receipts); n != 1 {
		t.Errorf("%d addresses were issued", n)
	}
}

// Twenty at once with one quote under twenty keys: one swap, nineteen refusals
// that leave nothing.
func TestConcurrentKeysShareNoQuote(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	statuses := make([]int, 20)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			key := aKey + strings.Repeat("x", i+1)
			a, err := b.trySend(t.Context(), http.MethodPost, "/v1/swaps", ask, "Idempotency-Key", key)
			if statuses[i] = a.status; err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[201] != 1 || count[409] != 19 {
		t.Errorf("statuses %v", count)
	}
	b.expectRows(t, oneSwap)
}

// Setup: something dies between two steps. Test: the client gets a 5xx that says
// nothing of the inside; sent again, the same swap id and the same secret come
// out, as if nothing had happened.
func TestRetryContinuesAfterACrash(t *testing.T) {
	t.Parallel()
	broken := errors.New("inner words")
	silent := swap.Refuse(swap.CodeUnavailable, "", "", "Later.")
	halted := swap.Refuse(swap.CodeChainHalted, "", "", "Bitcoin stands still.")
	accept := func(b *bundle) *fault { return &b.liquidity.accept }
	issue := func(b *bundle) *fault { return &b.wallets[asset.Bitcoin].issue }
	for name, c := range map[string]struct {
		at            func(*bundle) *fault
		before, after error
		status        int
	}{
		"accept not reached":    {accept, errCut, nil, 503},
		"accept done, unheard":  {accept, nil, errCut, 503},
		"accept broke after":    {accept, nil, broken, 500},
		"accept says try again": {accept, silent, nil, 503},
		"issue not reached":     {issue, errCut, nil, 503},
		"issue done, unheard":   {issue, nil, errCut, 503},
		"issue broke":           {issue, broken, nil, 500},
		"chain halted":          {issue, halted, nil, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ask := b.swapBody(t)
			c.at(b).set(c.before, c.after)
			failed := b.create(t, aKey, ask)
			if failed.status != c.status || strings.Contains(string(failed.body), "inner words") {
				t.Fatalf("answered %d %s", failed.status, failed.body)
			}
			id := b.claimedID(t)
			b.expectRows(t, map[string]int64{"idempotency": 1, "swap": 0, "swap_view": 0, "swap_update": 0, "amendment": 0, "outbox": 0, "consumer_offset": 0})
			c.at(b).set(nil, nil)
			made := into[api.CreatedSwap](t, b.create(t, aKey, ask), 201)
			again := into[api.CreatedSwap](t, b.create(t, aKey, ask), 201)
			if made.Id != id || again != made || len(b.wallets[asset.Bitcoin].receipts) != 1 {
				t.Errorf("made %s then %s of claim %s, %d addresses", made.Id, again.Id, id, len(b.wallets[asset.Bitcoin].receipts))
			}
			b.expectRows(t, oneSwap)
		})
	}
}

func (b *bundle) claimedID(t testing.TB) (id string) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), "SELECT swap_id FROM idempotency").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// The last transaction fails at its last write: all of it is gone, the claim is
// there, and a retry finishes the same swap.
func TestRetryContinuesAfterAFailedTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	b.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`)
	b.exec(t, `CREATE TRIGGER fail BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION fail()`)
	p := refused(t, b.create(t, aKey, ask), 500, swap.CodeInternal, "", "")
	if strings.Contains(p.Detail, "disk") || !strings.Contains(b.log.String(), p.RequestId) || !strings.Contains(b.log.String(), "disk full") {
		t.Errorf("detail %q; the log must have the id and the cause", p.Detail)
	}
	id := b.claimedID(t)
	b.expectRows(t, map[string]int64{"idempotency": 1, "swap": 0, "swap_view": 0, "swap_update": 0, "amendment": 0, "outbox": 0, "consumer_offset": 0})
	b.exec(t, `DROP TRIGGER fail ON outbox`)
	if made := into[api.CreatedSwap](t, b.create(t, aKey, ask), 201); made.Id != id {
		t.Errorf("made %s, claimed %s", made.Id, id)
	}
	b.expectRows(t, oneSwap)
}

func (b *bundle) exec(t testing.TB, sql string) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// A definite no of liquidityd or of a wallet's check leaves nothing behind.
func TestRefusalByADaemonLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, status := range map[swap.Code]int{swap.CodeQuoteUsed: 409, swap.CodeQuoteExpired: 410, swap.CodeInsufficientLiquidity: 503} {
		b.liquidity.accept.set(swap.Refuse(code, "signed_quote", "", "No."), nil)
		refused(t, b.create(t, aKey, b.swapBody(t)), status, code, "signed_quote", "")
		b.expectRows(t, noRows)
	}
	b.liquidity.accept.set(nil, nil)
	b.wallets[asset.Ethereum].check.set(errCut, nil)
	refused(t, b.create(t, aKey, b.swapBody(t)), 503, swap.CodeUnavailable, "", "")
	b.expectRows(t, noRows)
	if n := len(b.wallets[asset.Bitcoin].receipts); n != 0 {
		t.Errorf("%d addresses were issued", n)
	}
}

// A claim whose retry comes after the time to deposit must not show an address.
func TestLateRetryIsToldToAskAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	issue := &b.wallets[asset.Bitcoin].issue
	issue.set(nil, errCut)
	refused(t, b.create(t, aKey, ask), 503, swap.CodeUnavailable, "", "")
	issue.set(nil, nil)
	due := api.MillisOf(swap.Millis(b.clock.now()).Add(15 * time.Minute))
	b.clock.advance(15 * time.Minute)
	refused(t, b.create(t, aKey, ask), 410, swap.CodeQuoteExpired, "signed_quote", due.String())
	if n := b.rows(t)["swap"]; n != 0 {
		t.Errorf("%d swaps", n)
	}
}

// A receipt that says anything else than what was asked, even over the right
// signature, is never shown: one case per field.
func TestReceiptIsComparedFieldByField(t *testing.T) {
	t.Parallel()
	stranger := newAddress(asset.Bitcoin, "stranger")
	otherKey, _ := newKey(t)
	for name, change := range map[string]func(*wallet){
		"swap": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.SwapID = swap.NewID(swap.SwapPrefix, r.IssuedAt) }
		},
		"quote": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.QuoteID = swap.NewID(swap.QuotePrefix, r.IssuedAt) }
		},
		"quote hash": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.QuoteHash = hex.EncodeToString(make([]byte, 32)) }
		},
		"chain": func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.DepositChain = asset.Ethereum } },
		"asset": func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.DepositAsset = asset.ETH } },
		"foreign address": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.DepositAddress = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" }
		},
		"refund address": func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.RefundAddress = stranger } },
		"payout address": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.PayoutAddress = newAddress(asset.Ethereum, "x") }
		},
		"user's own": func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.DepositAddress = r.RefundAddress } },
		"not canonical": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.DepositAddress = strings.ToUpper(r.DepositAddress) }
		},
		"policy":    func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.Policy.OnLate = swap.AnswerRefund } },
		"tolerance": func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.Policy.ToleranceBPS++ } },
		"secret hash": func(w *wallet) {
			w.tamper = func(r *swap.Receipt) { r.SecretHash = hex.EncodeToString(make([]byte, 32)) }
		},
		"issued later":  func(w *wallet) { w.tamper = shift(2 * time.Minute) },
		"issued before": func(w *wallet) { w.tamper = shift(-2 * time.Minute) },
		"deposit by":    func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.DepositBy = r.DepositBy.Add(time.Millisecond) } },
		"confirm by":    func(w *wallet) { w.tamper = func(r *swap.Receipt) { r.ConfirmBy = r.ConfirmBy.Add(time.Millisecond) } },
		"other key":     func(w *wallet) { w.key = otherKey },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			change(b.wallets[asset.Bitcoin])
			a := b.create(t, aKey, b.swapBody(t))
			refused(t, a, 500, swap.CodeInternal, "", "")
			b.expectRows(t, map[string]int64{"idempotency": 1, "swap": 0, "swap_view": 0, "swap_update": 0, "amendment": 0, "outbox": 0, "consumer_offset": 0})
		})
	}
}

func shift(d time.Duration) func(*swap.Receipt) {
	return func(r *swap.Receipt) {
		r.IssuedAt, r.DepositBy, r.ConfirmBy = r.IssuedAt.Add(d), r.DepositBy.Add(d), r.ConfirmBy.Add(d)
	}
}

// A quote that is not what was asked for is never shown.
func TestQuoteIsCompared(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, change := range map[string]func(*swap.Quote){
		"amount": func(q *swap.Quote) { q.Deposit.Units = asset.NewUnits(7) },
		"pair": func(q *swap.Quote) {
			*q = newQuote(asset.Pair{From: asset.ETH, To: asset.BTC}, q.IssuedAt)
		},
		"lapsed": func(q *swap.Quote) {
			q.IssuedAt, q.AcceptBy = q.IssuedAt.Add(-time.Hour), q.IssuedAt.Add(-time.Minute)
		},
	} {
		t.Log(name)
		b.liquidity.tamper = change
		refused(t, b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"1"}`), 500, swap.CodeInternal, "", "")
	}
}

// The secret depends on the key of the deployment, the client's key and the swap.
func TestSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, first := range []byte{1, 2} {
		b := setup(t, func(c *gateway.Config) { c.SecretKey = bytes.Repeat([]byte{first}, 32) })
		for _, key := range []string{"key-one-1", "key-two-2"} {
			seen[into[api.CreatedSwap](t, b.create(t, key, b.swapBody(t)), 201).Secret] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different secrets, want 4", len(seen))
	}
}
