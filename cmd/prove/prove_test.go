package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestItSharesNothingWithFerry keeps the proof independent.
func TestItSharesNothingWithFerry(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	if got := strings.Fields(string(out)); len(got) != 1 || got[0] != "ferry/cmd/prove" {
		t.Errorf("prove links %q beside the standard library; it may link itself alone", got)
	}
}

const (
	btcAddress = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"
	ethAddress = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
)

var (
	btcTx = strings.Repeat("ab", 32)
	ethTx = "0x" + strings.Repeat("cd", 32)
)

// fakeNode answers each method with a fixed JSON text: a result, or an error if
// it begins with "error:". A method with an argument in its key goes first.
func fakeNode(t *testing.T, answers map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			Method string            `json:"method"`
			Params []json.RawMessage `json:"params"`
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
		}
		answer, ok := answers[call.Method]
		for _, p := range call.Params {
			if special, found := answers[call.Method+" "+strings.Trim(string(p), `"`)]; found {
				answer, ok = special, true
			}
		}
		if !ok {
			t.Errorf("the node is asked for %s %s", call.Method, call.Params)
		}
		if refusal, failed := strings.CutPrefix(answer, "error:"); failed {
			fmt.Fprintf(w, `{"result":null,"error":{"code":-5,"message":%q}}`, refusal)
			return
		}
		fmt.Fprintf(w, `{"result":%s,"error":null}`, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// prove runs the program on claims written as JSON.
func prove(t *testing.T, claims string, args ...string) (code int, out, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "claims.json")
	if err := os.WriteFile(path, []byte(claims), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"-claims", path}, args...), &o, &e, func(string) string { return "" })
	return code, o.String(), e.String()
}

func bitcoinClaim(units string) string {
	return fmt.Sprintf(`[{"chain":"bitcoin","address":%q,"units":%q,"txid":%q,"note":"swap 1"}]`, btcAddress, units, btcTx)
}

// output is a transaction that pays the address.
func output(txid, value, block string, confirmations int) string {
	return fmt.Sprintf(`{"txid":%q,"blockhash":%q,"confirmations":%d,"vout":[{"n":0,"value":7,"scriptPubKey":{"address":"other"}},
	    {"n":1,"value":%s,"scriptPubKey":{"addresses":[%q]}}]}`, txid, block, confirmations, value, btcAddress)
}

func TestBitcoin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, found string
		code        int
		says        string
	}{
		{"exact", "[" + output(btcTx, "0.01", "b", 3) + "]", 0,
			"promised 0.01 BTC (1000000 sat); the node says 0.01 BTC (1000000 sat) received in " + btcTx + ", block 320, 3 confirmations"},
		{"in another notation", "[" + output(btcTx, "1e-2", "b", 2) + "]", 0, "ok   bitcoin"},
		{"in two parts", "[" + output(btcTx, "0.004", "b", 3) + "," + output("t2", "0.006", "b", 3) + "]", 0, "and in t2"},
		{"a transaction listed twice counts once", "[" + output(btcTx, "0.01", "b", 3) + "," + output(btcTx, "0.01", "b", 3) + "]", 0, "ok "},
		{"one satoshi short", "[" + output(btcTx, "0.00999999", "b", 3) + "]", 1, "NOT  bitcoin"},
		{"one satoshi over", "[" + output(btcTx, "0.01000001", "b", 3) + "]", 1, "0.01000001 BTC (1000001 sat) received"},
		{"not deep enough", "[" + output(btcTx, "0.01", "b", 1) + "]", 1, "0.01 BTC (1000000 sat) more with fewer than 2 confirmations"},
		{"in the mempool", "[" + output(btcTx, "0.01", "", 0) + "]", 1, "0 BTC (0 sat) received in no block"},
		{"exact, and more is coming", "[" + output(btcTx, "0.01", "b", 3) + "," + output("t2", "0.006", "", 0) + "]", 1, "0.006 BTC (600000 sat) more"},
		{"by another transaction", "[" + output("t2", "0.01", "b", 3) + "]", 1, btcTx + " is not among what paid it"},
		{"never seen", "error:No information available about address", 1, "0 BTC (0 sat) received in no block"},
		{"another network", "error:Invalid address or key: unknown", 1, "could not be asked: searchrawtransactions: Invalid address or key"},
		{"no whole satoshi", "[" + output(btcTx, "0.010000001", "b", 3) + "]", 1, "is no whole number of satoshi"},
		{"an answer that is no list", `"\u001b[2J"`, 1, "could not be asked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			node := fakeNode(t, map[string]string{"searchrawtransactions": test.found, "getblockheader": `{"height":320}`})
			code, out, errs := prove(t, bitcoinClaim("1000000"), "-bitcoin", node, "-confirmations", "2")
			if code != test.code || errs != "" || !strings.Contains(out, test.says) || strings.ContainsRune(out, '\x1b') {
				t.Errorf("exit status %d, %q, printed:\n%s\nwant %d and %q", code, errs, out, test.code, test.says)
			}
		})
	}
}

