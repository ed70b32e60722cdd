package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/access"
	"ferry/cmd/ferry/internal/seed"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { os.Exit(seed.Main(m)) }

// ran is what a command line did.
type ran struct {
	code      int
	out, errs string
}

// ferry runs a command line as if it were seed.Now.
func ferry(t *testing.T, env map[string]string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"--root", t.TempDir()}, args...), &app{
		out: &out, errs: &errs, now: func() time.Time { return seed.Now },
		lookup:      func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		currentUser: func() (*user.User, error) { return nil, user.UnknownUserIdError(os.Getuid()) },
	})
	return ran{code: code, out: out.String(), errs: errs.String()}
}

func people(db *seed.Database) map[string]string {
	return map[string]string{access.EnvSupportURL: db.SupportURL, access.EnvOperatorURL: db.OperatorURL, "USER": "alice"}
}

// golden compares an output with its file, and demands that it fits a terminal.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the output differs from %s (go test -update writes it):\n%s", path, got)
	}
	for _, line := range strings.Split(got, "\n") {
		if n := len([]rune(line)); n > 80 && !strings.HasPrefix(line, "    ") { // ids are never broken
			t.Errorf("%s: a line has %d columns: %s", name, n, line)
		}
		if strings.ContainsRune(line, '\x1b') {
			t.Errorf("%s: a line steers the terminal: %q", name, line)
		}
	}
}

func TestTheStoryAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	env := people(db)
	for _, test := range []struct {
		name string
		args []string
	}{
		{"show_settled", []string{"swap", "show", seed.SwapID("00a")}},
		{"show_paid", []string{"swap", "show", seed.SwapID("00b")}},
		{"show_confirming", []string{"swap", "show", seed.SwapID("00c")}},
		{"show_few_events", []string{"swap", "show", seed.SwapID("00a"), "--events", "2"}},
		{"find_amount", []string{"swap", "find", "0.28"}},
		{"find_address", []string{"swap", "find", "sb1qdeposit00b"}},
		{"find_treasury", []string{"swap", "find", seed.TreasuryBitcoin}},
		{"treasury_balances", []string{"treasury", "balances"}},
		{"books", []string{"books"}},
		{"books_asset", []string{"books", "--asset", "btc"}},
		{"books_day", []string{"books", "--day", "2026-01-02"}},
		{"books_day_asset", []string{"books", "--day", "2026-01-01", "--asset", "ETH"}},
		{"status", []string{"status"}},
		{"payments", []string{"payments"}},
		{"payment_show", []string{"payments", "show", swap.PayoutOrderID(seed.SwapID("00b"))}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ferry(t, env, test.args...)
			if got.code != 0 || got.errs != "" {
				t.Errorf("exit status %d, said %q", got.code, got.errs)
			}
			golden(t, test.name+".txt", got.out)
		})
	}
}

func TestMachinesReadTheSame(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	for _, args := range [][]string{
		{"swap", "show", seed.SwapID("00b"), "--json"}, {"swap", "find", "0.01 BTC", "--json"},
		{"treasury", "balances", "--json"}, {"books", "--json"}, {"books", "--day", "2026-01-02", "--json"},
		{"status", "--json"}, {"payments", "--json"}, {"payments", "show", swap.PayoutOrderID(seed.SwapID("00b")), "--json"},
	} {
		got := ferry(t, people(db), args...)
		if got.code != 0 || !json.Valid([]byte(got.out)) {
			t.Errorf("%v: exit status %d, %q, output %s", args, got.code, got.errs, got.out)
		}
	}
	shown := ferry(t, people(db), "swap", "show", seed.SwapID("00b"), "--json").out
	var c struct {
		Swap struct {
			State string `json:"state"`
			Actor string `json:"next_actor"`
			ActBy string `json:"act_by"`
		} `json:"swap"`
		Payments []struct {
			Amount asset.Amount `json:"amount"`
			Wallet struct {
				Attempts []struct {
					TxID string `json:"txid"`
				} `json:"attempts"`
			} `json:"wallet"`
		} `json:"payments"`
	}
	if err := json.Unmarshal([]byte(shown), &c); err != nil {
		t.Fatal(err)
	}
	if c.Swap.State != "payout_broadcast" || c.Swap.Actor != "chain" || c.Swap.ActBy != "2026-01-02T03:48:05Z" || len(c.Payments) != 1 ||
		c.Payments[0].Amount != swaptest.Amount(asset.ETH, "0.28") || c.Payments[0].Wallet.Attempts[0].TxID != seed.EthereumTx("b") {
		t.Errorf("the swap reads %+v in:\n%s", c, shown)
	}
}

