// Package model is the state machine's store in memory. It does what package
// postgres does, with the same guards, and nothing else: both pass storetest.
//
// It exists because a simulation needs thousands of stores whose every step is
// determined, which a database process can't give. It promises that a batch has all
// of its effects or none, and that what is loaded can be changed without changing
// what is stored.
//
// It imports statemachine, swap and swap/model. No daemon links it.
package model
