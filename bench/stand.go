package main

import (
	"context"
	"time"

	"connectrpc.com/connect"

	"ferry/gateway"
	"ferry/hotwallet/attest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/issue"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// What stands between the parts where the daemons have sockets.

// calls are the gateway's, straight to the parts.
func (c *cluster) calls() gateway.Calls {
	calls := gateway.Calls{Liquidity: acceptAll{}, Wallets: map[asset.Chain]gateway.Wallet{}}
	for name, w := range c.wallets {
		calls.Wallets[name] = issuing{issuer: w.issuer}
	}
	return calls
}

// acceptAll stands in for liquidityd, whose locks are not measured here.
type acceptAll struct{ gateway.Liquidity }

func (acceptAll) Accept(context.Context, string, string) error { return nil }

// issuing is the hot wallet as the gateway calls it. Nobody amends a swap here.
type issuing struct {
	gateway.Wallet
	issuer *issue.Issuer
}

func (i issuing) CheckDestination(ctx context.Context, address string) error {
	return labelled(ctx, "hot wallet: addresses", func(ctx context.Context) error {
		_, err := i.issuer.CheckDestination(ctx, connect.NewRequest(&ferryv1.CheckDestinationRequest{Address: address}))
		return err
	})
}

func (i issuing) Issue(ctx context.Context, r gateway.IssueRequest) (receipt string, err error) {
	err = labelled(ctx, "hot wallet: addresses", func(ctx context.Context) error {
		answer, err := i.issuer.Issue(ctx, connect.NewRequest(&ferryv1.IssueRequest{SwapId: r.SwapID, SignedQuote: r.SignedQuote,
			PayoutAddress: r.PayoutAddress, RefundAddress: r.RefundAddress, SecretHash: r.SecretHash,
			Policy: &ferryv1.Policy{OnShort: string(r.Policy.OnShort), OnOver: string(r.Policy.OnOver), OnLate: string(r.Policy.OnLate),
				OnExtra: string(r.Policy.OnExtra), ToleranceBps: r.Policy.ToleranceBPS}}))
		if err == nil {
			receipt = answer.Msg.GetSignedReceipt()
		}
		return err
	})
	return receipt, err
}

// attestd is the attestor as the issuer calls it.
type attestd struct{ *attest.Attestor }

func (a attestd) Attest(ctx context.Context, r *connect.Request[ferryv1.AttestRequest]) (answer *connect.Response[ferryv1.AttestResponse], err error) {
	err = labelled(ctx, "attestd", func(ctx context.Context) (err error) {
		answer, err = a.Attestor.Attest(ctx, r)
		return err
	})
	return answer, err
}

// fakeSigner signs as the fake chains understand it, without a rule or a memory.
type fakeSigner struct{}

func (fakeSigner) Sign(_ context.Context, r payment.SignRequest) ([]byte, string, error) {
	raw, txid := fakechain.Sign(r.Plan)
	return raw, txid, nil
}

// Ended implements payment.Signer: it asks for no word on anything.
func (fakeSigner) Ended(_ context.Context, anchors []string) ([]string, error) { return anchors, nil }

// fakeAttestor vouches for every deposit, as attestd does that has seen it.
type fakeAttestor struct{}

func (fakeAttestor) AttestDeposit(_ context.Context, r payment.AttestRequest) (string, error) {
	terms, err := swap.DecodeTerms(r.Order.SignedQuote, r.Order.SignedReceipt)
	if err != nil {
		return "", err
	}
	return swap.SignDepositAttestation(swap.DepositAttestation{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(r.Order.SignedReceipt),
		Chain: terms.Receipt.DepositChain, DepositID: r.Deposit.ID, Address: terms.Receipt.DepositAddress, Amount: r.Deposit.Amount,
		Height: r.Block.Height, BlockHash: r.Block.Hash, Depth: confirmationsNeeded, Software: "fakechain", IssuedAt: swap.Millis(time.Now())}, attestKey)
}

// quietly keeps the fake chain's own work, which a node would do, apart from that
// of whoever calls it.
type quietly struct{ chain.Adapter }

const chainPart = "fake chains"

func (q quietly) Tip(ctx context.Context) (ref chain.Ref, err error) {
	err = labelled(ctx, chainPart, func(ctx context.Context) (err error) { ref, err = q.Adapter.Tip(ctx); return err })
	return ref, err
}

func (q quietly) Block(ctx context.Context, at chain.Ref, w chain.Watch) (b chain.Block, err error) {
	err = labelled(ctx, chainPart, func(ctx context.Context) (err error) { b, err = q.Adapter.Block(ctx, at, w); return err })
	return b, err
}

func (q quietly) Mempool(ctx context.Context, w chain.Watch) (credits []chain.Credit, err error) {
	err = labelled(ctx, chainPart, func(ctx context.Context) (err error) { credits, err = q.Adapter.Mempool(ctx, w); return err })
	return credits, err
}

func (q quietly) Held(ctx context.Context, at chain.Ref, id asset.ID, coins, addresses []string) (u asset.Units, err error) {
	err = labelled(ctx, chainPart, func(ctx context.Context) (err error) {
		u, err = q.Adapter.Held(ctx, at, id, coins, addresses)
		return err
	})
	return u, err
}

func (q quietly) Plan(ctx context.Context, f chain.Funds, r chain.Request) (p chain.Plan, err error) {
	err = labelled(ctx, chainPart, func(ctx context.Context) (err error) { p, err = q.Adapter.Plan(ctx, f, r); return err })
	return p, err
}

func (q quietly) Broadcast(ctx context.Context, raw []byte) (a chain.Acceptance, cause error) {
	cause = labelled(ctx, chainPart, func(ctx context.Context) (err error) { a, err = q.Adapter.Broadcast(ctx, raw); return err })
	return a, cause
}
