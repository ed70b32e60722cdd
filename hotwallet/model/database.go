package model

import (
	"math/big"
	"sync"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/model"
)

// Purposes of a deposit.
const (
	purposeSwap         = "swap"
	purposeFunding      = "funding"
	purposeUnattributed = "unattributed"
)

type place struct {
	chain asset.Chain
	name  string // an address, a coin's id
}

type height struct {
	chain asset.Chain
	n     int64
}

// address is ours; swapID is empty unless it was given to a swap.
type address struct{ path, purpose, swapID string }

type block struct {
	hash, parent string
	time         time.Time
	// content is what it changed at our addresses.
	content chain.Block
}

// Deposit is a row of that table.
type Deposit struct {
	ID, TxID, Address string
	Chain             asset.Chain
	Amount            asset.Amount
	SwapID            string
	// State is "seen", "in_block", "confirmed", "replaced" or "reorged".
	State string

	// Height and what follows are zero while in no block.
	Height    int64
	blockHash string
	blockTime time.Time

	purpose   string
	firstSeen time.Time
	// awaits is told and not stored.
	awaits swap.Finality
}

type coin struct {
	txid          string
	index         uint32
	units         asset.Units
	address, path string
	coinbase      bool
	// height is 0 while a reserved coin is in no block.
	height int64
	// goneFrom is where it was before, while in no block.
	goneFrom    int64
	reservedBy  string
	spentBy     string
	spentHeight int64
}

// Payment is a row with the newest attempt of its batch, and where its transaction is.
type Payment struct {
	payment.Payment
	TxID, BlockHash string
	Height          int64
	Failed          bool

	fee    asset.Units
	queued int64
	// hold is of the payment's asset, gas of the chain's own where that is another.
	hold, gas asset.Units
	// queuedAt is when it was stored, endedAt when it failed, swept what its plan moves of a
	// payment of the house's own.
	queuedAt, endedAt time.Time
	swept             asset.Units
	// failedRetry is how often it had been ordered again when it failed last.
	failedRetry int
}

// Again reports that it failed, and was ordered again since.
func (p Payment) Again() bool { return p.State == swap.PaymentFailed && p.Order.Retry > p.failedRetry }

// batch is a row with its attempts. What it holds is not changed in place.
type batch struct {
	id       string
	chain    asset.Chain
	purpose  swap.Purpose
	state    swap.PaymentState
	version  int64
	orders   []string
	attempts []payment.Attempt
	// death is what ended it, nil if it has not.
	death *payment.DeathRequest
	// answers are what our node said last to each attempt that was handed in, by its number.
	answers map[int]chain.Acceptance
}

type sender struct {
	address, path string
	nonce         uint64
}

// Action is what was done on the daemon's own account, or has to be looked at.
type Action struct {
	Action, Target, Reason string
	At                     time.Time
}

// Database is the hot wallet's schema, shared by all chains.
type Database struct {
	mu     sync.Mutex
	schema *model.Schema

	tokens    map[asset.Chain]int64
	cursors   map[asset.Chain]int64
	blocks    map[height]block
	addresses map[place]address
	deposits  map[string]Deposit
	coins     map[place]coin
	payments  map[string]Payment
	used      map[string]string // deposit id → order id
	batches   map[string]batch
	txids     map[place]string // txid → batch id
	queued    int64
	senders   map[asset.Chain]sender
	halts     map[asset.Chain]string
	actions   []Action
	surplus   map[asset.ID]comparison
	// recoveries are the last blocks that are read again.
	recoveries map[asset.Chain]int64
	holdings   map[holder]*big.Int
	// sent are the heights of deposit addresses' transactions.
	sent map[spent]int64
}

// NewDatabase is an empty one.
func NewDatabase() *Database {
	return &Database{schema: model.NewSchema(), tokens: map[asset.Chain]int64{}, cursors: map[asset.Chain]int64{},
		blocks: map[height]block{}, addresses: map[place]address{}, deposits: map[string]Deposit{}, coins: map[place]coin{},
		payments: map[string]Payment{}, batches: map[string]batch{}, used: map[string]string{}, txids: map[place]string{},
		senders: map[asset.Chain]sender{}, halts: map[asset.Chain]string{}, surplus: map[asset.ID]comparison{},
		recoveries: map[asset.Chain]int64{}, holdings: map[holder]*big.Int{}, sent: map[spent]int64{}}
}

// Confirmed is the state of a deposit that is deep enough.
const Confirmed = "confirmed"
