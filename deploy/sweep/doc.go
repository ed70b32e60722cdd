// Command sweep makes every daemon die, by SIGKILL, at every point at which it
// stores or sends something, and proves each time that nothing was lost and
// nothing paid twice. make sweep runs it.
//
// The points are found in the build (discover.go), the cases in a traced run of
// each scenario (round.go): which daemon passes which point. What has to be met
// is a cell: a point, a daemon and a direction of the swaps under way (plan.go). A
// cell in which nothing has died fails the sweep, unless impossible says why it
// can't be met; one of those that is met fails it too. Nodes are real: fakechain's
// transactions would be refused by the real signer, and a payment has to be asked
// for where it arrived. So are PostgreSQL and all daemons; Kafka is kfake in a
// process of its own, or Apache Kafka.
//
// After each case the swap must have settled, its destination must hold the
// payout to the unit in one transaction, `ferry books` must balance with nothing
// in flight, and `ferry status` must show nothing parked, halted or standing.
//
// All is hedged at simulated venues, whose orders are compared with liquidity's book: each
// taken once, with exactly the fills that are booked.
//
// The sweep then runs the three scenarios that a broken build cannot survive
// against builds that are broken on purpose, and the tests of package payment against
// broken engines (payments.go), and fails if they survive. A soak
// kills daemons at random while swaps run in both directions.
//
// A scenario that is about a purpose of its own (purposes.go) has all the points of paying
// to die at. Its daemons die at many in one round, each at the next when it comes back.
//
// A sample takes cases of the two plain scenarios by lot, and runs the broken
// builds on the same cluster. A round that failed is run again by itself with
// -only and -round, as its line names it.
//
// It imports deploy, swap and nothing of the services.
package main
