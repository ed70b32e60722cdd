// Package web is the page at the gateway's root: live prices, a quote that follows
// the amount being typed, and, where the gateway shows them, the newest swaps.
//
// It is plain HTML, CSS and JavaScript, embedded as it is written, and loads
// nothing from elsewhere; its content security policy forbids it. All it shows
// comes over /v1/stream, and a swap that waits for its owner from /v1/swaps/{id}. It
// makes no swap; but where one asks its owner, it takes the answer or the refund
// address with the swap's secret, and keeps a secret that was right in the browser's
// storage until the swap is over.
//
// It is tried in a real browser by TestPageInABrowser of package gateway: prices, a
// quote, a swap, a phone's width, the keyboard alone, a question, and a restart of the
// gateway.
//
// It imports nothing of Ferry.
package web
