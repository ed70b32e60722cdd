// Package cluster starts all of Ferry on one machine: the embedded parts (or the
// real ones that DATABASE_URL, KAFKA_BROKERS, BITCOIN_URL and ETHEREUM_URL name),
// the migrations, the keys of a first start, and every daemon as a process of its
// own. `ferry demo` and the end-to-end tests use it.
//
// It promises that a second start on the same folder resumes from disk with the
// same keys, that Stop ends everything it started, daemons first and nodes by
// SIGTERM, and that a daemon or part which ends by itself ends the cluster with
// the last lines of its log.
//
// It imports deploy/parts, deploy/deployment and migrations.
package cluster
