// Package cluster starts all of Ferry on one machine: the embedded parts (or the
// real ones that DATABASE_URL, KAFKA_BROKERS, BITCOIN_URL and ETHEREUM_URL name),
// the migrations, the keys of a first start, the tokens of a development chain, and
// every daemon as a process of its own. `ferry demo` and the end-to-end tests use it.
//
// It promises that a second start on the same folder resumes from disk with the
// same keys, that Stop ends everything it started, daemons first and nodes by
// SIGTERM, that a daemon which ends by itself is started again after a pause, as a
// process supervisor does in production, and that a part which does, or a daemon
// which does so again and again, ends the cluster with the last lines of its log.
//
// It imports deploy/parts, deploy/deployment, deploy/demo/faucet (which makes the
// tokens) and migrations.
package cluster
