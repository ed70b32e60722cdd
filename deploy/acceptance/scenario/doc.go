// Package scenario is the acceptance language: scenarios in Gherkin, the steps they are
// made of, and the interface of the deployments they are played on.
//
// It promises that a scenario sees a deployment only from outside (what the public API
// says, what the chains show, what operators are told), that every step of a feature
// file is one of the language's or the file is refused, and that after each scenario
// what the user was told is what the chains show, to the unit.
//
// It imports swap and its leaves: how a deployment does what a step asks is a driver's.
package scenario