func TestFundAddress(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	if got := ferry(t, people(db), "treasury", "fund-address", "bitcoin"); got.code != 1 || !strings.Contains(got.errs, "no address of its own on bitcoin yet") {
		t.Errorf("before the first start: %+v", got)
	}
	db.Story()
	for chain, want := range map[string]string{"bitcoin": seed.TreasuryBitcoin, "ethereum": seed.TreasuryEthereum} {
		if got := ferry(t, people(db), "treasury", "fund-address", chain); got.out != want+"\n" || got.code != 0 {
			t.Errorf("%s: %+v", chain, got)
		}
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"swp"}, `no command "swp"; did you mean swap?`},
		{[]string{"swap", "list"}, `ferry swap has no command "list"`},
		{[]string{"swap", "show"}, "0 arguments where 1 belong: use ferry swap show <swap id>"},
		{[]string{"swap", "show", "42"}, "is no swap id"},
		{[]string{"swap", "show", seed.SwapID("00a"), "--events", "0"}, "--events must be 1 to 10000"},
		{[]string{"swap", "show", "--evnts", "3"}, "unknown flag"},
		{[]string{"swap", "find"}, "must have 1 to 200 characters"},
		{[]string{"swap", "find", strings.Repeat("a", 201)}, "must have 1 to 200 characters"},
		{[]string{"swap", "find", "0.0000000000000000001"}, "more decimal places"},
		{[]string{"swap", "find", "1 DOGE"}, `asset "DOGE" is not known`},
		{[]string{"swap", "find", "two words"}, "neither an amount nor one id"},
		{[]string{"treasury", "fund-address", "dogecoin"}, `chain "dogecoin" is not known: it is one of bitcoin, litecoin, bitcoincash, ethereum`},
		{[]string{"treasury", "balances", "now"}, "1 arguments where 0 belong"},
		{[]string{"books", "--asset", "DOGE"}, `asset "DOGE" is not known: it is one of BTC, LTC, BCH, ETH, USDT, USDC`},
		{[]string{"books", "--day", "2026-02-30"}, `--day "2026-02-30" is no day: write year-month-day, such as 2026-01-02`},
		{[]string{"books", "--day", ""}, `--day "" is no day`},
		{[]string{"books", "--day", "2026-01-03"}, "--day 2026-01-03 has not begun: it is 2026-01-02 03:44:05 UTC"},
		{[]string{"halt", "bitcoin"}, "--reason must say why"},
		{[]string{"halt", "bitcoin", "--reason", "  "}, "--reason must say why"},
		{[]string{"resume", "bitcoin", "--reason", "over"}, "--actor must say who you are"},
		{[]string{"status", "\x1b[2J"}, "1 arguments where 0 belong"},
		{[]string{"\x1b[2J"}, "no command"},
	} {
		got := ferry(t, nil, test.args...)
		if got.code != 2 || !strings.Contains(got.errs, test.says) || got.out != "" {
			t.Errorf("%q: exit status %d, said %q, want 2 and %q", test.args, got.code, got.errs, test.says)
		}
		if strings.ContainsRune(got.errs, '\x1b') {
			t.Errorf("%q: the answer steers the terminal: %q", test.args, got.errs)
		}
	}
}

func TestNoFerryIsSaidInASentence(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"status"}, {"books"}, {"treasury", "balances"}, {"swap", "find", "x"},
		{"halt", "bitcoin", "--reason", "r", "--actor", "a"}} {
		got := ferry(t, nil, args...)
		if got.code != 1 || !strings.Contains(got.errs, "no running Ferry found at ") || !strings.Contains(got.errs, "start one with make demo, or set FERRY_") {
			t.Errorf("%q: exit status %d, said %q", args, got.code, got.errs)
		}
	}
}

func TestSettingsOfARunningFerry(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	write := func(t *testing.T, content string) string {
		t.Helper()
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "run"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "run", "settings.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return root
	}
	raw, err := json.Marshal(map[string]any{"support_database_url": db.SupportURL, "api": "http://127.0.0.1:8080"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ferry(t, nil, "books", "--root", write(t, string(raw))); got.code != 0 || !strings.Contains(got.out, "BTC: balanced") {
		t.Errorf("through the settings: %+v", got)
	}
	if got := ferry(t, nil, "halt", "bitcoin", "--reason", "r", "--actor", "a", "--root", write(t, string(raw))); got.code != 1 || !strings.Contains(got.errs, "name no database for this") {
		t.Errorf("without an operator's URL: %+v", got)
	}
	if got := ferry(t, nil, "books", "--root", write(t, "{")); got.code != 1 || !strings.Contains(got.errs, "is not what a running Ferry writes") {
		t.Errorf("through broken settings: %+v", got)
	}
	if got := ferry(t, map[string]string{access.EnvSupportURL: "postgres://127.0.0.1:1/x"}, "books"); got.code != 1 || !strings.Contains(got.errs, "does not answer") {
		t.Errorf("with nobody there: %+v", got)
	}
}
