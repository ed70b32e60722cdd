package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// refusal is one bad request and what it must be answered.
type refusal struct {
	name, path, body string
	headers          []string
	status           int
	code             swap.Code
	field, limit     string
}

// Setup: a gateway with nothing in its tables. Test: send one bad request each.
// It is refused with the right code, field and limit, and no table has a row.
func runRefusals(t *testing.T, b *bundle, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			refused(t, b.send(t, http.MethodPost, c.path, c.body, c.headers...), c.status, c.code, c.field, c.limit)
			b.expectRows(t, noRows)
		})
	}
}

func TestQuoteRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/v1/quotes"
	quote := func(pairs ...any) string { return body(t, append([]any{"from", "BTC", "to", "ETH"}, pairs...)...) }
	const form = "digits and at most one point"
	runRefusals(t, b, []refusal{
		{"unknown from", path, quote("from", "DOGE", "deposit_amount", "1"), nil, 422, swap.CodeUnknownPair, "from", ""},
		{"unknown to", path, quote("to", "eth", "deposit_amount", "1"), nil, 422, swap.CodeUnknownPair, "to", ""},
		{"same asset", path, quote("to", "BTC", "deposit_amount", "1"), nil, 422, swap.CodeUnknownPair, "to", ""},
		{"no amount", path, quote(), nil, 422, swap.CodeInvalidAmount, "deposit_amount", "exactly one of deposit_amount, payout_amount"},
		{"both amounts", path, quote("deposit_amount", "1", "payout_amount", "1"), nil, 422, swap.CodeInvalidAmount, "deposit_amount", "exactly one of deposit_amount, payout_amount"},
		{"zero", path, quote("deposit_amount", "0.000"), nil, 422, swap.CodeInvalidAmount, "deposit_amount", "more than 0"},
		{"negative", path, quote("deposit_amount", "-1"), nil, 422, swap.CodeInvalidAmount, "deposit_amount", form},
		{"exponent", path, quote("payout_amount", "1e3"), nil, 422, swap.CodeInvalidAmount, "payout_amount", form},
		{"comma", path, quote("deposit_amount", "1,5"), nil, 422, swap.CodeInvalidAmount, "deposit_amount", form},
		{"no digits", path, quote("deposit_amount", "."), nil, 422, swap.CodeInvalidAmount, "deposit_amount", form},
		{"too many places of BTC", path, quote("deposit_amount", "0.123456789"), nil, 422, swap.CodeTooManyPlaces, "deposit_amount", "8"},
		{"too many places of ETH", path, quote("payout_amount", "0.1234567890123456789"), nil, 422, swap.CodeTooManyPlaces, "payout_amount", "18"},
		{"unknown policy", path, quote("deposit_amount", "1", "policy", map[string]any{"on_late": "keep"}), nil, 422, swap.CodeInvalidPolicy, "policy.on_late", "requote, refund, ask"},
		{"beyond 256 bits", path, quote("deposit_amount", strings.Repeat("9", 75)), nil, 422, swap.CodeAmountTooLarge, "deposit_amount",
			"1157920892373161954235709850086879078532699846656405640394575840079131.29639935"},
	})
}

