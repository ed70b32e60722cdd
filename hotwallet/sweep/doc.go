// Package sweep decides when what lies on deposit addresses is gathered at the address
// that pays (chains of accounts), and when small coins are brought together (chains of
// coins), and has that stored as payments of the house's own.
//
// It promises that nothing is swept that is worth less than a multiple of what sweeping
// it costs, or of a token less than its operator's least amount, so that a flood of dust
// burns no gas; that only what is buried is swept; that gas is given to an address only
// for a token's sweep, never twice while one is on its way, and within limits a
// transaction, an address and day, and a day; that an address has one payment open at
// once; and that no more than so many begin an hour. Decide and Consolidate are pure.
//
// Refunds come from the address that pays, and attestd finds a deposit in its block and
// not at its address, so that sweeping disturbs no swap that is still open.
//
// It imports hotwallet/chain and swap, and knows the store by an interface of its own.
package sweep
