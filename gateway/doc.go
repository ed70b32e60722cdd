// Package gateway is the public REST API: prices, quotes, swaps and how they
// stand. The handlers are generated from openapi.yaml. What changes is told live by
// gateway/stream, described in docs/asyncapi.yaml; gateway/web is a page on it.
//
// It promises that a refused request has stored nothing; that a quote
// makes at most one swap, and the same request under the same idempotency key gets it
// again, whatever is repeated or crashes and wherever it comes from; that no deposit address
// is shown whose receipt does not say, over the attestor's signature, exactly what
// the user asked for; that what a user says with the swap's secret is told only as the
// attestor has signed it, once per request and question; and that every error is a
// problem with a stable code.
//
// It holds no money and no key but the one that derives swaps' secrets. A client
// is its IP address (IPv6: its /64), for the request limit and the cap on locks.
//
// It imports swap, swap/rpc, gateway/stream, gateway/web and the generated
// gateway/api. Its store is
// gateway/postgres, which only mains and tests import.
package gateway
