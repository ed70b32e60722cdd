package attest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// fieldLineage is what refusals name that are about how an anchor would come to be.
const fieldLineage = "lineage"

// AttestDeath signs which transaction has spent a payment's anchor, deeper than any
// reorganisation that is followed, as the attestor's own nodes show it. Whether the
// payment is dead then is for who knows its transactions to say
// (swap.DeathAttestation.Kills). Refusals are *swap.Error; one with CodeUnavailable passes
// by itself, and so may one that names the block or the depth.
func (a *Attestor) AttestDeath(ctx context.Context, req *connect.Request[ferryv1.AttestDeathRequest]) (*connect.Response[ferryv1.AttestDeathResponse], error) {
	signed, err := a.attestDeath(ctx, req.Msg)
	log := a.log.With("chain", clipped(req.Msg.GetChain()), "anchor", clipped(req.Msg.GetAnchor()))
	var refusal *swap.Error
	switch {
	case err == nil:
		a.observe(callDeath, "")
		log.InfoContext(ctx, "attested a death", "spender", clipped(req.Msg.GetSpender()))
		crash.Point("attest.death.after")
		return connect.NewResponse(&ferryv1.AttestDeathResponse{SignedAttestation: signed}), nil
	case errors.As(err, &refusal):
		a.observe(callDeath, refusal.Code)
		log.WarnContext(ctx, "refused to attest a death", "code", refusal.Code, "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	a.observe(callDeath, swap.CodeInternal)
	log.ErrorContext(ctx, "could not attest a death", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The attestor failed; its log says why.")
}

func (a *Attestor) attestDeath(ctx context.Context, r *ferryv1.AttestDeathRequest) (string, error) {
	s, err := a.spend(r)
	if err != nil {
		return "", err
	}
	if r.GetFencingToken() == 0 {
		return "", refuse(fieldToken, "1", "The caller holds no lease.")
	}
	if err := a.store.fence(s.Chain, r.GetFencingToken()); err != nil {
		return "", err
	}
	if a.witness == nil {
		return "", swap.Refuse(swap.CodeUnavailable, outcomeField[NoNode], "", "The attestor has no node of its own.")
	}
	end, err := a.witness.LookForDeath(ctx, s)
	if err != nil {
		return "", err
	}
	return swap.SignDeathAttestation(swap.DeathAttestation{Chain: s.Chain, Anchor: s.Anchor, Spent: s.Spent, Spender: s.Spender,
		Failed: end.Failed, Height: s.Block.Height, BlockHash: s.Block.Hash, Depth: end.Depth, Finality: end.Finality,
		Software: end.Software, SecondSoftware: end.Second, IssuedAt: swap.Millis(a.now())}, a.key)
}

// spend reads what the caller tells of a spend.
func (a *Attestor) spend(r *ferryv1.AttestDeathRequest) (Spend, error) {
	s := Spend{Chain: asset.Chain(r.GetChain()), Anchor: r.GetAnchor(), Spent: r.GetSpent(), Lineage: r.GetLineage(),
		Spender: r.GetSpender(), Block: chain.Ref{Height: r.GetHeight(), Hash: r.GetBlockHash()}}
	if _, known := s.Chain.Native(); !known {
		return s, refuse("chain", "", fmt.Sprintf("Chain %.20q is not known.", s.Chain))
	}
	for field, text := range map[string]string{"anchor": s.Anchor, "spent": s.Spent} {
		if err := a.checkSpend(s.Chain, text); err != nil {
			return s, refuse(field, "", fmt.Sprintf("This is no coin or nonce: %v.", err))
		}
	}
	if s.Chain.Family() == asset.Account && s.Spent != s.Anchor {
		return s, refuse("spent", "", fmt.Sprintf("On %s a nonce is spent by itself.", s.Chain))
	}
	if s.Spender == "" || len(s.Spender) > textMost {
		return s, refuse("spender", fmt.Sprint(textMost), "The transaction's id is missing or too long.")
	}
	if s.Block.Height < 0 || s.Block.Hash == "" || len(s.Block.Hash) > textMost {
		return s, refuse("block_hash", "", "The block has no height or no hash.")
	}
	return s, nil
}

// checkSpend accepts a coin or nonce in its one form only, an account's with the canonical
// form of its address.
func (a *Attestor) checkSpend(on asset.Chain, text string) error {
	if err := swap.CheckSpend(on, text); err != nil || on.Family() != asset.Account {
		return err
	}
	sender := strings.Split(text, ":")[1]
	canonical, err := a.networks.ParseAddress(on, sender)
	if err != nil || canonical != sender {
		return fmt.Errorf("%s is not the canonical form of an address", sender)
	}
	return nil
}
