package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/trie"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// only watches one address.
type only common.Address

func (o only) Address(a string) bool { return a == common.Address(o).Hex() }
func (only) Coin(string) bool        { panic("account chains never ask") }

var (
	ours   = common.Address{0x0e, 1}
	wallet = common.Address{0xaa}
)

// one is a block with one transaction of a stranger to a contract, and what a trace
// says of it: pre and post in JSON.
func one(t testing.TB, status uint64, to common.Address, value int64, pre, post string) fixture {
	t.Helper()
	return oneWith(t, status, to, value, fmt.Sprintf(`{"pre":%s,"post":%s}`, pre, post), theCoinbase, nil)
}

func oneWith(t testing.TB, status uint64, to common.Address, value int64, result string, feesTo common.Address, w types.Withdrawals) fixture {
	t.Helper()
	tx, err := types.SignNewTx(us, signer, &types.DynamicFeeTx{ChainID: big.NewInt(1337), To: &to, Value: big.NewInt(value),
		Gas: 100_000, GasTipCap: big.NewInt(2), GasFeeCap: big.NewInt(1000)})
	if err != nil {
		t.Fatal(err)
	}
	txs := types.Transactions{tx}
	rs := types.Receipts{{Type: tx.Type(), Status: status, CumulativeGasUsed: 50_000, GasUsed: 50_000, Logs: []*types.Log{}, TxHash: tx.Hash()}}
	h := &types.Header{ParentHash: common.Hash{1}, Number: big.NewInt(42), Time: 1_700_000_000, Difficulty: new(big.Int),
		BaseFee: big.NewInt(100), Extra: []byte{}, GasLimit: 30_000_000, Coinbase: feesTo,
		TxHash: types.DeriveSha(txs, trie.NewStackTrie(nil)), ReceiptHash: types.DeriveSha(rs, trie.NewStackTrie(nil))}
	if w != nil {
		hash := types.DeriveSha(w, trie.NewStackTrie(nil))
		h.WithdrawalsHash = &hash
	}
	var fields map[string]any
	if err := json.Unmarshal(encodeBlock(t, h, txs), &fields); err != nil {
		t.Fatal(err)
	}
	fields["withdrawals"] = w
	return fixture{encode(t, fields), encode(t, rs), fmt.Appendf(nil, `[{"txHash":%q,"result":%s}]`, tx.Hash(), result)}
}

// has is an account in a trace.
func has(a common.Address, wei int64) string {
	return fmt.Sprintf(`{%q:{"balance":%q,"nonce":1}}`, strings.ToLower(a.Hex()), hexutil.EncodeBig(big.NewInt(wei)))
}

const nobody = "{}"

func (f fixture) readAs(t testing.TB, w chain.Watch) (matched, error) {
	t.Helper()
	c, err := f.content(w)
	if err != nil {
		return matched{}, err
	}
	return match(c, signer, w)
}

