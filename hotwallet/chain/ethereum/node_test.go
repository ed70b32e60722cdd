package ethereum

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// answers is a node that says what a test wants: raw JSON by method. A method
// that is missing is refused as unknown.
type answers map[string]string

func (n answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&call); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	result, ok := n[call.Method]
	switch {
	case !ok:
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"the method does not exist"}}`, call.ID)
	case strings.HasPrefix(result, "error:"):
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%q}}`, call.ID, strings.TrimPrefix(result, "error:"))
	case strings.HasPrefix(result, "status:"):
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprint(w, strings.TrimPrefix(result, "status:"))
	default:
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, call.ID, result)
	}
}

func adapterFor(t *testing.T, h http.Handler, change func(*Config)) *Adapter {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := Config{URL: server.URL, Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}}
	if change != nil {
		change(&cfg)
	}
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func on1337(n answers) answers {
	n["eth_chainId"] = `"0x539"`
	return n
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{URL: "http://127.0.0.1:1", Networks: asset.Networks{EthereumChainID: 1}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no url":           func(c *Config) { c.URL = "" },
		"other scheme":     func(c *Config) { c.URL = "ws://x" },
		"bad url":          func(c *Config) { c.URL = "http://x/secret\x7f" },
		"no chain":         func(c *Config) { c.Networks.EthereumChainID = 0 },
		"negative timeout": func(c *Config) { c.Timeout = -1 },
		"negative trace":   func(c *Config) { c.TraceTimeout = -1 },
		"unknown traces":   func(c *Config) { c.Traces = "maybe" },
		"tips in disorder": func(c *Config) { c.TipFloor, c.TipFallback, c.TipCap = 3, 2, 1 },
		"cap below tip":    func(c *Config) { c.FeeCapMax = 1 },
		"gas below 21000":  func(c *Config) { c.GasMax = 20999 },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherChainIsRefused(t *testing.T) {
	t.Parallel()
	a := adapterFor(t, answers{"eth_chainId": `"0x1"`, "eth_getBlockByNumber": string(testBlock(t).block)}, nil)
	if ref, err := a.Tip(t.Context()); err == nil {
		t.Fatalf("tip %s of a mainnet node", ref)
	}
}

func TestErrorsKeepTheProvidersKey(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answers{})
	url := server.URL + "/v3/secret"
	server.Close()
	a, err := New(Config{URL: url, Networks: asset.Networks{EthereumChainID: 1337}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Tip(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatal(err)
	}
}

func TestRepliesAreBounded(t *testing.T) {
	t.Parallel()
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 2 * maxReply >> 20 {
			if _, err := w.Write(chunk); err != nil {
				return // the client has hung up
			}
		}
	})
	if _, err := adapterFor(t, endless, nil).Tip(t.Context()); !errors.Is(err, errReplyTooLong) {
		t.Fatal(err)
	}
}

func TestSilentNodeTimesOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	a := adapterFor(t, silent, func(c *Config) { c.Timeout = 10 * time.Millisecond })
	t.Cleanup(func() { close(release) }) // before the server closes
	if got, err := a.Broadcast(t.Context(), rawTx(t, 1337)); got != chain.Unknown || err == nil {
		t.Fatalf("%s, %v", got, err)
	}
}

