package payment_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// fuse kills the process at the nth boundary: before or after an outside effect
// or a write of the store. It panics, as if the process were gone: nothing after
// it runs.
type fuse struct {
	at, passed int
	// wide counts what is around the engine too: watcher, sweeps, attestations and deaths.
	wide bool
	// names are the boundaries passed, in their order.
	names []string
}

type crash struct{ where string }

func (f *fuse) point(name string) {
	f.passed++
	f.names = append(f.names, name)
	if f.at == f.passed {
		panic(crash{name})
	}
}

// around runs an effect between two points.
func around[T any](f *fuse, name string, effect func() (T, error)) (T, error) {
	f.point("before " + name)
	v, err := effect()
	f.point("after " + name)
	return v, err
}

// crashing runs a round that dies at boundary n; it reports where, or "" if the
// round has fewer boundaries.
func (w *world) crashing(n int) (where string) {
	w.t.Helper()
	*w.fuse = fuse{at: n}
	defer func() {
		*w.fuse = fuse{}
		if gone := recover(); gone != nil {
			c, ok := gone.(crash)
			if !ok {
				panic(gone)
			}
			where = c.where
		}
	}()
	w.step()
	return ""
}

type fusedStore struct {
	payment.Store
	fuse *fuse
}

func (s fusedStore) StorePlan(ctx context.Context, p []payment.Payment, plan chain.Plan) (payment.Batch, error) {
	return around(s.fuse, "StorePlan", func() (payment.Batch, error) { return s.Store.StorePlan(ctx, p, plan) })
}

func (s fusedStore) StoreReplacement(ctx context.Context, b payment.Batch, plan chain.Plan, reason string) (payment.Batch, error) {
	return around(s.fuse, "StoreReplacement", func() (payment.Batch, error) { return s.Store.StoreReplacement(ctx, b, plan, reason) })
}

func (s fusedStore) StoreSigned(ctx context.Context, b payment.Batch, raw []byte, txid string) (payment.Batch, error) {
	return around(s.fuse, "StoreSigned", func() (payment.Batch, error) { return s.Store.StoreSigned(ctx, b, raw, txid) })
}

func (s fusedStore) StoreAnswer(ctx context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	return around(s.fuse, "StoreAnswer", func() (payment.Batch, error) { return s.Store.StoreAnswer(ctx, b, n, a) })
}

func (s fusedStore) StoreReason(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	return around(s.fuse, "StoreReason", func() (payment.Payment, error) { return s.Store.StoreReason(ctx, p, reason) })
}

func (s fusedStore) StoreBatchReason(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	return around(s.fuse, "StoreBatchReason", func() (payment.Batch, error) { return s.Store.StoreBatchReason(ctx, b, reason) })
}

type fusedPayer struct {
	chain.Payer
	fuse *fuse
}

func (p fusedPayer) Broadcast(ctx context.Context, raw []byte) (chain.Acceptance, error) {
	return around(p.fuse, "Broadcast", func() (chain.Acceptance, error) { return p.Payer.Broadcast(ctx, raw) })
}

type fusedSigner struct {
	payment.Signer
	fuse *fuse
}

func (s fusedSigner) Sign(ctx context.Context, r payment.SignRequest) ([]byte, string, error) {
	s.fuse.point("before Sign")
	raw, txid, err := s.Signer.Sign(ctx, r)
	s.fuse.point("after Sign")
	return raw, txid, err
}

// signFault is what goes wrong with one call of the signer.
type signFault int

const (
	signAway    signFault = iota + 1 // nothing happens
	signLost                         // it signs, and the answer is lost
	signRefused                      // it refuses, having signed nothing
)

// fakeSigner has the memory of the real one: an authority is signed for
// conflicting transactions only, a coin or nonce for one authority, a token never goes back.
type fakeSigner struct {
	mu     sync.Mutex
	plans  map[string][32]byte
	signed map[string][]byte
	// anchors are what the first transaction for an order spends first, until that is dead:
	// each later one does too. lives are the transactions signed for it since.
	anchors map[string]string
	lives   map[string][]string
	spends  map[string]string
	// ended are the coins of which it has seen attestd's word that they are spent for good.
	ended map[string]bool
	// fixed are the anchors of those for whom a coin or nonce was signed last.
	fixed  map[string]string
	token  uint64
	faults []signFault
	// conflicting says what was asked for that must never be.
	conflicting string
	calls       int
	// endedRefuses has Ended refuse; asked is how many anchors it was asked for at once at most.
	endedRefuses bool
	asked        int
}

func newFakeSigner() *fakeSigner {
	return &fakeSigner{anchors: map[string]string{}, lives: map[string][]string{}, plans: map[string][32]byte{}, signed: map[string][]byte{},
		spends: map[string]string{}, fixed: map[string]string{}, ended: map[string]bool{}}
}

func (s *fakeSigner) fail(f ...signFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f...)
}

