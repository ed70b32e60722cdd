// Package simulated is the driver that plays scenarios in this process, in virtual time,
// on a stage of the simulation: real are Decide and Fold, swapd's handler, the watcher,
// the payment engine, the consumer of orders and reconciliation, over models of stores,
// chains and Kafka.
//
// It promises that a scenario plays the same each time, and that each has a world of its
// own. It imports deploy/simulate/simulation and deploy/acceptance/scenario.
package simulated
