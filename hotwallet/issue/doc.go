// Package issue gives each swap a deposit address of its own, with a receipt
// signed by attestd, and says which addresses Ferry does not pay.
//
// It promises that an address is watched before anybody is given it, is given to
// one swap for ever, and leaves the house only in a receipt that verifies and
// says exactly the terms asked for. The same request again gets the same receipt;
// the same swap with other terms is refused. What attestd has attested before is
// never given out again, even by a database restored from an old copy.
//
// It passes a user's amendments on to attestd, for swaps whose receipt it has stored,
// and answers only a document that verifies and says what was asked for. It keeps
// nothing of them.
//
// It answers the calls of gatewayd (ferryv1connect.WalletHandler) and imports
// swap, swap/rpc and hotwallet/keys.
package issue
