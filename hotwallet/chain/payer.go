package chain

import (
	"context"

	"ferry/swap/asset"
)

// Rate is what is paid for room in a block: base units per 1000 vbytes (bytes, where there
// are no witnesses) on UTXO chains; on account chains wei per gas in the next block, base
// fee and tip together.
type Rate uint64

// Output is what one destination is paid.
type Output struct {
	Destination string `json:"destination"`
	// Asset is what to pay, of this chain; the fee is in the chain's own.
	Asset asset.ID    `json:"asset"`
	Units asset.Units `json:"units"`
}

// OutputsMost is the most outputs of one transaction, besides change (UTXO chains).
const OutputsMost = 100

// Request is what to pay.
type Request struct {
	// Outputs are paid in this order, by one transaction: exactly one on an account chain,
	// at most OutputsMost on a UTXO chain. On an account chain nothing of the chain's own
	// asset to the sender itself fills the nonce.
	Outputs []Output
	// FeeMax is the most the transaction may cost; ErrFeeMax rather than exceed it.
	FeeMax asset.Units
	// Rate is what to offer; 0 for the adapter's own estimate. Either is raised to the node's
	// floor and lowered to the configured cap.
	Rate Rate
	// RateMost bounds what is offered because others have built on what is to be replaced:
	// ErrDescendants rather than offer more, unless Rate or the node's floor do; 0 is no bound.
	RateMost Rate
	// Replaces are the earlier attempts at the same, as they were planned. The new plan
	// conflicts with each, and offers what nodes ask for in place of any of them, even
	// above Rate: BIP125's rules 3 and 4 with the node's incremental fee, or an eighth more
	// of tip and of cap. ErrNotReplaceable where nodes take no replacement.
	Replaces []Plan
	// Whole: the one output, whose Units are zero here, is paid all that the funds hold of
	// its asset, less the fee if that is the chain's own; Plan.Outputs has what it is. Coins
	// that cost more to spend than they are worth stay, unless they must be spent.
	Whole bool
}

// Pay is a request of one output at the adapter's own rate.
func Pay(to Output, feeMax asset.Units) Request {
	return Request{Outputs: []Output{to}, FeeMax: feeMax}
}

// Plan is an unsigned transaction with what is needed to store (as JSON) and sign it.
type Plan struct {
	// Unsigned is the transaction as the signer takes it: wire form without
	// witnesses, or EIP-2718 with an empty signature.
	Unsigned []byte `json:"unsigned"`
	// Outputs are what it pays, as requested and in that order. Change is not among them.
	Outputs []Output `json:"outputs,omitempty"`
	// Coins are its inputs in order, with PreviousTx (UTXO chains).
	Coins []Coin `json:"coins,omitempty"`
	// ChangeIndex is the output that comes back to us, -1 if none (UTXO chains).
	ChangeIndex int    `json:"change_index"`
	ChangePath  string `json:"change_path,omitempty"`
	// SenderPath and Nonce as given (account chains).
	SenderPath string `json:"sender_path,omitempty"`
	Nonce      uint64 `json:"nonce,omitempty"`
	// Fee is what the transaction costs: exactly on UTXO chains, at most on
	// account chains.
	Fee asset.Units `json:"fee"`
	// Size is how large it is at most once it is signed, in vbytes, or the gas it may use.
	// Rate is what it offers in Request.Rate's sense: where it pays for parents too, what it
	// comes to together with them.
	Size uint64 `json:"size,omitempty"`
	Rate Rate   `json:"rate,omitempty"`
}

// Acceptance is what a node said to a transaction handed in.
type Acceptance string

// What Broadcast can find out.
const (
	// Accepted: the node has it, now or already, in its mempool or a block.
	Accepted Acceptance = "accepted"
	// Conflicting: one of its inputs or its nonce is spent by another
	// transaction that the node knows. It may still be decided either way.
	Conflicting Acceptance = "conflicting"
	// Rejected: the node will not take these bytes as they are, for example
	// because the fee is too low. Another node may.
	Rejected Acceptance = "rejected"
	// Unknown: the call failed in a way that leaves open whether it arrived.
	Unknown Acceptance = "unknown"
)

// Payer makes and hands in payments.
type Payer interface {
	// Plan makes an unsigned transaction. It calls the node for fees only (and
	// for PreviousTx, and whether a token's contract would carry it out) and reserves
	// nothing. ErrFunds if the funds fall short, as a ShortError where more than one
	// asset is needed; ErrFeeMax; ErrRefused; ErrNotReplaceable.
	Plan(ctx context.Context, f Funds, r Request) (Plan, error)
	// Broadcast hands in signed bytes. The error explains any answer but
	// Accepted. Handing the same bytes in again is always safe.
	Broadcast(ctx context.Context, raw []byte) (Acceptance, error)
	// Replaceable reports whether nodes take a transaction in place of another that offers
	// less. Where they do not, Plan knows no Replaces.
	Replaceable() bool
	// MinOutput is the smallest amount the chain relays (its dust limit).
	MinOutput() asset.Units
}
