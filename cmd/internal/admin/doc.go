// Package admin is a daemon's endpoint for operators and their machines, apart
// from whatever the daemon serves: /metrics in Prometheus' text format, /healthz
// (the process is alive) and /readyz (each thing it depends on, with a reason
// where it does not answer).
//
// It promises that nobody outside of the machine can reach it (a loopback address
// or a Unix socket, anything else stops the start), that no probe and no query of
// a scrape takes longer than its limit, and that a metric which can't be read is
// missing and said to be, never an old value.
//
// Services know nothing of Prometheus. Each tells what happened through hooks of
// its own; the packages below this one, one per service, turn them into metrics,
// so that no daemon links another's code. docs/operations.md describes every
// metric, and a test compares the two.
//
// It imports swap/rpc and Prometheus' client.
package admin
