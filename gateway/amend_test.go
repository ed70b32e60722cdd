package gateway_test

import (
	"encoding/json"
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

// depositID is the matter's of most tests here.
const depositID = "bitcoin:" + txid + ":0"

const txid = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"

// openSwap makes a swap of 0.5 BTC; pairs change the request, nil leaves a field out.
func (b *bundle) openSwap(t testing.TB, key string, pairs ...any) api.CreatedSwap {
	t.Helper()
	m := map[string]any{"signed_quote": b.signedQuote(t, btcToEth), "payout_address": userETH, "refund_address": userBTC}
	for i := 0; i < len(pairs); i += 2 {
		if m[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(m, pairs[i].(string))
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return into[api.CreatedSwap](t, b.create(t, key, string(raw)), 201)
}

// short is a question about 0.2 BTC of the 0.5 that were asked for.
func short(by time.Time) swap.Mismatch {
	return swap.Mismatch{ID: depositID, Deposits: []string{depositID}, Verdict: swap.VerdictShort, Main: true, Wait: swap.WaitAnswer,
		Reason: "deposit_short", By: by}
}

// asks tells that a swap waits for answers.
func (b *bundle) asks(t testing.TB, id string, version int64, list ...swap.Mismatch) {
	t.Helper()
	u := update(id, version, swap.Held)
	u.Actor, u.Reason, u.Mismatches = "user", "deposit_short", list
	u.Deposits = []swap.Deposit{{ID: depositID, TxID: txid, Amount: coins(t, asset.BTC, "0.2"), State: swap.DepositFinal, FirstSeen: u.At}}
	b.told(t, u)
}

// told projects an update, as it comes from the topic.
func (b *bundle) told(t testing.TB, u swap.Update) {
	t.Helper()
	var next int64
	if err := b.pool.QueryRow(t.Context(), "SELECT coalesce(max(next_offset), 0) FROM consumer_offset").Scan(&next); err != nil {
		t.Fatal(err)
	}
	if err := b.gateway.HandleUpdates(t.Context(), batch(t, next, u)); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) answer(t testing.TB, id string, pairs ...any) answer {
	t.Helper()
	return b.send(t, http.MethodPost, "/v1/swaps/"+id+"/answer", body(t, pairs...))
}

func (b *bundle) setRefund(t testing.TB, id, secret, address string) answer {
	t.Helper()
	return b.send(t, http.MethodPost, "/v1/swaps/"+id+"/refund-address", body(t, "secret", secret, "refund_address", address))
}

// facts reads the outbox's facts of a kind, oldest first.
func (b *bundle) facts(t testing.TB, kind swap.FactKind) []swap.Fact {
	t.Helper()
	rows, err := b.pool.Query(t.Context(), "SELECT body FROM outbox WHERE kind = $1 AND topic = 'ferry.facts' ORDER BY id", string(kind))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []swap.Fact
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			t.Fatal(err)
		}
		var f swap.Fact
		if err := json.Unmarshal(raw, &f); err != nil {
			t.Fatal(err)
		}
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
		list = append(list, f)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return list
}

// Setup: a swap that waits for an answer. Test: each answer is signed, told once with
// its document, and repeated; the secret is nowhere.
func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		pairs []any
		want  swap.Consent
	}{
		{"requote", []any{"answer", "requote", "at_least", "0.1990"}, swap.Consent{Answer: swap.AnswerRequote, AtLeast: coins(t, asset.ETH, "0.199")}},
		{"refund", []any{"answer", "refund"}, swap.Consent{Answer: swap.AnswerRefund}},
		{"named", []any{"answer", "refund", "deposit_id", depositID}, swap.Consent{Answer: swap.AnswerRefund}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			made := b.openSwap(t, aKey)
			b.asks(t, made.Id, 3, short(b.clock.now().Add(time.Hour)))
			pairs := append([]any{"secret", made.Secret}, c.pairs...)
			a := b.answer(t, made.Id, pairs...)
			got := into[api.Answered](t, a, 200)
			consent, err := swap.VerifyConsent(got.SignedConsent, b.config.AttestKeys)
			if err != nil {
				t.Fatal(err)
			}
			c.want.SwapID, c.want.ReceiptHash, c.want.DepositID, c.want.IssuedAt = made.Id, swap.HashDocument(made.SignedReceipt), depositID, consent.IssuedAt
			if consent != c.want {
				t.Errorf("signed %+v, want %+v", consent, c.want)
			}
			if got.Id != made.Id || got.DepositId != depositID || got.Answer != string(consent.Answer) || (got.AtLeast == "0.199") != (consent.Answer == swap.AnswerRequote) {
				t.Errorf("answered %+v", got)
			}
			facts := b.facts(t, swap.FactAnswered)
			if len(facts) != 1 || facts[0].SwapID != made.Id || facts[0].Answered.SignedConsent != got.SignedConsent {
				t.Errorf("told %+v", facts)
			}
			// Again, while it still waits, and when it waits no more.
			for range 2 {
				if again := b.answer(t, made.Id, pairs...); again.status != 200 || string(again.body) != string(a.body) {
					t.Errorf("again: %d %s, was %s", again.status, again.body, a.body)
				}
				b.told(t, update(made.Id, 4, swap.RefundQueued))
			}
			if n, calls := len(b.facts(t, swap.FactAnswered)), b.wallets[asset.Bitcoin].amend.count(); n != 1 || calls != 1 {
				t.Errorf("told %d times, %d calls", n, calls)
			}
			refused(t, b.answer(t, made.Id, "secret", made.Secret, "answer", "requote", "at_least", "7"), 409, swap.CodeNothingToAnswer, "", "")
			b.expectSecretNowhere(t, made.Secret, a.body)
		})
	}
}