// Bitcoin Cash's node leaves the prefix out of what it answers.
func TestBitcoinCash(t *testing.T) {
	t.Parallel()
	const address = "bchsim:qr6m7j9njldwwzlg9v7v53unlr4jkmx6ey8dknfw6f"
	paid := strings.ReplaceAll("["+output(btcTx, "0.01", "b", 3)+"]", btcAddress, strings.TrimPrefix(address, "bchsim:"))
	node := fakeNode(t, map[string]string{"searchrawtransactions": paid, "getblockheader": `{"height":320}`})
	for units, want := range map[string]int{"1000000": 0, "999999": 1} {
		claims := fmt.Sprintf(`[{"chain":"bitcoincash","address":%q,"units":%q,"txid":%q}]`, address, units, btcTx)
		if code, out, errs := prove(t, claims, "-bitcoincash", node); code != want || !strings.Contains(out, "0.01 BCH (1000000 sat) received in "+btcTx) {
			t.Errorf("%s: exit status %d, %q, printed:\n%s", units, code, errs, out)
		}
	}
}

// Litecoin's node says what it holds unspent.
func TestLitecoin(t *testing.T) {
	t.Parallel()
	const address = "rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3"
	unspent := func(txid, amount string, height int) string {
		return fmt.Sprintf(`{"txid":%q,"vout":0,"amount":%s,"height":%d}`, txid, amount, height)
	}
	for _, test := range []struct {
		name, found string
		code        int
		says        string
	}{
		{"exact", unspent(btcTx, "0.01", 318), 0, "promised 0.01 LTC (1000000 litoshi); the node says 0.01 LTC (1000000 litoshi) received in " + btcTx + ", block 318, 3 confirmations"},
		{"in two parts", unspent(btcTx, "0.004", 1) + "," + unspent("t2", "6e-3", 319), 0, "and in t2, block 319, 2 confirmations"},
		{"one short", unspent(btcTx, "0.00999999", 318), 1, "NOT  litecoin"},
		{"spent, or never paid", "", 1, "0 LTC (0 litoshi) received in no block"},
		{"not deep enough", unspent(btcTx, "0.01", 320), 1, "0.01 LTC (1000000 litoshi) more with fewer than 2 confirmations"},
		{"by another transaction", unspent("t2", "0.01", 318), 1, btcTx + " is not among what paid it"},
		{"from the future", unspent(btcTx, "0.01", 321), 1, "could not be asked"},
		{"no amount", unspent(btcTx, `"-1"`, 318), 1, "could not be asked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			node := fakeNode(t, map[string]string{"scantxoutset": `{"success":true,"height":320,"unspents":[` + test.found + `]}`})
			claims := fmt.Sprintf(`[{"chain":"litecoin","address":%q,"units":"1000000","txid":%q}]`, address, btcTx)
			code, out, errs := prove(t, claims, "-litecoin", node, "-confirmations", "2")
			if code != test.code || errs != "" || !strings.Contains(out, test.says) {
				t.Errorf("exit status %d, %q, printed:\n%s\nwant %d and %q", code, errs, out, test.code, test.says)
			}
		})
	}
	incomplete := fakeNode(t, map[string]string{"scantxoutset": `{"success":false,"height":320,"unspents":[]}`})
	claims := fmt.Sprintf(`[{"chain":"litecoin","address":%q,"units":"1"}]`, address)
	if code, out, _ := prove(t, claims, "-litecoin", incomplete); code != 1 || !strings.Contains(out, "did not look through all") {
		t.Errorf("exit status %d, printed:\n%s", code, out)
	}
}

