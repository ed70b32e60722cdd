package remote

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
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
	if len(r.Authorities) == 0 {
		return nil, "", errors.New("a request that names no payment")
	}
	order := r.Authorities[0].Order
	switch order.Chain.Family() {
	case asset.UTXO:
		return s.signUTXO(ctx, order, r)
	case asset.Account:
		if len(r.Authorities) > 1 {
			return nil, "", fmt.Errorf("a batch of %d payments on %s, whose transactions make one", len(r.Authorities), order.Chain)
		}
		return s.signEthereum(ctx, order, r)
	}
	return nil, "", fmt.Errorf("chain %.20q has no signer", order.Chain)
}

// Ended implements payment.Signer.
func (s Signer) Ended(ctx context.Context, anchors []string) ([]string, error) {
	res, err := s.client.Ended(ctx, connect.NewRequest(&ferryv1.EndedRequest{Anchors: anchors}))
	if err != nil {
		return nil, fmt.Errorf("ask what has ended: %w", err)
	}
	return res.Msg.GetAnchors(), nil
}

func (s Signer) signUTXO(ctx context.Context, o swap.Order, r payment.SignRequest) ([]byte, string, error) {
	res, err := s.client.SignUTXO(ctx, connect.NewRequest(utxoRequest(o, r)))
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", o.ID, err)
	}
	raw, txid := res.Msg.GetRawTx(), res.Msg.GetTxid()
	if err := CheckUTXO(o.Chain, r.Plan, raw, txid); err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", o.ID, err)
	}
	return raw, txid, nil
}

func (s Signer) signEthereum(ctx context.Context, o swap.Order, r payment.SignRequest) ([]byte, string, error) {
	res, err := s.client.SignEthereum(ctx, connect.NewRequest(&ferryv1.SignEthereumRequest{
		Authority: authority(r.Authorities[0], r.FencingToken), UnsignedTx: r.Plan.Unsigned, Path: r.Plan.SenderPath,
		SignedDeaths: r.Deaths}))
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", o.ID, err)
	}
	raw, txid := res.Msg.GetRawTx(), res.Msg.GetTxid()
	if err := CheckEthereum(r.Plan.Unsigned, raw, txid); err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", o.ID, err)
	}
	return raw, txid, nil
}

func authority(why payment.Authority, token uint64) *ferryv1.Authority {
	o := why.Order
	a := &ferryv1.Authority{
		Purpose: string(o.Purpose), SignedQuote: o.SignedQuote, SignedReceipt: o.SignedReceipt,
		SignedRequote: o.SignedRequote, SignedConsent: o.SignedConsent, SignedRefundAddress: o.SignedRefundAddress,
		SignedWrongAssetRefund: o.SignedWrongAssetRefund,
		FencingToken:           token, SignedAttestations: why.Attestations,
	}
	if why.House != nil {
		a.DepositPath = why.House.DepositPath
	}
	if o.Purpose == swap.PurposeSweep {
		a.Asset = string(o.Amount.Asset)
	}
	for _, d := range o.Deposits {
		a.Deposits = append(a.Deposits, &ferryv1.AuthorityDeposit{DepositId: d.ID, Units: d.Amount.Units.String(), Asset: string(d.Amount.Asset)})
	}
	return a
}

func utxoRequest(o swap.Order, r payment.SignRequest) *ferryv1.SignUTXORequest {
	req := &ferryv1.SignUTXORequest{UnsignedTx: r.Plan.Unsigned, Chain: string(o.Chain), SignedDeaths: r.Deaths}
	for _, why := range r.Authorities {
		req.Authorities = append(req.Authorities, authority(why, r.FencingToken))
	}
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