// What a transaction left at our address counts, however it came there; what it took
// away again does not.
func TestNetChangeOfAnAddress(t *testing.T) {
	t.Parallel()
	const ok, failed = types.ReceiptStatusSuccessful, types.ReceiptStatusFailed
	quiet := fmt.Sprintf(`{%q:{"nonce":2}}`, strings.ToLower(ours.Hex()))
	for name, row := range map[string]struct {
		f             fixture
		plain, inside uint64 // credited
		taken         uint64 // debited
	}{
		"a plain transfer":              {one(t, ok, ours, 7, has(ours, 3), has(ours, 10)), 7, 0, 0},
		"the first ether of an address": {one(t, ok, ours, 7, nobody, has(ours, 7)), 7, 0, 0},
		"a contract pays":               {one(t, ok, wallet, 9, has(ours, 3), has(ours, 10)), 0, 7, 0},
		"a contract pays a new address": {one(t, ok, wallet, 9, nobody, has(ours, 9)), 0, 9, 0},
		"nothing stays":                 {one(t, ok, wallet, 9, nobody, nobody), 0, 0, 0},
		"a transfer and more besides":   {one(t, ok, ours, 7, has(ours, 3), has(ours, 15)), 7, 5, 0},
		"a transfer, part of it taken":  {one(t, ok, ours, 7, has(ours, 3), has(ours, 8)), 7, 0, 2},
		"all of a transfer taken":       {one(t, ok, ours, 7, nobody, nobody), 7, 0, 7},
		"more is taken than it had":     {one(t, ok, wallet, 0, has(ours, 10), has(ours, 4)), 0, 0, 6},
		"all is taken":                  {one(t, ok, wallet, 0, has(ours, 10), has(ours, 0)), 0, 0, 10},
		"the account is no more":        {one(t, ok, wallet, 0, has(ours, 10), nobody), 0, 0, 10},
		"another's balance":             {one(t, ok, wallet, 7, has(wallet, 0), has(wallet, 7)), 0, 0, 0},
		"something but the balance":     {one(t, ok, wallet, 7, has(ours, 10), quiet), 0, 0, 0},
		"a failed one to us":            {one(t, failed, ours, 7, nobody, nobody), 0, 0, 0},
		"a failed one to a contract":    {one(t, failed, wallet, 7, nobody, nobody), 0, 0, 0},
		"a trace that forgets us":       {one(t, ok, ours, 7, has(wallet, 1), has(wallet, 2)), 7, 0, 7},
	} {
		m, err := row.f.readAs(t, only(ours))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var plain, inside, taken asset.Units
		for _, c := range m.Credits {
			if c.Source == chain.Transfer {
				plain = c.Units
			} else if c.Source == chain.Internal {
				inside = c.Units
			}
		}
		for _, d := range m.Debits {
			taken = d.Units
		}
		if plain != asset.NewUnits(row.plain) || inside != asset.NewUnits(row.inside) || taken != asset.NewUnits(row.taken) {
			t.Errorf("%s: %+v", name, m)
		}
		if said := m.doubtful[ours.Hex()]; said != (row.inside+row.taken > 0) || len(m.doubtful) > 1 {
			t.Errorf("%s: to be compared with balances: %v", name, m.doubtful)
		}
		if row.plain+row.inside > 0 && len(m.Credits) > 2 || row.taken == 0 && len(m.Debits) > 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	// F11: no trace makes a failed transaction pay.
	if m, err := one(t, failed, wallet, 7, nobody, has(ours, 7)).readAs(t, only(ours)); !errors.Is(err, errFailedPays) {
		t.Errorf("F11: %+v, %v", m, err)
	}
}

// What the sender pays for its transaction is known from the header's data.
func TestOwnTransactionsAreNoInternalTransfers(t *testing.T) {
	t.Parallel()
	const had, fee = 10_000_000, 50_000 * 102
	for name, row := range map[string]struct {
		status uint64
		after  int64
		inside uint64
		taken  uint64
	}{
		"paid":                          {1, had - fee - 7, 0, 0},
		"failed":                        {0, had - fee, 0, 0},
		"paid, and some of it returned": {1, had - fee - 7 + 4, 4, 0},
		"more has left":                 {1, had - fee - 7 - 4, 0, 4},
	} {
		m, err := one(t, row.status, wallet, 7, has(ourAddress(), had), has(ourAddress(), row.after)).readAs(t, only(ourAddress()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Debits[0].Fee != asset.NewUnits(fee) || m.Debits[0].Failed != (row.status == 0) {
			t.Errorf("%s: %+v", name, m.Debits)
		}
		inside := len(m.Credits) == 1 && m.Credits[0].Units == asset.NewUnits(row.inside) && m.Credits[0].Source == chain.Internal
		taken := len(m.Debits) == 2 && m.Debits[1].Units == asset.NewUnits(row.taken) && m.Debits[1].Fee.IsZero()
		if inside != (row.inside > 0) || taken != (row.taken > 0) {
			t.Errorf("%s: %+v", name, m.Block)
		}
	}
}

// Withdrawals and fees come with the block, and are seen without a trace too.
func TestWhatComesWithTheBlock(t *testing.T) {
	t.Parallel()
	const tips = 50_000 * 2
	w := types.Withdrawals{{Index: 1, Validator: 5, Address: ours, Amount: 3}, {Index: 2, Validator: 6, Address: them, Amount: 9},
		{Index: 3, Validator: 5, Address: ours, Amount: 4}, {Index: 4, Validator: 7, Address: ours}}
	result := fmt.Sprintf(`{"pre":{},"post":%s}`, has(ours, tips+8))
	for _, traced := range []bool{true, false} {
		f := oneWith(t, 1, wallet, 8, result, ours, w)
		if !traced {
			f.trace = nil
		}
		m, err := f.readAs(t, only(ours))
		if err != nil {
			t.Fatal(err)
		}
		got := map[chain.Source]chain.Credit{}
		for _, c := range m.Credits {
			got[c.Source] = c
		}
		if c := got[chain.Withdrawal]; c.Units != asset.NewUnits(7*gwei) || c.TxID != m.Hash {
			t.Errorf("withdrawals %+v", c)
		}
		if c := got[chain.Reward]; c.Units != asset.NewUnits(tips) || c.TxID != m.Hash {
			t.Errorf("reward %+v", c)
		}
		if c, seen := got[chain.Internal]; seen != traced || seen && c.Units != asset.NewUnits(8) {
			t.Errorf("internal %+v", c)
		}
	}
	f := oneWith(t, 1, wallet, 8, result, ours, w)
	f.block = []byte(strings.Replace(string(f.block), `"amount":"0x3"`, `"amount":"0x4"`, 1))
	if m, err := f.readAs(t, only(ours)); err == nil {
		t.Errorf("a withdrawal that the header does not have: %+v", m)
	}
}

func TestReadTraceRefuses(t *testing.T) {
	t.Parallel()
	f := one(t, 1, wallet, 9, nobody, has(ours, 9))
	good := string(f.trace)
	hash := good[strings.Index(good, `"0x`) : strings.Index(good, `"0x`)+68]
	upper := strings.Replace(has(ours, 9), "0x0e", "0x0E", 1)
	for name, lie := range map[string]string{
		"null":                   "null",
		"no transaction":         "[]",
		"one more":               good[:len(good)-1] + "," + good[1:],
		"null instead of one":    "[null]",
		"another transaction":    strings.Replace(good, hash[1:10], "0xdeadbee", 1),
		"no hash":                strings.Replace(good, `"txHash"`, `"hash"`, 1),
		"an error":               strings.Replace(good, `"result"`, `"error":"execution timeout","result"`, 1),
		"no result":              strings.Replace(good, `"result"`, `"results"`, 1),
		"no pre":                 strings.Replace(good, `"pre"`, `"before"`, 1),
		"null for post":          strings.Replace(good, `"post":`+has(ours, 9), `"post":null`, 1),
		"a list for pre":         strings.Replace(good, `"pre":{}`, `"pre":[]`, 1),
		"an address twice":       strings.Replace(good, has(ours, 9), has(ours, 9)[:len(has(ours, 9))-1]+","+has(ours, 8)[1:], 1),
		"an address in two ways": strings.Replace(good, has(ours, 9), has(ours, 9)[:len(has(ours, 9))-1]+","+upper[1:], 1),
		"a short address":        strings.Replace(good, `"0x0e01`, `"0x0e`, 1),
		"a negative balance":     strings.Replace(good, `"0x9"`, `"-0x9"`, 1),
		"a decimal balance":      strings.Replace(good, `"0x9"`, `9`, 1),
		"257 bits":               strings.Replace(good, `"0x9"`, `"0x1`+strings.Repeat("0", 64)+`"`, 1),
		"leading zeros":          strings.Replace(good, `"0x9"`, `"0x09"`, 1),
		"cut short":              good[:len(good)-2],
		"too deep":               strings.Replace(good, `"pre":{}`, `"pre":{"x":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`, 1),
	} {
		if lie == good {
			t.Fatalf("%s: the fixture has no such place", name)
		}
		f.trace = []byte(lie)
		if m, err := f.readAs(t, only(ours)); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// A trace is the word of the node, or of whoever sits before it.
func FuzzReadTrace(f *testing.F) {
	base := one(f, 1, wallet, 9, nobody, has(ours, 9))
	f.Add(base.trace)
	f.Add(one(f, 1, wallet, 9, has(ours, 9), nobody).trace)
	f.Add(one(f, 1, ours, 9, has(ours, 9), has(ours, 18)).trace)
	for _, pair := range [][2]string{{nobody, has(ours, 9)}, {has(ours, 9), nobody}, {has(ours, 9), has(ours, 0)}, {has(ours, 1), has(wallet, 1)},
		{has(ours, 9), strings.Replace(has(ours, 9), "balance", "code", 1)}} {
		f.Add(fmt.Appendf(nil, `{"pre":%s,"post":%s}`, pair[0], pair[1]))
	}
	f.Add([]byte(`[{"result":{"pre":{"0x":{}},"post":{}}}]`))
	f.Add([]byte(`[{"result":{"pre":{"0x0000000000000000000000000000000000000001":{"balance":"0x0"},"0x0000000000000000000000000000000000000001":{}}}}]`))
	c, err := fixture{base.block, base.receipts, nil}.content(only(ours))
	if err != nil {
		f.Fatal(err)
	}
	hash := c.txs[0].Hash().Hex()
	f.Fuzz(func(t *testing.T, result []byte) {
		for _, reply := range [][]byte{result, fmt.Appendf(nil, `[{"txHash":%q,"result":%s}]`, hash, result)} {
			trace, err := readTrace(reply, c.txs, only(ours))
			if err != nil {
				continue
			}
			traced := c
			traced.trace = trace
			m, err := match(traced, signer, only(ours))
			if err != nil {
				t.Fatalf("a trace of 256 bits does not match: %v", err)
			}
			// Whatever it says is about our address, of this transaction, of some amount,
			// and will be compared.
			if len(m.Credits) > 1 || len(m.Debits) > 1 || len(m.Credits)+len(m.Debits) > 1 || len(m.doubtful) != len(m.Credits)+len(m.Debits) {
				t.Fatalf("%+v", m)
			}
			for _, credit := range m.Credits {
				if credit.TxID != hash || credit.Address != ours.Hex() || credit.Units.IsZero() {
					t.Fatalf("%+v", credit)
				}
			}
		}
	})
}
