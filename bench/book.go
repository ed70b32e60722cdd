package main

import (
	"context"
	"errors"

	"github.com/tidwall/btree"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/simulator"
)

const (
	// bookSteps of the walk are recorded; each changes some ten levels. They are gone
	// through bookPasses times a round.
	bookSteps  = 2000
	bookPasses = 10
)

func init() {
	register(Row{
		Number: 25, Name: "book",
		What: "levels set or removed, and the best of both sides after each",
		Unit: "levels", Goal: 1, ByCPU: true, Prepare: prepareBook,
	})
}

// sided is a level of one side.
type sided struct {
	side book.Side
	book.Level
}

func prepareBook(_ context.Context, env *Env) (*Trial, error) {
	m, err := simulator.ParseMarket(venueMarket)
	if err != nil {
		return nil, err
	}
	x := simulator.NewExchange(1, m, simulator.Binance)
	var changes []sided
	for range bookSteps {
		x.Step()
		u, _ := x.Flush()
		for _, l := range u.Bids {
			changes = append(changes, sided{book.Bid, l})
		}
		for _, l := range u.Asks {
			changes = append(changes, sided{book.Ask, l})
		}
	}
	passes := func(once func([]sided) uint64) func(context.Context, int) (Sample, error) {
		return func(ctx context.Context, _ int) (Sample, error) {
			return env.timed(ctx, bookPasses*len(changes), func(context.Context) error {
				for range bookPasses {
					if once(changes) == 0 {
						return errors.New("the book is empty")
					}
				}
				return nil
			})
		}
	}
	return &Trial{Baseline: Side{Name: "tidwall/btree", Run: passes(intoTree)}, Subject: Side{Name: "book", Run: passes(intoBook)}}, nil
}

// intoBook and intoTree return a sum of the best prices, so that both are asked for.
func intoBook(changes []sided) (sum uint64) {
	b := book.New(1000)
	for _, c := range changes {
		b.Set(c.side, c.Level)
		bid, _ := b.Best(book.Bid)
		ask, _ := b.Best(book.Ask)
		sum += bid.Price ^ ask.Price
	}
	return sum
}

func intoTree(changes []sided) (sum uint64) {
	var sides [2]btree.Map[uint64, uint64]
	for _, c := range changes {
		if c.Size == 0 {
			sides[c.side].Delete(c.Price)
		} else {
			sides[c.side].Set(c.Price, c.Size)
		}
		bid, _, _ := sides[book.Bid].Max()
		ask, _, _ := sides[book.Ask].Min()
		sum += bid ^ ask
	}
	return sum
}
