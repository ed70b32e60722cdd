package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
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

// Signer answers hotwalletd. It is safe for concurrent use: requests are checked side by
// side, and decided on one after the other by one goroutine, which makes several
// decisions durable at a time.
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
	// turns holds a token for each request at work.
	turns chan struct{}
	// asked are the decisions to be made. run alone uses memory, files and broken, which
	// is why nothing can be decided any more.
	asked  chan *decision
	files  *logFiles
	broken error
	// begunWith is the switches' file as the signer was opened with it; nil if it was missing.
	begunWith os.FileInfo
	// quit ends watch, which closes unwatched; run closes ended.
	quit, unwatched, ended chan struct{}
	stop                   func() error
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
		caps: c.Caps, now: c.Now, log: c.Log, observe: c.Observe, turns: make(chan struct{}, maxAtWork),
		asked: make(chan *decision, maxAtWork+1), quit: make(chan struct{}), unwatched: make(chan struct{}), ended: make(chan struct{})}
	s.stop = sync.OnceValue(s.shut)
	s.rules.Store(&c.Rules)
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, memory.close())
	}
	go s.run()
	go s.watch()
	return s, nil
}

// begin opens the log, and logs that the signer is open.
func (s *Signer) begin() error {
	var err error
	if s.files, err = openLog(filepath.Join(s.dir, logName), s.memory.head); err != nil {
		return logTrouble(s.dir, err)
	}
	if s.memory.fresh {
		if err := firstSwitches(s.dir); err != nil {
			return errors.Join(err, s.files.close())
		}
	}
	// Before it is read for the first decision: what changes later is seen by watch, which
	// has nothing to look for until then.
	s.begunWith, _ = os.Stat(filepath.Join(s.dir, switchName)) // missing: told by that decision
	start := &decision{told: Entry{What: loggedStart}, made: make(chan struct{})}
	if s.settle([]*decision{start}); start.err != nil {
		return errors.Join(start.err, s.files.close())
	}
	return nil
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

// Close wipes the keys and closes memory and log, after the requests being worked on.
// Requests that come later get CodeUnavailable once their time is over.
func (s *Signer) Close() error { return s.stop() }

func (s *Signer) shut() error {
	close(s.quit)
	<-s.unwatched
	for range maxAtWork {
		s.turns <- struct{}{} // and are never given back: a closed signer signs nothing
	}
	close(s.asked)
	<-s.ended
	s.ring.wipe()
	return errors.Join(s.files.close(), s.memory.close())
}

// SignUTXO signs every input of a transaction that pays one authority, or a batch of them,
// on any chain of the UTXO family that the deployment runs. Refusals are *swap.Error with
// CodeRefused, and then nothing was signed; with CodeUnavailable that is left open.
func (s *Signer) SignUTXO(ctx context.Context, req *connect.Request[ferryv1.SignUTXORequest]) (*connect.Response[ferryv1.SignResponse], error) {
	chain := asset.Chain(req.Msg.GetChain())
	if chain.Family() != asset.UTXO || !slices.Contains(s.ring.networks.Chains(), chain) {
		return s.answer(ctx, "", nil, nil, func(*decision) error {
			return refuse("chain", "", "Chain %.20q is none of the UTXO family that this deployment runs.", chain)
		})
	}
	told := req.Msg.GetAuthorities()
	return s.answer(ctx, chain, told, req.Msg.GetUnsignedTx(), func(d *decision) error {
		claims, err := s.authoriseAll(chain, told)
		if err != nil {
			return err
		}
		d.tell(claims[0])
		p, tx, err := s.checkUTXO(claims, req.Msg)
		d.payment, d.sign = &p, func() (signature, error) { return s.signUTXO(tx) }
		return err
	})
}

// SignEthereum signs a dynamic-fee transaction from the hot sender, or a sweep from a
// deposit address. Refusals are those of SignUTXO.
func (s *Signer) SignEthereum(ctx context.Context, req *connect.Request[ferryv1.SignEthereumRequest]) (*connect.Response[ferryv1.SignResponse], error) {
	told := []*ferryv1.Authority{req.Msg.GetAuthority()}
	return s.answer(ctx, asset.Ethereum, told, req.Msg.GetUnsignedTx(), func(d *decision) error {
		claims, err := s.authoriseAll(asset.Ethereum, told)
		if err != nil {
			return err
		}
		d.tell(claims[0])
		p, tx, err := s.checkEthereum(claims[0], req.Msg)
		d.payment, d.sign = &p, func() (signature, error) { return s.signEthereum(tx) }
		return err
	})
}

// answer has a request checked, decided and logged, and says how it ended: of a batch the
// first authority is named, with how many there are.
func (s *Signer) answer(ctx context.Context, chain asset.Chain, told []*ferryv1.Authority, unsigned []byte, check func(*decision) error) (*connect.Response[ferryv1.SignResponse], error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, s.busy(chain)
	}
	// A turn may have been taken although the caller is gone: what it has not heard of by now
	// it may have given up.
	if ctx.Err() != nil {
		return nil, s.busy(chain)
	}
	d := &decision{told: Entry{Chain: chain, Authorities: len(told)}, made: make(chan struct{})}
	err := check(d)
	if d.payment != nil && len(d.payment.parts) > 0 {
		d.told.Authority = d.payment.parts[0].key // the house's own have none before
	}
	var refusal *swap.Error
	if errors.As(err, &refusal) {
		d.payment, d.refusal = nil, err
	}
	if err == nil || refusal != nil {
		s.asked <- d
		<-d.made
		if err = d.err; err == nil {
			err = d.refusal
		}
	}
	purpose := d.told.Purpose
	log := s.log.With("chain", chain, "purpose", purpose, "swap", d.told.SwapID, "authority", d.told.Authority, "authorities", len(told))
	switch {
	case err == nil:
		s.observe(chain, purpose, "", "")
		log.InfoContext(ctx, "signed", "txid", d.signed.txid)
		return connect.NewResponse(&ferryv1.SignResponse{RawTx: d.signed.raw, Txid: d.signed.txid}), nil
	case errors.As(err, &refusal):
		if !d.judged && s.memory.signedBefore(unsigned) {
			err = swap.Refuse(swap.CodeUnavailable, refusal.Field, refusal.Limit, refusal.Message+" It was signed before, and that is withheld.")
		}
		s.observe(chain, purpose, swap.ErrorCode(err), refusal.Field)
		log.WarnContext(ctx, "refused to sign", "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	s.observe(chain, purpose, swap.CodeInternal, "")
	log.ErrorContext(ctx, "could not sign", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The signer failed; its log says why.")
}

// busy answers a request that nothing was done about.
func (s *Signer) busy(chain asset.Chain) error {
	s.observe(chain, "", swap.CodeUnavailable, "")
	return swap.Refuse(swap.CodeUnavailable, "", "", "The signer is busy or closed.")
}

// tell names a decision by the first of its claims.
func (d *decision) tell(c claim) {
	d.told.Purpose, d.told.SwapID, d.told.Authority = c.purpose, c.swapID, c.key
}
