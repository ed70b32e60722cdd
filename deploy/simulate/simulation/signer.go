package simulation

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

// signer keeps the signer's rule: one authority has one transaction for ever, unless that
// one is dead.
type signer struct {
	plans map[string]chain.Plan
	// txids are those of plans.
	txids map[string]string
}

func newSigner() *signer { return &signer{plans: map[string]chain.Plan{}, txids: map[string]string{}} }

type signerClient struct {
	*signer
	w *World
}

func (s *signer) of(w *World) payment.Signer { return signerClient{s, w} }

// Sign implements payment.Signer.
func (s signerClient) Sign(_ context.Context, r payment.SignRequest) (raw []byte, txid string, err error) {
	if s.w.down["signerd"] {
		return nil, "", errLost
	}
	err = s.w.around(func() error {
		for _, why := range r.Authorities {
			id := why.Order.ID
			if before, known := s.plans[id]; known && !bytes.Equal(before.Unsigned, r.Plan.Unsigned) {
				if err := s.dead(id, before, r); err != nil {
					return err
				}
			}
			if why.Order.Purpose.House() {
				s.w.checkHouse(why, r.Plan)
			} else {
				checkSigned(why.Order)
				s.w.checkAttested(why)
			}
			s.plans[id] = r.Plan
			_, s.txids[id] = fakechain.Sign(r.Plan)
		}
		raw, txid = fakechain.Sign(r.Plan)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return raw, txid, nil
}

// dead is nil where attestd's word is there that what was signed for an order before can
// pay nothing any more. Without one the request is a violation; one that is not final
// enough yet is refused.
func (s signerClient) dead(id string, before chain.Plan, r payment.SignRequest) error {
	tx, _, err := fakechain.Decode(before.Unsigned)
	must(err)
	anchor := fmt.Sprintf("%s:%s:%d", tx.Chain, tx.Sender, tx.Nonce)
	if tx.Sender == "" {
		anchor = fmt.Sprintf("%s:%s", tx.Chain, tx.Inputs[0])
	}
	for _, text := range r.Deaths {
		a, err := swap.VerifyDeathAttestation(text, attestKeys)
		must(err)
		if a.Anchor != anchor || a.Kills(anchor, []string{s.txids[id]}) != nil {
			continue
		}
		if err := s.w.depositRules().MeetsDeath(a, r.Authorities[0].Order.Amount, s.w.now.Add(time.Second)); err != nil {
			return swap.Refuse(swap.CodeRefused, "signed_deaths", "", err.Error())
		}
		return nil
	}
	panic(violation{"the signer was asked for a second transaction for " + id})
}
