package issue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// CheckDestination refuses an address that is our own, or that coins could not
// leave again. The field is left for the caller to name.
func (i *Issuer) CheckDestination(ctx context.Context, req *connect.Request[ferryv1.CheckDestinationRequest]) (_ *connect.Response[ferryv1.CheckDestinationResponse], err error) {
	defer func() { i.observe("check_destination", err) }()
	address := req.Msg.GetAddress()
	if err := i.address(ctx, "", i.config.Chain, address); err != nil {
		return nil, i.answer("check a destination", "", err)
	}
	err = i.config.Destinations.CheckDestination(ctx, address)
	switch {
	case errors.Is(err, asset.ErrAddressForbidden):
		return nil, swap.Refuse(swap.CodeForbiddenAddress, "", "", "Coins sent to this address would be lost.")
	case err != nil:
		return nil, i.answer("ask the node about a destination", "", err)
	}
	return connect.NewResponse(&ferryv1.CheckDestinationResponse{}), nil
}

// Issue gives the swap its address with attestd's receipt. Idempotent by swap id.
func (i *Issuer) Issue(ctx context.Context, req *connect.Request[ferryv1.IssueRequest]) (_ *connect.Response[ferryv1.IssueResponse], err error) {
	defer func() { i.observe("issue", err) }()
	t, err := i.parse(ctx, req.Msg)
	if err != nil {
		return nil, i.answer("check the terms of an address", req.Msg.GetSwapId(), err)
	}
	signed, err := i.issue(ctx, t)
	if err != nil {
		return nil, i.answer("issue an address", t.request.GetSwapId(), err)
	}
	return connect.NewResponse(&ferryv1.IssueResponse{SignedReceipt: signed}), nil
}

// issue ties an address to the swap before attestd is asked, and stores the
// receipt before it is answered: a crash in between is continued by the next call.
func (i *Issuer) issue(ctx context.Context, t terms) (string, error) {
	for range issueTries {
		crash.Point("issue.address.before")
		issued, err := i.config.Store.IssueDeposit(ctx, t.request.GetSwapId(), t.hash)
		if errors.Is(err, ErrPoolEmpty) {
			// Asked for faster than the pool is filled.
			if err := i.fill(ctx); err != nil {
				return "", err
			}
			continue
		}
		if err != nil {
			return "", err
		}
		i.wake()
		if issued.SignedReceipt != "" {
			return issued.SignedReceipt, i.check(t, issued.Address, issued.SignedReceipt)
		}
		crash.Point("issue.address.after")
		signed, used, err := i.attest(ctx, t, issued.Address)
		if err != nil {
			return "", err
		}
		if !used {
			crash.Point("issue.attest.after")
			err := i.config.Store.StoreReceipt(ctx, t.request.GetSwapId(), issued.Index, signed)
			crash.Point("issue.receipt.after")
			if err != nil {
				return signed, err
			}
			i.config.Log.Info("address issued", "chain", i.config.Chain, "swap", t.request.GetSwapId(), "index", issued.Index)
			return signed, nil
		}
		// Nobody has been told of this address by us: another can take its place.
		i.config.Log.Error("attestd has attested an index before: burnt", "chain", i.config.Chain, "swap", t.request.GetSwapId(), "index", issued.Index)
		if err := i.config.Store.BurnIssued(ctx, t.request.GetSwapId(), issued.Index); err != nil && !errors.Is(err, ErrChanged) {
			return "", err
		}
	}
	return "", fmt.Errorf("no address after %d tries: %w", issueTries, ErrPoolEmpty)
}

// attest has the receipt signed. used reports that attestd refused because it has
// attested the index before, for another swap.
func (i *Issuer) attest(ctx context.Context, t terms, a Address) (signed string, used bool, err error) {
	res, err := i.config.Attest.Attest(ctx, connect.NewRequest(&ferryv1.AttestRequest{
		Terms: t.request, Index: a.Index, Address: a.Address, FencingToken: i.config.FencingToken}))
	var refusal *swap.Error
	if errors.As(err, &refusal) {
		if refusal.Code == swap.CodeRefused && refusal.Field == FieldIndex && refusal.Limit == "" {
			return "", true, nil
		}
		if refusal.Field == fieldToken {
			// Ours to mend, not the caller's: whoever has the lease now will answer.
			return "", false, fmt.Errorf("attestd refuses this process's lease: %s", refusal.Message)
		}
		refusal.Field = strings.TrimPrefix(refusal.Field, "terms.")
		return "", false, refusal
	}
	if err != nil {
		return "", false, fmt.Errorf("have the receipt signed: %w", err)
	}
	signed = res.Msg.GetSignedReceipt()
	return signed, false, i.check(t, a, signed)
}

// FieldIndex is the field of attestd's refusal of an index. With a limit the index
// lies too far ahead of those attested; without one it was attested for another
// swap.
const FieldIndex = "index"

// fieldToken is the field of attestd's refusal of a lease.
const fieldToken = "fencing_token"

// answer makes an error one the gateway can act on. What is the caller's to
// mend passes; the rest is logged here and answered without its text.
func (i *Issuer) answer(doing, swapID string, err error) error {
	var refusal *swap.Error
	switch {
	case errors.Is(err, ErrOtherTerms):
		return swap.Refuse(swap.CodeRefused, "swap_id", "", "This swap has an address for other terms.")
	case errors.As(err, &refusal) && refusal.Code != swap.CodeUnavailable && refusal.Code != swap.CodeInternal:
		return refusal
	}
	log := i.config.Log.With("chain", i.config.Chain)
	if swap.ValidID(swap.SwapPrefix, swapID) {
		log = log.With("swap", swapID)
	}
	log.Error("call failed", "doing", doing, "error", err)
	return swap.Refuse(swap.CodeUnavailable, "", "", fmt.Sprintf("Addresses on %s can't be given or checked at the moment.", i.config.Chain))
}

func (i *Issuer) observe(call string, err error) {
	if i.config.Observe != nil {
		i.config.Observe(call, swap.ErrorCode(err))
	}
}

func (i *Issuer) wake() {
	select {
	case i.refill <- struct{}{}:
	default:
	}
}
