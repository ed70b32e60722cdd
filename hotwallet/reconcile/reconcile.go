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

// Books are what the chain should hold for us of one asset at a block.
type Books struct {
	At    chain.Ref
	Asset asset.ID
	// Token: it is not the chain's own.
	Token bool
	// Units is wallet + in_flight in base units. It can be negative only if the
	// books are wrong.
	Units *big.Int
	// Coins are our unspent coins (UTXO chains), Addresses those that can hold
	// anything (account chains).
	Coins     []string
	Addresses []string
	// Places is the sum of what each address holds by our own rows (account chains);
	// nil where they are not kept.
	Places *big.Int
	// Accounts: what is compared are balances, which anybody can add to.
	Accounts bool
	// Before is what the node held beyond the books at the comparison before; nil
	// if there was none or a reorganisation has taken its block away since.
	Before *big.Int
}

// Store is what the books are read from and the result is stored in.
type Store interface {
	// Books reads one snapshot of every asset of the chain; none before the chain's
	// first block.
	Books(ctx context.Context) ([]Books, error)
	// Record stores the newest comparison of an asset.
	Record(ctx context.Context, b Books, node asset.Units) error
	// Stop halts the chain's payments and reports whether they ran before.
	Stop(ctx context.Context, reason string) (bool, error)
	// Alarm records what a person has to look at and reports whether it is new:
	// the same alarm with the same reason is recorded once in a row.
	Alarm(ctx context.Context, alarm, reason string) (bool, error)
}

// AlarmSurplus is the alarm of a surplus of the chain's own asset; a token's has its
// ticker behind: "alarm.surplus.USDT".
const AlarmSurplus = "alarm.surplus"

// Node is the second opinion.
type Node interface {
	Held(ctx context.Context, at chain.Ref, id asset.ID, coins, addresses []string) (asset.Units, error)
}

// Result of a comparison.
type Result string

// The results.
const (
	// Skipped: the node has left the block of the books, or there is none yet.
	Skipped Result = "skipped"
	// Equal to the base unit.
	Equal Result = "equal"
	// Surplus: the node holds more than the books, on accounts that anybody can
	// add to. It is an alarm; payments go on.
	Surplus Result = "surplus"
	// Different: payments are halted.
	Different Result = "different"
)

// worse orders the results.
var worse = map[Result]int{Equal: 1, Surplus: 2, Different: 3}

// Check compares every asset once and returns the worst result. An error means that
// one could not be compared; the others are all the same.
func Check(ctx context.Context, s Store, n Node, log *slog.Logger) (Result, error) {
	books, err := s.Books(ctx)
	if err != nil {
		return Skipped, err
	}
	worst, failed := Skipped, error(nil)
	for _, b := range books {
		result, err := check(ctx, s, n, b, log)
		failed = errors.Join(failed, err)
		if worse[result] > worse[worst] {
			worst = result
		}
	}
	return worst, failed
}

// check is Check of one asset.
func check(ctx context.Context, s Store, n Node, books Books, log *slog.Logger) (Result, error) {
	held, err := n.Held(ctx, books.At, books.Asset, books.Coins, books.Addresses)
	if errors.Is(err, chain.ErrBlockGone) {
		return Skipped, nil
	}
	if err != nil {
		return Skipped, fmt.Errorf("ask what is held of %s at %s: %w", books.Asset, books.At, err)
	}
	crash.Point("reconcile.record.before")
	if err := s.Record(ctx, books, held); err != nil {
		return Skipped, err
	}
	crash.Point("reconcile.record.after")
	if books.Places != nil && books.Places.Cmp(books.Units) != 0 {
		return Different, misplaced(ctx, s, books, log)
	}
	difference := new(big.Int).Sub(held.Big(), books.Units)
	if difference.Sign() == 0 && !(books.Accounts && shrunk(books.Before, difference)) {
		return Equal, nil
	}
	if books.Accounts && difference.Sign() > 0 && !shrunk(books.Before, difference) {
		return Surplus, surplus(ctx, s, books, difference, log)
	}
	reason := fmt.Sprintf("at block %d the node holds %s and the books %s base units of %s: a difference of %s",
		books.At.Height, held, books.Units, books.Asset, difference)
	if books.Accounts && shrunk(books.Before, difference) {
		reason += fmt.Sprintf(", after %s before: something left that the books do not know", books.Before)
	}
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

// misplaced halts: what the addresses hold by our rows is not what the books have, so
// that a payment could be planned from what is not there.
func misplaced(ctx context.Context, s Store, books Books, log *slog.Logger) error {
	reason := fmt.Sprintf("at block %d our addresses hold %s and the books %s base units of %s, both by our own rows",
		books.At.Height, books.Places, books.Units, books.Asset)
	halted, err := s.Stop(ctx, reason)
	if err == nil && halted {
		log.Error("what addresses hold differs from the books; payments are halted", "asset", books.Asset,
			"height", books.At.Height, "addresses", books.Places.String(), "books", books.Units.String())
	}
	return err
}

// shrunk reports that a surplus has become less. Nothing but a spend that the books
// do not have can do that: a surplus must not be what a theft hides behind.
func shrunk(before, now *big.Int) bool {
	return before != nil && before.Sign() > 0 && now.Cmp(before) < 0
}

// surplus raises the alarm, once for each amount.
func surplus(ctx context.Context, s Store, b Books, more *big.Int, log *slog.Logger) error {
	alarm := AlarmSurplus
	if b.Token {
		alarm += "." + string(b.Asset)
	}
	fresh, err := s.Alarm(ctx, alarm, fmt.Sprintf(
		"the node holds %s base units of %s more than the books: somebody paid an address of ours from a contract", more, b.Asset))
	if err == nil && fresh {
		log.Error("the chain holds more than the books", "asset", b.Asset, "height", b.At.Height, "surplus", more.String())
	}
	return err
}
