// Command sweep makes every daemon die, by SIGKILL, at every point at which it
// stores or sends something, and proves each time that nothing was lost and
// nothing paid twice. make sweep runs it.
//
// The points are found in the build (discover.go), the cases in a traced run of
// each scenario (plan.go): which daemon passes which point, in which direction.
// A discovered point at which nothing has died fails the sweep. A case that was
// traced and not met again, even alone, is listed: whether a look at the mempool
// meets a transaction, for one, is up to the moment. Nodes are real: fakechain's transactions would be refused
// by the real signer, and a payment has to be asked for where it arrived. So are
// PostgreSQL and all daemons; Kafka is kfake in a process of its own.
//
// After each case the swap must have settled, its destination must hold the
// payout to the unit in one transaction, `ferry books` must balance with nothing
// in flight, and `ferry status` must show nothing parked, halted or standing.
//
// The sweep then runs the two scenarios that a broken build cannot survive
// against builds that are broken on purpose, and fails if they survive. A soak
// kills daemons at random while swaps run in both directions.
//
// It imports deploy, swap and nothing of the services.
package main
