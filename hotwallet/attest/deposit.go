package attest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"connectrpc.com/connect"
	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/durable"
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// textMost bounds each short text of a request about a deposit, in bytes.
const textMost = 200

// AttestDeposit signs that a deposit is in the chain, as a node of the attestor's own
// shows it, at the address of a receipt that was signed here. Refusals are *swap.Error;
// one with CodeUnavailable passes by itself, and so may one that names the block or
// the depth.
func (a *Attestor) AttestDeposit(ctx context.Context, req *connect.Request[ferryv1.AttestDepositRequest]) (*connect.Response[ferryv1.AttestDepositResponse], error) {
	swapID, signed, err := a.attestDeposit(ctx, req.Msg)
	log := a.log.With("swap", swapID, "deposit", clipped(req.Msg.GetDepositId()))
	var refusal *swap.Error
	switch {
	case err == nil:
		a.observe(callDeposit, "")
		log.InfoContext(ctx, "attested a deposit")
		crash.Point("attest.deposit.after")
		return connect.NewResponse(&ferryv1.AttestDepositResponse{SignedAttestation: signed}), nil
	case errors.As(err, &refusal):
		a.observe(callDeposit, refusal.Code)
		log.WarnContext(ctx, "refused to attest a deposit", "code", refusal.Code, "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	a.observe(callDeposit, swap.CodeInternal)
	log.ErrorContext(ctx, "could not attest a deposit", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The attestor failed; its log says why.")
}

func (a *Attestor) attestDeposit(ctx context.Context, r *ferryv1.AttestDepositRequest) (swapID, signed string, err error) {
	terms, err := a.ownTerms(r.GetSignedQuote(), r.GetSignedReceipt())
	if err != nil {
		return "", "", err
	}
	swapID = terms.Receipt.SwapID
	if err := a.fencePayer(terms, r); err != nil {
		return swapID, "", err
	}
	c, err := a.claim(terms, r)
	if err != nil {
		return swapID, "", err
	}
	if a.witness == nil {
		return swapID, "", swap.Refuse(swap.CodeUnavailable, outcomeField[NoNode], "", "The attestor has no node of its own.")
	}
	found, err := a.witness.Look(ctx, c)
	if err != nil {
		return swapID, "", err
	}
	signed, err = swap.SignDepositAttestation(swap.DepositAttestation{SwapID: swapID, ReceiptHash: swap.HashDocument(terms.SignedReceipt),
		Chain: c.Chain, DepositID: c.DepositID, Address: c.Address, Amount: c.Amount, Height: c.Block.Height, BlockHash: c.Block.Hash,
		Depth: found.Depth, Software: found.Software, SecondSoftware: found.Second, Finality: found.Finality, IssuedAt: swap.Millis(a.now())}, a.key)
	return swapID, signed, err
}

// fencePayer refuses a caller whose lease on the chain that pays is older than one
// seen before, or that pays on none of the quote's chains.
func (a *Attestor) fencePayer(t swap.Terms, r *ferryv1.AttestDepositRequest) error {
	payer := asset.Chain(r.GetPayerChain())
	on, sibling := siblingOf(t, r)
	if payer != t.Quote.PayoutChain() && payer != t.Quote.DepositChain() && !(sibling && payer == on) {
		return refuse("payer_chain", "", "The caller pays on none of the quote's chains.")
	}
	if r.GetFencingToken() == 0 {
		return refuse(fieldToken, "1", "The caller holds no lease.")
	}
	return a.store.fence(payer, r.GetFencingToken())
}

// fence is raiseFence by itself. It writes only where the token is a newer one.
func (s *store) fence(on asset.Chain, token uint64) error {
	var seen uint64
	if err := s.db.View(func(tx *bolt.Tx) error {
		seen = durable.Fence(tx.Bucket(bucketFence), on)
		return nil
	}); err != nil || token == seen {
		return err
	}
	var refusal error
	err := s.db.Update(func(tx *bolt.Tx) (err error) {
		refusal, err = raiseFence(tx, on, token)
		return err
	})
	return errors.Join(err, refusal)
}

// ownTerms are those of a receipt that was signed here: it lies in the store, or it
// verifies by today's key. The latter is for a store that was lost, and whose swaps are
// paid or refunded all the same.
func (a *Attestor) ownTerms(signedQuote, signedReceipt string) (swap.Terms, error) {
	terms, err := a.terms(signedQuote, signedReceipt)
	if err == nil || len(signedReceipt) > swap.MaxDocument {
		return terms, err
	}
	own := a.PublicKey()
	if verified, problem := swap.VerifyTerms(signedQuote, signedReceipt, a.quoteKeys, swap.PublicKeys{swap.KeyID(own): own}); problem == nil {
		return verified, nil
	}
	return swap.Terms{}, err
}

// depositAddress derives the address of a receipt again, from the path it names.
func (a *Attestor) depositAddress(r swap.Receipt) (string, error) {
	index, err := strconv.ParseUint(r.DepositPath[strings.LastIndexByte(r.DepositPath, '/')+1:], 10, 31)
	if err != nil {
		return "", fmt.Errorf("the receipt of %s names path %.80q: %w", r.SwapID, r.DepositPath, err)
	}
	key, err := a.store.accounts.Derive(r.DepositChain, keys.Deposit, keys.External, uint32(index))
	if err != nil {
		return "", err
	}
	if key.Address != r.DepositAddress || key.Path != r.DepositPath {
		return "", fmt.Errorf("the receipt of %s names another address than its path has", r.SwapID)
	}
	return key.Address, nil
}

// claim reads what the caller tells of a deposit, at the address that is derived here.
func (a *Attestor) claim(t swap.Terms, r *ferryv1.AttestDepositRequest) (Claim, error) {
	address, err := a.depositAddress(t.Receipt)
	if err != nil {
		return Claim{}, err
	}
	on := t.Receipt.DepositChain
	if sibling, ok := siblingOf(t, r); ok {
		on = sibling
		if address, ok = keys.SiblingAddress(a.networks, on, address); !ok {
			return Claim{}, refuse("asset", "", fmt.Sprintf("The receipt's address has no form on %s.", on))
		}
	}
	c := Claim{Chain: on, DepositID: r.GetDepositId(), Address: address,
		Block: chain.Ref{Height: r.GetHeight(), Hash: r.GetBlockHash()}}
	if !strings.HasPrefix(c.DepositID, string(c.Chain)+":") || len(c.DepositID) > textMost || strings.ContainsRune(c.DepositID, 0) {
		return Claim{}, refuse("deposit_id", "", fmt.Sprintf("This is no deposit on %s.", c.Chain))
	}
	if c.Block.Height < 0 || c.Block.Hash == "" || len(c.Block.Hash) > textMost {
		return Claim{}, refuse("block_hash", "", "The block has no height or no hash.")
	}
	units, err := asset.ParseUnits(r.GetUnits())
	if err != nil || units.IsZero() {
		return Claim{}, refuse("units", "", "The amount is no count of base units above zero.")
	}
	paid, ok := asset.Lookup(asset.ID(r.GetAsset()))
	if !ok || paid.Chain != c.Chain {
		return Claim{}, refuse("asset", "", fmt.Sprintf("The asset is not one on %s.", c.Chain))
	}
	c.Amount = asset.Amount{Asset: paid.ID, Units: units}
	return c, nil
}

// clipped bounds what a log shows of a caller's text.
func clipped(text string) string { return text[:min(len(text), textMost)] }
