package chain

import (
	"crypto/sha256"
	"fmt"
	"math/big"
)

// Source is how value arrived at an address.
type Source uint8

// The sources. All but Transfer are of account chains.
const (
	// Transfer: an output, or what a transaction itself sends to its destination.
	Transfer Source = iota
	// Internal: what a transaction's execution left at the address besides, whichever
	// contract paid it and in how many parts.
	Internal
	// Withdrawal: what the consensus layer paid with the block.
	Withdrawal
	// Reward: the fees of the block's transactions, to whom they go.
	Reward
	// Token: what a transaction left of a token, net, by whichever calls.
	Token
)

// String is for logs and metrics.
func (s Source) String() string {
	switch s {
	case Transfer:
		return "transfer"
	case Internal:
		return "internal"
	case Withdrawal:
		return "withdrawal"
	case Reward:
		return "reward"
	case Token:
		return "token"
	}
	return fmt.Sprintf("source %d", uint8(s))
}

// ContentIndexBits is the length of the number that stands for an index in the id
// of a credit which is no Transfer. Its highest bit is set, so it has 39 digits and
// is no output's number.
const ContentIndexBits = 128

// contentIndex is the first 128 bits of SHA-256("<source>:<address>:<units>"), of a
// token "token:<asset>:<address>:<units>", the highest set to 1, in decimal digits.
//
// A transaction commits to its own transfer and not to what its execution does: in
// another block it may pay somebody else, or another amount, and a log has another number. So the id names
// address and amount too: a deposit that a reorganisation takes away and brings
// back is the same one exactly if it is the same money, and an id never means two
// deposits. It depends on nothing else, such as an order among recipients or what
// is watched, so whoever reads the chain arrives at it, now or in a recovery. It is
// that long because payers choose amounts, and could make shorter ones collide.
func (c Credit) contentIndex() string {
	what := c.Source.String()
	if c.Source == Token {
		what += ":" + string(c.Asset)
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s:%s:%s", what, c.Address, c.Units))
	n := new(big.Int).SetBytes(digest[:ContentIndexBits/8])
	return n.SetBit(n, ContentIndexBits-1, 1).String()
}
