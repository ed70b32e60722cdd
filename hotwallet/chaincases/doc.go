// Package chaincases holds the attacks on a service that takes deposits, F1 to F32 of the hot wallet's requirements, each
// as a test of its name on the real node that it concerns: hand-built transactions and blocks, the chain's own adapter, the
// watcher, its store on Postgres, and the state machine that is told. So "credited" means here what it means to a user: a
// posting in the swap's books.
//
// `make test-chains` runs them, plays seeds of package trees below, and prints case, node and outcome. A case that can't
// be played yet is printed with what it waits for; one that is neither played nor listed fails the run.
//
// There is nothing here but tests.
package chaincases
