package remote

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"ferry/hotwallet/payment"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Attestor implements payment.Attestor.
type Attestor struct {
	client ferryv1connect.AttestClient
}

var _ payment.Attestor = Attestor{}

// NewAttestor asks through a client made with rpc.ClientOptions.
func NewAttestor(client ferryv1connect.AttestClient) Attestor { return Attestor{client: client} }

// AttestDeposit asks attestd. Refusals arrive as *swap.Error.
func (a Attestor) AttestDeposit(ctx context.Context, r payment.AttestRequest) (string, error) {
	res, err := a.client.AttestDeposit(ctx, connect.NewRequest(&ferryv1.AttestDepositRequest{
		SignedQuote: r.Order.SignedQuote, SignedReceipt: r.Order.SignedReceipt, DepositId: r.Deposit.ID,
		Asset: string(r.Deposit.Amount.Asset), Units: r.Deposit.Amount.Units.String(), Height: r.Block.Height, BlockHash: r.Block.Hash,
		PayerChain: string(r.Order.Chain), FencingToken: r.FencingToken}))
	if err != nil {
		return "", fmt.Errorf("attest deposit %s: %w", r.Deposit.ID, err)
	}
	return res.Msg.GetSignedAttestation(), nil
}
