package gateway_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// errCut as a fault cuts the connection, as a killed daemon does.
var errCut = errors.New("cut")

// fault makes a call fail before or after its effect.
type fault struct {
	mu            sync.Mutex
	before, after error
	calls         int
}

func (f *fault) set(before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = before, after
}

func (f *fault) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *fault) around(effect func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.before != nil {
		return fail(f.before)
	}
	if err := effect(); err != nil {
		return err
	}
	return fail(f.after)
}

func fail(err error) error {
	if errors.Is(err, errCut) {
		panic(http.ErrAbortHandler)
	}
	return err
}

// liquidity stands at the far end of the socket: it signs what it is asked for
// and gives a quote to one swap.
type liquidity struct {
	key          ed25519.PrivateKey
	now          func() time.Time
	lock, accept fault
	lastClient   string
	tamper       func(*swap.Quote)
	accepted     map[string]string
}

func (l *liquidity) Lock(_ context.Context, req *connect.Request[ferryv1.LockRequest]) (*connect.Response[ferryv1.LockResponse], error) {
	var signed string
	err := l.lock.around(func() (err error) {
		l.lastClient = req.Msg.GetClient()
		pair := asset.Pair{From: asset.ID(req.Msg.GetFrom()), To: asset.ID(req.Msg.GetTo())}
		q := newQuote(pair, l.now())
		if q.Variable = req.Msg.GetVariable(); q.Variable {
			q.DepositMin, q.DepositMax = q.Deposit, q.Deposit
			q.DepositMin.Units = asset.NewUnits(1_000_000)
		}
		switch d, p := req.Msg.GetDepositAmount(), req.Msg.GetPayoutAmount(); {
		case q.Variable && d+p == "":
		case d != "":
			q.Deposit, err = asset.ParseDecimal(pair.From, d)
		default:
			q.Payout, err = asset.ParseDecimal(pair.To, p)
		}
		if err != nil {
			return err
		}
		if l.tamper != nil {
			l.tamper(&q)
		}
		signed, err = swap.SignQuote(q, l.key)
		return err
	})
	return connect.NewResponse(&ferryv1.LockResponse{SignedQuote: signed}), err
}

func (l *liquidity) Accept(_ context.Context, req *connect.Request[ferryv1.AcceptRequest]) (*connect.Response[ferryv1.AcceptResponse], error) {
	return connect.NewResponse(&ferryv1.AcceptResponse{}), l.accept.around(func() error {
		hash := swap.HashDocument(req.Msg.GetSignedQuote())
		if holder := l.accepted[hash]; holder != "" && holder != req.Msg.GetSwapId() {
			return swap.Refuse(swap.CodeQuoteUsed, "signed_quote", "", "Another swap was made from this quote.")
		}
		l.accepted[hash] = req.Msg.GetSwapId()
		return nil
	})
}

// wallet stands for hotwalletd and attestd of one chain.
type wallet struct {
	chain  asset.Chain
	key    ed25519.PrivateKey
	quotes swap.PublicKeys
	now    func() time.Time

	check, issue, amend fault
	own                 map[string]bool
	tamper              func(*swap.Receipt)
	receipts            map[string]string
	// attest keeps one refund address per swap, as attestd does.
	attest    swap.PublicKeys
	addresses map[string]string
	// garble changes an amendment before it is signed.
	garble    func(*swap.Consent, *swap.RefundAddress)
	garbleYes func(*swap.WrongAssetRefund)
}

func (w *wallet) CheckDestination(_ context.Context, req *connect.Request[ferryv1.CheckDestinationRequest]) (*connect.Response[ferryv1.CheckDestinationResponse], error) {
	return connect.NewResponse(&ferryv1.CheckDestinationResponse{}), w.check.around(func() error {
		if w.own[req.Msg.GetAddress()] {
			return swap.Refuse(swap.CodeForbiddenAddress, "address", "", "This is an address of ours.")
		}
		return nil
	})
}

func (w *wallet) Issue(_ context.Context, req *connect.Request[ferryv1.IssueRequest]) (*connect.Response[ferryv1.IssueResponse], error) {
	res := &ferryv1.IssueResponse{}
	err := w.issue.around(func() error {
		m := req.Msg
		if signed := w.receipts[m.GetSwapId()]; signed != "" {
			res.SignedReceipt = signed
			return nil
		}
		q, err := swap.VerifyQuote(m.GetSignedQuote(), w.quotes)
		if err != nil {
			return err
		}
		now := swap.Millis(w.now())
		r := swap.Receipt{
			SwapID: m.GetSwapId(), QuoteID: q.ID, QuoteHash: swap.HashDocument(m.GetSignedQuote()),
			DepositChain: w.chain, DepositAsset: q.Pair.From, DepositAddress: newAddress(w.chain, m.GetSwapId()),
			DepositPath: fmt.Sprintf("m/84'/1'/0'/0/%d", len(w.receipts)), PayoutAddress: m.GetPayoutAddress(),
			RefundAddress: m.GetRefundAddress(), Policy: swap.Policy{
				OnShort: swap.Answer(m.GetPolicy().GetOnShort()), OnOver: swap.Answer(m.GetPolicy().GetOnOver()),
				OnLate: swap.Answer(m.GetPolicy().GetOnLate()), OnExtra: swap.Answer(m.GetPolicy().GetOnExtra()),
				ToleranceBPS: m.GetPolicy().GetToleranceBps()},
			SecretHash: m.GetSecretHash(), IssuedAt: now,
			DepositBy: now.Add(time.Duration(q.DepositWindowSeconds) * time.Second),
			ConfirmBy: now.Add(time.Duration(q.ConfirmWindowSeconds) * time.Second),
		}
		if w.tamper != nil {
			w.tamper(&r)
		}
		res.SignedReceipt, err = swap.SignReceipt(r, w.key)
		w.receipts[r.SwapID] = res.SignedReceipt
		return err
	})
	return connect.NewResponse(res), err
}

