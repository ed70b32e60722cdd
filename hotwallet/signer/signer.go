package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Config is what a signer is opened with.
type Config struct {
	// Dir is the folder Init prepared, KeyFile the key that opens its seed.
	Dir     string
	KeyFile string
	// Networks must be those Init was called with.
	Networks asset.Networks
	// QuoteKeys are liquidityd's, AttestKeys attestd's.
	QuoteKeys  swap.PublicKeys
	AttestKeys swap.PublicKeys
	Caps       Caps
	// Rules are what the attestation of a deposit must meet from the start on; see
	// Signer.SetRules.
	Rules swap.DepositRules
	// Now is the clock of the records, and of how old an attestation is; time.Now if
	// nil. No other decision depends on it.
	Now func() time.Time
	// Observe, if not nil, is called with how each request ended. The purpose is ""
	// where it was not established, the code "" where it was signed, the field the
	// one a refusal names. It must not block.
	Observe func(chain asset.Chain, purpose swap.Purpose, code swap.Code, field string)
	// Log may be nil.
	Log *slog.Logger
}

// Validate reports a setting that is missing or wrong.
func (c Config) Validate() error {
	switch {
	case c.Dir == "" || c.KeyFile == "":
		return errors.New("the signer's folder and its key file must both be named")
	case len(c.QuoteKeys) == 0 || len(c.AttestKeys) == 0:
		return errors.New("the public keys of liquidityd and attestd must both be given")
	}
	return errors.Join(c.Networks.Validate(), c.Caps.Validate(), c.Rules.Validate())
}

// Signer answers hotwalletd. It is safe for concurrent use; requests are worked
// on one at a time.
type Signer struct {
	dir        string
	ring       *keyring
	memory     *memory
	quoteKeys  swap.PublicKeys
	attestKeys swap.PublicKeys
	caps       Caps
	rules      atomic.Pointer[swap.DepositRules]
	now        func() time.Time
	log        *slog.Logger
	observe    func(chain asset.Chain, purpose swap.Purpose, code swap.Code, field string)
	// turn holds one token: whoever has it works on a request.
	turn chan struct{}
	stop func() error
}

var _ ferryv1connect.SignerHandler = (*Signer)(nil)

// Open unlocks the seed and opens the memory. It changes the whole process: no
// core dumps, no debugger, memory locked where that is possible. Errors wrap
// ErrKeyFile where the key is not that of the seed.
func Open(c Config) (*Signer, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Observe == nil {
		c.Observe = func(asset.Chain, swap.Purpose, swap.Code, string) {}
	}
	if err := harden(c.Log); err != nil {
		return nil, err
	}
	seed, err := openSeed(filepath.Join(c.Dir, seedName), c.KeyFile)
	if err != nil {
		return nil, err
	}
	ring, err := newKeyring(c.Networks, seed)
	clear(seed)
	if err != nil {
		return nil, err
	}
	if err := checkPublic(c.Dir, ring); err != nil {
		return nil, err
	}
	memory, err := openMemory(filepath.Join(c.Dir, memoryName), ring.fingerprint())
	if err != nil {
		return nil, err
	}
	s := &Signer{dir: c.Dir, ring: ring, memory: memory, quoteKeys: c.QuoteKeys, attestKeys: c.AttestKeys,
		caps: c.Caps, now: c.Now, log: c.Log, observe: c.Observe, turn: make(chan struct{}, 1)}
	s.stop = sync.OnceValue(s.shut)
	s.rules.Store(&c.Rules)
	return s, nil
}

// SetRules has the requests that are worked on from now on judged by other rules. Rules
// that are wrong change nothing.
func (s *Signer) SetRules(rules swap.DepositRules) error {
	if err := rules.Validate(); err != nil {
		return fmt.Errorf("signer: %w", err)
	}
	s.rules.Store(&rules)
	return nil
}

// PublicKeys are the extended public keys of the seed.
func (s *Signer) PublicKeys() keys.File { return s.ring.file }

