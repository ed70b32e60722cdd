package chain

// Sieve is what a Watch may implement besides. It tells of most outputs and coins that
// they are not ours, by their bytes alone: an adapter asks it first, and makes the
// address or the id that Watch is asked by only of what is left. Either answer may be
// true of what is not ours, and never false of what is.
type Sieve interface {
	// Script reports whether an output script may pay a watched address.
	Script(script []byte) bool
	// Outpoint reports whether an output, by its transaction's hash in wire order, may
	// be an unspent coin of ours.
	Outpoint(hash *[32]byte, index uint32) bool
}

// Scripts is what a Reader of a UTXO chain implements besides: the output script of an
// address, of which a Sieve is made.
type Scripts interface {
	Script(address string) ([]byte, error)
}
