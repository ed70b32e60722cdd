// Package web is the page at the gateway's root: live prices, a quote that follows
// the amount being typed, and, where the gateway shows them, the newest swaps.
//
// It is plain HTML, CSS and JavaScript, embedded as it is written, and loads
// nothing from elsewhere; its content security policy forbids it. All it shows
// comes over /v1/stream. It takes no address, holds no secret and makes no swap.
//
// It imports nothing of Ferry.
package web
