package chaincases_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/hotwallet/signer"
	"ferry/hotwallet/sweep"
	"ferry/hotwallet/treasury"
	"ferry/swap"
	"ferry/swap/asset"
)

// house is a world on geth with the real signer's keys, an engine, and what looks for
// sweeps: of ether that is worth 20 times its cost, of USDT from 10 on.
type house struct {
	*world
	geth     *geth
	usdt     common.Address
	accounts keys.Accounts
	// config is the engine's.
	config payment.Config
	engine *payment.Engine
	runner *sweep.Runner
	hot    string
	next   uint32
}

func newHouse(t *testing.T) *house {
	t.Helper()
	w := &house{geth: newGeth(t)}
	w.usdt, _ = w.geth.make(t, "Tether", new(big.Int))
	w.geth.mine(t, 1)
	pinned := networks
	pinned.Tokens = asset.Tokens{USDT: w.usdt.Hex()}
	w.geth.read(t, pinned)
	w.world = newWorld(t, w.geth, asset.USDT)
	dir := t.TempDir()
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: needed, asset.Ethereum: needed}}
	sign := signer.Config{Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "signer.key"), Networks: pinned,
		QuoteKeys: w.keys.QuoteKeys(), AttestKeys: w.keys.AttestKeys(), Caps: signer.DefaultCaps(), Rules: rules}
	public, err := signer.Init(sign.Dir, sign.KeyFile, pinned)
	w.must(err)
	raw, err := json.Marshal(public)
	w.must(err)
	w.accounts, err = keys.ParseAccounts(pinned, raw)
	w.must(err)
	signs, err := signer.Open(sign)
	w.must(err)
	t.Cleanup(func() { w.must(signs.Close()) })
	k, err := w.accounts.Derive(asset.Ethereum, keys.Hot, keys.External, 0)
	w.must(err)
	w.hot = k.Address
	w.set.Add(w.hot)
	w.must(w.store.AddHot(t.Context(), []treasury.HotKey{{Path: k.Path, Address: k.Address}}))
	feeMax, log := asset.MustUnits("20000000000000000"), slog.New(slog.DiscardHandler)
	w.config = payment.Config{Chain: asset.Ethereum, Store: w.store, Payer: w.geth.reader, Signer: remote.New(signs),
		Attestor: remote.NewAttestor(nil), FencingToken: token, FeeMax: feeMax, QuoteKeys: w.keys.QuoteKeys(),
		AttestKeys: w.keys.AttestKeys(), Check: remote.Check, Now: time.Now, Log: log}
	w.engine, err = payment.New(w.config)
	w.must(err)
	gas := asset.MustUnits("5000000000000000")
	w.runner, err = sweep.New(sweep.Config{Chain: asset.Ethereum, Store: w.store, Payer: w.geth.reader, Sender: w.hot, FeeMax: feeMax, Log: log,
		FeesUsual: func(context.Context) (bool, error) { return true, nil },
		Settings: sweep.Settings{PerHour: 20, TokenLeast: map[asset.ID]asset.Units{asset.USDT: asset.NewUnits(10_000_000)},
			TopUpMax: gas, TopUpAddressDay: gas, TopUpDay: gas}})
	w.must(err)
	return w
}

// deposit is a new deposit address, which nobody was given.
func (w *house) deposit() string {
	w.Helper()
	k, err := w.accounts.Derive(asset.Ethereum, keys.Deposit, keys.External, w.next)
	w.must(err)
	w.must(w.store.AddDeposits(w.Context(), []issue.Address{{Index: w.next, Path: k.Path, Address: k.Address}}, false))
	w.set.Add(k.Address)
	w.next++
	return k.Address
}

// token has the stranger send USDT, into the mempool.
func (w *house) token(to string, units asset.Units) {
	w.Helper()
	w.geth.run(w.T, w.usdt, asset.Units{}, "Token", "transfer(address,uint256)", common.HexToAddress(to), units)
}

// carried has what is due stored, handed in and buried, and demands that the books agree.
func (w *house) carried() {
	w.Helper()
	w.must(w.runner.Look(w.Context()))
	w.must(w.engine.Round(w.Context()))
	w.mine(needed)
	w.wantBooks()
}