// goesOn ends what goes wrong.
func (s *fakeSigner) goesOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *fakeSigner) Sign(ctx context.Context, r payment.SignRequest) ([]byte, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	var fault signFault
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	switch {
	case fault == signAway:
		return nil, "", errLost
	case fault == signRefused && s.signedBefore(r):
		return nil, "", swap.Refuse(swap.CodeUnavailable, "unsigned_tx", "", "It was signed before, and that is withheld.")
	case !attested(r) && !s.follows(r):
		return nil, "", swap.Refuse(swap.CodeRefused, "authority.signed_attestations", "", "There must be one attestation for each deposit.")
	case fault == signRefused:
		return nil, "", swap.Refuse(swap.CodeRefused, "unsigned_tx", "", "Not today.")
	case r.FencingToken < s.token:
		return nil, "", swap.Refuse(swap.CodeRefused, "authority.fencing_token", "", "The caller's lease is old.")
	}
	s.token = r.FencingToken
	sum, owner := sha256.Sum256(r.Plan.Unsigned), r.Authorities[0].Order.ID
	for _, a := range r.Authorities {
		id := a.Order.ID
		before, known := s.plans[id]
		switch dead := known && s.dead(id, r); {
		case !known, dead:
			s.anchors[id], s.lives[id] = spends(r)[0], nil
		case before != sum && !slices.Contains(spends(r), s.anchors[id]):
			return nil, "", s.conflict("%s was planned twice", id)
		}
	}
	for _, spend := range spends(r) {
		if other, taken := s.spends[spend]; taken && other != owner && !s.gone(s.fixed[spend], r) {
			return nil, "", s.conflict("%s is spent by %s and %s", spend, other, owner)
		}
		s.spends[spend], s.fixed[spend] = owner, s.anchors[owner]
	}
	raw, txid := fakechain.Sign(r.Plan)
	for _, a := range r.Authorities {
		s.plans[a.Order.ID] = sum
		if !slices.Contains(s.lives[a.Order.ID], txid) {
			s.lives[a.Order.ID] = append(s.lives[a.Order.ID], txid)
		}
	}
	s.signed[txid] = raw
	for _, text := range r.Deaths {
		if a, err := swap.VerifyDeathAttestation(text, public(seedKey("attest"))); err == nil {
			s.ended[a.Anchor] = true
		}
	}
	if fault == signLost {
		return nil, "", errLost
	}
	return raw, txid, ctx.Err()
}

// follows reports that each payment was signed for before, and that this conflicts with it.
func (s *fakeSigner) follows(r payment.SignRequest) bool {
	return !slices.ContainsFunc(r.Authorities, func(a payment.Authority) bool {
		_, known := s.plans[a.Order.ID]
		return !known || !slices.Contains(spends(r), s.anchors[a.Order.ID])
	})
}

// attested reports that each deposit has an attestation, of which the engine has made sure.
func attested(r payment.SignRequest) bool {
	return !slices.ContainsFunc(r.Authorities, func(a payment.Authority) bool { return len(a.Attestations) != len(a.Order.Deposits) })
}

// signedBefore reports that exactly this was signed, whether the answer arrived or not.
func (s *fakeSigner) signedBefore(r payment.SignRequest) bool {
	return s.knows(r.Plan)
}

func (s *fakeSigner) knows(p chain.Plan) bool {
	_, txid := fakechain.Sign(p)
	_, known := s.signed[txid]
	return known
}

// dead reports that attestd's word is there that nothing that was signed for an order can
// pay any more.
func (s *fakeSigner) dead(id string, r payment.SignRequest) bool {
	if len(s.lives[id]) == 0 {
		return false
	}
	before, _, err := fakechain.Decode(s.signed[s.lives[id][0]])
	if err != nil {
		return false
	}
	anchor := fmt.Sprintf("%s:%s:%d", before.Chain, before.Sender, before.Nonce)
	if before.Sender == "" {
		anchor = fmt.Sprintf("%s:%s", before.Chain, s.anchors[id])
	}
	for _, text := range r.Deaths {
		a, err := swap.VerifyDeathAttestation(text, public(seedKey("attest")))
		if err == nil && a.Kills(anchor, s.lives[id]) == nil {
			return true
		}
	}
	return false
}

// Ended implements payment.Signer.
func (s *fakeSigner) Ended(_ context.Context, anchors []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked = max(s.asked, len(anchors)); s.endedRefuses {
		return nil, swap.Refuse(swap.CodeRefused, "anchors", "", "That is more than a request may name.")
	}
	return slices.DeleteFunc(slices.Clone(anchors), func(a string) bool { return !s.ended[a] }), nil
}

// forget has it ask for every word anew, as after attestd's key was changed.
func (s *fakeSigner) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.ended)
}

// gone reports that attestd's word is or was there that a coin is spent for good.
func (s *fakeSigner) gone(coin string, r payment.SignRequest) bool {
	on := r.Authorities[0].Order.Chain
	return s.ended[fmt.Sprintf("%s:%s", on, coin)] || slices.ContainsFunc(r.Deaths, func(text string) bool {
		a, err := swap.VerifyDeathAttestation(text, public(seedKey("attest")))
		return err == nil && a.Anchor == fmt.Sprintf("%s:%s", a.Chain, coin)
	})
}

func (s *fakeSigner) conflict(format string, args ...any) error {
	s.conflicting = fmt.Sprintf(format, args...)
	return swap.Refuse(swap.CodeRefused, "unsigned_tx", "", s.conflicting)
}

func spends(r payment.SignRequest) []string {
	if r.Authorities[0].Order.Chain == asset.Ethereum {
		return []string{fmt.Sprintf("nonce %d of %s", r.Plan.Nonce, r.Plan.SenderPath)}
	}
	var ids []string
	for _, c := range r.Plan.Coins {
		ids = append(ids, c.ID())
	}
	return ids
}
