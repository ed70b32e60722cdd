//go:build !broken_unproved_retry

package payment

// unproved is false in every build but one that the crash sweep must see fail.
const unproved = false
