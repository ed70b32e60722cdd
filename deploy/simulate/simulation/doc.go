// Package simulation plays a whole deployment in one goroutine: chains that
// misbehave, users who pay anything but what was agreed, a log that repeats and cuts
// as it likes, stores that fail and daemons that die between any two steps. One
// seed decides all of it.
//
// It promises that a seed plays the same each time, that every invariant is looked
// at after every step, and that a world comes to rest in the end: every swap at its
// end or held with a reason, every deposit with its outcome.
//
// Real are Decide and Fold, swapd's handler, the watcher, the payment engine, the
// consumer of orders and reconciliation. Models are both stores, the chains
// (fakechain), Kafka with its consumer and relay, and the signer. It imports
// statemachine and hotwallet; only its main and tests import it.
package simulation
