//go:build broken_unproved_retry

package payment

// unproved is the mistake that the crash sweep must find: a payment is made anew before
// attestd has said that nothing signed for it can pay any more.
const unproved = true
