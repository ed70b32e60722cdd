// Package trees plays seeds against the watcher on fakechain: random trees of blocks, a feed of notifications that are
// missed, repeated or out of order, miners' rewards to us, payments in tokens and logs that only say so, a node that lies
// about its tip, restarts or answers from an old branch, a store whose
// answers are lost, and processes that end anywhere. After every change of the store, and at the end:
//
//   - the store's blocks are a chain of the tree, each read whole, and the cursor is on the last of them;
//   - the deposits in blocks are exactly the outputs to us in those blocks, and the confirmed ones are
//     those that are deep enough, or were before blocks above them were taken back;
//   - each deposit has at most one net credit, and the books are the sum of the confirmed ones.
//
// In the end, when the node is honest and the chain has grown, the credited set is the best chain's at the depth needed.
// A seed's run is the same each time. The store is hotwallet/model, which is held to the Postgres store elsewhere; a few
// seeds are played on Postgres as well (hotwallet/watch). Four watchers or stores that are wrong on purpose are found.
//
// There is nothing here but tests.
package trees