func TestEthereum(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"eth_blockNumber": `"0x64"`, "eth_getBalance": `"0x3e8"`, "eth_getTransactionCount": `"0x0"`, "eth_getCode": `"0x"`,
		"eth_getTransactionByHash":  fmt.Sprintf(`{"to":%q,"value":"0x3e8"}`, strings.ToLower(ethAddress)),
		"eth_getTransactionReceipt": `{"status":"0x1","blockNumber":"0x62"}`,
	}
	for _, test := range []struct {
		name   string
		differ map[string]string
		code   int
		says   string
	}{
		{"exact", nil, 0, "promised 0.000000000000001 ETH (1000 wei); the node says 0.000000000000001 ETH (1000 wei) received in " + ethTx + ", block 98, 3 confirmations"},
		{"one wei short", map[string]string{"eth_getBalance": `"0x3e7"`}, 1, "(999 wei) received"},
		{"one wei over", map[string]string{"eth_getBalance": `"0x3e9"`}, 1, "(1001 wei) received"},
		{"not deep enough", map[string]string{"eth_getBalance 0x62": `"0x0"`}, 1, "0 ETH (0 wei) received"},
		{"spent since", map[string]string{"eth_getBalance 0x64": `"0x1"`, "eth_getTransactionCount": `"0x2"`}, 1, "it has sent 2 transactions"},
		{"a contract, spent since", map[string]string{"eth_getCode": `"0x00"`, "eth_getTransactionCount": `"0x2"`}, 1, "it has sent 2 transactions"},
		{"a contract's birth", map[string]string{"eth_getCode": `"0x00"`, "eth_getTransactionCount": `"0x1"`}, 0, "3 confirmations"},
		{"no contract's birth", map[string]string{"eth_getTransactionCount": `"0x1"`}, 1, "it has sent 1 transactions"},
		{"more since", map[string]string{"eth_getBalance 0x64": `"0x3ea"`}, 1, "its balance has changed to 0.000000000000001002 ETH"},
		{"failed", map[string]string{"eth_getTransactionReceipt": `{"status":"0x0","blockNumber":"0x62"}`}, 1, "failed and paid nobody"},
		{"in no block", map[string]string{"eth_getTransactionReceipt": `null`}, 1, "is in no block"},
		{"to somebody else", map[string]string{"eth_getTransactionByHash": `{"to":"0x00","value":"0x3e8"}`}, 1, "pays somebody else"},
		{"a contract", map[string]string{"eth_getTransactionByHash": `{"to":null,"value":"0x3e8"}`}, 1, "pays somebody else"},
		{"another amount", map[string]string{"eth_getTransactionByHash": fmt.Sprintf(`{"to":%q,"value":"0x3e7"}`, ethAddress)}, 1, "pays 0.000000000000000999 ETH"},
		{"just mined", map[string]string{"eth_getTransactionReceipt": `{"status":"0x1","blockNumber":"0x64"}`}, 1, "fewer than 3 confirmations"},
		{"a chain just begun", map[string]string{"eth_blockNumber": `"0x1"`}, 1, "in a chain of 1 blocks"},
		{"pruned", map[string]string{"eth_getBalance 0x62": "error:missing trie node"}, 1, "could not be asked: eth_getBalance: missing trie node"},
		{"no number", map[string]string{"eth_getBalance": `"1000"`}, 1, "is no number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{}
			for _, m := range []map[string]string{good, test.differ} {
				for k, v := range m {
					answers[k] = v
				}
			}
			claims := fmt.Sprintf(`[{"chain":"ethereum","address":%q,"units":1000,"txid":%q}]`, ethAddress, ethTx)
			code, out, errs := prove(t, claims, "-ethereum", fakeNode(t, answers), "-confirmations", "3")
			if code != test.code || errs != "" || !strings.Contains(out, test.says) {
				t.Errorf("exit status %d, %q, printed:\n%s\nwant %d and %q", code, errs, out, test.code, test.says)
			}
		})
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	good := bitcoinClaim("1")
	for _, test := range []struct {
		name, claims string
		args         []string
		says         string
	}{
		{"no claims", "[]", nil, "there are 0 claims"},
		{"no JSON", "{", nil, "no JSON list of claims"},
		{"something behind", good + "1", nil, "something follows"},
		{"an unknown field", `[{"chain":"bitcoin","amount":"1"}]`, nil, "unknown field"},
		{"an unknown chain", `[{"chain":"dogecoin","address":"D","units":"1"}]`, nil, `chain "dogecoin" is not known`},
		{"nothing promised", bitcoinClaim("0"), nil, "nothing was promised"},
		{"a fraction", bitcoinClaim("0.5"), nil, "no whole number"},
		{"less than nothing", bitcoinClaim("-5"), nil, "no whole number"},
		{"an address twice", strings.TrimSuffix(good, "]") + "," + strings.TrimPrefix(good, "["), nil, "is claimed twice"},
		{"an address of the other chain", strings.Replace(good, `"bitcoin"`, `"ethereum"`, 1), nil, "is no address of ethereum"},
		{"a transaction of the other chain", strings.Replace(good, btcTx, ethTx, 1), nil, "is no transaction of bitcoin"},
		{"no node", good, nil, "say where its node is with -bitcoin"},
		{"no URL", good, []string{"-bitcoin", "secret@host"}, "must be a URL like"},
		{"no confirmations", good, []string{"-confirmations", "0"}, "-confirmations must be"},
		{"an argument", good, []string{"more"}, "say which claims to prove"},
		{"a large file", "[" + strings.Repeat(" ", maxFile), nil, "more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := prove(t, test.claims, test.args...)
			if code != 2 || out != "" || !strings.Contains(errs, test.says) || strings.Contains(errs, "secret") {
				t.Errorf("exit status %d, printed %q, said %q, want 2 and %q", code, out, errs, test.says)
			}
		})
	}
}

