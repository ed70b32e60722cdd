// Package reconcile compares the hot wallet's books with what the node itself
// says our coins or addresses hold, after each block at the tip, for each of the
// chain's assets.
//
// It promises that a difference is stored, and that one which says that something
// of ours may be gone halts the chain's payments within one block: any difference
// on a chain of coins, where the node is asked for the very coins in the books; and
// on a chain of accounts a deficit, or a surplus that has become less. A surplus on
// accounts is an alarm and no halt, because anybody can bring it about where the node
// shows no traces: a contract's internal transfer is in no transaction that is matched.
//
// A comparison which would mix two branches is never made, and it never resumes.
// It imports hotwallet/chain and swap/asset.
package reconcile