// Amend signs the user's word for whoever knows the secret, as attestd does.
func (w *wallet) Amend(_ context.Context, req *connect.Request[ferryv1.AmendRequest]) (*connect.Response[ferryv1.AmendResponse], error) {
	res := &ferryv1.AmendResponse{}
	err := w.amend.around(func() error {
		m := req.Msg
		terms, err := swap.VerifyTerms(m.GetSignedQuote(), m.GetSignedReceipt(), w.quotes, w.attest)
		if err != nil {
			return err
		}
		r := terms.Receipt
		if swap.HashDocument(m.GetSecret()) != r.SecretHash {
			return swap.Refuse(swap.CodeWrongSecret, "secret", "", "This is not the secret of this swap.")
		}
		hash, now := swap.HashDocument(m.GetSignedReceipt()), swap.Millis(w.now())
		consent := swap.Consent{SwapID: r.SwapID, ReceiptHash: hash, DepositID: m.GetConsent().GetDepositId(),
			Answer: swap.Answer(m.GetConsent().GetAnswer()), IssuedAt: now}
		address := swap.RefundAddress{SwapID: r.SwapID, ReceiptHash: hash, RefundAddress: m.GetRefundAddress(), IssuedAt: now}
		if units := m.GetConsent().GetAtLeastUnits(); units != "" {
			if consent.AtLeast.Units, err = asset.ParseUnits(units); err != nil {
				return err
			}
			consent.AtLeast.Asset = terms.Quote.Pair.To
		}
		if w.garble != nil {
			w.garble(&consent, &address)
		}
		if m.GetConsent() != nil {
			res.SignedDocument, err = swap.SignConsent(consent, w.key)
			return err
		}
		if y := m.GetWrongAsset(); y != nil {
			id := asset.ID(y.GetAsset())
			yes := swap.WrongAssetRefund{SwapID: r.SwapID, ReceiptHash: hash, DepositID: y.GetDepositId(),
				Deposit: asset.Amount{Asset: id, Units: asset.MustUnits(y.GetUnits())}, Fee: asset.Amount{Asset: id, Units: asset.MustUnits(y.GetFeeUnits())},
				Destination: y.GetDestination(), IssuedAt: now}
			if w.garbleYes != nil {
				w.garbleYes(&yes)
			}
			res.SignedDocument, err = swap.SignWrongAssetRefund(yes, w.key)
			return err
		}
		if had := w.addresses[r.SwapID]; had != "" && had != m.GetRefundAddress() {
			return swap.Refuse(swap.CodeRefundAddressSet, "refund_address", "", "This swap has another refund address.")
		}
		w.addresses[r.SwapID] = m.GetRefundAddress()
		res.SignedDocument, err = swap.SignRefundAddress(address, w.key)
		return err
	})
	return connect.NewResponse(res), err
}

// newAddress makes a valid address out of any text.
func newAddress(chain asset.Chain, seed string) string {
	sum := sha256.Sum256([]byte(string(chain) + seed))
	if chain == asset.Bitcoin {
		a, err := address.NewAddressWitnessPubKeyHash(sum[:20], &chaincfg.SimNetParams)
		if err != nil {
			panic(err)
		}
		return a.EncodeAddress()
	}
	canonical, err := networks.ParseAddress(chain, "0x"+hex.EncodeToString(sum[:20]))
	if err != nil {
		panic(err)
	}
	return canonical
}

// newQuote has amounts of one coin and windows of 15 minutes and 2 hours.
func newQuote(pair asset.Pair, now time.Time) swap.Quote {
	coin := func(id asset.ID) asset.Amount {
		a, err := asset.ParseDecimal(id, "0.5")
		if err != nil {
			panic(err)
		}
		return a
	}
	now = swap.Millis(now)
	return swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: pair, Deposit: coin(pair.From), Payout: coin(pair.To), Rate: "1",
		ServiceFee: asset.Amount{Asset: pair.To}, NetworkFee: asset.Amount{Asset: pair.To}, RefundFeeMax: asset.Amount{Asset: pair.From},
		IssuedAt: now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 900, ConfirmWindowSeconds: 7200}
}

// serveSocket answers on a Unix socket of the test's own until it ends.
func serveSocket(t testing.TB, dir, name string, handler http.Handler) string {
	t.Helper()
	path := filepath.Join(dir, name)
	l, err := rpc.Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	// Not rpc.Serve: its orderly end waits for connections that were dialled and
	// never used.
	server := &http.Server{Handler: handler, ReadHeaderTimeout: rpc.CallTimeout}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-done); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return path
}

func serveLiquidity(t testing.TB, dir string, l *liquidity) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(ferryv1connect.NewLiquidityHandler(l, rpc.HandlerOptions()...))
	return serveSocket(t, dir, "liquidity", mux)
}

func serveWallet(t testing.TB, dir string, w *wallet) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(ferryv1connect.NewWalletHandler(w, rpc.HandlerOptions()...))
	return serveSocket(t, dir, string(w.chain), mux)
}

// shortDir is a folder whose path leaves room for a socket's name (107 bytes in all).
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
