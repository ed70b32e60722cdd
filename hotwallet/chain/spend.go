package chain

import "context"

// SentReader is what a Reader implements besides if it reads more than the block for
// Block (an execution trace, old balances), which a node may not have any more.
type SentReader interface {
	// Sent are the transactions that an address has sent in a block of the best chain: a
	// Debit for each, with Nonce, Fee and Failed: of a token's transfer also where the token
	// has logged none. It rests on what the block's header
	// commits to and nothing else.
	Sent(ctx context.Context, ref Ref, address string) ([]Debit, error)
}

// Ancestry is what the Reader of a UTXO chain implements besides.
type Ancestry interface {
	// Inputs reads a transaction in wire form: its id and the coins that it spends,
	// "<txid>:<index>". It calls no node; bytes that are no transaction are an error.
	Inputs(raw []byte) (txid string, coins []string, err error)
}
