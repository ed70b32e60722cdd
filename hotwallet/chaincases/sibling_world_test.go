package chaincases_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"ferry/hotwallet/attest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/payment/remote"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/signer"
	"ferry/hotwallet/treasury"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// siblings is a world on Bitcoin with the real signer's keys, and the attestor, whose
// swaps deposit bitcoin cash.
type siblings struct {
	*world
	btcd     *utxoNode
	accounts keys.Accounts
	attestor *attest.Attestor
	engine   *payment.Engine
	// home is Bitcoin Cash's store, on the same rows.
	home *postgres.Store
	next uint32
}

func newSiblings(t *testing.T) *siblings {
	t.Helper()
	n := newBtcd(t)
	w := &siblings{world: newWorld(t, n), btcd: n}
	w.handler.Rules.RefundFees = map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(refundFee)}
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: needed, asset.BitcoinCash: needed, asset.Ethereum: needed}}
	dir := t.TempDir()
	sign := signer.Config{Dir: filepath.Join(dir, "signer"), KeyFile: filepath.Join(dir, "key", "signer.key"), Networks: networks,
		QuoteKeys: w.keys.QuoteKeys(), AttestKeys: w.keys.AttestKeys(), Caps: signer.DefaultCaps(), Rules: rules}
	public, err := signer.Init(sign.Dir, sign.KeyFile, networks)
	w.must(err)
	raw, err := json.Marshal(public)
	w.must(err)
	w.accounts, err = keys.ParseAccounts(networks, raw)
	w.must(err)
	signs, err := signer.Open(sign)
	w.must(err)
	t.Cleanup(func() { w.must(signs.Close()) })
	w.openAttestor(filepath.Join(dir, "attest.db"), rules)
	w.engine, err = payment.New(payment.Config{Chain: asset.Bitcoin, Store: w.store, Payer: n.reader, Signer: remote.New(signs),
		Attestor: remote.NewAttestor(w.attestor), FencingToken: token, FeeMax: asset.NewUnits(100_000), QuoteKeys: w.keys.QuoteKeys(),
		AttestKeys: w.keys.AttestKeys(), Check: remote.Check, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.openHome()
	return w
}

const (
	// refundFee is what the refund of bitcoin costs its owner, less than it costs.
	refundFee = 300
	// token is the lease that all calls come under.
	token = 7
)

func (w *siblings) openAttestor(store string, rules swap.DepositRules) {
	w.Helper()
	witness, err := attest.NewWitness(attest.WitnessConfig{Rules: rules,
		Nodes: map[asset.Chain][]attest.Node{asset.Bitcoin: {{Reader: w.btcd.reader, Identified: w.btcd.reader}}}})
	w.must(err)
	w.must(attest.Create(store, w.accounts))
	w.attestor, err = attest.Open(attest.Config{Networks: networks, Accounts: w.accounts, Key: w.keys.Attest,
		QuoteKeys: w.keys.QuoteKeys(), Store: store, Witness: witness})
	w.must(err)
	w.Cleanup(func() { w.must(w.attestor.Close()) })
}

// openHome is the start of Bitcoin Cash's wallet, and Bitcoin's addresses for funds and
// change, with a coin of the house.
func (w *siblings) openHome() {
	w.Helper()
	var err error
	w.home, err = postgres.New(w.pool, asset.BitcoinCash, postgres.Config{Confirmations: needed, Networks: networks, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	lease, err := w.home.AcquireLease(w.Context(), "test")
	w.must(err)
	w.Cleanup(func() { w.must(lease.Close(context.Background())) })
	var hot []treasury.HotKey
	for _, branch := range []uint32{keys.External, keys.Change} {
		k, err := w.accounts.Derive(asset.Bitcoin, keys.Hot, branch, 0)
		w.must(err)
		hot = append(hot, treasury.HotKey{Branch: branch, Path: k.Path, Address: k.Address})
		w.set.Add(k.Address)
	}
	w.must(w.store.AddHot(w.Context(), hot))
	w.payScript(hot[0].Address, asset.NewUnits(houseCoin))
	w.mine(needed)
}

// houseCoin is what the house has, less than what a user sends.
const houseCoin = 400_000

// payScript has a stranger pay an address on Bitcoin that nobody here has the key of.
func (w *siblings) payScript(address string, units asset.Units) (txid string) {
	w.Helper()
	script, err := keys.Script(networks, asset.Bitcoin, address)
	w.must(err)
	out := w.btcd.To(w.T, w.btcd.Miner.Address, units)
	out.PkScript = script
	return w.btcd.Send(w.T, w.btcd.Spend(w.T, out))
}

// derive stores the next deposit address of Bitcoin Cash, as its wallet does.
func (w *siblings) derive() keys.Key {
	w.Helper()
	k, err := w.accounts.Derive(asset.BitcoinCash, keys.Deposit, keys.External, w.next)
	w.must(err)
	w.must(w.home.AddDeposits(w.Context(), []issue.Address{{Index: w.next, Path: k.Path, Address: k.Address}}, false))
	w.next++
	return k
}

// lose creates a swap of bitcoin cash, whose address it gives in Bitcoin's form.
func (w *siblings) lose() (form string, terms swap.Terms) {
	w.Helper()
	k := w.derive()
	now := swap.Millis(time.Now())
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: asset.BCH, To: asset.ETH}, Deposit: swaptest.Amount(asset.BCH, "0.01"),
		Payout: swaptest.Amount(asset.ETH, "0.28"), Rate: "28.2", ServiceFee: swaptest.Amount(asset.ETH, "0.0015"), NetworkFee: swaptest.Amount(asset.ETH, "0.0005"),
		RefundFeeMax: swaptest.Amount(asset.BCH, "0.00002"), IssuedAt: now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 3600, ConfirmWindowSeconds: 7200}
	signedQuote, err := swap.SignQuote(q, w.keys.Quote)
	w.must(err)
	swapID := swap.NewID(swap.SwapPrefix, now)
	res, err := w.attestor.Attest(w.Context(), connect.NewRequest(&ferryv1.AttestRequest{FencingToken: token, Index: w.next - 1, Address: k.Address,
		Terms: &ferryv1.IssueRequest{SwapId: swapID, SignedQuote: signedQuote, PayoutAddress: swaptest.EthereumAddress, SecretHash: swap.HashDocument(secret),
			Policy: &ferryv1.Policy{OnShort: "refund", OnOver: "refund", OnLate: "refund", OnExtra: "refund"}}}))
	w.must(err)
	_, err = w.home.IssueDeposit(w.Context(), swapID, "terms of "+swapID)
	w.must(err)
	terms, err = swap.VerifyTerms(signedQuote, res.Msg.GetSignedReceipt(), w.keys.QuoteKeys(), w.keys.AttestKeys())
	w.must(err)
	w.tell(swap.Fact{Kind: swap.FactSwapCreated, SwapID: swapID, At: now,
		Created: &swap.CreatedFact{SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt}})
	form, ok := keys.SiblingAddress(networks, asset.Bitcoin, k.Address)
	if !ok {
		w.Fatalf("%s has no form on Bitcoin", k.Address)
	}
	return form, terms
}

// secret is every swap's.
const secret = "the user's secret"

// tell has the state machine hear a fact of the gateway's.
func (w *siblings) tell(f swap.Fact) {
	w.Helper()
	w.created++
	w.deliver(w.record("gateway", w.created, f))
}

// agree has the owner say yes to the refund of a deposit.
func (w *siblings) agree(t swap.Terms, depositID string, units asset.Units, to string) {
	w.Helper()
	res, err := w.attestor.Amend(w.Context(), connect.NewRequest(&ferryv1.AmendRequest{SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt, Secret: secret,
		WrongAsset: &ferryv1.WrongAssetRequest{DepositId: depositID, Asset: string(asset.BTC), Units: units.String(), FeeUnits: asset.NewUnits(refundFee).String(), Destination: to}}))
	w.must(err)
	w.tell(swap.Fact{Kind: swap.FactAnswered, SwapID: t.Receipt.SwapID, At: swap.Millis(time.Now()),
		Answered: &swap.AnsweredFact{SignedWrongAssetRefund: res.Msg.GetSignedDocument()}})
}

// order hands Bitcoin's wallet the one order that the state machine has made.
func (w *siblings) order() swap.Order {
	w.Helper()
	var o swap.Order
	w.must(json.Unmarshal([]byte(w.text(w.swapPool, `SELECT body FROM outbox WHERE topic = $1`, bus.TopicOrders)), &o))
	orders, err := payment.NewOrders(payment.OrdersConfig{Chain: asset.Bitcoin, Store: w.store, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	m, err := bus.OrderMessage(o)
	w.must(err)
	w.must(orders.Handle(w.Context(), bus.Batch{Topic: bus.TopicOrders, Next: 1,
		Records: []bus.Record{{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: "swap", Seq: 1, Time: o.At, Body: m.Body}}}))
	return o
}

// funds are what a payment of somebody else's may be made from.
func (w *siblings) funds() chain.Funds {
	w.Helper()
	b, err := w.store.Basis(w.Context(), []payment.Payment{{Order: swap.Order{ID: "payout:other", Purpose: swap.PurposePayout}}})
	w.must(err)
	return b.Funds
}