// What liquidityd refuses comes through as it was said.
func TestQuoteRefusalsOfLiquidity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, status := range map[swap.Code]int{
		swap.CodeAmountTooSmall: 422, swap.CodeAmountTooLarge: 422, swap.CodeTooManyLocks: 429, swap.CodeRefused: 422,
		swap.CodePriceUnavailable: 503, swap.CodeInsufficientLiquidity: 503, swap.CodeChainHalted: 503, swap.CodeUnavailable: 503,
	} {
		b.liquidity.lock.set(swap.Refuse(code, "deposit_amount", "0.001", "Because."), nil)
		a := b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"0.0001"}`)
		refused(t, a, status, code, "deposit_amount", "0.001")
		if retry := a.header.Get("Retry-After") != ""; retry != (status == 503 || status == 429) {
			t.Errorf("%s: Retry-After is there: %v", code, retry)
		}
	}
	b.expectRows(t, noRows)
}

// A daemon's own name for a field is not shown to a client that never sent it.
func TestRefusalsNameTheClientsFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.liquidity.lock.set(swap.Refuse(swap.CodeTooManyLocks, "client", "3", "Three are open."), nil)
	refused(t, b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"1"}`), 429, swap.CodeTooManyLocks, "", "3")
	issue := &b.wallets[asset.Bitcoin].issue
	for told, shown := range map[string]string{"terms.payout_address": "payout_address", "terms.policy.on_late": "policy.on_late", "index": "", "terms.swap_id": ""} {
		issue.set(swap.Refuse(swap.CodeForbiddenAddress, told, "", "No."), nil)
		refused(t, b.create(t, "key-"+told, b.swapBody(t)), 422, swap.CodeForbiddenAddress, shown, "")
	}
}

func TestBodyRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/v1/quotes"
	ok := `{"from":"BTC","to":"ETH","deposit_amount":"1"}`
	runRefusals(t, b, []refusal{
		{"empty", path, "", []string{"Content-Type", "application/json"}, 400, swap.CodeInvalidBody, "", ""},
		{"cut off", path, ok[:20], nil, 400, swap.CodeInvalidBody, "", ""},
		{"array", path, "[" + ok + "]", nil, 400, swap.CodeInvalidBody, "", ""},
		{"null", path, "null", nil, 400, swap.CodeInvalidBody, "", ""},
		{"trailing", path, ok + ok, nil, 400, swap.CodeInvalidBody, "", ""},
		{"trailing brace", path, ok + "}", nil, 400, swap.CodeInvalidBody, "", ""},
		{"unknown field", path, `{"from":"BTC","to":"ETH","amount":"1"}`, nil, 400, swap.CodeInvalidBody, "amount", ""},
		{"other case", path, `{"From":"BTC","to":"ETH","deposit_amount":"1"}`, nil, 400, swap.CodeInvalidBody, "From", ""},
		{"twice", path, `{"from":"BTC","to":"ETH","from":"ETH","deposit_amount":"1"}`, nil, 400, swap.CodeInvalidBody, "from", ""},
		{"missing", path, `{"from":"BTC","deposit_amount":"1"}`, nil, 400, swap.CodeInvalidBody, "to", ""},
		{"number", path, `{"from":"BTC","to":"ETH","deposit_amount":1}`, nil, 400, swap.CodeInvalidBody, "deposit_amount", "string"},
		{"null amount", path, `{"from":"BTC","to":"ETH","deposit_amount":null}`, nil, 400, swap.CodeInvalidBody, "deposit_amount", "string"},
		{"object", path, `{"from":{},"to":"ETH","deposit_amount":"1"}`, nil, 400, swap.CodeInvalidBody, "from", "string"},
		{"not UTF-8", path, "{\"from\":\"\xff\"}", nil, 400, swap.CodeInvalidBody, "", "UTF-8"},
		{"form", path, "from=BTC", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, swap.CodeInvalidBody, "", "application/json"},
		{"no type", path, ok, []string{"Content-Type", ""}, 400, swap.CodeInvalidBody, "", "application/json"},
		{"too large", path, `{"from":"` + strings.Repeat("B", 16<<10) + `"}`, nil, 413, swap.CodeBodyTooLarge, "", "16384"},
		{"too large swap", "/v1/swaps", strings.Repeat(" ", 16<<10+1), []string{"Idempotency-Key", "key-12345"}, 413, swap.CodeBodyTooLarge, "", "16384"},
	})
}

func TestSwapRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/v1/swaps"
	key := []string{"Idempotency-Key", "a-key-of-the-test"}
	good := b.signedQuote(t, btcToEth)
	backwards := b.signedQuote(t, asset.Pair{From: asset.ETH, To: asset.BTC})
	foreignKey, _ := newKey(t)
	foreign, err := swap.SignQuote(newQuote(btcToEth, b.clock.now()), foreignKey)
	if err != nil {
		t.Fatal(err)
	}
	asReceipt, err := swap.Sign(swap.TypeReceipt, newQuote(btcToEth, b.clock.now()), b.liquidity.key)
	if err != nil {
		t.Fatal(err)
	}
	past := b.clock.now().Add(-2 * time.Minute)
	expired := b.signedQuote(t, btcToEth, func(q *swap.Quote) { q.IssuedAt, q.AcceptBy = swap.Millis(past), swap.Millis(past.Add(time.Minute)) })
	ourETH, ourBTC, token := newAddress(asset.Ethereum, "ours"), newAddress(asset.Bitcoin, "ours"), newAddress(asset.Ethereum, "token")
	b.wallets[asset.Ethereum].own[ourETH], b.wallets[asset.Ethereum].own[token] = true, true
	b.wallets[asset.Bitcoin].own[ourBTC] = true
	ask := func(pairs ...any) string {
		return body(t, append([]any{"signed_quote", good, "payout_address", userETH, "refund_address", userBTC}, pairs...)...)
	}
	back := func(payout string) string {
		return ask("signed_quote", backwards, "refund_address", userETH, "payout_address", payout)
	}
	refundAll := map[string]any{"on_short": "refund", "on_over": "refund", "on_late": "refund", "on_extra": "refund"}
	with := func(k string, v any) map[string]any {
		m := map[string]any{}
		for n, o := range refundAll {
			m[n] = o
		}
		m[k] = v
		return m
	}
	const payout, refund, tolerance = "payout_address", "refund_address", "tolerance_bps"
	const keyForm = "8 to 128 visible ASCII characters"
	// Cleanups run after the subtests, which run in parallel.
	t.Cleanup(func() {
		if n := b.liquidity.accept.count(); n != 0 {
			t.Errorf("a refused request reached Accept %d times", n)
		}
	})
	runRefusals(t, b, []refusal{
		{"no key", path, ask(), nil, 400, swap.CodeIdempotencyKeyMissing, "Idempotency-Key", keyForm},
		{"empty key", path, ask(), []string{"Idempotency-Key", ""}, 422, swap.CodeIdempotencyKeyInvalid, "Idempotency-Key", keyForm},
		{"short key", path, ask(), []string{"Idempotency-Key", "1234567"}, 422, swap.CodeIdempotencyKeyInvalid, "Idempotency-Key", keyForm},
		{"long key", path, ask(), []string{"Idempotency-Key", strings.Repeat("k", 129)}, 422, swap.CodeIdempotencyKeyInvalid, "Idempotency-Key", keyForm},
		{"key with a space", path, ask(), []string{"Idempotency-Key", "1234 5678"}, 422, swap.CodeIdempotencyKeyInvalid, "Idempotency-Key", keyForm},
		{"two keys", path, ask(), append(key, "Idempotency-Key", "another-key"), 422, swap.CodeIdempotencyKeyInvalid, "Idempotency-Key", keyForm},
		{"no quote", path, ask("signed_quote", ""), key, 422, swap.CodeQuoteInvalid, "signed_quote", ""},
		{"changed quote", path, ask("signed_quote", good[:len(good)-4]+"AAAA"), key, 422, swap.CodeQuoteInvalid, "signed_quote", ""},
		{"foreign quote", path, ask("signed_quote", foreign), key, 422, swap.CodeQuoteInvalid, "signed_quote", ""},
		{"other document", path, ask("signed_quote", asReceipt), key, 422, swap.CodeQuoteInvalid, "signed_quote", ""},
		{"expired quote", path, ask("signed_quote", expired), key, 410, swap.CodeQuoteExpired, "signed_quote", api.MillisOf(past.Add(time.Minute)).String()},
		{"no payout", path, ask(payout, ""), key, 422, swap.CodeInvalidAddress, payout, "ethereum"},
		{"nonsense", path, ask(payout, "my wallet"), key, 422, swap.CodeInvalidAddress, payout, "ethereum"},
		{"address of the other chain", path, ask(payout, userBTC), key, 422, swap.CodeInvalidAddress, payout, "ethereum"},
		{"endless", path, ask(payout, strings.Repeat("0x", 4000)), key, 422, swap.CodeInvalidAddress, payout, "ethereum"},
		{"checksum of ETH", path, ask(payout, "0x52908400098527886E0F7030069857D2E4169eE7"), key, 422, swap.CodeInvalidAddress, payout, ""},
		{"zero address", path, ask(payout, "0x0000000000000000000000000000000000000000"), key, 422, swap.CodeForbiddenAddress, payout, ""},
		{"precompile", path, ask(payout, "0x0000000000000000000000000000000000000001"), key, 422, swap.CodeForbiddenAddress, payout, ""},
		{"known token", path, ask(payout, "0xdac17f958d2ee523a2206206994597c13d831ec7"), key, 422, swap.CodeForbiddenAddress, payout, ""},
		{"contract", path, ask(payout, token), key, 422, swap.CodeForbiddenAddress, payout, ""},
		{"our own ETH", path, ask(payout, strings.ToLower(ourETH)), key, 422, swap.CodeForbiddenAddress, payout, ""},
		{"our own BTC", path, ask(refund, ourBTC), key, 422, swap.CodeForbiddenAddress, refund, ""},
		{"mainnet BTC", path, ask(refund, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), key, 422, swap.CodeWrongNetwork, refund, "simnet"},
		{"mainnet legacy", path, back("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"), key, 422, swap.CodeWrongNetwork, payout, "simnet"},
		{"raw public key", path, back("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"), key, 422, swap.CodeInvalidAddress, payout, ""},
		{"checksum of BTC", path, back(userBTC[:len(userBTC)-1] + flip(userBTC[len(userBTC)-1])), key, 422, swap.CodeInvalidAddress, payout, ""},
		{"no refund by an empty text", path, ask(refund, ""), key, 422, swap.CodeInvalidAddress, refund, "bitcoin"},
		{"null for a refund", path, ask(refund, nil), key, 400, swap.CodeInvalidBody, refund, "string"},
		{"unknown answer", path, ask("policy", with("on_late", "keep")), key, 422, swap.CodeInvalidPolicy, "policy.on_late", "requote, refund, ask"},
		{"empty answer", path, ask("policy", with("on_short", "")), key, 422, swap.CodeInvalidPolicy, "policy.on_short", "requote, refund, ask"},
		{"tolerance too large", path, ask("policy", with(tolerance, 1001)), key, 422, swap.CodeInvalidPolicy, "policy." + tolerance, "1000"},
		{"tolerance below zero", path, ask("policy", with(tolerance, -1)), key, 422, swap.CodeInvalidPolicy, "policy." + tolerance, "1000"},
		{"tolerance as text", path, ask("policy", with(tolerance, "100")), key, 400, swap.CodeInvalidBody, "policy." + tolerance, "whole number"},
		{"tolerance in parts", path, ask("policy", with(tolerance, 0.5)), key, 400, swap.CodeInvalidBody, "policy." + tolerance, "whole number"},
		{"tolerance with an exponent", path, ask("policy", with(tolerance, json.Number("1e2"))), key, 400, swap.CodeInvalidBody, "policy." + tolerance, "whole number"},
		{"tolerance beyond 64 bits", path, ask("policy", with(tolerance, json.Number("9223372036854775808"))), key, 400, swap.CodeInvalidBody, "policy." + tolerance, "whole number"},
		{"unknown case", path, ask("policy", with("on_time", "refund")), key, 400, swap.CodeInvalidBody, "policy.on_time", ""},
		{"policy as text", path, ask("policy", "refund"), key, 400, swap.CodeInvalidBody, "policy", "object"},
	})
}

// flip is another character of bech32's alphabet.
func flip(c byte) string {
	if c == 'q' {
		return "p"
	}
	return "q"
}