// has is what the node says an address has at the tip.
func (w *house) has(address string, id asset.ID) asset.Units {
	w.Helper()
	tip, err := w.geth.reader.Tip(w.Context())
	w.must(err)
	units, err := w.geth.reader.Held(w.Context(), tip, id, nil, []string{address})
	w.must(err)
	return units
}

func (w *house) payments() string {
	w.Helper()
	return w.text(w.pool, `SELECT coalesce(string_agg(purpose || ' ' || asset || ' ' || state || CASE reason WHEN '' THEN '' ELSE ' ' || reason END, ', '
		ORDER BY purpose, asset), '') FROM payment`)
}

// Setup: ether on one deposit address of a geth, a token on another. Test: the signer
// signs the sweep of the ether, the gas for the token, and the token's sweep, each once;
// the node says that all is at the address that pays, and the books agree at every block.
func TestSweepsOnGeth(t *testing.T) {
	t.Parallel()
	w := newHouse(t)
	ether, token := w.deposit(), w.deposit()
	w.node.pay(t, w.hot, asset.MustUnits("1000000000000000000"))
	w.node.pay(t, ether, asset.MustUnits("300000000000000000"))
	w.token(token, asset.NewUnits(700_000_000))
	w.mine(needed)
	w.carried()
	if got := w.payments(); got != "gas_topup ETH final, sweep ETH final" {
		t.Fatalf("payments: %s", got)
	}
	w.carried()
	if got := w.payments(); got != "gas_topup ETH final, sweep ETH final, sweep USDT final" {
		t.Fatalf("payments: %s", got)
	}
	if got := w.has(w.hot, asset.USDT); got != asset.NewUnits(700_000_000) || !w.has(token, asset.USDT).IsZero() {
		t.Fatalf("%s USDT are at the address that pays, %s at the other", got, w.has(token, asset.USDT))
	}
	// All but the gas of three transactions, some ten dollars' worth at most.
	left, err := asset.MustUnits("1300000000000000000").Sub(w.has(w.hot, asset.ETH))
	w.must(err)
	if most := asset.MustUnits("5000000000000000"); most.Less(left) || asset.MustUnits("299000000000000000").Less(w.has(ether, asset.ETH)) {
		t.Fatalf("%s wei did not come to the address that pays", left)
	}
	w.carried()
	if n := w.text(w.pool, `SELECT count(*)::text FROM payment`); n != "3" {
		t.Fatalf("%s payments with nothing left to sweep", n)
	}
	if n := w.text(w.pool, `SELECT count(*)::text FROM deposit WHERE purpose = 'funding'`); n != "1" {
		t.Fatalf("%s fundings: a sweep came as one", n)
	}
}

// F23: dust in a token and in ether, sent to many deposit addresses to have us burn gas,
// is never moved, and no gas is given for it: neither does a nonce of ours move.
func TestF23DustTokensBurnNoGas(t *testing.T) {
	t.Parallel()
	w := newHouse(t)
	w.plays("F23", "dust in tokens to many deposit addresses, to have us burn gas", "never swept, no gas is given for it; swept once it is worth it")
	w.node.pay(t, w.hot, asset.MustUnits("1000000000000000000"))
	var addresses []string
	for n := range 12 {
		address := w.deposit()
		addresses = append(addresses, address)
		w.token(address, asset.NewUnits(9_999_999))
		if n%2 == 0 {
			w.node.pay(t, address, asset.NewUnits(1_000_000_000))
		}
	}
	w.mine(needed)
	before := w.has(w.hot, asset.ETH)
	for range 3 {
		w.carried()
	}
	if got := w.payments(); got != "" {
		t.Fatalf("payments for dust: %s", got)
	}
	for _, address := range append(addresses, w.hot) {
		var nonce hexutil.Uint64
		w.geth.call(t, &nonce, "eth_getTransactionCount", address, "latest")
		if nonce != 0 {
			t.Fatalf("%s has sent %d transactions", address, nonce)
		}
	}
	if after := w.has(w.hot, asset.ETH); after != before {
		t.Fatalf("the address that pays has %s, before the dust %s", after, before)
	}
	// The same address is swept as soon as what lies there is worth it.
	w.token(addresses[0], asset.NewUnits(1))
	w.mine(needed)
	w.carried()
	w.carried()
	if got := w.has(w.hot, asset.USDT); got != asset.NewUnits(10_000_000) {
		t.Fatalf("%s USDT were swept: %s", got, fmt.Sprint(w.payments()))
	}
}
