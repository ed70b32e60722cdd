// Package watch follows a chain from a stored cursor and hands each block to the
// store, which decides what it means for deposits, payments and the books.
//
// It promises that whatever restarts, node failures and reorganisations come
// between, the store has seen exactly the blocks of the best chain, each once and
// in order, up to the cursor; that going back beyond the configured limit halts the
// chain's payments and changes nothing else; that a node which shows nothing new for
// too long, or not all that concerns us, is an alarm, and so is a movement that a block tells
// of and balances do not bear out; and that unconfirmed deposits are shown and withdrawn, never counted. A node
// that is merely behind is waited for.
//
// It imports hotwallet/chain and what that needs. The store is an interface.
package watch
