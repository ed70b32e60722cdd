package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
	"ferry/swap/verify"
)

// LockRequest asks for a price to be held. One of Deposit and Payout has units.
type LockRequest struct {
	Pair            asset.Pair
	Deposit, Payout asset.Amount
	// Variable locks no price; then both amounts may be zero.
	Variable bool
	Client   string
}

// Liquidity is what the gateway asks of liquidityd. Its refusals are *swap.Error;
// after any other error nothing is known of what it did.
type Liquidity interface {
	// Lock returns a signed quote.
	Lock(ctx context.Context, r LockRequest) (signedQuote string, err error)
	// Accept ties a quote to one swap; it may be repeated for the same swap.
	Accept(ctx context.Context, signedQuote, swapID string) error
}

// IssueRequest asks for a deposit address. Addresses are in canonical form.
type IssueRequest struct {
	SwapID, SignedQuote, PayoutAddress, RefundAddress string
	Policy                                            swap.Policy
	SecretHash                                        string
}

// AmendRequest is the user's word about a swap, under its secret. One of Consent,
// RefundAddress and WrongAsset is set.
type AmendRequest struct {
	SignedQuote, SignedReceipt string
	Secret                     string
	Consent                    *verify.ConsentAsk
	RefundAddress              string // canonical
	WrongAsset                 *verify.WrongAssetAsk
}

// Wallet is what the gateway asks of the hot wallet of one chain. Errors are as
// Liquidity's.
type Wallet interface {
	// CheckDestination refuses an address on this chain that must not be paid.
	CheckDestination(ctx context.Context, address string) error
	// Issue returns a signed receipt; it may be repeated for the same swap.
	Issue(ctx context.Context, r IssueRequest) (signedReceipt string, err error)
	// Amend has the user's word signed; the same may be asked again.
	Amend(ctx context.Context, r AmendRequest) (signedDocument string, err error)
}

// Calls are the daemons a gateway reaches.
type Calls struct {
	Liquidity Liquidity
	// Wallets has one for every chain.
	Wallets map[asset.Chain]Wallet
}

// Connect reaches liquidityd and each chain's hotwalletd at their Unix sockets.
// Nothing is dialled before the first call.
func Connect(liquidity string, wallets map[asset.Chain]string) Calls {
	calls := Calls{
		Liquidity: liquidityClient{ferryv1connect.NewLiquidityClient(rpc.Client(liquidity), rpc.BaseURL, rpc.ClientOptions()...)},
		Wallets:   map[asset.Chain]Wallet{},
	}
	for chain, socket := range wallets {
		calls.Wallets[chain] = walletClient{ferryv1connect.NewWalletClient(rpc.Client(socket), rpc.BaseURL, rpc.ClientOptions()...)}
	}
	return calls
}

// How long each call may take.
const (
	lockTimeout   = 5 * time.Second
	acceptTimeout = 5 * time.Second
	checkTimeout  = 5 * time.Second
	issueTimeout  = 15 * time.Second
	amendTimeout  = 15 * time.Second
)

type liquidityClient struct {
	c ferryv1connect.LiquidityClient
}

func (l liquidityClient) Lock(ctx context.Context, r LockRequest) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	req := &ferryv1.LockRequest{From: string(r.Pair.From), To: string(r.Pair.To), Client: r.Client, Variable: r.Variable}
	switch {
	case !r.Deposit.Units.IsZero():
		req.DepositAmount = r.Deposit.Decimal()
	case !r.Payout.Units.IsZero():
		req.PayoutAmount = r.Payout.Decimal()
	}
	res, err := l.c.Lock(ctx, connect.NewRequest(req))
	if err != nil {
		return "", explain("lock a price", err, "from", "to", "deposit_amount", "payout_amount")
	}
	return res.Msg.GetSignedQuote(), nil
}

func (l liquidityClient) Accept(ctx context.Context, signedQuote, swapID string) error {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	_, err := l.c.Accept(ctx, connect.NewRequest(&ferryv1.AcceptRequest{SignedQuote: signedQuote, SwapId: swapID}))
	return explain("accept a quote", err, "signed_quote")
}

type walletClient struct{ c ferryv1connect.WalletClient }

func (w walletClient) CheckDestination(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	_, err := w.c.CheckDestination(ctx, connect.NewRequest(&ferryv1.CheckDestinationRequest{Address: address}))
	return explain("check a destination", err)
}

func (w walletClient) Issue(ctx context.Context, r IssueRequest) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, issueTimeout)
	defer cancel()
	res, err := w.c.Issue(ctx, connect.NewRequest(&ferryv1.IssueRequest{
		SwapId: r.SwapID, SignedQuote: r.SignedQuote, PayoutAddress: r.PayoutAddress, RefundAddress: r.RefundAddress,
		Policy: &ferryv1.Policy{OnShort: string(r.Policy.OnShort), OnOver: string(r.Policy.OnOver),
			OnLate: string(r.Policy.OnLate), OnExtra: string(r.Policy.OnExtra), ToleranceBps: r.Policy.ToleranceBPS},
		SecretHash: r.SecretHash,
	}))
	if err != nil {
		return "", explain("issue a deposit address", err, "signed_quote", "payout_address", "refund_address",
			"policy.on_short", "policy.on_over", "policy.on_late", "policy.on_extra", "policy.tolerance_bps")
	}
	return res.Msg.GetSignedReceipt(), nil
}

func (w walletClient) Amend(ctx context.Context, r AmendRequest) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, amendTimeout)
	defer cancel()
	req := &ferryv1.AmendRequest{SignedQuote: r.SignedQuote, SignedReceipt: r.SignedReceipt, Secret: r.Secret, RefundAddress: r.RefundAddress}
	if c := r.Consent; c != nil {
		req.Consent = &ferryv1.ConsentRequest{DepositId: c.DepositID, Answer: string(c.Answer)}
		if c.Answer == swap.AnswerRequote {
			req.Consent.AtLeastUnits = c.AtLeast.Units.String()
		}
	}
	if y := r.WrongAsset; y != nil {
		req.WrongAsset = &ferryv1.WrongAssetRequest{DepositId: y.DepositID, Asset: string(y.Deposit.Asset), Units: y.Deposit.Units.String(),
			FeeUnits: y.Fee.Units.String(), Destination: y.Destination}
	}
	res, err := w.c.Amend(ctx, connect.NewRequest(req))
	if err != nil {
		return "", explain("have the user's word signed", err, "secret", fieldRefundAddress, "deposit_id", "answer", "at_least")
	}
	return res.Msg.GetSignedDocument(), nil
}

// ErrNoAnswer marks a daemon or a database that did not answer: worth trying again,
// as opposed to one that failed. The client is told unavailable.
var ErrNoAnswer = errors.New("no answer")

// explain tells silence from failure. A refusal stays what it is, but names only
// the fields that our client sent: it may have come from a daemon further on, which
// calls them "terms.payout_address", or be about one that we have added.
func explain(doing string, err error, fields ...string) error {
	var refusal *swap.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		field := strings.TrimPrefix(refusal.Field, "terms.")
		if field == "wrong_asset.destination" {
			field = fieldRefundAddress
		}
		if !slices.Contains(fields, field) {
			field = ""
		}
		return fmt.Errorf("%s: %w", doing, swap.Refuse(refusal.Code, field, refusal.Limit, refusal.Message))
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled, connect.CodeResourceExhausted:
		return fmt.Errorf("%s: %w: %w", doing, ErrNoAnswer, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
