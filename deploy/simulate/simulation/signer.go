package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
)

// signer keeps the signer's rule: all transactions of one authority spend the first one's
// anchor, unless that one is dead.
type signer struct{ signed map[string]signed }

// signed is what was signed for an authority since it has its anchor.
type signed struct {
	// anchor is the first input of the first transaction, or its nonce.
	anchor string
	txids  []string
}

func newSigner() *signer { return &signer{signed: map[string]signed{}} }

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
		if !s.follows(r) && unattested(r) {
			return swap.Refuse(swap.CodeRefused, "authority.signed_attestations", "", "There must be one attestation for each deposit.")
		}
		for _, why := range r.Authorities {
			id, spends := why.Order.ID, spendsOf(r.Plan)
			before, known := s.signed[id]
			if !known {
				before.anchor = spends[0]
			} else if !slices.Contains(spends, before.anchor) {
				if err := s.dead(id, before, r); err != nil {
					return err
				}
				before = signed{anchor: spends[0]}
			}
			if why.Order.Purpose.House() {
				s.w.checkHouse(why, r.Plan)
			} else {
				checkSigned(why.Order)
				if !s.follows(r) {
					s.w.checkAttested(why)
				}
			}
			_, txid := fakechain.Sign(r.Plan)
			before.txids = append(slices.Clone(before.txids), txid)
			s.signed[id] = before
		}
		raw, txid = fakechain.Sign(r.Plan)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return raw, txid, nil
}

// unattested reports a request without the attestations of any deposit: of what was signed before
// only, or for that to be given up.
func unattested(r payment.SignRequest) bool {
	return !slices.ContainsFunc(r.Authorities, func(a payment.Authority) bool {
		return a.Order.Purpose.House() || len(a.Attestations) > 0
	})
}

// follows reports that each payment was signed for before, and that this conflicts with it.
func (s signerClient) follows(r payment.SignRequest) bool {
	return !slices.ContainsFunc(r.Authorities, func(a payment.Authority) bool {
		before, known := s.signed[a.Order.ID]
		return !known || !slices.Contains(spendsOf(r.Plan), before.anchor)
	})
}

// Ended implements payment.Signer. It remembers nothing, so every word is had anew.
func (s signerClient) Ended(context.Context, []string) ([]string, error) {
	if s.w.down["signerd"] {
		return nil, errLost
	}
	return nil, nil
}

// spendsOf are the coins that a plan spends, or its nonce.
func spendsOf(p chain.Plan) (all []string) {
	tx, _, err := fakechain.Decode(p.Unsigned)
	must(err)
	if tx.Sender != "" {
		return []string{fmt.Sprintf("%s:%s:%d", tx.Chain, tx.Sender, tx.Nonce)}
	}
	for _, coin := range tx.Inputs {
		all = append(all, fmt.Sprintf("%s:%s", tx.Chain, coin))
	}
	return all
}

// dead is nil where attestd's word is there that what was signed for an order before can
// pay nothing any more. Without one the request is a violation; one that is not final
// enough yet is refused.
func (s signerClient) dead(id string, before signed, r payment.SignRequest) error {
	for _, text := range r.Deaths {
		a, err := swap.VerifyDeathAttestation(text, attestKeys)
		must(err)
		if a.Anchor != before.anchor || a.Kills(before.anchor, before.txids) != nil {
			continue
		}
		if err := s.w.depositRules().MeetsDeath(a, r.Authorities[0].Order.Amount, s.w.now.Add(time.Second)); err != nil {
			return swap.Refuse(swap.CodeRefused, "signed_deaths", "", err.Error())
		}
		return nil
	}
	panic(violation{"the signer was asked for a transaction beside another one for " + id})
}