// The same answer to a question that is asked again is told again.
func TestAnswerToTheNextQuestion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	for version := range int64(2) {
		b.asks(t, made.Id, 3+version, short(b.clock.now().Add(time.Hour)))
		into[api.Answered](t, b.answer(t, made.Id, "secret", made.Secret, "answer", "requote", "at_least", "0.2"), 200)
		if n := len(b.facts(t, swap.FactAnswered)); n != int(version)+1 {
			t.Errorf("told %d times after question %d", n, version)
		}
	}
}

// However many say the same at once, it is told once.
func TestConcurrentAnswersAreToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	b.asks(t, made.Id, 3, short(b.clock.now().Add(time.Hour)))
	text := body(t, "secret", made.Secret, "answer", "refund")
	statuses := make(chan int, 8)
	var all sync.WaitGroup
	for range cap(statuses) {
		all.Go(func() {
			a, err := b.trySend(t.Context(), http.MethodPost, "/v1/swaps/"+made.Id+"/answer", text)
			if err != nil {
				t.Error(err)
			}
			statuses <- a.status
		})
	}
	all.Wait()
	close(statuses)
	for status := range statuses {
		if status != 200 {
			t.Errorf("one was answered %d", status)
		}
	}
	if n := len(b.facts(t, swap.FactAnswered)); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestAnswerRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	other := b.openSwap(t, aKey+"2")
	good := []any{"secret", made.Secret, "answer", "refund"}
	refused(t, b.answer(t, made.Id, good...), 409, swap.CodeNothingToAnswer, "", "")
	b.asks(t, made.Id, 3, swap.Mismatch{ID: "a", Deposits: []string{"a"}, Verdict: swap.VerdictLate, Wait: swap.WaitPrice})
	refused(t, b.answer(t, made.Id, good...), 409, swap.CodeNothingToAnswer, "", "")
	b.asks(t, made.Id, 4, short(b.clock.now()))
	before := b.rows(t)
	with := func(pairs ...any) []any { return append(append([]any{}, good...), pairs...) }
	for name, c := range map[string]struct {
		pairs        []any
		status       int
		code         swap.Code
		field, limit string
	}{
		"no secret":       {[]any{"answer", "refund"}, 400, swap.CodeInvalidBody, "secret", ""},
		"empty secret":    {with("secret", ""), 403, swap.CodeWrongSecret, "secret", ""},
		"wrong secret":    {with("secret", made.Secret+"A"), 403, swap.CodeWrongSecret, "secret", ""},
		"another's":       {with("secret", other.Secret), 403, swap.CodeWrongSecret, "secret", ""},
		"long secret":     {with("secret", strings.Repeat("s", 10_000)), 403, swap.CodeWrongSecret, "secret", ""},
		"no answer":       {[]any{"secret", made.Secret}, 400, swap.CodeInvalidBody, "answer", ""},
		"unknown answer":  {with("answer", "ask"), 422, swap.CodeRefused, "answer", "requote, refund, refund_wrong_asset"},
		"no least":        {with("answer", "requote"), 422, swap.CodeRefused, "at_least", ""},
		"least of refund": {with("at_least", "1"), 422, swap.CodeRefused, "at_least", ""},
		"least of zero":   {with("answer", "requote", "at_least", "0"), 422, swap.CodeInvalidAmount, "at_least", "more than 0"},
		"least as number": {with("answer", "requote", "at_least", 1), 400, swap.CodeInvalidBody, "at_least", "string"},
		"signed least":    {with("answer", "requote", "at_least", "-1"), 422, swap.CodeInvalidAmount, "at_least", "digits and at most one point"},
		"too many places": {with("answer", "requote", "at_least", "0.1234567890123456789"), 422, swap.CodeTooManyPlaces, "at_least", "18"},
		"no deposit":      {with("deposit_id", ""), 422, swap.CodeRefused, "deposit_id", ""},
		"other deposit":   {with("deposit_id", depositID+"1"), 409, swap.CodeNothingToAnswer, "deposit_id", ""},
		"unknown field":   {with("reason", "x"), 400, swap.CodeInvalidBody, "reason", ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, b.answer(t, made.Id, c.pairs...), c.status, c.code, c.field, c.limit)
		})
	}
	refused(t, b.answer(t, swap.NewID(swap.SwapPrefix, b.clock.now()), good...), 404, swap.CodeNotFound, "id", "")
	refused(t, b.answer(t, "x", good...), 404, swap.CodeNotFound, "id", "")
	refused(t, b.send(t, http.MethodPost, "/v1/swaps/"+made.Id+"/answer", strings.Repeat(" ", 16<<10+1)), 413, swap.CodeBodyTooLarge, "", "16384")
	refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+made.Id+"/answer", ""), 405, swap.CodeMethodNotAllowed, "", "")
	b.expectRows(t, before)
	if n := b.wallets[asset.Bitcoin].amend.count(); n != 0 {
		t.Errorf("%d refused requests were signed", n)
	}
	// Of two matters one has to be named.
	extra := swap.Mismatch{ID: depositID + "1", Deposits: []string{depositID + "1"}, Verdict: swap.VerdictExtra, Wait: swap.WaitAnswer}
	b.asks(t, made.Id, 5, short(b.clock.now()), extra)
	refused(t, b.answer(t, made.Id, good...), 422, swap.CodeRefused, "deposit_id", "")
	if got := into[api.Answered](t, b.answer(t, made.Id, with("deposit_id", extra.ID)...), 200); got.DepositId != extra.ID {
		t.Errorf("answered %+v", got)
	}
}

