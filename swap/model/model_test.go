package model_test

import (
	"errors"
	"testing"

	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

var errUndo = errors.New("undo")

func sat(n uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(n)} }

// What a failed transaction wrote, changed, deleted, told, advanced and booked is gone.
func TestRollback(t *testing.T) {
	t.Parallel()
	s := model.NewSchema()
	rows, list := map[string]int{"kept": 1, "changed": 1, "deleted": 1}, []string{"first"}
	batch := bus.Batch{Topic: bus.TopicFacts, Next: 5}
	message := bus.Message{Topic: bus.TopicFacts, Key: "k", Kind: "x", Body: []byte("{}")}
	work := func(fail error) func(*model.Tx) error {
		return func(tx *model.Tx) error {
			model.Set(tx, rows, "changed", 2)
			model.Set(tx, rows, "changed", 3)
			model.Set(tx, rows, "new", 1)
			model.Delete(tx, rows, "deleted")
			model.Append(tx, &list, "second", "third")
			return errors.Join(s.Tell(tx, message), s.Advance(tx, "c", batch),
				s.Book.Post(tx, ledger.Transfer("e", "x", "", ledger.Clearing, ledger.SwapDeposit("s"), sat(5))), fail)
		}
	}
	if err := model.Run(work(errUndo)); !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows["changed"] != 1 || rows["deleted"] != 1 || len(list) != 1 || len(s.Outbox()) != 0 ||
		s.Offset("c", bus.TopicFacts, 0) != 0 || s.Book.Len() != 0 || s.Book.Balance(ledger.Clearing, asset.BTC).Sign() != 0 {
		t.Errorf("undone: %v, %v, %d messages, %d entries", rows, list, len(s.Outbox()), s.Book.Len())
	}
	if err := model.Run(work(nil)); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows["changed"] != 3 || rows["new"] != 1 || len(list) != 3 || len(s.Outbox()) != 1 ||
		s.Offset("c", bus.TopicFacts, 0) != 5 || s.Book.Balance(ledger.Clearing, asset.BTC).Int64() != 5 {
		t.Errorf("done: %v, %v, %d messages", rows, list, len(s.Outbox()))
	}
}

// Each guard refuses, by the error that names it.
func TestGuards(t *testing.T) {
	t.Parallel()
	s := model.NewSchema()
	first := ledger.Transfer("e", "x", "", ledger.Clearing, ledger.SwapDeposit("s"), sat(5))
	if err := model.Run(func(tx *model.Tx) error { return s.Book.Post(tx, first) }); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		do   func(*model.Tx) error
		want error
	}{
		"an entry twice": {func(tx *model.Tx) error { return s.Book.Post(tx, first) }, model.ErrEntryExists},
		"an overdrawn swap": {func(tx *model.Tx) error {
			return s.Book.Post(tx, ledger.Transfer("f", "x", "", ledger.SwapDeposit("s"), ledger.Clearing, sat(6)))
		}, model.ErrInvariant},
		"an unbalanced entry": {func(tx *model.Tx) error {
			e := first
			e.Key, e.Postings = "g", e.Postings[:1]
			return s.Book.Post(tx, e)
		}, ledger.ErrUnbalanced},
		"an offset that moved": {func(tx *model.Tx) error { return s.Advance(tx, "c", bus.Batch{From: 1, Next: 2}) }, bus.ErrOffsetMoved},
		"a message without a key": {func(tx *model.Tx) error {
			return s.Tell(tx, bus.Message{Topic: bus.TopicFacts, Kind: "x", Body: []byte("{}")})
		}, model.ErrInvariant},
	} {
		if err := model.Run(c.do); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if s.Book.Len() != 1 || s.Book.Balance(ledger.SwapDeposit("s"), asset.BTC).Int64() != -5 {
		t.Errorf("%d entries, %s owed", s.Book.Len(), s.Book.Balance(ledger.SwapDeposit("s"), asset.BTC))
	}
}
