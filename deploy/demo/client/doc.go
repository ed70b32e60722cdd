// Package client is a small wallet's side of the public API /v1: five calls,
// and the checks that make trust in their answers unnecessary.
//
// It promises that CreateQuote and CreateSwap return only what verifies with
// pinned public keys and says what was asked for: pair, amounts, deadlines, the
// payout and refund address, the policy, and the hash of the very secret that
// was handed over. Anything else is a *Refusal that names the field, and nothing
// must be paid. A refusal by the service is a *Problem.
//
// Its structs are written from gateway/openapi.yaml, not shared with the
// gateway: a wallet has only the description. It imports swap and swap/asset.
package client