// Setup: a swap without a refund address. Test: it is set once, for good, with the
// secret; the same request gets the same answer.
func TestRefundAddressIsSetLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	if made.RefundAddress != "" || into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+made.Id, ""), 200).RefundAddress != "" {
		t.Errorf("made with refund address %q", made.RefundAddress)
	}
	a := b.setRefund(t, made.Id, made.Secret, strings.ToUpper(userBTC))
	got := into[api.RefundAddressSet](t, a, 200)
	set, err := swap.VerifyRefundAddress(got.SignedRefundAddress, b.config.AttestKeys)
	if err != nil || got.RefundAddress != userBTC || set.RefundAddress != userBTC || set.SwapID != made.Id || set.ReceiptHash != swap.HashDocument(made.SignedReceipt) {
		t.Errorf("set %+v, signed %+v, %v", got, set, err)
	}
	facts := b.facts(t, swap.FactRefundAddressSet)
	if len(facts) != 1 || facts[0].SwapID != made.Id || facts[0].Refund.SignedRefundAddress != got.SignedRefundAddress {
		t.Errorf("told %+v", facts)
	}
	// The state machine has taken it: it is shown.
	u := update(made.Id, 2, swap.AwaitingDeposit)
	u.RefundAddress = userBTC
	b.told(t, u)
	if s := into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+made.Id, ""), 200); s.RefundAddress != userBTC {
		t.Errorf("shown is %q", s.RefundAddress)
	}
	if again := b.setRefund(t, made.Id, made.Secret, userBTC); again.status != 200 || string(again.body) != string(a.body) {
		t.Errorf("again: %d %s", again.status, again.body)
	}
	another := newAddress(asset.Bitcoin, "another")
	refused(t, b.setRefund(t, made.Id, made.Secret, another), 409, swap.CodeRefundAddressSet, "refund_address", "")
	if n := len(b.facts(t, swap.FactRefundAddressSet)); n != 1 {
		t.Errorf("told %d times", n)
	}
	b.expectSecretNowhere(t, made.Secret, a.body)
}