func rawTx(t *testing.T, chainID int64) []byte {
	t.Helper()
	tx, err := types.SignNewTx(us, types.LatestSignerForChainID(big.NewInt(chainID)), &types.DynamicFeeTx{
		ChainID: big.NewInt(chainID), To: &them, Value: big.NewInt(1), Gas: 21000, GasTipCap: big.NewInt(1), GasFeeCap: big.NewInt(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBroadcastAnswers(t *testing.T) {
	t.Parallel()
	raw := rawTx(t, 1337)
	var ours types.Transaction
	if err := ours.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	const found = `{"hash":"0x00"}`
	for name, row := range map[string]struct {
		send, look string
		want       chain.Acceptance
	}{
		"taken":                    {`"` + ours.Hash().Hex() + `"`, "", chain.Accepted},
		"another txid":             {`"` + common.Hash{}.Hex() + `"`, "", chain.Unknown},
		"already known":            {"error:already known", "", chain.Accepted},
		"nethermind knows it":      {"error:AlreadyKnown", "", chain.Accepted},
		"our own took the nonce":   {"error:nonce too low: next nonce 1, tx nonce 0", found, chain.Accepted},
		"a rival took the nonce":   {"error:nonce too low: next nonce 1, tx nonce 0", "null", chain.Conflicting},
		"a rival is pending":       {"error:replacement transaction underpriced", "null", chain.Conflicting},
		"our own is pending":       {"error:replacement transaction underpriced", found, chain.Accepted},
		"the look fails":           {"error:nonce too low", "error:transaction indexing is in progress", chain.Unknown},
		"no funds":                 {"error:insufficient funds for gas * price + value: balance 0", "", chain.Rejected},
		"too cheap":                {"error:transaction underpriced: gas tip cap 1, minimum needed 2", "", chain.Rejected},
		"too little gas":           {"error:intrinsic gas too low: gas 20999, minimum needed 21000", "", chain.Rejected},
		"over the node's fee cap":  {"error:tx fee (2.00 ether) exceeds the configured cap (1.00 ether)", "", chain.Rejected},
		"below the base fee":       {"error:max fee per gas less than block base fee", "", chain.Rejected},
		"words never seen":         {"error:the moon is full", "", chain.Unknown},
		"a type that is not known": {"error:unknown transaction type", "", chain.Unknown},
		"a gateway's error":        {"status:bad gateway", "", chain.Unknown},
		"a result of another kind": {`{"x":1}`, "", chain.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := adapterFor(t, on1337(answers{"eth_sendRawTransaction": row.send, "eth_getTransactionByHash": row.look}), nil)
			got, err := a.Broadcast(t.Context(), raw)
			if got != row.want || (err == nil) != (row.want == chain.Accepted) {
				t.Errorf("%s (%v), want %s", got, err, row.want)
			}
		})
	}
	a := adapterFor(t, on1337(answers{}), nil)
	if got, err := a.Broadcast(t.Context(), rawTx(t, 1)); got != chain.Rejected || err == nil {
		t.Errorf("signed for another chain: %s, %v", got, err)
	}
}

// planWith plans 1000 wei after the fixture's block, which is empty and has a base fee of
// 100 wei per gas: the next one's is 88.
func planWith(t *testing.T, n answers, feeMax uint64, change func(*Config)) (*types.Transaction, error) {
	t.Helper()
	n["eth_getBlockByNumber"] = string(testBlock(t).block)
	if _, ok := n["eth_getCode"]; !ok {
		n["eth_getCode"] = `"0x"`
	}
	a := adapterFor(t, on1337(n), func(c *Config) {
		c.TipFloor, c.TipFallback, c.TipCap, c.FeeCapMax = 2, 7, 50, 1000
		if change != nil {
			change(c)
		}
	})
	p, err := a.Plan(t.Context(), chain.Funds{Sender: ourAddress().Hex(), Nonce: 9, Balance: asset.NewUnits(1 << 50)},
		chain.Pay(chain.Output{Destination: them.Hex(), Asset: asset.ETH, Units: asset.NewUnits(1000)}, asset.NewUnits(feeMax)))
	if err != nil {
		return nil, err
	}
	var tx types.Transaction
	if err := tx.UnmarshalBinary(p.Unsigned); err != nil {
		t.Fatal(err)
	}
	if tx.Nonce() != 9 || p.Nonce != 9 || *tx.To() != them || tx.Value().Int64() != 1000 || tx.ChainId().Int64() != 1337 {
		t.Fatalf("planned %x", p.Unsigned)
	}
	if p.Fee.String() != new(big.Int).Mul(tx.GasFeeCap(), new(big.Int).SetUint64(tx.Gas())).String() {
		t.Fatalf("fee %s of %s wei for %d gas", p.Fee, tx.GasFeeCap(), tx.Gas())
	}
	return &tx, nil
}

func TestPlanPrices(t *testing.T) {
	t.Parallel()
	const plenty = 1 << 40
	tip := func(s string) answers { return answers{"eth_maxPriorityFeePerGas": s} }
	contract := func(estimate string) answers {
		return answers{"eth_maxPriorityFeePerGas": `"0x5"`, "eth_getCode": `"0x6001"`, "eth_estimateGas": estimate}
	}
	for name, row := range map[string]struct {
		node             answers
		feeMax           uint64
		change           func(*Config)
		tip, feeCap, gas int64
		err              error
	}{
		"twice the base fee and the tip": {tip(`"0x5"`), plenty, nil, 5, 181, 21000, nil},
		"the tip's floor":                {tip(`"0x0"`), plenty, nil, 2, 178, 21000, nil},
		"the tip's cap":                  {tip(`"0xffffff"`), plenty, nil, 50, 226, 21000, nil},
		"no suggestion":                  {answers{}, plenty, nil, 7, 183, 21000, nil},
		"a fee limit of less":            {tip(`"0x5"`), 21000*150 + 20999, nil, 5, 150, 21000, nil},
		"just the next block":            {tip(`"0x5"`), 21000 * 93, nil, 5, 93, 21000, nil},
		"not even the next block":        {tip(`"0x5"`), 21000*93 - 1, nil, 0, 0, 0, chain.ErrFeeMax},
		"the configured cap":             {tip(`"0x5"`), plenty, func(c *Config) { c.FeeCapMax = 120 }, 5, 120, 21000, nil},
		"above the configured cap":       {tip(`"0x5"`), plenty, func(c *Config) { c.FeeCapMax = 92 }, 0, 0, 0, chain.ErrFeeMax},
		"a contract, and a quarter more": {contract(`"0x7530"`), plenty, nil, 5, 181, 37500, nil},
		"a contract near the gas limit":  {contract(`"0x1869f"`), plenty, nil, 5, 181, 100_000, nil},
		"a contract above the limit":     {contract(`"0x186a1"`), plenty, nil, 0, 0, 0, errAny},
		"a contract that reverts":        {contract("error:execution reverted"), plenty, nil, 0, 0, 0, errAny},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx, err := planWith(t, row.node, row.feeMax, row.change)
			if row.err != nil {
				if err == nil || !errors.Is(row.err, errAny) && !errors.Is(err, row.err) {
					t.Fatalf("%v, want %v", err, row.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tx.GasTipCap().Int64() != row.tip || tx.GasFeeCap().Int64() != row.feeCap || int64(tx.Gas()) != row.gas {
				t.Errorf("tip %s, cap %s, gas %d", tx.GasTipCap(), tx.GasFeeCap(), tx.Gas())
			}
		})
	}
}

var errAny = errors.New("any error")

// The base fee moves by at most an eighth, as EIP-1559 has it.
func TestBaseAfter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		used uint64
		base int64
		want int64
	}{{15_000_000, 1000, 1000}, {30_000_000, 1000, 1125}, {0, 1000, 875}, {20_000_000, 1000, 1041}, {15_000_001, 7, 8}, {14_999_999, 7, 7}, {0, 0, 0}} {
		h := &types.Header{GasLimit: 30_000_000, GasUsed: row.used, BaseFee: big.NewInt(row.base)}
		if got := baseAfter(h); got.Int64() != row.want {
			t.Errorf("%d gas at %d: %s, want %d", row.used, row.base, got, row.want)
		}
	}
}

// What is wanted is the rate in the next block; what takes another's place offers an
// eighth more of both, also above the cap of tips, and never above the whole cap.
func TestWantedRateAndReplacement(t *testing.T) {
	t.Parallel()
	n := answers{"eth_getBlockByNumber": string(testBlock(t).block), "eth_getCode": `"0x"`}
	a := adapterFor(t, on1337(n), func(c *Config) { c.TipFloor, c.TipFallback, c.TipCap, c.FeeCapMax = 2, 7, 50, 1000 })
	f := chain.Funds{Sender: ourAddress().Hex(), Nonce: 9, Balance: asset.NewUnits(1 << 50)}
	r := chain.Pay(chain.Output{Destination: them.Hex(), Asset: asset.ETH, Units: asset.NewUnits(1000)}, asset.NewUnits(1<<40))
	var offers [][2]int64
	for _, wanted := range []chain.Rate{1, 100, 138, 500, 500, 0} {
		r.Rate = wanted
		p, err := a.Plan(t.Context(), f, r)
		if err != nil {
			t.Fatal(err)
		}
		var tx types.Transaction
		if err := tx.UnmarshalBinary(p.Unsigned); err != nil {
			t.Fatal(err)
		}
		offers = append(offers, [2]int64{tx.GasTipCap().Int64(), tx.GasFeeCap().Int64()})
		r.Replaces = append(r.Replaces, p)
	}
	want := [][2]int64{{2, 178}, {12, 201}, {50, 227}, {57, 500}, {65, 563}, {74, 634}}
	if !slices.Equal(offers, want) {
		t.Errorf("offers %v, want %v", offers, want)
	}
	for range 4 {
		p, err := a.Plan(t.Context(), f, r)
		if errors.Is(err, chain.ErrFeeMax) {
			return
		}
		r.Replaces = append(r.Replaces, p)
	}
	t.Error("replacements do not end at the cap")
}

func TestMempoolFallsBackToThePendingBlock(t *testing.T) {
	t.Parallel()
	block := string(testBlock(t).block)
	got, err := adapterFor(t, on1337(answers{"eth_getBlockByNumber": block}), nil).Mempool(t.Context(), everything{})
	if err != nil || len(got) != 3 { // three have a value and a destination
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := adapterFor(t, on1337(answers{"txpool_content": "status:away"}), nil).Mempool(t.Context(), everything{}); err == nil {
		t.Fatal("a node that is away has an empty mempool")
	}
}

// TestHeldWithoutState: a node that has pruned a block's state can't look back,
// which is ErrBlockGone; if it can't tell even the tip's, something is wrong.
func TestHeldWithoutState(t *testing.T) {
	t.Parallel()
	old := testBlock(t).block
	h, _, err := readHeader(old)
	if err != nil {
		t.Fatal(err)
	}
	at := refOf(h)
	h.Number = big.NewInt(43)
	newer := encodeBlock(t, h, nil)
	for name, row := range map[string]struct {
		latest []byte
		gone   bool
	}{"the tip": {old, false}, "an older block": {newer, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := adapterFor(t, pruned{old, row.latest}, nil).Held(t.Context(), at, asset.ETH, nil, []string{them.Hex()})
			if err == nil || errors.Is(err, chain.ErrBlockGone) != row.gone {
				t.Fatalf("%v, want ErrBlockGone: %v", err, row.gone)
			}
		})
	}
}

// pruned is a node that has blocks but no state.
type pruned struct{ block, latest []byte }

func (p pruned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var batch []struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(body, &batch) == nil {
		fmt.Fprintf(w, `[{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"missing trie node"}}]`, batch[0].ID)
		return
	}
	n := on1337(answers{"eth_getBlockByNumber": string(p.block)})
	if bytes.Contains(body, []byte(`"latest"`)) {
		n["eth_getBlockByNumber"] = string(p.latest)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.ServeHTTP(w, r)
}

func TestDelegatedAccountsArePaid(t *testing.T) {
	t.Parallel()
	n := on1337(answers{"eth_getCode": `"0xef0100aa"`, "eth_call": `"0x` + strings.Repeat("00", 32) + `"`})
	if err := adapterFor(t, n, nil).CheckDestination(t.Context(), them.Hex()); err != nil {
		t.Fatal(err)
	}
	n["eth_getCode"] = `"0x6001"`
	if err := adapterFor(t, n, nil).CheckDestination(t.Context(), them.Hex()); !errors.Is(err, asset.ErrAddressForbidden) {
		t.Fatal(err)
	}
	n["eth_call"] = "status:away"
	err := adapterFor(t, n, nil).CheckDestination(t.Context(), them.Hex())
	if err == nil || errors.Is(err, asset.ErrAddressForbidden) {
		t.Fatalf("the node did not answer: %v", err)
	}
}