func TestANodeThatIsNotThere(t *testing.T) {
	t.Parallel()
	code, out, _ := prove(t, bitcoinClaim("1"), "-bitcoin", "http://user:secret@127.0.0.1:1")
	if code != 1 || !strings.Contains(out, "NOT  bitcoin") || !strings.Contains(out, "could not be asked") || strings.Contains(out, "secret") {
		t.Errorf("exit status %d, printed:\n%s", code, out)
	}
}

func FuzzParseClaims(f *testing.F) {
	f.Add([]byte(bitcoinClaim("1000000")))
	f.Add([]byte(`[{"chain":"ethereum","address":"0x","units":1e5}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		claims, err := parseClaims(raw)
		if err != nil {
			return
		}
		for _, c := range claims {
			if c.promised.Sign() <= 0 || strings.ContainsAny(c.noted(), "\x1b\n") || c.say(c.promised) == "" {
				t.Errorf("%q is accepted", raw)
			}
		}
	})
}

func FuzzSatoshi(f *testing.F) {
	for _, text := range []string{"0.01", "1e-8", "1E+2", "1e999999999", "-1", "1/3", "0x10", "21000000"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sat, err := satoshi(json.Number(text))
		if err == nil && (sat.Sign() < 0 || len(sat.String()) > 1100) {
			t.Errorf("%q reads as %s", text, sat)
		}
	})
}
