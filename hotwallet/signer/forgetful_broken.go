//go:build broken_forgetful_signer

package signer

// forgetful is the mistake that deploy/sweep must find: whatever passes the
// stateless checks is signed, and nothing is remembered.
const forgetful = true
