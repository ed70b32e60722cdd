package ethereum

import (
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"
	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
)

// some watches what is in it.
type some map[common.Address]*big.Int

func (s some) Address(a string) bool { return s[common.HexToAddress(a)] != nil }
func (some) Coin(string) bool        { panic("account chains never ask") }

// Whatever a block does to whom, by transactions of ours and of others, by contracts,
// withdrawals and fees: credits less debits are what each balance grew by.
func TestBooksFollowBalances(t *testing.T) {
	t.Parallel()
	keys := []*ecdsa.PrivateKey{us, crypto.ToECDSAUnsafe(crypto.Keccak256([]byte("other")))}
	rapid.Check(t, func(t *rapid.T) {
		w := some{ourAddress(): new(big.Int), ours: new(big.Int)}
		people := []common.Address{ourAddress(), ours, wallet, them}
		who := rapid.SampledFrom(people)
		start := big.NewInt(1_000_000_000_000)
		now := map[common.Address]*big.Int{}
		for _, a := range people {
			now[a] = new(big.Int).Set(start)
		}
		h := &types.Header{Number: big.NewInt(42), Difficulty: new(big.Int), BaseFee: big.NewInt(100), Coinbase: who.Draw(t, "coinbase")}
		c := content{header: h}
		var traces []string
		var gasUsed uint64
		for i := range rapid.IntRange(0, 4).Draw(t, "transactions") {
			before := snapshot(now)
			to := who.Draw(t, "to")
			key := rapid.SampledFrom(keys).Draw(t, "key")
			value, gas := rapid.Int64Range(0, 1000).Draw(t, "value"), rapid.Uint64Range(21000, 90000).Draw(t, "gas")
			tx := types.MustSignNewTx(key, signer, &types.DynamicFeeTx{ChainID: big.NewInt(1337), Nonce: uint64(i), To: &to, Value: big.NewInt(value),
				Gas: gas, GasTipCap: big.NewInt(rapid.Int64Range(0, 9).Draw(t, "tip")), GasFeeCap: big.NewInt(105)})
			status := uint64(rapid.IntRange(0, 1).Draw(t, "status"))
			move(now, crypto.PubkeyToAddress(key.PublicKey), tx, gas, h, status == 1)
			for status == 1 && rapid.Bool().Draw(t, "more") { // what contracts do
				from, to := who.Draw(t, "payer"), who.Draw(t, "paid")
				amount := big.NewInt(rapid.Int64Range(0, 500).Draw(t, "amount"))
				now[from].Sub(now[from], amount)
				now[to].Add(now[to], amount)
			}
			gasUsed += gas
			c.txs = append(c.txs, tx)
			c.receipts = append(c.receipts, &types.Receipt{Type: tx.Type(), Status: status, CumulativeGasUsed: gasUsed})
			traces = append(traces, traced(tx, before, now))
		}
		var err error
		if c.trace, err = readTrace([]byte("["+strings.Join(traces, ",")+"]"), c.txs, w); err != nil {
			t.Fatal(err)
		}
		for n := range rapid.IntRange(0, 3).Draw(t, "withdrawals") {
			one := &types.Withdrawal{Index: uint64(n), Address: who.Draw(t, "to"), Amount: rapid.Uint64Range(0, 50).Draw(t, "gwei")}
			c.withdrawals = append(c.withdrawals, one)
			now[one.Address].Add(now[one.Address], new(big.Int).Mul(new(big.Int).SetUint64(one.Amount), weiPerGwei))
		}
		h.TxHash = types.DeriveSha(c.txs, trie.NewStackTrie(nil))
		m, err := match(c, signer, w)
		if err != nil {
			t.Fatal(err)
		}
		for a, books := range booked(m.Block, w) {
			if grown := new(big.Int).Sub(now[a], start); grown.Cmp(books) != 0 {
				t.Fatalf("%s has %s more, the books %s: %+v", a, grown, books, m)
			}
		}
		ids := map[string]bool{}
		for i, tx := range c.txs {
			paid := func(credit chain.Credit) bool { return credit.TxID == tx.Hash().Hex() }
			if c.receipts[i].Status == 0 && slices.ContainsFunc(m.Credits, paid) {
				t.Fatalf("failed, and credited: %+v", m)
			}
		}
		for _, credit := range m.Credits {
			if ids[credit.CoinID()] || credit.Units.IsZero() {
				t.Fatalf("%+v is there twice, or nothing", credit)
			}
			ids[credit.CoinID()] = true
		}
	})
}

func snapshot(now map[common.Address]*big.Int) map[common.Address]*big.Int {
	copied := map[common.Address]*big.Int{}
	for a, n := range now {
		copied[a] = new(big.Int).Set(n)
	}
	return copied
}

// move does what a transaction itself does.
func move(now map[common.Address]*big.Int, sender common.Address, tx *types.Transaction, gas uint64, h *types.Header, ok bool) {
	if now[sender] == nil {
		now[sender] = new(big.Int)
	}
	tip, err := tx.EffectiveGasTip(h.BaseFee)
	if err != nil {
		panic(err)
	}
	used := new(big.Int).SetUint64(gas)
	now[sender].Sub(now[sender], new(big.Int).Mul(used, new(big.Int).Add(h.BaseFee, tip)))
	now[h.Coinbase].Add(now[h.Coinbase], new(big.Int).Mul(used, tip))
	if ok {
		now[sender].Sub(now[sender], tx.Value())
		now[*tx.To()].Add(now[*tx.To()], tx.Value())
	}
}

// traced is prestateTracer's answer for one transaction.
func traced(tx *types.Transaction, before, after map[common.Address]*big.Int) string {
	var pre, post []string
	for a, is := range after {
		was := before[a]
		if was == nil {
			was = new(big.Int)
		}
		if was.Cmp(is) == 0 || is.Sign() < 0 { // strangers may owe here; they are not watched
			continue
		}
		account := func(wei *big.Int) string {
			return fmt.Sprintf(`%q:{"balance":%q}`, strings.ToLower(a.Hex()), hexutil.EncodeBig(wei))
		}
		pre, post = append(pre, account(was)), append(post, account(is))
	}
	return fmt.Sprintf(`{"txHash":%q,"result":{"pre":{%s},"post":{%s}}}`, tx.Hash(), strings.Join(pre, ","), strings.Join(post, ","))
}

// booked is what a block adds to each watched address.
func booked(b chain.Block, w some) map[common.Address]*big.Int {
	sums := map[common.Address]*big.Int{}
	for a := range w {
		sums[a] = new(big.Int)
	}
	for _, c := range b.Credits {
		sums[common.HexToAddress(c.Address)].Add(sums[common.HexToAddress(c.Address)], c.Units.Big())
	}
	for _, d := range b.Debits {
		a := common.HexToAddress(d.Address)
		sums[a].Sub(sums[a], d.Units.Big())
		sums[a].Sub(sums[a], d.Fee.Big())
	}
	return sums
}
