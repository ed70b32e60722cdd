package rpc

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Refusals is the interceptor for both ends: on a server it turns a *swap.Error
// into a Connect error with a Problem as its detail, on a client it turns that
// back. Any other error of a handler becomes internal and keeps its text to the
// server's log, which is the handler's to write.
func Refusals() connect.Interceptor { return refusals{} }

type refusals struct{}

func (refusals) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		res, err := next(ctx, req)
		switch {
		case err == nil:
			return res, nil
		case req.Spec().IsClient:
			return nil, fromConnect(err)
		}
		return nil, toConnect(err)
	}
}

func (refusals) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (refusals) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

func toConnect(err error) error {
	var refusal *swap.Error
	if !errors.As(err, &refusal) {
		return connect.NewError(connect.CodeInternal, err)
	}
	code := connect.CodeFailedPrecondition
	if refusal.Code == swap.CodeUnavailable {
		code = connect.CodeUnavailable
	}
	ce := connect.NewError(code, errors.New(refusal.Message))
	detail, detailErr := connect.NewErrorDetail(&ferryv1.Problem{
		Code: string(refusal.Code), Message: refusal.Message, Field: refusal.Field, Limit: refusal.Limit})
	if detailErr != nil {
		return connect.NewError(connect.CodeInternal, errors.Join(err, detailErr))
	}
	ce.AddDetail(detail)
	return ce
}

func fromConnect(err error) error {
	var ce *connect.Error
	if !errors.As(err, &ce) {
		return fmt.Errorf("call: %w", err)
	}
	for _, detail := range ce.Details() {
		value, valueErr := detail.Value()
		if valueErr != nil {
			return fmt.Errorf("call: %w", errors.Join(err, valueErr))
		}
		if p, ok := value.(*ferryv1.Problem); ok {
			return swap.Refuse(swap.Code(p.GetCode()), p.GetField(), p.GetLimit(), p.GetMessage())
		}
	}
	return fmt.Errorf("call: %w", err)
}
