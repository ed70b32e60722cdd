package signer

import (
	"context"
	"fmt"

	"connectrpc.com/connect"
	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// keepEnded remembers attestd's words on anchors that were signed for here, so that the
// coins which lost attempts were to spend stay free once the blocks are too old for a new
// word. Words on anything else are not kept: whoever asks could have any number of them. One
// that does for any amount is not replaced by one that does for this payment's only.
func (s *Signer) keepEnded(tx *bolt.Tx, p payment) error {
	for anchor, d := range p.deaths {
		if tx.Bucket(bucketSpend).Get([]byte(anchor)) == nil {
			continue
		}
		if _, known := s.remembered(tx, anchor); known && s.rules.Load().EndsForGood(d.DeathAttestation) != nil {
			continue
		}
		if err := tx.Bucket(bucketEnded).Put([]byte(anchor), []byte(d.text)); err != nil {
			return fmt.Errorf("keep what ended: %w", err)
		}
	}
	return nil
}

// remembered is the word that is kept of an anchor, if there is one that is signed by a key
// which is trusted today, and does by the rules of today for any amount. It is of some day
// before: a reorganisation deeper than any that is followed would not be seen in it. So it
// never gives an authority another anchor (died), which would be a second payment then. It
// does for a coin's new owner: whichever of two transactions that spend one coin is mined,
// each authority is paid by one transaction at most.
func (s *Signer) remembered(tx *bolt.Tx, anchor string) (swap.DeathAttestation, bool) {
	text := tx.Bucket(bucketEnded).Get([]byte(anchor))
	if text == nil {
		return swap.DeathAttestation{}, false
	}
	a, err := swap.VerifyDeathAttestation(string(text), s.attestKeys)
	if err != nil || a.Anchor != anchor || s.rules.Load().EndsForGood(a) != nil {
		return swap.DeathAttestation{}, false // as if there were none: a new word is asked for
	}
	return a, true
}

// gone is attestd's word that a coin or nonce is spent for good: the request's, which is of
// these minutes, or else the one that is remembered.
func (s *Signer) gone(tx *bolt.Tx, p payment, spend string) (swap.DeathAttestation, bool) {
	if d, told := p.deaths[spend]; told {
		return d.DeathAttestation, true
	}
	return s.remembered(tx, spend)
}

// Ended says which words on anchors are remembered. It reveals what attestd has told the
// caller, and changes nothing.
func (s *Signer) Ended(ctx context.Context, req *connect.Request[ferryv1.EndedRequest]) (*connect.Response[ferryv1.EndedResponse], error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, swap.Refuse(swap.CodeUnavailable, "", "", "The signer is busy or closed.")
	}
	asked := req.Msg.GetAnchors()
	if len(asked) > maxDeaths {
		return nil, refuse("anchors", fmt.Sprint(maxDeaths), "%d anchors are more than a request may name.", len(asked))
	}
	res := &ferryv1.EndedResponse{}
	err := s.memory.db.View(func(tx *bolt.Tx) error {
		for _, anchor := range asked {
			if _, known := s.remembered(tx, anchor); known {
				res.Anchors = append(res.Anchors, anchor)
			}
		}
		return nil
	})
	if err != nil {
		s.log.ErrorContext(ctx, "could not read what ended", "error", err)
		return nil, swap.Refuse(swap.CodeInternal, "", "", "The signer failed; its log says why.")
	}
	return connect.NewResponse(res), nil
}
