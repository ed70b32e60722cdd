package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// ErrBlockGone means a block asked for by hash or height is not in the node's
// best chain any more, or not yet. The caller looks for the fork point.
var ErrBlockGone = errors.New("block is not in the best chain")

// Ref names a block. Hash is in the form the chain's explorers show.
type Ref struct {
	Height int64
	Hash   string
}

// String is for logs: "120:00ab12…".
func (r Ref) String() string { return fmt.Sprintf("%d:%.12s", r.Height, r.Hash) }

// Watch says what is ours while a block is matched. It is asked from several
// goroutines and must not block.
type Watch interface {
	// Address reports whether a canonical address (asset.Networks.ParseAddress's
	// form) is ours.
	Address(address string) bool
	// Coin reports whether the coin "<txid>:<index>" is an unspent one of ours.
	// Account chains never ask.
	Coin(id string) bool
}

// Credit is value that arrived at a watched address: an output, or a transfer.
type Credit struct {
	// TxID is the block's hash where no transaction brought it (Withdrawal, Reward).
	TxID string
	// Index is the output's number on a UTXO chain; 0 on an account chain.
	Index   uint32
	Address string
	// Asset is the chain's own, or a token whose contract is pinned. Never empty.
	Asset asset.ID
	Units asset.Units
	// Coinbase outputs can't be spent before they mature.
	Coinbase bool
	// Source is how it came; always Transfer on a UTXO chain.
	Source Source
}

// CoinID is "<txid>:<index>". What did not come by a Transfer has, in place of the
// number, one that is made of what the credit is; see source.go.
func (c Credit) CoinID() string {
	if c.Source != Transfer {
		return c.TxID + ":" + c.contentIndex()
	}
	return CoinID(c.TxID, c.Index)
}

// CoinID names an output.
func CoinID(txid string, index uint32) string { return fmt.Sprintf("%s:%d", txid, index) }

// Debit is value that left us. On a UTXO chain there is one for each coin spent
// (Units is the coin's value as far as Watch knows it: the adapter leaves it
// zero and the store looks it up; Fee is zero); on an account chain one for each
// transaction sent by a watched address, and one for each that took from a watched
// address without being sent by it (Nonce and Fee are zero). Tokens that a transaction
// took from a watched address are a debit of their own, one for each token, beside
// that of the transaction: same TxID and Address, Nonce and Fee zero.
type Debit struct {
	TxID string
	// Asset is what Units counts, as in Credit. Never empty.
	Asset asset.ID
	// CoinID is the coin spent (UTXO chains).
	CoinID string
	// Address is the sender, Nonce its transaction count (account chains).
	Address string
	Nonce   uint64
	// Units is what the transaction moved and Fee what it cost, in the chain's own
	// asset whatever was moved (account chains).
	Units asset.Units
	Fee   asset.Units
	// Failed transactions cost their fee and moved nothing (Ethereum status 0).
	Failed bool
}

// Block is a block as far as it concerns us.
type Block struct {
	Ref
	Parent string
	// Time is the block's own, which may run ahead of the clock.
	Time    time.Time
	Credits []Credit
	Debits  []Debit
	// Doubts are what the block tells and is not credited; a person has to look.
	Doubts []Doubt
	// Final is how far up the chain was safe and finalized, as far as the watcher knew
	// when it took the block over: no adapter fills it in.
	Final Final
}

// Reader reads a node. All calls honour ctx and a time limit of the adapter's.
type Reader interface {
	// Chain names the chain.
	Chain() asset.Chain
	// Tip is the best block now.
	Tip(ctx context.Context) (Ref, error)
	// RefAt is the best chain's block at a height; ErrBlockGone above the tip.
	RefAt(ctx context.Context, height int64) (Ref, error)
	// Block reads one whole block by hash and matches it locally: byte-exact
	// scripts, on account chains all that changed our balances as far as the node
	// shows it. ErrBlockGone if the node no longer has it.
	Block(ctx context.Context, ref Ref, w Watch) (Block, error)
	// Mempool lists the unconfirmed credits the node shows now. It is for display
	// only, and may be incomplete.
	Mempool(ctx context.Context, w Watch) ([]Credit, error)
	// Held is what the node itself says the coins (UTXO chains) or addresses
	// (account chains) hold of one asset at a block: a second opinion on the books.
	// Adapters whose node can't look back answer ErrBlockGone unless at is the tip
	// before and after.
	Held(ctx context.Context, at Ref, id asset.ID, coins, addresses []string) (asset.Units, error)
	// CheckDestination returns an error wrapping asset.ErrAddressForbidden
	// if coins sent to the address would be stuck, such as in a token contract.
	CheckDestination(ctx context.Context, address string) error
}

// Partial is what a Reader implements besides if its node may not show all that
// concerns us.
type Partial interface {
	// Unseen says what the node does not show, in a sentence; "" for nothing, as far
	// as is known by now. It does not call the node.
	Unseen() string
}

// ErrNoEstimate means the node can't say what fees are: it has seen too few blocks.
var ErrNoEstimate = errors.New("the node has no estimate of fees")

// Fees says what spending costs.
type Fees interface {
	// SpendCost is what it costs now to spend one deposit, at the rate that a payment
	// would pay: its own input on a UTXO chain, a transfer on an account chain.
	// ErrNoEstimate where the node can't say.
	SpendCost(ctx context.Context) (asset.Units, error)
}

// Adapter is all that hotwalletd needs of a chain.
type Adapter interface {
	Reader
	Payer
	Fees
	Market
}
