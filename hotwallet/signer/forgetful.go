//go:build !broken_forgetful_signer

package signer

// forgetful is false in every build but one that the crash sweep must see fail.
const forgetful = false
