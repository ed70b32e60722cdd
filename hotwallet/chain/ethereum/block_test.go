package ethereum

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

var (
	signer = types.LatestSignerForChainID(big.NewInt(1337))
	us     = crypto.ToECDSAUnsafe(crypto.Keccak256([]byte("us")))
	them   = common.HexToAddress("0x00000000000000000000000000000000000bEEF1")
)

func ourAddress() common.Address { return crypto.PubkeyToAddress(us.PublicKey) }

// theCoinbase gets the fees of a fixture's block.
var theCoinbase = common.Address{0xc0}

// everything watches all but the coinbase.
type everything struct{}

func (everything) Address(a string) bool { return a != theCoinbase.Hex() }
func (everything) Coin(string) bool      { panic("account chains never ask") }

// fixture is a block as a node sends it; trace is nil if the node shows none.
type fixture struct{ block, receipts, trace []byte }

// testBlock has four transactions of ours: a transfer, one that failed, one
// without value and a legacy one.
func testBlock(t testing.TB) fixture {
	t.Helper()
	sign := func(data types.TxData) *types.Transaction {
		tx, err := types.SignNewTx(us, signer, data)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	dynamic := func(nonce uint64, to *common.Address, wei int64) *types.Transaction {
		return sign(&types.DynamicFeeTx{
			ChainID: big.NewInt(1337), Nonce: nonce, To: to, Value: big.NewInt(wei), Gas: 100_000,
			GasTipCap: big.NewInt(2), GasFeeCap: big.NewInt(1000),
		})
	}
	txs := types.Transactions{
		dynamic(0, &them, 500), dynamic(1, &them, 600), dynamic(2, &them, 0),
		sign(&types.LegacyTx{Nonce: 3, To: &them, Value: big.NewInt(700), Gas: 21000, GasPrice: big.NewInt(150)}),
		dynamic(4, nil, 800), // makes a contract
	}
	var rs types.Receipts
	for i, gas := range []uint64{21000, 30000, 21000, 21000, 50000} {
		r := &types.Receipt{
			Type: txs[i].Type(), Status: types.ReceiptStatusSuccessful, CumulativeGasUsed: gas, Logs: []*types.Log{},
			TxHash: txs[i].Hash(), GasUsed: gas,
		}
		if i > 0 {
			r.CumulativeGasUsed += rs[i-1].CumulativeGasUsed
		}
		rs = append(rs, r)
	}
	rs[1].Status = types.ReceiptStatusFailed
	h := &types.Header{
		ParentHash: common.Hash{1}, Coinbase: theCoinbase, Number: big.NewInt(42), Time: 1_700_000_000, Difficulty: new(big.Int),
		BaseFee: big.NewInt(100), Extra: []byte{}, GasLimit: 30_000_000,
		TxHash: types.DeriveSha(txs, trie.NewStackTrie(nil)), ReceiptHash: types.DeriveSha(rs, trie.NewStackTrie(nil)),
	}
	return fixture{encodeBlock(t, h, txs), encode(t, rs), nil}
}

// encodeBlock writes the header's fields and the transactions as one object.
func encodeBlock(t testing.TB, h *types.Header, txs types.Transactions) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(encode(t, h), &fields); err != nil {
		t.Fatal(err)
	}
	fields["transactions"] = txs
	return encode(t, fields)
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// content decodes and checks the replies.
func (f fixture) content(w chain.Watch) (content, error) {
	h, ok, err := readHeader(f.block)
	if err != nil || !ok {
		return content{}, err
	}
	c, err := readBody(h, f.block)
	if err != nil {
		return c, err
	}
	if err := c.readReceipts(f.receipts); err != nil {
		return c, err
	}
	if f.trace != nil {
		c.trace, err = readTrace(f.trace, c.txs, w)
	}
	return c, err
}

// read does what Block does with the replies.
func (f fixture) read() (chain.Block, error) {
	c, err := f.content(everything{})
	if err != nil || c.header == nil {
		return chain.Block{}, err
	}
	m, err := match(c, signer, everything{})
	return m.Block, err
}

func TestMatch(t *testing.T) {
	t.Parallel()
	b, err := testBlock(t).read()
	if err != nil {
		t.Fatal(err)
	}
	if b.Height != 42 || b.Time.Unix() != 1_700_000_000 || b.Parent != (common.Hash{1}).Hex() {
		t.Fatalf("%+v", b)
	}
	if len(b.Credits) != 2 || b.Credits[0].Units != asset.NewUnits(500) || b.Credits[1].Units != asset.NewUnits(700) {
		t.Fatalf("credits %+v", b.Credits)
	}
	if b.Credits[0].Address != them.Hex() {
		t.Fatalf("credited to %s, want %s", b.Credits[0].Address, them.Hex())
	}
	for i, want := range []struct {
		units, fee uint64
		failed     bool
	}{
		{500, 21000 * 102, false}, {0, 30000 * 102, true}, {0, 21000 * 102, false},
		{700, 21000 * 150, false}, {800, 50000 * 102, false},
	} {
		d := b.Debits[i]
		if d.Units != asset.NewUnits(want.units) || d.Fee != asset.NewUnits(want.fee) || d.Failed != want.failed ||
			d.Nonce != uint64(i) || d.Address != ourAddress().Hex() {
			t.Errorf("debit %d: %+v, want %+v", i, d, want)
		}
	}
}

func TestReadBlockRefusesLies(t *testing.T) {
	t.Parallel()
	swap := func(from, to string) func(testing.TB, []byte) []byte {
		return func(t testing.TB, raw []byte) []byte {
			t.Helper()
			if !strings.Contains(string(raw), from) {
				t.Fatalf("the fixture has no %s", from)
			}
			return []byte(strings.Replace(string(raw), from, to, 1))
		}
	}
	list := func(change func([]any) []any) func(testing.TB, []byte) []byte {
		return func(t testing.TB, raw []byte) []byte {
			t.Helper()
			var block map[string]any
			var all []any
			if json.Unmarshal(raw, &block) == nil {
				block["transactions"] = change(block["transactions"].([]any))
				return encode(t, block)
			}
			if err := json.Unmarshal(raw, &all); err != nil {
				t.Fatal(err)
			}
			return encode(t, change(all))
		}
	}
	less := list(func(a []any) []any { return a[1:] })
	more := list(func(a []any) []any { return append(a, a[0]) })
	none := list(func(a []any) []any { a[0] = nil; return a })
	for name, lie := range map[string]struct {
		block, receipts func(testing.TB, []byte) []byte
	}{
		"another number":           {swap(`"number":"0x2a"`, `"number":"0x2b"`), nil},
		"another parent":           {swap(`"parentHash":"0x01`, `"parentHash":"0x02`), nil},
		"another value":            {swap(`"value":"0x1f4"`, `"value":"0x1f5"`), nil},
		"another destination":      {swap(strings.ToLower(them.Hex()), strings.ToLower(ourAddress().Hex())), nil},
		"a failure made a success": {nil, swap(`"status":"0x0"`, `"status":"0x1"`)},
		"a success made a failure": {nil, swap(`"status":"0x1"`, `"status":"0x0"`)},
		"less gas":                 {nil, swap(`"cumulativeGasUsed":"0x5208"`, `"cumulativeGasUsed":"0x5207"`)},
		"a transaction left out":   {less, nil},
		"both left out":            {less, less},
		"a transaction repeated":   {more, more},
		"a receipt repeated":       {nil, more},
		"a null transaction":       {none, nil},
		"a null receipt":           {nil, none},
		"a null log":               {nil, swap(`"logs":[]`, `"logs":[null]`)},
		"a log added":              {nil, swap(`"logs":[]`, `"logs":[`+string(encode(t, transferLog(usdtAt, them, ours, 7)))+`]`)},
		"no receipts":              {nil, func(testing.TB, []byte) []byte { return []byte("[]") }},
	} {
		f := testBlock(t)
		if lie.block != nil {
			f.block = lie.block(t, f.block)
		}
		if lie.receipts != nil {
			f.receipts = lie.receipts(t, f.receipts)
		}
		if b, err := f.read(); err == nil {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func FuzzReadBlock(f *testing.F) {
	good := testBlock(f)
	f.Add(good.block, good.receipts)
	f.Add([]byte("null"), []byte("null"))
	withLogs := logged(f, []*types.Log{transferLog(usdtAt, them, ours, 7), transferLog(usdtAt, ours, them, 2)}, []*types.Log{transferLog(usdcAt, them, ours, 1)})
	f.Add(encodeBlock(f, withLogs.header, withLogs.txs), encode(f, withLogs.receipts))
	f.Fuzz(func(t *testing.T, block, receipts []byte) {
		_, _ = fixture{block, receipts, nil}.read() // must not panic
		// Past the hashes as well, which a fuzzer can't satisfy.
		var c content
		var body struct {
			Transactions types.Transactions `json:"transactions"`
			Withdrawals  types.Withdrawals  `json:"withdrawals"`
		}
		if json.Unmarshal(block, &c.header) != nil || c.header == nil || json.Unmarshal(block, &body) != nil ||
			json.Unmarshal(receipts, &c.receipts) != nil || len(c.receipts) != len(body.Transactions) || !c.header.Number.IsInt64() ||
			slices.Contains(body.Transactions, nil) || slices.Contains(body.Withdrawals, nil) || slices.Contains(c.receipts, nil) {
			return
		}
		for _, r := range c.receipts {
			if slices.Contains(r.Logs, nil) {
				return
			}
		}
		c.txs, c.withdrawals = body.Transactions, body.Withdrawals
		for _, moved := range c.tokenMoves(tokens, everything{}) {
			var b chain.Block
			changed, sum := moved.changed()
			huge := func(m movement) bool { return m.net.BitLen() > 256 }
			if moved.settle(sum, &b); (len(b.Doubts) > 0) != slices.ContainsFunc(changed, huge) {
				t.Fatalf("as logged, and doubted only if no balance can be that: %+v", b)
			}
		}
		m, err := match(c, signer, everything{})
		if err == nil && len(m.Debits) != len(c.txs) {
			t.Fatalf("%d debits of %d transactions", len(m.Debits), len(c.txs))
		}
	})
}
