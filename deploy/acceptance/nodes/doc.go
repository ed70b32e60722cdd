// Package nodes is the driver that plays scenarios on real parts: every daemon as a
// process of its own, btcd, geth, Kafka and Postgres, over the public API, the chains
// and the operators' command line.
//
// It promises that scenarios which share the cluster do not feel one another, that those
// which shake it have it to themselves, and that times of the terms go faster than in
// the language, all by the same factor: how long a swap waits is a setting.
//
// It imports deploy/cluster, deploy/demo, deploy/parts and deploy/acceptance/scenario.
package nodes
