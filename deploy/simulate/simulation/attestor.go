package simulation

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/attest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// view is the attestor's own node: it sees the chain later than the hot wallet's node
// does, or another branch of it for a while.
type view struct {
	chain.Reader
	// behind is how many of the newest blocks it has not got, and other the height
	// from which on it has other blocks than everybody else, 0 for none.
	behind, other int64
}

// Tip implements chain.Reader.
func (v *view) Tip(ctx context.Context) (chain.Ref, error) {
	tip, err := v.Reader.Tip(ctx)
	if err != nil {
		return chain.Ref{}, err
	}
	return v.at(ctx, max(tip.Height-v.behind, 0))
}

// RefAt implements chain.Reader.
func (v *view) RefAt(ctx context.Context, height int64) (chain.Ref, error) {
	tip, err := v.Reader.Tip(ctx)
	if err != nil {
		return chain.Ref{}, err
	}
	if height > tip.Height-v.behind {
		return chain.Ref{}, fmt.Errorf("block at height %d: %w", height, chain.ErrBlockGone)
	}
	return v.at(ctx, height)
}

func (v *view) at(ctx context.Context, height int64) (chain.Ref, error) {
	ref, err := v.Reader.RefAt(ctx, height)
	if err == nil && v.other > 0 && height >= v.other {
		ref.Hash = "other " + ref.Hash
	}
	return ref, err
}

// Final implements chain.Finalizing: the node knows of votes for blocks that it has.
func (v *view) Final(ctx context.Context) (f chain.Final, err error) {
	final, err := chain.FinalOf(ctx, v.Reader)
	if err != nil || final == f {
		return f, err
	}
	tip, err := v.Tip(ctx)
	if err != nil {
		return f, err
	}
	if f.Safe, err = v.at(ctx, min(final.Safe.Height, tip.Height)); err != nil {
		return f, err
	}
	f.Finalized, err = v.at(ctx, min(final.Finalized.Height, tip.Height))
	return f, err
}

// Block implements chain.Reader.
func (v *view) Block(ctx context.Context, ref chain.Ref, w chain.Watch) (chain.Block, error) {
	if there, err := v.RefAt(ctx, ref.Height); err != nil || there != ref {
		return chain.Block{}, fmt.Errorf("block %s: %w", ref, chain.ErrBlockGone)
	}
	return v.Reader.Block(ctx, ref, w)
}

// attestor is attestd as the engine calls it: the real look at deposits, on views.
type attestor struct {
	w       *World
	views   map[asset.Chain]*view
	witness *attest.Witness
}

func newAttestor(w *World) *attestor {
	a := &attestor{w: w, views: map[asset.Chain]*view{}}
	c := attest.WitnessConfig{Nodes: map[asset.Chain][]attest.Node{}, Rules: w.depositRules(), Now: w.clock, Log: w.log}
	for on, node := range w.chains {
		a.views[on] = &view{Reader: node}
		c.Nodes[on] = []attest.Node{{Reader: a.views[on], Identified: node}}
	}
	var err error
	a.witness, err = attest.NewWitness(c)
	must(err)
	return a
}

// AttestDeposit implements payment.Attestor.
func (a *attestor) AttestDeposit(ctx context.Context, r payment.AttestRequest) (signed string, err error) {
	if a.w.down["attestd"] {
		return "", errLost
	}
	err = a.w.around(func() error {
		terms, err := swap.VerifyTerms(r.Order.SignedQuote, r.Order.SignedReceipt, quoteKeys, attestKeys)
		must(err)
		on := asset.MustLookup(r.Deposit.Amount.Asset).Chain // of a deposit in another asset, the sibling
		found, err := a.witness.Look(ctx, attest.Claim{Chain: on, DepositID: r.Deposit.ID,
			Address: terms.Receipt.DepositAddress, Amount: r.Deposit.Amount, Block: r.Block})
		if err != nil {
			return err
		}
		signed, err = swap.SignDepositAttestation(swap.DepositAttestation{SwapID: r.Order.SwapID,
			ReceiptHash: swap.HashDocument(r.Order.SignedReceipt), Chain: on, DepositID: r.Deposit.ID,
			Address: terms.Receipt.DepositAddress, Amount: r.Deposit.Amount, Height: r.Block.Height, BlockHash: r.Block.Hash,
			Depth: found.Depth, Software: found.Software, Finality: found.Finality, IssuedAt: swap.Millis(a.w.now)}, attestKey)
		return err
	})
	return signed, err
}

// AttestDeath implements payment.Coroner.
func (a *attestor) AttestDeath(ctx context.Context, r payment.DeathRequest) (signed string, err error) {
	if a.w.down["attestd"] {
		return "", errLost
	}
	err = a.w.around(func() error {
		end, err := a.witness.LookForDeath(ctx, attest.Spend{Chain: r.Chain, Anchor: r.Anchor, Spent: r.Spent, Lineage: r.Lineage,
			Spender: r.Spender, Block: r.Block})
		if err != nil {
			return err
		}
		signed, err = swap.SignDeathAttestation(swap.DeathAttestation{Chain: r.Chain, Anchor: r.Anchor, Spent: r.Spent, Spender: r.Spender,
			Failed: end.Failed, Height: r.Block.Height, BlockHash: r.Block.Hash, Depth: end.Depth, Finality: end.Finality,
			Software: end.Software, IssuedAt: swap.Millis(a.w.now)}, attestKey)
		return err
	})
	return signed, err
}

// opinion has the attestor's own node see less than the hot wallet's, or something
// else, or the same again.
func (w *World) opinion() {
	on := one(w, networks.Chains())
	v := w.attestor.views[on]
	v.behind, v.other = 0, 0
	switch w.rng.IntN(4) {
	case 0:
		v.behind = 1 + w.rng.Int64N(4)
	case 1:
		v.other = max(w.height(on)-w.rng.Int64N(4), 1)
	}
	w.tell("%s: the attestor's node is %d blocks behind, on another branch from %d on", on, v.behind, v.other)
}

// agree ends all differences between the nodes.
func (a *attestor) agree() {
	for _, v := range a.views {
		v.behind, v.other = 0, 0
	}
}

// checkAttested holds what is to be signed to the attestations it rests on, as the
// signer does: one for each deposit, deep enough on the attestor's own node.
func (w *World) checkAttested(r payment.Authority) {
	terms, err := swap.VerifyTerms(r.Order.SignedQuote, r.Order.SignedReceipt, quoteKeys, attestKeys)
	must(err)
	if len(r.Attestations) != len(r.Order.Deposits) {
		fail("%s of %d deposits rests on %d attestations", r.Order.ID, len(r.Order.Deposits), len(r.Attestations))
	}
	for i, d := range r.Order.Deposits {
		a, err := swap.VerifyDepositAttestation(r.Attestations[i], attestKeys)
		if err == nil {
			err = terms.Attested(a, d)
		}
		if err == nil {
			err = w.depositRules().Meets(a, w.now.Add(time.Second))
		}
		if err != nil {
			fail("%s is to be signed: %v", r.Order.ID, err)
		}
	}
}
