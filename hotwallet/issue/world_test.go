package issue_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/hotwallet/postgres"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// usdtContract is pinned.
const usdtContract = "0x7777777777777777777777777777777777777777"

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337, Tokens: asset.Tokens{USDT: usdtContract}}

// world is an issuer for bitcoin on a database of its own, with an attestd that
// has a memory like the real one.
type world struct {
	t        *testing.T
	pool     *pgxpool.Pool
	chain    *fakechain.Chain
	accounts keys.Accounts
	quoteKey ed25519.PrivateKey
	attest   *fakeAttest
	store    *postgres.Store
	issuer   *issue.Issuer

	mu      sync.Mutex
	watched map[string]bool
}

func newWorld(t *testing.T, ready int) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t, "hotwallet"), chain: fakechain.NewBitcoin(fakechain.Config{Networks: networks}),
		accounts: testAccounts(t), quoteKey: seedKey("quote"), watched: map[string]bool{}}
	w.attest = &fakeAttest{accounts: w.accounts, key: seedKey("attest"), swaps: map[string]attested{}, indexes: map[uint32]string{}}
	log := slog.New(slog.DiscardHandler)
	var err error
	w.store, err = postgres.New(w.pool, asset.Bitcoin, postgres.Config{Confirmations: 3, Log: log})
	w.must(err)
	lease, err := w.store.AcquireLease(t.Context(), "test")
	w.must(err)
	t.Cleanup(func() { w.must(lease.Close(context.Background())) })
	w.issuer = w.newIssuer(ready)
	return w
}

func (w *world) newIssuer(ready int) *issue.Issuer {
	i, err := issue.New(w.config(ready))
	w.must(err)
	return i
}

func (w *world) config(ready int) issue.Config {
	return issue.Config{Chain: asset.Bitcoin, Networks: networks, Accounts: w.accounts, Store: w.store,
		Attest: w.attest, FencingToken: 3, Destinations: w.chain, QuoteKeys: public(w.quoteKey), AttestKeys: public(seedKey("attest")),
		Watch: w.watch, Pool: ready, Log: slog.New(slog.DiscardHandler)}
}

// filledStore tells when addresses were stored.
type filledStore struct {
	issue.Store
	filled chan<- struct{}
}

func (s filledStore) AddDeposits(ctx context.Context, a []issue.Address, burnt bool) error {
	err := s.Store.AddDeposits(ctx, a, burnt)
	s.filled <- struct{}{}
	return err
}

func (w *world) watch(addresses []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range addresses {
		w.watched[a] = true
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count(sql string, args ...any) int {
	w.t.Helper()
	var n int
	w.must(w.pool.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// request is one that is in order.
func (w *world) request() *ferryv1.IssueRequest {
	w.t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	q := swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: asset.BTC, To: asset.ETH},
		Deposit: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(5_000_000)}, Rate: "1",
		Payout:     asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(7_000_000)},
		ServiceFee: asset.Amount{Asset: asset.ETH}, NetworkFee: asset.Amount{Asset: asset.ETH},
		RefundFeeMax: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1000)},
		IssuedAt:     now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 600, ConfirmWindowSeconds: 3600}
	signed, err := swap.SignQuote(q, w.quoteKey)
	w.must(err)
	return &ferryv1.IssueRequest{SwapId: swap.NewID(swap.SwapPrefix, now), SignedQuote: signed,
		PayoutAddress: "0x00000000219ab540356cBB839Cbe05303d7705Fa", RefundAddress: w.chain.NewAddress(),
		Policy:     &ferryv1.Policy{OnShort: "refund", OnOver: "refund", OnLate: "refund", OnExtra: "refund"},
		SecretHash: hex.EncodeToString(bytes.Repeat([]byte{9}, 32))}
}

func (w *world) issue(r *ferryv1.IssueRequest) (string, error) {
	res, err := w.issuer.Issue(context.Background(), connect.NewRequest(r))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedReceipt(), nil
}

// receipt issues and reads the receipt.
func (w *world) receipt(r *ferryv1.IssueRequest) (swap.Receipt, string) {
	w.t.Helper()
	signed, err := w.issue(r)
	w.must(err)
	receipt, err := swap.VerifyReceipt(signed, public(seedKey("attest")))
	w.must(err)
	return receipt, signed
}

// fakeAttest attests an index and a swap once, as the real one does.
type fakeAttest struct {
	accounts keys.Accounts
	key      ed25519.PrivateKey

	mu      sync.Mutex
	swaps   map[string]attested
	indexes map[uint32]string
	next    uint32
	// lose has the next answers lost after signing; err is what it answers instead
	// of doing anything; spoil changes receipts before they are signed.
	lose         int
	err          error
	spoil        func(*swap.Receipt)
	spoilConsent func(*swap.Consent)
	spoilAddress func(*swap.RefundAddress)
	spoilYes     func(*swap.WrongAssetRefund)
	// amended counts the amendments signed.
	amended int
}

type attested struct{ request, receipt string }

