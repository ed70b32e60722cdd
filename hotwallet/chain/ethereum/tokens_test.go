package ethereum

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// logged is a block whose transactions leave these logs, one list each.
func logged(t testing.TB, txs ...[]*types.Log) content {
	t.Helper()
	c := content{header: &types.Header{Number: big.NewInt(42), Difficulty: new(big.Int)}}
	for i, logs := range txs {
		tx, err := types.SignNewTx(us, signer, &types.LegacyTx{Nonce: uint64(i), To: &usdtAt, Value: new(big.Int), Gas: 100_000, GasPrice: big.NewInt(1)})
		if err != nil {
			t.Fatal(err)
		}
		c.txs = append(c.txs, tx)
		c.receipts = append(c.receipts, &types.Receipt{Status: 1, Logs: logs})
	}
	return c
}

// What the logs say, and what the balance says: only where both agree, or a single
// transaction brought less, is anything credited.
func TestSettle(t *testing.T) {
	t.Parallel()
	const silent = -1 << 40
	for name, row := range map[string]struct {
		nets    []int64 // by transaction
		grown   int64
		credits []uint64
		debits  []uint64
		doubt   bool
	}{
		"as logged":                        {[]int64{7}, 7, []uint64{7}, nil, false},
		"two as logged":                    {[]int64{7, 5}, 12, []uint64{7, 5}, nil, false},
		"in and out":                       {[]int64{7, -5}, 2, []uint64{7}, []uint64{5}, false},
		"out as logged":                    {[]int64{-5}, -5, nil, []uint64{5}, false},
		"F17 a fee is kept":                {[]int64{10}, 9, []uint64{9}, nil, false},
		"F17 a fee of two":                 {[]int64{10, 10}, 18, nil, nil, true},
		"F18 nothing has come":             {[]int64{10}, 0, nil, nil, true},
		"F18 less than before":             {[]int64{10}, -3, nil, nil, true},
		"F17 more has come":                {[]int64{10}, 11, nil, nil, true},
		"more has gone":                    {[]int64{-10}, -11, nil, []uint64{11}, true},
		"less has gone":                    {[]int64{-10}, -9, nil, []uint64{9}, true},
		"nothing has gone":                 {[]int64{-10}, 0, nil, []uint64{10}, true},
		"more has come than gone":          {[]int64{-10}, 4, nil, []uint64{10}, true},
		"in and out, and not as logged":    {[]int64{7, -5}, 3, nil, []uint64{5}, true},
		"nothing stays":                    {[]int64{0}, 0, nil, nil, false},
		"nothing should stay, and it does": {[]int64{0}, 3, nil, nil, true},
		"the contract is silent":           {[]int64{7}, silent, nil, nil, true},
		"it is silent, and something left": {[]int64{-7}, silent, nil, []uint64{7}, true},
	} {
		m := moved{holding: holding{asset.USDT, usdtAt, ours}}
		for i, n := range row.nets {
			m.add(fmt.Sprint("tx", i), big.NewInt(n))
		}
		grown := big.NewInt(row.grown)
		if row.grown == silent {
			grown = nil
		}
		var b chain.Block
		m.settle(grown, &b)
		var credits, debits []uint64
		for _, c := range b.Credits {
			credits = append(credits, c.Units.Big().Uint64())
			if c.Asset != asset.USDT || c.Address != ours.Hex() || c.Source != chain.Token {
				t.Errorf("%s: %+v", name, c)
			}
		}
		for _, d := range b.Debits {
			debits = append(debits, d.Units.Big().Uint64())
			if d.Asset != asset.USDT || d.Address != ours.Hex() || d.Nonce != 0 || !d.Fee.IsZero() || d.Failed {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if !slices.Equal(credits, row.credits) || !slices.Equal(debits, row.debits) || (len(b.Doubts) > 0) != row.doubt {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// Amounts that no balance can have are doubted, not read.
func TestSettleBeyond256Bits(t *testing.T) {
	t.Parallel()
	m := moved{holding: holding{asset.USDT, usdtAt, ours}}
	huge := new(big.Int).Lsh(big.NewInt(1), 256)
	m.add("tx0", huge)
	m.add("tx1", new(big.Int).Neg(new(big.Int).Sub(huge, big.NewInt(5))))
	var b chain.Block
	m.settle(big.NewInt(5), &b)
	if len(b.Credits) != 0 || len(b.Doubts) != 1 {
		t.Fatalf("%+v", b)
	}
}

// Which contracts, addresses and transactions count.
func TestTokenMoves(t *testing.T) {
	t.Parallel()
	ether := common.HexToAddress("0xfffffffffffffffffffffffffffffffffffffffe") // EIP-7708
	c := logged(t,
		[]*types.Log{transferLog(usdtAt, them, ours, 7), transferLog(usdtAt, them, ours, 5), transferLog(usdtAt, ours, them, 2)},
		[]*types.Log{transferLog(wallet, them, ours, 100), transferLog(ether, them, ours, 100), transferLog(usdtAt, them, wallet, 100)},
		[]*types.Log{transferLog(usdcAt, them, ours, 3), transferLog(usdtAt, them, ours, 4), transferLog(usdtAt, ours, ours, 4)},
		nil,
		[]*types.Log{transferLog(usdtAt, them, ours, 0), transferLog(usdtAt, ours, them, 0)})
	got := c.tokenMoves(tokens, only(ours))
	if len(got) != 2 || got[0].token != asset.USDT || got[1].token != asset.USDC {
		t.Fatalf("%+v", got)
	}
	if txs := got[0].txs; len(txs) != 2 || txs[0].txid != c.txs[0].Hash().Hex() || txs[0].net.Int64() != 10 ||
		txs[1].txid != c.txs[2].Hash().Hex() || txs[1].net.Int64() != 4 {
		t.Errorf("%+v", txs)
	}
	if txs := got[1].txs; len(txs) != 1 || txs[0].net.Int64() != 3 {
		t.Errorf("%+v", txs)
	}
}

// Whatever honest tokens do to whom, credits less debits are what each holding grew by,
// every credit is under an id of its own, and nothing is doubted.
func TestTokenBooksFollowBalances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		people := []common.Address{ours, ourAddress(), them, wallet}
		w := some{ours: new(big.Int), ourAddress(): new(big.Int)}
		who := rapid.SampledFrom(people)
		grown := map[holding]*big.Int{}
		change := func(token, a common.Address, by int64) {
			h := holding{tokens[token], token, a}
			if grown[h] == nil {
				grown[h] = new(big.Int)
			}
			grown[h].Add(grown[h], big.NewInt(by))
		}
		txs := make([][]*types.Log, rapid.IntRange(1, 4).Draw(rt, "transactions"))
		for i := range txs {
			for range rapid.IntRange(0, 4).Draw(rt, "logs") {
				token := rapid.SampledFrom([]common.Address{usdtAt, usdcAt}).Draw(rt, "token")
				from, to, value := who.Draw(rt, "from"), who.Draw(rt, "to"), rapid.Int64Range(0, 5).Draw(rt, "value")
				txs[i] = append(txs[i], transferLog(token, from, to, value))
				change(token, from, -value)
				change(token, to, value)
			}
		}
		var b chain.Block
		for _, m := range logged(t, txs...).tokenMoves(tokens, w) {
			m.settle(grown[m.holding], &b)
		}
		ids := map[string]bool{}
		for _, c := range b.Credits {
			at, _ := tokens.contract(c.Asset)
			change(at, common.HexToAddress(c.Address), -c.Units.Big().Int64())
			if ids[c.CoinID()] || c.Units.IsZero() {
				rt.Fatalf("%+v is there twice, or nothing", c)
			}
			ids[c.CoinID()] = true
		}
		for _, d := range b.Debits {
			at, _ := tokens.contract(d.Asset)
			change(at, common.HexToAddress(d.Address), d.Units.Big().Int64())
		}
		for h, rest := range grown {
			if w[h.address] != nil && rest.Sign() != 0 {
				rt.Fatalf("the books of %+v are off by %s: %+v", h, rest, b)
			}
		}
		if len(b.Doubts) != 0 {
			rt.Fatalf("%+v", b.Doubts)
		}
	})
}
