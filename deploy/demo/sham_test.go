package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/wallet"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// sham is the least that looks like Ferry from outside: it signs with the tests'
// keys, has wallets of its own for deposits, and pays out from the faucet once a
// deposit is in a block. It stands in for the service where the demo itself is
// tested, against real nodes; what it does wrong on request Ferry never does.
type sham struct {
	t        *testing.T
	keys     swaptest.Keys
	btc      *wallet.Bitcoin
	eth      *wallet.Ethereum
	bitcoin  *faucet.Bitcoin
	ethereum *faucet.Ethereum
	node     *bitcoin.Node
	// tamper changes an answer to POST /v1/swaps; end is the state in which
	// every swap ends.
	tamper func(*client.SwapAnswer)
	end    swap.State
	// refused: the payout of ether fails until it is ordered again by retry. Each payout of
	// bitcoin is the third transaction signed for it.
	refused bool

	mu    sync.Mutex
	swaps map[string]*shamSwap
}

type shamSwap struct {
	terms swap.Terms
	view  client.Swap
	again bool
}

func newSham(t *testing.T, node bitcoin.NodeConfig, eth string) *sham {
	t.Helper()
	ctx := demotest.Context(t)
	s := &sham{t: t, keys: swaptest.NewKeys(), end: swap.Settled, tamper: func(*client.SwapAnswer) {}, swaps: map[string]*shamSwap{}}
	var err error
	s.node, err = bitcoin.NewNode(node)
	must(t, err)
	s.btc, err = wallet.NewBitcoin(node, demotest.Networks)
	must(t, err)
	s.eth, err = wallet.NewEthereum(ctx, eth, demotest.Networks)
	must(t, err)
	s.bitcoin, err = faucet.NewBitcoin(node, demotest.Networks)
	must(t, err)
	s.ethereum, err = faucet.NewEthereum(ctx, eth, demotest.Networks)
	must(t, err)
	return s
}

func (s *sham) serve() string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/rates", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, 200, map[string]any{"rates": []client.Rate{
			{From: "BTC", To: "ETH", Price: "28", MinDeposit: "0.0005", MaxDeposit: "0.01"},
			{From: "ETH", To: "BTC", Price: "0.035", MinDeposit: "0.7", MaxDeposit: "30"}}})
	})
	mux.HandleFunc("POST /v1/quotes", s.quote)
	mux.HandleFunc("POST /v1/swaps", s.create)
	mux.HandleFunc("GET /v1/swaps/{id}", s.look)
	server := httptest.NewServer(mux)
	s.t.Cleanup(server.Close)
	return server.URL
}

