package liquidity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// The request's fields, as refusals name them.
const (
	fieldFrom        = "from"
	fieldTo          = "to"
	fieldDeposit     = "deposit_amount"
	fieldPayout      = "payout_amount"
	fieldClient      = "client"
	fieldSignedQuote = "signed_quote"
	fieldSwapID      = "swap_id"
)

// The calls, as logs and Parts.Observe name them.
const (
	callLock   = "lock"
	callAccept = "accept"
)

// Limits of a call.
const (
	maxClient = 100
	// callLimit is how long a call may take here, waiting for the database included.
	callLimit = 5 * time.Second
)

// Server answers gatewayd's calls (ferryv1connect.LiquidityHandler).
type Server struct {
	desks   *desks
	log     *slog.Logger
	observe func(call string, code swap.Code)
}

// Lock implements ferry.v1.Liquidity.Lock.
func (s *Server) Lock(ctx context.Context, req *connect.Request[ferryv1.LockRequest]) (_ *connect.Response[ferryv1.LockResponse], err error) {
	defer func() { s.observe(callLock, swap.ErrorCode(err)) }()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	request, err := parseLock(req.Msg)
	if err != nil {
		return nil, err
	}
	signed, err := s.desks.lock(ctx, request)
	if err != nil {
		return nil, s.report(ctx, callLock, "", err)
	}
	return connect.NewResponse(&ferryv1.LockResponse{SignedQuote: signed}), nil
}

// Accept implements ferry.v1.Liquidity.Accept.
func (s *Server) Accept(ctx context.Context, req *connect.Request[ferryv1.AcceptRequest]) (_ *connect.Response[ferryv1.AcceptResponse], err error) {
	defer func() { s.observe(callAccept, swap.ErrorCode(err)) }()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := s.desks.now().Accept(ctx, req.Msg.GetSignedQuote(), req.Msg.GetSwapId()); err != nil {
		return nil, s.report(ctx, callAccept, req.Msg.GetSwapId(), err)
	}
	return connect.NewResponse(&ferryv1.AcceptResponse{}), nil
}

// report logs what is not the caller's doing: only refusals go out as they are.
func (s *Server) report(ctx context.Context, call, swapID string, err error) error {
	if swap.ErrorCode(err) != swap.CodeInternal {
		return err
	}
	log := s.log.With("call", call)
	if swap.ValidID(swap.SwapPrefix, swapID) {
		log = log.With("swap", swapID)
	}
	log.ErrorContext(ctx, "call failed", "error", err)
	return swap.Refuse(swap.CodeUnavailable, "", "", "Ferry can't price swaps right now. Please try again.")
}

// parseLock checks a request as far as its own text goes.
func parseLock(m *ferryv1.LockRequest) (Request, error) {
	r := Request{Pair: asset.Pair{From: asset.ID(m.GetFrom()), To: asset.ID(m.GetTo())}, Client: m.GetClient(), Variable: m.GetVariable()}
	for field, id := range map[string]asset.ID{fieldFrom: r.Pair.From, fieldTo: r.Pair.To} {
		if _, ok := asset.Lookup(id); !ok {
			return r, swap.Refuse(swap.CodeUnknownPair, field, "", fmt.Sprintf("Ferry does not swap %.20q.", string(id)))
		}
	}
	if !validClient(r.Client) {
		return r, swap.Refuse(swap.CodeInvalidBody, fieldClient, fmt.Sprint(maxClient),
			fmt.Sprintf("The client must be named by 1 to %d bytes of printable text.", maxClient))
	}
	var err error
	switch deposit, payout := m.GetDepositAmount(), m.GetPayoutAmount(); {
	case r.Variable && deposit == "" && payout == "":
	case (deposit == "") == (payout == ""):
		return r, swap.Refuse(swap.CodeInvalidAmount, fieldDeposit, "", "Exactly one of deposit_amount and payout_amount must be given.")
	case deposit != "":
		r.Deposit, err = parseAmount(r.Pair.From, deposit, fieldDeposit)
	default:
		r.Payout, err = parseAmount(r.Pair.To, payout, fieldPayout)
	}
	return r, err
}

func validClient(s string) bool {
	control := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	return s != "" && len(s) <= maxClient && utf8.ValidString(s) && !control
}

func parseAmount(id asset.ID, text, field string) (asset.Amount, error) {
	amount, err := asset.ParseDecimal(id, text)
	switch {
	case errors.Is(err, asset.ErrPlaces):
		places := fmt.Sprint(asset.MustLookup(id).Decimals)
		return amount, swap.Refuse(swap.CodeTooManyPlaces, field, places, string(id)+" has at most "+places+" decimal places.")
	case errors.Is(err, asset.ErrRange):
		return amount, swap.Refuse(swap.CodeAmountTooLarge, field, "", "There is not so much "+string(id)+" in the world.")
	case err != nil:
		return amount, swap.Refuse(swap.CodeInvalidAmount, field, "", "The amount must be a plain decimal number such as 0.015.")
	case amount.Units.IsZero():
		return amount, swap.Refuse(swap.CodeInvalidAmount, field, "", "The amount must be more than zero.")
	}
	return amount, nil
}