// Handler is the service with its path, to be mounted on a mux.
func (s *Signer) Handler() (string, http.Handler) {
	return ferryv1connect.NewSignerHandler(s, rpc.HandlerOptions()...)
}

// Close wipes the keys and closes the memory, after the request being worked on.
// Requests that come later get CodeUnavailable once their time is over.
func (s *Signer) Close() error { return s.stop() }

func (s *Signer) shut() error {
	s.turn <- struct{}{} // and is never given back: a closed signer signs nothing
	s.ring.wipe()
	return s.memory.close()
}

// SignUTXO signs every input of a transaction that pays one authority, or a batch of them,
// on any chain of the UTXO family that the deployment runs. Refusals are *swap.Error with
// CodeRefused.
func (s *Signer) SignUTXO(ctx context.Context, req *connect.Request[ferryv1.SignUTXORequest]) (*connect.Response[ferryv1.SignResponse], error) {
	chain := asset.Chain(req.Msg.GetChain())
	if chain.Family() != asset.UTXO || !slices.Contains(s.ring.networks.Chains(), chain) {
		s.observe("", "", swap.CodeRefused, "chain")
		return nil, refuse("chain", "", "Chain %.20q is none of the UTXO family that this deployment runs.", chain)
	}
	return s.answer(ctx, chain, req.Msg.GetAuthorities(), func(claims []claim) (signature, error) {
		p, tx, err := s.checkUTXO(claims, req.Msg)
		if err != nil {
			return signature{}, err
		}
		return s.memory.sign(p, s.caps, s.now(), func() (signature, error) { return s.signUTXO(tx) })
	})
}

// SignEthereum signs a dynamic-fee transaction from the hot sender, or a sweep from a
// deposit address. Refusals are *swap.Error with CodeRefused.
func (s *Signer) SignEthereum(ctx context.Context, req *connect.Request[ferryv1.SignEthereumRequest]) (*connect.Response[ferryv1.SignResponse], error) {
	told := []*ferryv1.Authority{req.Msg.GetAuthority()}
	return s.answer(ctx, asset.Ethereum, told, func(claims []claim) (signature, error) {
		p, tx, err := s.checkEthereum(claims[0], req.Msg)
		if err != nil {
			return signature{}, err
		}
		return s.memory.sign(p, s.caps, s.now(), func() (signature, error) { return s.signEthereum(tx) })
	})
}

// answer verifies the authorities, has work done in turn, and logs how it ended: of a
// batch the first is named, with how many there are.
func (s *Signer) answer(ctx context.Context, chain asset.Chain, told []*ferryv1.Authority, work func([]claim) (signature, error)) (*connect.Response[ferryv1.SignResponse], error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		s.observe(chain, "", swap.CodeUnavailable, "")
		return nil, swap.Refuse(swap.CodeUnavailable, "", "", "The signer is busy or closed.")
	}
	claims, err := s.authoriseAll(chain, told)
	var c claim
	var signed signature
	if err == nil {
		c = claims[0]
		err = s.stopped(chain, claims)
	}
	if err == nil {
		signed, err = work(claims)
	}
	log := s.log.With("chain", chain, "purpose", c.purpose, "swap", c.swapID, "authority", c.key, "authorities", len(told))
	var refusal *swap.Error
	switch {
	case err == nil:
		s.observe(chain, c.purpose, "", "")
		log.InfoContext(ctx, "signed", "txid", signed.txid)
		return connect.NewResponse(&ferryv1.SignResponse{RawTx: signed.raw, Txid: signed.txid}), nil
	case errors.As(err, &refusal):
		s.observe(chain, c.purpose, refusal.Code, refusal.Field)
		log.WarnContext(ctx, "refused to sign", "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	s.observe(chain, c.purpose, swap.CodeInternal, "")
	log.ErrorContext(ctx, "could not sign", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The signer failed; its log says why.")
}
