package utxo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// answers is a node that says what a test wants: raw JSON by method. A method
// that is missing is refused as unknown.
type answers map[string]string

func (n answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Method string `json:"method"`
	}
	if user, pass, ok := r.BasicAuth(); !ok || user != "u" || pass != "p" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&call); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	result, ok := n[call.Method]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound) // as Bitcoin Core does
		fmt.Fprint(w, `{"result":null,"error":{"code":-32601,"message":"Method not found"}}`)
	case strings.HasPrefix(result, "error:"):
		code, message, _ := strings.Cut(strings.TrimPrefix(result, "error:"), " ")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"result":null,"error":{"code":%s,"message":%q}}`, code, message)
	case strings.HasPrefix(result, "raw:"):
		fmt.Fprint(w, strings.TrimPrefix(result, "raw:"))
	default:
		fmt.Fprintf(w, `{"result":%s,"error":null}`, result)
	}
}

func adapterFor(t *testing.T, h http.Handler, change func(*Config)) *Adapter {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := Config{
		URL: server.URL, User: "u", Pass: "p", Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
	}
	if change != nil {
		change(&cfg)
	}
	a, err := New(cfg, rules())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// onSimnet adds what every call asks first.
func onSimnet(n answers) answers {
	n["getblockhash"] = `"` + params.GenesisHash.String() + `"`
	return n
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{URL: "http://127.0.0.1:1", Networks: asset.Networks{Bitcoin: "simnet"}}
	if _, err := New(good, rules()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no url":           func(c *Config) { c.URL = "" },
		"other scheme":     func(c *Config) { c.URL = "ftp://x" },
		"credentials":      func(c *Config) { c.URL = "http://u:secret@x" },
		"bad url":          func(c *Config) { c.URL = "http://x:secret\x7f" },
		"negative timeout": func(c *Config) { c.Timeout = -1 },
		"floor above cap":  func(c *Config) { c.FeeFloor, c.FeeFallback, c.FeeCap = 3, 2, 1 },
		"target too far":   func(c *Config) { c.ConfirmTarget = 2000 },
	} {
		c := good
		change(&c)
		if _, err := New(c, rules()); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherNetworkIsRefused(t *testing.T) {
	t.Parallel()
	a := adapterFor(t, answers{
		"getblockhash":      `"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"`,
		"getblockchaininfo": `{"blocks":1,"bestblockhash":"` + strings.Repeat("ab", 32) + `"}`,
	}, nil)
	if ref, err := a.Tip(t.Context()); err == nil {
		t.Fatalf("tip %s of a mainnet node", ref)
	}
}

func TestRepliesAreBounded(t *testing.T) {
	t.Parallel()
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 2 * leastReply >> 20 {
			if _, err := w.Write(chunk); err != nil {
				return // the client has hung up
			}
		}
	})
	if _, err := adapterFor(t, endless, nil).Tip(t.Context()); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Fatal(err)
	}
}

func TestSilentNodeTimesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	a := adapterFor(t, silent, func(c *Config) { c.Timeout = 10 * time.Millisecond })
	t.Cleanup(func() { close(release) }) // before the server closes
	got, err := a.Broadcast(t.Context(), rawTx(t))
	if got != chain.Unknown || err == nil {
		t.Fatalf("%s, %v", got, err)
	}
}

func rawTx(t testing.TB) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := testBlock(t, 1).Transactions[1].Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestBroadcastAnswers(t *testing.T) {
	t.Parallel()
	raw := rawTx(t)
	ours, err := DecodeTx(raw)
	if err != nil {
		t.Fatal(err)
	}
	txid, found := ours.TxHash().String(), `"`+hex.EncodeToString(raw)+`"`
	const gone = "error:-5 No information available about transaction"
	for name, row := range map[string]struct {
		send, look string
		want       chain.Acceptance
	}{
		"taken":                        {`"` + txid + `"`, "", chain.Accepted},
		"another txid":                 {`"` + strings.Repeat("00", 32) + `"`, "", chain.Unknown},
		"mined (btcd)":                 {"error:-27 TX rejected: transaction already exists in blockchain", "", chain.Accepted},
		"mined (core)":                 {"error:-27 Transaction outputs already in utxo set", "", chain.Accepted},
		"pool has it (btcd)":           {"error:-26 TX rejected: already have transaction in mempool x", found, chain.Accepted},
		"orphan pool has it":           {"error:-26 TX rejected: already have transaction in mempool x", gone, chain.Conflicting},
		"mined and spent on":           {"error:-25 TX rejected: orphan transaction x references outputs of unknown or fully-spent transaction y", found, chain.Accepted},
		"inputs spent (btcd)":          {"error:-25 TX rejected: orphan transaction x references outputs of unknown or fully-spent transaction y", gone, chain.Conflicting},
		"inputs spent (core)":          {"error:-25 bad-txns-inputs-missingorspent", gone, chain.Conflicting},
		"rival in mempool (btcd)":      {"error:-26 TX rejected: output already spent in mempool: output=x, tx=y", gone, chain.Conflicting},
		"rival in mempool (core)":      {"error:-26 txn-mempool-conflict", gone, chain.Conflicting},
		"rival pays more (btcd)":       {"error:-26 TX rejected: x: replacement transaction has an insufficient fee rate: needs more than 1, has 1", gone, chain.Conflicting},
		"rival pays more (core)":       {"error:-26 insufficient fee, rejecting replacement x", gone, chain.Conflicting},
		"the look fails":               {"error:-26 txn-mempool-conflict", "raw:no reply", chain.Unknown},
		"the look shows another":       {"error:-26 txn-mempool-conflict", `"00"`, chain.Unknown},
		"fee too low (btcd)":           {"error:-26 TX rejected: transaction x has 1 fees which is under the required amount of 110", "", chain.Rejected},
		"fee too low (core)":           {"error:-26 min relay fee not met, 1 < 110", "", chain.Rejected},
		"fee too high (core)":          {"error:-25 Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "", chain.Rejected},
		"bad signature (btcd)":         {"error:-25 TX rejected: failed to validate input x which references output y - missing", "", chain.Rejected},
		"bad signature (core)":         {"error:-26 mandatory-script-verify-flag-failed", "", chain.Rejected},
		"decode":                       {"error:-22 TX decode failed", "", chain.Rejected},
		"the node's own failure":       {"error:-25 TX rejected: database is closed", "", chain.Unknown},
		"warming up":                   {"error:-28 Loading block index...", "", chain.Unknown},
		"internal error":               {"error:-32603 internal", "", chain.Unknown},
		"a proxy's page":               {"raw:<html>", "", chain.Unknown},
		"a reply with nothing in it":   {"raw:{}", "", chain.Unknown},
		"a result of another kind":     {`{"txid":1}`, "", chain.Unknown},
		"a method that does not exist": {"error:-32601 Method not found", "", chain.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := adapterFor(t, onSimnet(answers{"sendrawtransaction": row.send, "getrawtransaction": row.look}), nil)
			got, err := a.Broadcast(t.Context(), raw)
			if got != row.want || (err == nil) != (row.want == chain.Accepted) {
				t.Errorf("%s (%v), want %s", got, err, row.want)
			}
		})
	}
}

func TestFeeRate(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		node answers
		want uint64
	}{
		"core":                 {answers{"estimatesmartfee": `{"feerate":0.00012345,"blocks":3}`}, 12345},
		"core without data":    {answers{"estimatesmartfee": `{"errors":["Insufficient data"],"blocks":0}`}, 5000},
		"btcd":                 {answers{"estimatesmartfee": "error:-1 Command unimplemented", "estimatefee": `1.2e-04`}, 12000},
		"btcd, part of a sat":  {answers{"estimatefee": `0.000123450001`}, 12346},
		"btcd without data":    {answers{"estimatefee": "error:-32600 Invalid request: malformed"}, 5000},
		"no estimate (bchd)":   {answers{"estimatefee": `0`}, 5000},
		"no estimate (core)":   {answers{"estimatefee": `-1`}, 5000},
		"absurdly low":         {answers{"estimatefee": `1e-08`}, 1000},
		"absurdly high":        {answers{"estimatefee": `20999999.99`}, 200_000},
		"a number that is not": {answers{"estimatefee": `"1e999999999"`}, 5000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := adapterFor(t, row.node, nil).feeRate(t.Context()); got != row.want {
				t.Errorf("%d, want %d", got, row.want)
			}
		})
	}
}

// TestPlanChecksCoins: what we believe of a coin is compared with its transaction.
func TestPlanChecksCoins(t *testing.T) {
	t.Parallel()
	block := testBlock(t, 1)
	previous := block.Transactions[0]
	var raw bytes.Buffer
	if err := previous.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	ours := must(address.NewAddressWitnessPubKeyHash(make([]byte, 20), params))(t).EncodeAddress()
	other := must(address.NewAddressWitnessPubKeyHash(bytes.Repeat([]byte{1}, 20), params))(t).EncodeAddress()
	good := chain.Coin{TxID: previous.TxHash().String(), Units: asset.NewUnits(50_0000_0000), Address: ours}
	plan := func(answer string, c chain.Coin) error {
		a := adapterFor(t, onSimnet(answers{"getrawtransaction": answer}), nil)
		_, err := a.Plan(t.Context(), chain.Funds{Coins: []chain.Coin{c}, ChangeAddress: ours},
			chain.Pay(chain.Output{Destination: other, Asset: asset.BTC, Units: asset.NewUnits(1000)}, asset.NewUnits(10_000)))
		return err
	}
	answer := `"` + hex.EncodeToString(raw.Bytes()) + `"`
	if err := plan(answer, good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*chain.Coin){
		"another value":   func(c *chain.Coin) { c.Units = asset.NewUnits(50_0000_0001) },
		"another address": func(c *chain.Coin) { c.Address = other },
		"no such output":  func(c *chain.Coin) { c.Index = 1 },
		"more than 21M":   func(c *chain.Coin) { c.Units = asset.MustUnits("2100000000000001") },
	} {
		c := good
		change(&c)
		if plan(answer, c) == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
	var wrong bytes.Buffer
	if err := block.Transactions[1].Serialize(&wrong); err != nil {
		t.Fatal(err)
	}
	if plan(`"`+hex.EncodeToString(wrong.Bytes())+`"`, good) == nil {
		t.Error("another transaction than asked for was not noticed")
	}
}

func TestHeldNoticesAMovingTip(t *testing.T) {
	t.Parallel()
	at := chain.Ref{Height: 5, Hash: strings.Repeat("ab", 32)}
	coin := strings.Repeat("cd", 32) + ":0"
	tip := `{"blocks":5,"bestblockhash":"` + at.Hash + `"}`
	held := func(out string) (asset.Units, error) {
		a := adapterFor(t, onSimnet(answers{"getblockchaininfo": tip, "gettxout": out}), nil)
		return a.Held(t.Context(), at, asset.BTC, []string{coin, coin}, nil)
	}
	if got, err := held(`{"bestblock":"` + at.Hash + `","value":0.10000001}`); err != nil || got != asset.NewUnits(20000002) {
		t.Fatalf("%s, %v", got, err)
	}
	if got, err := held(`null`); err != nil || !got.IsZero() {
		t.Fatalf("spent coins hold %s, %v", got, err)
	}
	if _, err := held(`{"bestblock":"` + strings.Repeat("00", 32) + `","value":1}`); !errors.Is(err, chain.ErrBlockGone) {
		t.Fatal(err)
	}
	if _, err := held(`{"bestblock":"` + at.Hash + `","value":0.000000001}`); err == nil {
		t.Fatal("a tenth of a satoshi was taken")
	}
}

func TestMempoolForgetsAndBounds(t *testing.T) {
	t.Parallel()
	raw := rawTx(t)
	tx, err := DecodeTx(raw)
	if err != nil {
		t.Fatal(err)
	}
	node := onSimnet(answers{
		"getrawmempool": `["` + tx.TxHash().String() + `","not a txid"]`, "getrawtransaction": `"` + hex.EncodeToString(raw) + `"`,
	})
	a := adapterFor(t, node, nil)
	if got, err := a.Mempool(t.Context(), everything{}); err != nil || len(got) != 1 || len(a.sighted) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	node["getrawmempool"] = `[]`
	if got, err := a.Mempool(t.Context(), everything{}); err != nil || len(got) != 0 || len(a.sighted) != 0 {
		t.Fatalf("%+v, %v; %d remembered", got, err, len(a.sighted))
	}
	node["getrawmempool"], node["getrawtransaction"] = `["`+strings.Repeat("ab", 32)+`"]`, "error:-5 gone meanwhile"
	if got, err := a.Mempool(t.Context(), everything{}); err != nil || len(got) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	var many []string
	for i := range maxFetches + 10 {
		many = append(many, fmt.Sprintf("%064x", i))
	}
	if got := a.forgetAllBut(many); len(got) != maxFetches {
		t.Fatalf("%d to fetch, want %d", len(got), maxFetches)
	}
}

// TestWeight compares with a real transaction whose witness has the largest size.
func TestWeight(t *testing.T) {
	t.Parallel()
	script := scriptOf(t, must(address.NewAddressWitnessPubKeyHash(make([]byte, 20), params))(t))
	for _, inputs := range []int{1, 2, 200, 252, 253} {
		tx := wire.NewMsgTx(2)
		for i := range inputs {
			tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: uint32(i)}, nil, wire.TxWitness{make([]byte, 72), make([]byte, 33)}))
		}
		tx.AddTxOut(wire.NewTxOut(1, script))
		tx.AddTxOut(wire.NewTxOut(2, script))
		want := uint64(3*tx.SerializeSizeStripped() + tx.SerializeSize())
		if got := reader().weight(inputs, tx.TxOut); got != want {
			t.Errorf("%d inputs: %d, want %d", inputs, got, want)
		}
	}
}

// A node's largest block fits into a reply, whichever chain it is of.
func TestRepliesHoldTheLargestBlock(t *testing.T) {
	t.Parallel()
	for _, block := range []int64{1, 4_000_000, 64_000_000} {
		if most := replyMost(block); most < 2*block || most < leastReply {
			t.Errorf("a block of %d bytes may take %d in a reply, %d are read", block, 2*block, most)
		}
	}
}
