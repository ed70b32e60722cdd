// Package storetest is what a store of the state machine has to do, as a suite that
// each implementation runs in its own tests: Postgres and the model.
//
// It promises to use nothing of a store but what swapd uses, and what its outbox and
// books show. Only tests import it.
package storetest
