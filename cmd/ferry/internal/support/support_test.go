package support

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/seed"
)

func TestMain(m *testing.M) { os.Exit(seed.Main(m)) }

func TestParseSearch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text            string
		amounts         string
		spelling, txids string
	}{
		{text: "0.015", amounts: "0.015 BTC, 0.015 LTC, 0.015 BCH, 0.015 ETH, 0.015 USDT, 0.015 USDC"},
		{text: " 0.015 btc ", amounts: "0.015 BTC"},
		{text: "0.0000000001", amounts: "0.0000000001 ETH"}, // more places than a bitcoin has
		{text: "21", amounts: "21 BTC, 21 LTC, 21 BCH, 21 ETH, 21 USDT, 21 USDC"},
		{text: "SB1QABC", spelling: "SB1QABC, sb1qabc", txids: "SB1QABC, sb1qabc"},
		{text: "0xfb6916095CA1DF60BB79CE92CE3EA74C37C5D359", spelling: "0xfb6916095CA1DF60BB79CE92CE3EA74C37C5D359, " +
			strings.ToLower(seed.TreasuryEthereum) + ", " + seed.TreasuryEthereum, txids: "0xfb6916095CA1DF60BB79CE92CE3EA74C37C5D359, " +
			strings.ToLower(seed.TreasuryEthereum) + ", " + seed.TreasuryEthereum},
		{text: "bitcoin:abc:0", spelling: "bitcoin:abc:0", txids: "bitcoin:abc:0, abc"},
	} {
		s, err := ParseSearch(test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		var amounts []string
		for _, a := range s.amounts {
			amounts = append(amounts, a.String())
		}
		for what, pair := range map[string][2]string{
			"amounts":   {strings.Join(amounts, ", "), test.amounts},
			"spellings": {strings.Join(s.spellings, ", "), test.spelling},
			"txids":     {strings.Join(s.txids, ", "), test.txids},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%q: %s are %q, want %q", test.text, what, pair[0], pair[1])
			}
		}
	}
}

func FuzzParseSearch(f *testing.F) {
	for _, text := range []string{"0.015 BTC", "1e9", "bitcoin:a:0", "swap_01", "0x", "..", "\x00", "-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSearch(text)
		if err == nil && len(s.amounts) == 0 && len(s.spellings) == 0 {
			t.Errorf("%q is accepted and searches for nothing", text)
		}
	})
}

