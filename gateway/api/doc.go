// Package api is the public API as Go types and as an interface for its
// handlers, generated from gateway/openapi.yaml; only Millis is written by hand.
//
// It promises that the handlers answer with what the description says. It imports
// the standard library and the generator's runtime.
package api
