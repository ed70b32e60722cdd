package attest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

const (
	// Grace is how long after a quote's AcceptBy a receipt is still signed, so that
	// a swap created in the last moment is not lost to the time the calls take.
	Grace = 30 * time.Second
	// maxWindow bounds the deadlines a quote can set.
	maxWindow = 30 * 24 * time.Hour
	// maxIndex is one more than the last index that is not hardened.
	maxIndex = 1 << 31
)

// The calls that are observed.
const (
	callAttest  = "attest"
	callAmend   = "amend"
	callDeposit = "deposit"
	callDeath   = "death"
)

// Config is what an attestor is opened with.
type Config struct {
	Networks asset.Networks
	// Accounts are the extended public keys, read by keys.ParseAccounts.
	Accounts keys.Accounts
	// Key signs receipts, QuoteKeys are liquidityd's.
	Key       ed25519.PrivateKey
	QuoteKeys swap.PublicKeys
	// Store is the file that Create made.
	Store string
	// Ahead is how far beyond the highest attested index one may be attested, and
	// how many deposit addresses beyond it count as ours; 1000 if 0.
	Ahead uint32
	// HotRange is how many hot and change addresses of each chain count as ours;
	// 1000 if 0.
	HotRange uint32
	// Witness looks for deposits; without one none is attested.
	Witness *Witness
	// Now is the clock of receipts; time.Now if nil.
	Now func() time.Time
	// Observe, if not nil, is called with how each request ended, "attest" for a
	// receipt, "amend", "deposit" or "death": "" or the code of its refusal. It must not block.
	Observe func(call string, code swap.Code)
	// Log may be nil.
	Log *slog.Logger
}

// Validate reports a setting that is missing or wrong.
func (c Config) Validate() error {
	switch {
	case len(c.Key) != ed25519.PrivateKeySize:
		return errors.New("the attestation key is no Ed25519 private key")
	case len(c.QuoteKeys) == 0:
		return errors.New("the public keys of liquidityd must be given")
	case c.Store == "":
		return errors.New("the store's file must be named")
	case c.Ahead > 100_000 || c.HotRange > 100_000:
		return errors.New("ahead and hot range are at most 100000 addresses each")
	}
	return c.Networks.Validate()
}

// Attestor answers hotwalletd. It is safe for concurrent use.
type Attestor struct {
	networks  asset.Networks
	key       ed25519.PrivateKey
	quoteKeys swap.PublicKeys
	store     *store
	witness   *Witness
	now       func() time.Time
	log       *slog.Logger
	observe   func(call string, code swap.Code)
}

var _ ferryv1connect.AttestHandler = (*Attestor)(nil)

// Open opens the store, which Create must have made from the same keys, and
// derives the addresses that count as ours as far as it does not hold them yet.
func Open(c Config) (*Attestor, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("attest: %w", err)
	}
	if c.Ahead == 0 {
		c.Ahead = 1000
	}
	if c.HotRange == 0 {
		c.HotRange = 1000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(string, swap.Code) {}
	}
	s, err := openStore(c)
	if err != nil {
		return nil, err
	}
	return &Attestor{networks: c.Networks, key: c.Key, quoteKeys: c.QuoteKeys, store: s, witness: c.Witness, now: c.Now, log: c.Log, observe: c.Observe}, nil
}

// PublicKey is what receipts verify against.
func (a *Attestor) PublicKey() ed25519.PublicKey { return publicKey(a.key) }

func publicKey(private ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(private[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

// Handler is the service with its path, to be mounted on a mux.
func (a *Attestor) Handler() (string, http.Handler) {
	return ferryv1connect.NewAttestHandler(a, rpc.HandlerOptions()...)
}

// Close closes the store, after the requests being worked on.
func (a *Attestor) Close() error { return a.store.close() }

// Attest signs a receipt, once per index, swap and quote. Refusals are *swap.Error.
func (a *Attestor) Attest(ctx context.Context, req *connect.Request[ferryv1.AttestRequest]) (*connect.Response[ferryv1.AttestResponse], error) {
	receipt, err := a.attest(newRequest(req.Msg))
	log := a.log.With("swap", req.Msg.GetTerms().GetSwapId(), "index", req.Msg.GetIndex())
	var refusal *swap.Error
	switch {
	case err == nil:
		a.observe(callAttest, "")
		log.InfoContext(ctx, "attested")
		return connect.NewResponse(&ferryv1.AttestResponse{SignedReceipt: receipt}), nil
	case errors.As(err, &refusal):
		a.observe(callAttest, refusal.Code)
		log.WarnContext(ctx, "refused to attest", "code", refusal.Code, "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	a.observe(callAttest, swap.CodeInternal)
	log.ErrorContext(ctx, "could not attest", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The attestor failed; its log says why.")
}

// HighWater tells the highest attested index of a chain plus one, 0 if none.
func (a *Attestor) HighWater(ctx context.Context, req *connect.Request[ferryv1.HighWaterRequest]) (*connect.Response[ferryv1.HighWaterResponse], error) {
	chain := asset.Chain(req.Msg.GetChain())
	if _, known := chain.Native(); !known {
		return nil, swap.Refuse(swap.CodeRefused, "chain", "", fmt.Sprintf("Chain %.20q is not known.", chain))
	}
	next, err := a.store.highWater(chain)
	if err != nil {
		a.log.ErrorContext(ctx, "could not read the high water", "chain", chain, "error", err)
		return nil, swap.Refuse(swap.CodeInternal, "", "", "The attestor failed; its log says why.")
	}
	return connect.NewResponse(&ferryv1.HighWaterResponse{NextIndex: next}), nil
}