// find searches the story, and gives the matches as "swap: what" texts.
func find(t *testing.T, conn *pgx.Conn, text string) []string {
	t.Helper()
	s, err := ParseSearch(text)
	if err != nil {
		t.Fatal(err)
	}
	var found Matches
	err = Read(t.Context(), conn, seed.Now, func(r *Reader) (err error) {
		found, err = r.Find(t.Context(), s)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	matches := []string{}
	for _, m := range found.Matches {
		matches = append(matches, strings.TrimPrefix(m.SwapID, seed.SwapID(""))+": "+m.What)
	}
	return matches
}

func TestFindByWhateverSomebodyHas(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	db.Exec(`INSERT INTO hotwallet.address (chain, role, branch, idx, path, address, state) VALUES ('bitcoin', 0, 0, 99, 'm', 'sb1qburnt', 'burnt')`)
	conn := db.Support()
	for _, test := range []struct {
		text string
		want []string
	}{
		{seed.SwapID("00a"), []string{"00a: swap id"}},
		{strings.ToUpper(seed.SwapID("00a")), []string{"00a: swap id"}},
		{"quote_01k0000000000000000000000b", []string{"00b: quote id"}},
		{"sb1qdeposit00a", []string{"00a: deposit address"}},
		{"SB1QDEPOSIT00A", []string{"00a: deposit address"}},
		{strings.ToLower(swaptest.EthereumAddress), []string{"00c: payout address", "00b: payout address", "00a: payout address"}},
		{swaptest.BitcoinAddress, []string{"00c: refund address", "00b: refund address", "00a: refund address"}},
		{seed.BitcoinTx("a"), []string{"00a: deposit"}},
		{"bitcoin:" + seed.BitcoinTx("a") + ":0", []string{"00a: deposit"}},
		{"bitcoin:" + seed.BitcoinTx("a") + ":1", []string{}},
		{seed.BitcoinTx("d"), []string{"00c: deposit"}}, // the hot wallet alone knows of it
		{seed.EthereumTx("b"), []string{"00b: payment", "00b: payment attempt 1"}},
		{"payout:" + seed.SwapID("00b"), []string{"00b: payment"}},
		{seed.BitcoinTx("f"), []string{": funding deposit"}},
		{seed.TreasuryEthereum, []string{": treasury's own address"}},
		{"sb1qburnt", []string{": own address, burnt"}},
		{"0.00000546 BTC", []string{}}, // not told yet
		{"0.01", []string{"00c: deposit of 0.01 BTC", "00c: quoted deposit of 0.01 BTC", "00b: deposit of 0.01 BTC",
			"00b: quoted deposit of 0.01 BTC", "00a: deposit of 0.01 BTC", "00a: quoted deposit of 0.01 BTC"}},
		{"0.01 ETH", []string{}},
		{"%", []string{}},
		{"", nil},
	} {
		if test.text == "" {
			continue
		}
		if got := find(t, conn, test.text); !slices.Equal(got, test.want) {
			t.Errorf("%s finds %q, want %q", test.text, got, test.want)
		}
	}
}

func TestFindSaysThereIsMore(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	for n := range FindLimit + 1 {
		db.Swap(db.Terms(fmt.Sprintf("%03d", n), swaptest.Start), swap.AwaitingDeposit, 1, swaptest.Start)
	}
	conn := db.Support()
	for _, text := range []string{swaptest.EthereumAddress, "0.28"} {
		s, err := ParseSearch(text)
		if err != nil {
			t.Fatal(err)
		}
		err = Read(t.Context(), conn, seed.Now, func(r *Reader) error {
			found, err := r.Find(t.Context(), s)
			if err == nil && (len(found.Matches) != FindLimit || !found.More || found.Matches[0].SwapID != seed.SwapID("050")) {
				t.Errorf("%s: %d matches, more: %t, first %s", text, len(found.Matches), found.More, found.Matches[0].SwapID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Without an index a plan has no way but to read a whole table, however dear
// that is made: what support asks of large tables must always have another way.
func TestSearchesUseIndexes(t *testing.T) {
	t.Parallel()
	conn := seed.New(t).Support()
	if _, err := conn.Exec(t.Context(), "SET enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	texts, chains := []string{"x"}, asset.Chains()
	for name, args := range map[string][]any{
		"FIND_TEXT": {texts, texts, 51, chains}, "FIND_AMOUNT": {asset.BTC, asset.NewUnits(5), 51},
		"CASE_SWAP": {"x"}, "CASE_TIMELINE": {"x", 5}, "CASE_PARKED": {"x", 5}, "CASE_BALANCES": {"x"}, "CASE_WATCHED": {"x", 5},
		"CASE_WALLET_PAYMENTS": {"x", 5}, "CASE_ATTEMPTS": {"x", 5}, "CASE_ISSUED": {"x"},
		"CASE_STAFF": {"x", 5}, "STAFF_OUTCOME": {"x", "staff.action", "r", "a"},
		"FUND_ADDRESS": {asset.Bitcoin}, "STATUS_RELAYS": {5}, "STATUS_SWAPS": nil, "STATUS_OVERDUE": {time.Now(), time.Now(), 5},
	} {
		// The relays' cursors are tables of one row each.
		plan := explain(t, conn, name, args...)
		if full := scans(plan, "Seq Scan"); len(slices.DeleteFunc(full, func(table string) bool { return table == "relay_cursor" })) > 0 {
			t.Errorf("%s reads all of %q:\n%s", name, full, plan)
		}
	}
	// The check itself sees what it looks for: swaps by state have no index.
	var plan string
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) SELECT state, count(*) FROM swap.swap GROUP BY state").Scan(&plan); err != nil {
		t.Fatal(err)
	}
	if full := scans(plan, "Seq Scan"); !slices.Equal(full, []string{"swap"}) {
		t.Errorf("counting swaps by state reads all of %q, and should be seen to read swap", full)
	}
}

func explain(t *testing.T, conn *pgx.Conn, name string, args ...any) string {
	t.Helper()
	if statements[name] == "" {
		t.Fatalf("there is no statement %s", name)
	}
	var plan string
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+statements[name], args...).Scan(&plan); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return plan
}

// scans lists the tables that a plan reads in a way.
func scans(plan, way string) []string {
	var nodes []any
	if err := json.Unmarshal([]byte(plan), &nodes); err != nil {
		return []string{"a plan that is no JSON: " + err.Error()}
	}
	var tables []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, child := range v {
				walk(child)
			}
		case map[string]any:
			if v["Node Type"] == way {
				tables = append(tables, fmt.Sprint(v["Relation Name"]))
			}
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(nodes)
	return tables
}

func TestEveryStatementIsUsedByName(t *testing.T) {
	t.Parallel()
	for name, sql := range statements {
		if sql == "" || strings.HasSuffix(sql, ";") {
			t.Errorf("statement %s is empty or ends in a semicolon", name)
		}
	}
	if len(statements) != 43 {
		t.Errorf("%d statements are named; a missing heading joins two", len(statements))
	}
}
