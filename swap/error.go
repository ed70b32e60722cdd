package swap

import "errors"

// Code is the stable name of a reason for which a request was refused. Clients
// branch on it; it never changes meaning.
type Code string

// Codes of the public API and of the calls between daemons.
const (
	CodeInvalidBody           Code = "invalid_body"
	CodeBodyTooLarge          Code = "body_too_large"
	CodeUnknownPair           Code = "unknown_pair"
	CodeInvalidAmount         Code = "invalid_amount"
	CodeTooManyPlaces         Code = "too_many_places"
	CodeAmountTooSmall        Code = "amount_too_small"
	CodeAmountTooLarge        Code = "amount_too_large"
	CodeInvalidAddress        Code = "invalid_address"
	CodeWrongNetwork          Code = "wrong_network"
	CodeForbiddenAddress      Code = "forbidden_address"
	CodeInvalidPolicy         Code = "invalid_policy"
	CodeQuoteInvalid          Code = "quote_invalid"
	CodeQuoteExpired          Code = "quote_expired"
	CodeQuoteUsed             Code = "quote_used"
	CodeTooManyLocks          Code = "too_many_locks"
	CodeInsufficientLiquidity Code = "insufficient_liquidity"
	CodePriceUnavailable      Code = "price_unavailable"
	CodeChainHalted           Code = "chain_halted"
	CodeIdempotencyKeyMissing Code = "idempotency_key_missing"
	CodeIdempotencyKeyInvalid Code = "idempotency_key_invalid"
	CodeIdempotencyKeyReused  Code = "idempotency_key_reused"
	CodeWrongSecret           Code = "wrong_secret"
	CodeNothingToAnswer       Code = "nothing_to_answer"
	CodeRefundAddressSet      Code = "refund_address_set"
	CodeNotFound              Code = "not_found"
	CodeMethodNotAllowed      Code = "method_not_allowed"
	CodeTooManyRequests       Code = "too_many_requests"
	CodeRefused               Code = "refused"
	CodeUnavailable           Code = "unavailable"
	CodeInternal              Code = "internal"
)

// Error is a refusal a caller can act on: what (Code), why (Message, one
// sentence), where (Field) and which limit (Limit), the last two where they help.
type Error struct {
	Code    Code
	Message string
	Field   string
	Limit   string
}

// Error is the sentence, with its code.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Refuse makes an Error about one field of the request; limit may be empty.
func Refuse(code Code, field, limit, message string) *Error {
	return &Error{Code: code, Message: message, Field: field, Limit: limit}
}

// ErrorCode is the code of the first Error in err's chain, "" for nil, and
// CodeInternal for any other error: its text is for the operator only.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
