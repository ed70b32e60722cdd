// Package model is the hot wallet's store in memory. It does what package postgres
// does for the watcher, the payment engine, the consumer of orders and
// reconciliation, with the same guards, halts, facts and postings.
//
// It exists because a simulation needs thousands of stores whose every step is
// determined. It promises that each change happens whole or not at all, that a
// block which contradicts the rows halts the chain, and that a store whose lease
// was taken changes nothing.
//
// It imports hotwallet's chain, payment and reconcile, and swap with its parts. No
// daemon links it.
package model