// attestd, which remembers, has the last word where the gateway has not been told yet.
func TestAnotherRefundAddressMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	into[api.RefundAddressSet](t, b.setRefund(t, made.Id, made.Secret, userBTC), 200)
	refused(t, b.setRefund(t, made.Id, made.Secret, newAddress(asset.Bitcoin, "another")), 409, swap.CodeRefundAddressSet, "refund_address", "")
}

func TestRefundAddressRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open, closed := b.openSwap(t, aKey, "refund_address", nil), b.openSwap(t, aKey+"2")
	ours := newAddress(asset.Bitcoin, "ours")
	b.wallets[asset.Bitcoin].own[ours] = true
	before := b.rows(t)
	const field = "refund_address"
	for name, c := range map[string]struct {
		id, secret, address string
		status              int
		code                swap.Code
		field, limit        string
	}{
		"wrong secret":   {open.Id, closed.Secret, userBTC, 403, swap.CodeWrongSecret, "secret", ""},
		"has one":        {closed.Id, closed.Secret, newAddress(asset.Bitcoin, "x"), 409, swap.CodeRefundAddressSet, field, ""},
		"has that one":   {closed.Id, closed.Secret, userBTC, 409, swap.CodeRefundAddressSet, field, ""},
		"empty":          {open.Id, open.Secret, "", 422, swap.CodeInvalidAddress, field, "bitcoin"},
		"other chain":    {open.Id, open.Secret, userETH, 422, swap.CodeInvalidAddress, field, "bitcoin"},
		"other network":  {open.Id, open.Secret, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", 422, swap.CodeWrongNetwork, field, "simnet"},
		"raw public key": {open.Id, open.Secret, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", 422, swap.CodeInvalidAddress, field, ""},
		"ours":           {open.Id, open.Secret, ours, 422, swap.CodeForbiddenAddress, field, ""},
		"its own":        {open.Id, open.Secret, open.DepositAddress, 422, swap.CodeForbiddenAddress, field, ""},
		"no swap":        {swap.NewID(swap.SwapPrefix, b.clock.now()), open.Secret, userBTC, 404, swap.CodeNotFound, "id", ""},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, b.setRefund(t, c.id, c.secret, c.address), c.status, c.code, c.field, c.limit)
		})
	}
	b.expectRows(t, before)
	if n := b.wallets[asset.Bitcoin].amend.count(); n != 0 {
		t.Errorf("%d refused requests were signed", n)
	}
}

// What is signed is compared with what was asked, field by field; otherwise nothing
// is told.
func TestAmendmentIsComparedFieldByField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	b.asks(t, made.Id, 3, short(b.clock.now()))
	w := b.wallets[asset.Bitcoin]
	otherKey, _ := newKey(t)
	right := w.key
	before := b.rows(t)
	for name, garble := range map[string]func(*swap.Consent, *swap.RefundAddress){
		"swap": func(c *swap.Consent, a *swap.RefundAddress) {
			c.SwapID = swap.NewID(swap.SwapPrefix, b.clock.now())
			a.SwapID = c.SwapID
		},
		"receipt": func(c *swap.Consent, a *swap.RefundAddress) {
			c.ReceiptHash = swap.HashDocument("x")
			a.ReceiptHash = c.ReceiptHash
		},
		"deposit and address": func(c *swap.Consent, a *swap.RefundAddress) {
			c.DepositID += "1"
			a.RefundAddress = newAddress(asset.Bitcoin, "x")
		},
		"answer": func(c *swap.Consent, a *swap.RefundAddress) { c.Answer, a.RefundAddress = swap.AnswerRefund, userETH },
		"least": func(c *swap.Consent, a *swap.RefundAddress) {
			c.AtLeast.Units, a.RefundAddress = asset.NewUnits(1), strings.ToUpper(a.RefundAddress)
		},
		"later": func(c *swap.Consent, a *swap.RefundAddress) {
			c.IssuedAt = c.IssuedAt.Add(2 * time.Minute)
			a.IssuedAt = c.IssuedAt
		},
		"before": func(c *swap.Consent, a *swap.RefundAddress) {
			c.IssuedAt = c.IssuedAt.Add(-2 * time.Minute)
			a.IssuedAt = c.IssuedAt
		},
		"other key": func(*swap.Consent, *swap.RefundAddress) { w.key = otherKey },
	} {
		w.garble, w.key = garble, right
		refused(t, b.answer(t, made.Id, "secret", made.Secret, "answer", "requote", "at_least", "0.2"), 500, swap.CodeInternal, "", "")
		refused(t, b.setRefund(t, made.Id, made.Secret, userBTC), 500, swap.CodeInternal, "", "")
		b.expectRows(t, before)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	w.garble, w.key = nil, right
	into[api.Answered](t, b.answer(t, made.Id, "secret", made.Secret, "answer", "requote", "at_least", "0.2"), 200)
	into[api.RefundAddressSet](t, b.setRefund(t, made.Id, made.Secret, userBTC), 200)
}