// Amend signs what it is asked, as the real one does for whoever knows the secret.
func (a *fakeAttest) Amend(_ context.Context, req *connect.Request[ferryv1.AmendRequest]) (*connect.Response[ferryv1.AmendResponse], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	if req.Msg.GetSecret() != "secret" {
		return nil, swap.Refuse(swap.CodeWrongSecret, "secret", "", "This is not the swap's secret.")
	}
	a.amended++
	r, err := swap.VerifyReceipt(req.Msg.GetSignedReceipt(), public(a.key))
	if err != nil {
		return nil, err
	}
	hash := swap.HashDocument(req.Msg.GetSignedReceipt())
	var signed string
	if c := req.Msg.GetConsent(); c != nil {
		consent := swap.Consent{SwapID: r.SwapID, ReceiptHash: hash, DepositID: c.GetDepositId(), Answer: swap.Answer(c.GetAnswer()), IssuedAt: r.IssuedAt}
		if c.GetAtLeastUnits() != "" {
			consent.AtLeast = asset.Amount{Asset: asset.ETH, Units: asset.MustUnits(c.GetAtLeastUnits())}
		}
		if a.spoilConsent != nil {
			a.spoilConsent(&consent)
		}
		signed, err = swap.SignConsent(consent, a.key)
	} else if y := req.Msg.GetWrongAsset(); y != nil {
		id := asset.ID(y.GetAsset())
		yes := swap.WrongAssetRefund{SwapID: r.SwapID, ReceiptHash: hash, DepositID: y.GetDepositId(),
			Deposit: asset.Amount{Asset: id, Units: asset.MustUnits(y.GetUnits())}, Fee: asset.Amount{Asset: id, Units: asset.MustUnits(y.GetFeeUnits())},
			Destination: y.GetDestination(), IssuedAt: r.IssuedAt}
		if a.spoilYes != nil {
			a.spoilYes(&yes)
		}
		signed, err = swap.SignWrongAssetRefund(yes, a.key)
	} else {
		address := swap.RefundAddress{SwapID: r.SwapID, ReceiptHash: hash, RefundAddress: req.Msg.GetRefundAddress(), IssuedAt: r.IssuedAt}
		if a.spoilAddress != nil {
			a.spoilAddress(&address)
		}
		signed, err = swap.SignRefundAddress(address, a.key)
	}
	return connect.NewResponse(&ferryv1.AmendResponse{SignedDocument: signed}), err
}

func (a *fakeAttest) AttestDeposit(context.Context, *connect.Request[ferryv1.AttestDepositRequest]) (*connect.Response[ferryv1.AttestDepositResponse], error) {
	return nil, swap.Refuse(swap.CodeRefused, "", "", "Nothing asks for it here.")
}

func (a *fakeAttest) AttestDeath(context.Context, *connect.Request[ferryv1.AttestDeathRequest]) (*connect.Response[ferryv1.AttestDeathResponse], error) {
	return nil, swap.Refuse(swap.CodeRefused, "", "", "Nothing asks for it here.")
}

func (a *fakeAttest) HighWater(context.Context, *connect.Request[ferryv1.HighWaterRequest]) (*connect.Response[ferryv1.HighWaterResponse], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return connect.NewResponse(&ferryv1.HighWaterResponse{NextIndex: a.next}), a.err
}

func (a *fakeAttest) Attest(_ context.Context, req *connect.Request[ferryv1.AttestRequest]) (*connect.Response[ferryv1.AttestResponse], error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	t, index := req.Msg.GetTerms(), req.Msg.GetIndex()
	request := fmt.Sprint(t, index, req.Msg.GetAddress())
	known, ok := a.swaps[t.GetSwapId()]
	switch {
	case ok && known.request == request:
		return connect.NewResponse(&ferryv1.AttestResponse{SignedReceipt: known.receipt}), nil
	case ok:
		return nil, swap.Refuse(swap.CodeRefused, "terms.swap_id", "", "The swap has a receipt for another request.")
	case a.indexes[index] != "":
		return nil, swap.Refuse(swap.CodeRefused, "index", "", "The index was attested for another swap.")
	}
	signed, err := a.sign(t, index)
	if err != nil {
		return nil, err
	}
	a.swaps[t.GetSwapId()], a.indexes[index] = attested{request, signed}, t.GetSwapId()
	a.next = max(a.next, index+1)
	if a.lose > 0 {
		a.lose--
		return nil, fmt.Errorf("the answer was lost")
	}
	return connect.NewResponse(&ferryv1.AttestResponse{SignedReceipt: signed}), nil
}

func (a *fakeAttest) sign(t *ferryv1.IssueRequest, index uint32) (string, error) {
	key, err := a.accounts.Derive(asset.Bitcoin, keys.Deposit, keys.External, index)
	if err != nil {
		return "", err
	}
	q, err := swap.VerifyQuote(t.GetSignedQuote(), public(seedKey("quote")))
	if err != nil {
		return "", err
	}
	r := swap.Receipt{SwapID: t.GetSwapId(), QuoteID: q.ID, QuoteHash: swap.HashDocument(t.GetSignedQuote()),
		DepositChain: asset.Bitcoin, DepositAsset: asset.BTC, DepositAddress: key.Address, DepositPath: key.Path,
		PayoutAddress: t.GetPayoutAddress(), RefundAddress: t.GetRefundAddress(),
		Policy: swap.Policy{OnShort: swap.Answer(t.GetPolicy().GetOnShort()), OnOver: swap.Answer(t.GetPolicy().GetOnOver()),
			OnLate: swap.Answer(t.GetPolicy().GetOnLate()), OnExtra: swap.Answer(t.GetPolicy().GetOnExtra()), ToleranceBPS: t.GetPolicy().GetToleranceBps()},
		SecretHash: t.GetSecretHash(), IssuedAt: q.IssuedAt, DepositBy: q.IssuedAt.Add(time.Hour), ConfirmBy: q.IssuedAt.Add(2 * time.Hour)}
	if a.spoil != nil {
		a.spoil(&r)
	}
	return swap.SignReceipt(r, a.key)
}

func seedKey(name string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(sum[:])
}

func public(key ed25519.PrivateKey) swap.PublicKeys {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		panic("not an Ed25519 key")
	}
	return swap.PublicKeys{swap.KeyID(pub): pub}
}

// testAccounts are extended public keys from a fixed seed.
func testAccounts(t *testing.T) keys.Accounts {
	t.Helper()
	return keystest.Accounts(t, networks, 7)
}
