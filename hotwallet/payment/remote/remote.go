package remote

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Signer implements payment.Signer.
type Signer struct{ client ferryv1connect.SignerClient }

var _ payment.Signer = Signer{}

// New signs through a client made with rpc.ClientOptions.
func New(client ferryv1connect.SignerClient) Signer { return Signer{client: client} }

// Sign asks signerd and checks what it answers. Refusals arrive as *swap.Error.
func (s Signer) Sign(ctx context.Context, r payment.SignRequest) ([]byte, string, error) {
	switch r.Order.Chain.Family() {
	case asset.UTXO:
		return s.signUTXO(ctx, r)
	case asset.Account:
		return s.signEthereum(ctx, r)
	}
	return nil, "", fmt.Errorf("chain %.20q has no signer", r.Order.Chain)
}

func (s Signer) signUTXO(ctx context.Context, r payment.SignRequest) ([]byte, string, error) {
	res, err := s.client.SignUTXO(ctx, connect.NewRequest(utxoRequest(r)))
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", r.Order.ID, err)
	}
	raw, txid := res.Msg.GetRawTx(), res.Msg.GetTxid()
	if err := CheckUTXO(r.Order.Chain, r.Plan, raw, txid); err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", r.Order.ID, err)
	}
	return raw, txid, nil
}

func (s Signer) signEthereum(ctx context.Context, r payment.SignRequest) ([]byte, string, error) {
	res, err := s.client.SignEthereum(ctx, connect.NewRequest(&ferryv1.SignEthereumRequest{
		Authority: authority(r), UnsignedTx: r.Plan.Unsigned, Path: r.Plan.SenderPath}))
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", r.Order.ID, err)
	}
	raw, txid := res.Msg.GetRawTx(), res.Msg.GetTxid()
	if err := CheckEthereum(r.Plan.Unsigned, raw, txid); err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", r.Order.ID, err)
	}
	return raw, txid, nil
}

func authority(r payment.SignRequest) *ferryv1.Authority {
	a := &ferryv1.Authority{
		Purpose: string(r.Order.Purpose), SignedQuote: r.Order.SignedQuote, SignedReceipt: r.Order.SignedReceipt,
		SignedRequote: r.Order.SignedRequote, SignedConsent: r.Order.SignedConsent, SignedRefundAddress: r.Order.SignedRefundAddress,
		SignedWrongAssetRefund: r.Order.SignedWrongAssetRefund,
		FencingToken:           r.FencingToken, SignedAttestations: r.Attestations,
	}
	for _, d := range r.Order.Deposits {
		a.Deposits = append(a.Deposits, &ferryv1.AuthorityDeposit{DepositId: d.ID, Units: d.Amount.Units.String(), Asset: string(d.Amount.Asset)})
	}
	return a
}

func utxoRequest(r payment.SignRequest) *ferryv1.SignUTXORequest {
	req := &ferryv1.SignUTXORequest{Authorities: []*ferryv1.Authority{authority(r)}, UnsignedTx: r.Plan.Unsigned, Chain: string(r.Order.Chain)}
	for _, c := range r.Plan.Coins {
		req.Inputs = append(req.Inputs, input(c))
	}
	if r.Plan.ChangeIndex >= 0 {
		req.Change = []*ferryv1.UTXOChange{{OutputIndex: uint32(r.Plan.ChangeIndex), Path: r.Plan.ChangePath}}
	}
	return req
}

func input(c chain.Coin) *ferryv1.UTXOInput {
	return &ferryv1.UTXOInput{PreviousTx: c.PreviousTx, Path: c.Path}
}
