package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"ferry/gateway/api"
	"ferry/swap"
)

// statuses is the one table from codes to HTTP statuses. A code that is not here
// is not for clients and becomes internal.
var statuses = map[swap.Code]int{
	swap.CodeInvalidBody:           http.StatusBadRequest,
	swap.CodeIdempotencyKeyMissing: http.StatusBadRequest,
	swap.CodeWrongSecret:           http.StatusForbidden,
	swap.CodeNotFound:              http.StatusNotFound,
	swap.CodeMethodNotAllowed:      http.StatusMethodNotAllowed,
	swap.CodeQuoteUsed:             http.StatusConflict,
	swap.CodeIdempotencyKeyReused:  http.StatusConflict,
	swap.CodeNothingToAnswer:       http.StatusConflict,
	swap.CodeRefundAddressSet:      http.StatusConflict,
	swap.CodeQuoteExpired:          http.StatusGone,
	swap.CodeBodyTooLarge:          http.StatusRequestEntityTooLarge,
	swap.CodeUnknownPair:           http.StatusUnprocessableEntity,
	swap.CodeInvalidAmount:         http.StatusUnprocessableEntity,
	swap.CodeTooManyPlaces:         http.StatusUnprocessableEntity,
	swap.CodeAmountTooSmall:        http.StatusUnprocessableEntity,
	swap.CodeAmountTooLarge:        http.StatusUnprocessableEntity,
	swap.CodeInvalidAddress:        http.StatusUnprocessableEntity,
	swap.CodeWrongNetwork:          http.StatusUnprocessableEntity,
	swap.CodeForbiddenAddress:      http.StatusUnprocessableEntity,
	swap.CodeInvalidPolicy:         http.StatusUnprocessableEntity,
	swap.CodeQuoteInvalid:          http.StatusUnprocessableEntity,
	swap.CodeIdempotencyKeyInvalid: http.StatusUnprocessableEntity,
	swap.CodeRefused:               http.StatusUnprocessableEntity,
	swap.CodeTooManyLocks:          http.StatusTooManyRequests,
	swap.CodeTooManyRequests:       http.StatusTooManyRequests,
	swap.CodeInternal:              http.StatusInternalServerError,
	swap.CodePriceUnavailable:      http.StatusServiceUnavailable,
	swap.CodeInsufficientLiquidity: http.StatusServiceUnavailable,
	swap.CodeChainHalted:           http.StatusServiceUnavailable,
	swap.CodeUnavailable:           http.StatusServiceUnavailable,
}

// writeError answers with err as a problem. What is not a refusal is logged with
// the request's id and answered without its text.
func writeError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	refusal, status := explained(r.Context(), log, err)
	writeProblem(w, r, status, refusal)
}

// explained is what the client may know of an error; the rest is logged.
func explained(ctx context.Context, log *slog.Logger, err error) (*swap.Error, int) {
	refusal, status := classify(err)
	if refusal.Code == swap.CodeInternal || errors.Is(err, ErrNoAnswer) {
		log.ErrorContext(ctx, "request failed", "request_id", requestID(ctx), "error", err)
	}
	return refusal, status
}

// classify finds what the client may know of an error.
func classify(err error) (*swap.Error, int) {
	var refusal *swap.Error
	if errors.As(err, &refusal) && refusal.Code != swap.CodeInternal {
		if status, known := statuses[refusal.Code]; known {
			return refusal, status
		}
	}
	if errors.Is(err, ErrNoAnswer) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return swap.Refuse(swap.CodeUnavailable, "", "", "A part of the service does not answer; try again."), http.StatusServiceUnavailable
	}
	return swap.Refuse(swap.CodeInternal, "", "",
		"Something failed on our side; quote the request_id if you ask about it."), http.StatusInternalServerError
}

// problem is a refusal as a client has it (RFC 9457).
func problem(ctx context.Context, status int, e *swap.Error) api.Problem {
	return api.Problem{
		Type: "urn:ferry:problem:" + string(e.Code), Title: http.StatusText(status), Status: status,
		Detail: e.Message, Code: api.ErrorCode(e.Code), Field: e.Field, Limit: e.Limit, RequestId: requestID(ctx),
	}
}

// writeProblem writes one problem.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, e *swap.Error) {
	refuse(w, e.Code)
	body, err := json.Marshal(problem(r.Context(), status, e))
	if err != nil {
		panic("gateway: a problem of strings and numbers always encodes: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// A client that has gone away is no error of ours.
		_, _ = w.Write(body)
	}
}