func (s *sham) answer(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

func (s *sham) check(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

func (s *sham) quote(w http.ResponseWriter, r *http.Request) {
	var ask client.QuoteRequest
	s.check(json.NewDecoder(r.Body).Decode(&ask))
	payout := map[asset.ID]string{asset.ETH: "0.28", asset.BTC: "0.0245"}[ask.To]
	now := swap.Millis(time.Now())
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: ask.From, To: ask.To},
		Deposit: swaptest.Amount(ask.From, ask.DepositAmount), Payout: swaptest.Amount(ask.To, payout), Rate: "1",
		ServiceFee: swaptest.Amount(ask.To, "0.0001"), NetworkFee: swaptest.Amount(ask.To, "0.0001"),
		RefundFeeMax: swaptest.Amount(ask.From, "0.0001"), IssuedAt: now, AcceptBy: now.Add(time.Minute),
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
	signed, err := swap.SignQuote(q, s.keys.Quote)
	s.check(err)
	s.answer(w, 201, client.QuoteAnswer{QuoteID: q.ID, From: q.Pair.From, To: q.Pair.To, DepositAmount: q.Deposit.Decimal(),
		PayoutAmount: q.Payout.Decimal(), Rate: q.Rate, ServiceFee: q.ServiceFee.Decimal(), NetworkFee: q.NetworkFee.Decimal(),
		RefundFeeMax: q.RefundFeeMax.Decimal(), IssuedAt: q.IssuedAt, AcceptBy: q.AcceptBy,
		DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200, Policy: swap.DefaultPolicy(), SignedQuote: signed})
}

func (s *sham) create(w http.ResponseWriter, r *http.Request) {
	var ask client.SwapRequest
	s.check(json.NewDecoder(r.Body).Decode(&ask))
	q, err := swap.VerifyQuote(ask.SignedQuote, s.keys.QuoteKeys())
	s.check(err)
	deposit, err := s.eth.NewAddress()
	if q.Pair.From == asset.BTC {
		deposit, err = s.btc.NewAddress()
	}
	s.check(err)
	now, sum := swap.Millis(time.Now()), sha256.Sum256([]byte("secret"))
	receipt := swap.Receipt{SwapID: swap.NewID(swap.SwapPrefix, now), QuoteID: q.ID, QuoteHash: swap.HashDocument(ask.SignedQuote),
		DepositChain: q.DepositChain(), DepositAsset: q.Pair.From, DepositAddress: deposit, DepositPath: "m/0", PayoutAddress: ask.PayoutAddress,
		RefundAddress: ask.RefundAddress, Policy: swap.DefaultPolicy(), SecretHash: hex.EncodeToString(sum[:]),
		IssuedAt: now, DepositBy: now.Add(1200 * time.Second), ConfirmBy: now.Add(7200 * time.Second)}
	signed, err := swap.SignReceipt(receipt, s.keys.Attest)
	s.check(err)
	terms, err := swap.VerifyTerms(ask.SignedQuote, signed, s.keys.QuoteKeys(), s.keys.AttestKeys())
	s.check(err)
	s.mu.Lock()
	s.swaps[receipt.SwapID] = &shamSwap{terms: terms, view: client.Swap{ID: receipt.SwapID, State: swap.AwaitingDeposit, Message: "Waiting."}}
	s.mu.Unlock()
	a := client.SwapAnswer{ID: receipt.SwapID, Secret: "secret", DepositAsset: q.Pair.From, DepositAmount: q.Deposit.Decimal(),
		DepositAddress: deposit, PayoutAsset: q.Pair.To, PayoutAmount: q.Payout.Decimal(), PayoutAddress: ask.PayoutAddress,
		RefundAddress: ask.RefundAddress, Policy: receipt.Policy, DepositBy: receipt.DepositBy, ConfirmBy: receipt.ConfirmBy, SignedReceipt: signed}
	s.tamper(&a)
	s.answer(w, 201, a)
}

// look moves the swap on by what the nodes show, and answers.
func (s *sham) look(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sw, ok := s.swaps[r.PathValue("id")]
	if !ok {
		s.answer(w, 404, client.Problem{Code: swap.CodeNotFound, Detail: "There is no such swap."})
		return
	}
	if r.Context().Err() == nil && sw.view.State != s.end {
		s.moveOn(context.WithoutCancel(r.Context()), sw) // one that is cut off must not look like a node's failure
	}
	s.answer(w, 200, sw.view)
}

func (s *sham) moveOn(ctx context.Context, sw *shamSwap) {
	q, rec := sw.terms.Quote, sw.terms.Receipt
	got, err := s.eth.Received(ctx, rec.DepositAddress)
	if q.Pair.From == asset.BTC {
		got, err = s.btc.Received(ctx, rec.DepositAddress)
		q.Deposit.Units, _ = q.Deposit.Units.Add(asset.NewUnits(dustSat)) // the advertiser's
	}
	s.check(err)
	switch {
	case sw.view.State == swap.Held && sw.again:
		sw.view.Payments = nil
		s.enter(sw, swap.PayoutQueued)
	case sw.view.State == swap.AwaitingDeposit && got == q.Deposit.Units:
		if s.end != swap.Settled {
			s.enter(sw, s.end)
			return
		}
		s.enter(sw, swap.DepositDetected)
		s.enter(sw, swap.DepositConfirmed) // between two looks: both must be shown
		s.enter(sw, swap.PayoutQueued)
	case sw.view.State == swap.PayoutQueued && s.refused && q.Pair.To == asset.ETH && !sw.again:
		sw.view.Payments = []client.Payment{{Purpose: swap.PurposePayout, Asset: q.Pair.To, State: swap.PaymentFailed, TxID: failedTx}}
		s.enter(sw, swap.Held)
		sw.view.Reason = reasonPayoutFailed
	case sw.view.State == swap.PayoutQueued:
		txid, err := s.ethereum.Pay(ctx, rec.PayoutAddress, q.Payout.Units)
		if q.Pair.To == asset.BTC {
			txid, err = s.bitcoin.Pay(ctx, []faucet.Output{{Address: rec.PayoutAddress, Units: q.Payout.Units}})
		}
		s.check(err)
		sw.view.Payments = []client.Payment{{Purpose: swap.PurposePayout, Asset: q.Pair.To, Amount: q.Payout.Decimal(), Destination: rec.PayoutAddress, TxID: txid}}
		s.enter(sw, swap.PayoutBroadcast)
	case sw.view.State == swap.PayoutBroadcast && s.paid(ctx, q.Payout, rec.PayoutAddress):
		s.enter(sw, swap.Settled)
	}
}

func (s *sham) enter(sw *shamSwap, state swap.State) {
	sw.view.Version++
	sw.view.State, sw.view.Message, sw.view.Reason = state, "It is "+string(state)+".", "because"
	sw.view.Updates = append(sw.view.Updates, client.Update{Version: sw.view.Version, State: state})
}

// failedTx is the sham's transaction that failed.
const failedTx = "0xfa11ed"

// attempts are what was signed for a payout.
func (s *sham) attempts(_ context.Context, id string) ([]Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sw := s.swaps[id]
	if len(sw.view.Payments) == 0 {
		return nil, nil
	}
	newest := Attempt{TxID: sw.view.Payments[0].TxID, Fee: swaptest.Amount(asset.BTC, "0.0003")}
	if sw.terms.Quote.Pair.To == asset.BTC {
		return []Attempt{{TxID: "first", Fee: swaptest.Amount(asset.BTC, "0.0001")}, {TxID: "second", Fee: swaptest.Amount(asset.BTC, "0.0002")}, newest}, nil
	}
	return []Attempt{{TxID: failedTx, Fee: swaptest.Amount(asset.ETH, "0.1")}, newest}, nil
}

// retry is staff's: the payout is made again, in what the API shows a look later.
func (s *sham) retry(_ context.Context, id string, say func(string)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	say("the sham's staff")
	s.swaps[id].again = true
	return nil
}

// paid asks as anybody would: is the payout in a block?
func (s *sham) paid(ctx context.Context, payout asset.Amount, to string) bool {
	if payout.Asset == asset.ETH {
		return true // the faucet has waited for the block
	}
	txs, err := s.node.Transactions(ctx, to)
	s.check(err)
	for _, tx := range txs {
		depth, _, err := s.node.Confirmations(ctx, tx.TxHash().String())
		s.check(err)
		if depth > 0 {
			return true
		}
	}
	return false
}
