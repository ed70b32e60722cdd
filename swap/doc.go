// Package swap is Ferry's vocabulary: quotes and receipts and how they are
// signed, swaps, deposits, payments, and the facts, orders and updates that
// travel between the services.
//
// It promises that a signed document which verifies says exactly what its issuer
// signed, and that a Fact, Order or Update which validates can be acted on
// without asking anybody. It decides nothing.
//
// It imports only its leaves (swap/asset, swap/ledger), go-jose for the
// signatures' standard form, and ulid for identifiers.
package swap