// A hot wallet that dies before or after it has signed, or a transaction that fails:
// the same request does it again, and it is told once.
func TestAmendmentContinuesAfterACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	b.asks(t, made.Id, 3, short(b.clock.now()))
	w := b.wallets[asset.Bitcoin]
	before := b.rows(t)
	try := func(status int) {
		t.Helper()
		for _, a := range []answer{b.answer(t, made.Id, "secret", made.Secret, "answer", "refund"), b.setRefund(t, made.Id, made.Secret, userBTC)} {
			if a.status != status {
				t.Errorf("%d %s, want %d", a.status, a.body, status)
			}
		}
	}
	for _, f := range [][2]error{{errCut, nil}, {nil, errCut}} {
		w.amend.set(f[0], f[1])
		try(503)
		b.expectRows(t, before)
	}
	w.amend.set(nil, nil)
	b.exec(t, "ALTER TABLE outbox RENAME TO outbox_away")
	try(500)
	b.exec(t, "ALTER TABLE outbox_away RENAME TO outbox")
	b.expectRows(t, before)
	try(200)
	try(200)
	b.expectSecretNowhere(t, made.Secret, nil)
	if answered, set := len(b.facts(t, swap.FactAnswered)), len(b.facts(t, swap.FactRefundAddressSet)); answered != 1 || set != 1 {
		t.Errorf("told %d and %d times", answered, set)
	}
}

// A stored amendment is shown only if it was signed, for this very request.
func TestAStoredAmendmentIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	into[api.RefundAddressSet](t, b.setRefund(t, made.Id, made.Secret, userBTC), 200)
	b.exec(t, "ALTER TABLE amendment DISABLE TRIGGER amendment_immutable")
	b.exec(t, "UPDATE amendment SET document = document || 'A'")
	refused(t, b.setRefund(t, made.Id, made.Secret, userBTC), 500, swap.CodeInternal, "", "")
}

// Somebody with the secret can't fill the database.
func TestAmendmentsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	b.asks(t, made.Id, 3, short(b.clock.now()))
	b.exec(t, `INSERT INTO amendment (swap_id, request_hash, version, kind, document, at)
		SELECT '`+made.Id+`', decode(repeat('00', 32), 'hex'), n, 'swap.answered', 'x', now() FROM generate_series(1, 1000) n`)
	refused(t, b.answer(t, made.Id, "secret", made.Secret, "answer", "refund"), 429, swap.CodeTooManyRequests, "", "1000")
	if gateway.MaxAmendments != 1000 {
		t.Error("this test fills another limit")
	}
}

// Both are requests like others for the limit.
func TestAmendmentsAreLimitedPerClient(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Limits.PostsPerMinute, c.Limits.PostBurst = 1, 3 })
	made := b.openSwap(t, aKey)
	b.answer(t, made.Id, "secret", "guess", "answer", "refund")
	b.setRefund(t, made.Id, "guess", userBTC)
	refused(t, b.answer(t, made.Id, "secret", "guess", "answer", "refund"), 429, swap.CodeTooManyRequests, "", "1 a minute")
	refused(t, b.setRefund(t, made.Id, "guess", userBTC), 429, swap.CodeTooManyRequests, "", "1 a minute")
}
