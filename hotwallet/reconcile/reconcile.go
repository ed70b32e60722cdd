package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Books are what the chain should hold for us at a block.
type Books struct {
	At    chain.Ref
	Asset asset.ID
	// Units is wallet + in_flight in base units. It can be negative only if the
	// books are wrong.
	Units *big.Int
	// Coins are our unspent coins (UTXO chains), Addresses those that can hold
	// anything (account chains).
	Coins     []string
	Addresses []string
}

// Store is what the books are read from and the result is stored in.
type Store interface {
	// Books reads one snapshot; false before the chain's first block.
	Books(ctx context.Context) (Books, bool, error)
	// Record stores the newest comparison.
	Record(ctx context.Context, b Books, node asset.Units) error
	// Stop halts the chain's payments and reports whether they ran before.
	Stop(ctx context.Context, reason string) (bool, error)
}

// Node is the second opinion.
type Node interface {
	Held(ctx context.Context, at chain.Ref, coins, addresses []string) (asset.Units, error)
}

// Result of a comparison.
type Result string

// The results.
const (
	// Skipped: the node has left the block of the books, or there is none yet.
	Skipped Result = "skipped"
	// Equal to the base unit.
	Equal Result = "equal"
	// Different: payments are halted.
	Different Result = "different"
)

// Check compares once. An error means that no comparison was possible.
func Check(ctx context.Context, s Store, n Node, log *slog.Logger) (Result, error) {
	books, begun, err := s.Books(ctx)
	if err != nil || !begun {
		return Skipped, err
	}
	held, err := n.Held(ctx, books.At, books.Coins, books.Addresses)
	if errors.Is(err, chain.ErrBlockGone) {
		return Skipped, nil
	}
	if err != nil {
		return Skipped, fmt.Errorf("ask what is held at %s: %w", books.At, err)
	}
	crash.Point("reconcile.record.before")
	if err := s.Record(ctx, books, held); err != nil {
		return Skipped, err
	}
	crash.Point("reconcile.record.after")
	difference := new(big.Int).Sub(held.Big(), books.Units)
	if difference.Sign() == 0 {
		return Equal, nil
	}
	reason := fmt.Sprintf("at block %d the node holds %s and the books %s base units of %s: a difference of %s",
		books.At.Height, held, books.Units, books.Asset, difference)
	halted, err := s.Stop(ctx, reason)
	if err != nil {
		return Different, err
	}
	if halted {
		log.Error("the books differ from the chain; payments are halted", "asset", books.Asset,
			"height", books.At.Height, "node", held.String(), "books", books.Units.String())
	}
	return Different, nil
}
