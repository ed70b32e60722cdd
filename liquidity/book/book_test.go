package book_test

import (
	"errors"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity/book"
)

var sides = []book.Side{book.Bid, book.Ask}

// model is the simplest book there is: every level the venue has, in a map.
type model map[uint64]uint64

func (m model) set(l book.Level) {
	if l.Size == 0 {
		delete(m, l.Price)
		return
	}
	m[l.Price] = l.Size
}

func (m model) best(side book.Side) []book.Level {
	prices := slices.Sorted(maps.Keys(m))
	if side == book.Bid {
		slices.Reverse(prices)
	}
	levels := make([]book.Level, 0, len(prices))
	for _, p := range prices {
		levels = append(levels, book.Level{Price: p, Size: m[p]})
	}
	return levels
}

// within is what of a side lies up to the book's horizon.
func within(b *book.Book, side book.Side, levels []book.Level) []book.Level {
	horizon, bounded := b.Horizon(side)
	return slices.DeleteFunc(slices.Clone(levels), func(l book.Level) bool {
		return bounded && (side == book.Bid && l.Price < horizon || side == book.Ask && l.Price > horizon)
	})
}

// Whatever is loaded and set, a book is the model up to its horizon, never longer
// than allowed, and tops and walks agree with the model's.
func TestBookIsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most, limit := rapid.IntRange(1, 12).Draw(t, "most"), rapid.IntRange(0, 12).Draw(t, "limit")
		level := rapid.Custom(func(t *rapid.T) book.Level {
			return book.Level{Price: rapid.Uint64Range(1, 40).Draw(t, "price"), Size: rapid.Uint64Range(0, 3).Draw(t, "size")}
		})
		truth := []model{{}, {}}
		b := book.New(most)
		load := func(t *rapid.T) {
			var snapshot [2][]book.Level
			for _, side := range sides {
				snapshot[side] = truth[side].best(side)
				if limit > 0 && len(snapshot[side]) > limit {
					snapshot[side] = snapshot[side][:limit]
				}
			}
			if err := b.Load(snapshot[book.Bid], snapshot[book.Ask], limit); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				side, l := rapid.SampledFrom(sides).Draw(t, "side"), level.Draw(t, "level")
				truth[side].set(l)
				b.Set(side, l)
			},
			"load": load,
			"": func(t *rapid.T) {
				for _, side := range sides {
					compare(t, b, side, truth[side], most)
				}
				bids, asks := truth[book.Bid].best(book.Bid), truth[book.Ask].best(book.Ask)
				crossed := len(bids) > 0 && len(asks) > 0 && b.Len(book.Bid) > 0 && b.Len(book.Ask) > 0 && bids[0].Price >= asks[0].Price
				if b.Crossed() != crossed {
					t.Fatalf("crossed is %t", b.Crossed())
				}
			},
		})
	})
}

func compare(t *rapid.T, b *book.Book, side book.Side, truth model, most int) {
	want := within(b, side, truth.best(side))
	got := slices.Collect(b.Levels(side))
	if !slices.Equal(got, want) || b.Len(side) != len(got) || len(got) > most {
		t.Fatalf("side %d is %v, want %v, at most %d", side, got, want, most)
	}
	top, ok := b.Best(side)
	if ok != (len(want) > 0) || ok && top != want[0] {
		t.Fatalf("best of side %d is %v", side, top)
	}
	size := rapid.Uint64Range(0, 40).Draw(t, "size")
	var filled, worst, cost uint64
	for _, l := range want {
		if take := min(l.Size, size-filled); take > 0 {
			filled, worst, cost = filled+take, l.Price, cost+l.Price*take
		}
	}
	f := b.Walk(side, size)
	if f.Size != filled || f.Worst != worst || f.Cost().Cmp(new(big.Int).SetUint64(cost)) != 0 {
		t.Fatalf("walk of %d on side %d is %+v, want %d to %d for %d", size, side, f, filled, worst, cost)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ bids, asks []book.Level }{
		"bids ascend":    {bids: []book.Level{{Price: 1, Size: 1}, {Price: 2, Size: 1}}},
		"asks descend":   {asks: []book.Level{{Price: 2, Size: 1}, {Price: 1, Size: 1}}},
		"one bid twice":  {bids: []book.Level{{Price: 2, Size: 1}, {Price: 2, Size: 1}}},
		"ask of nothing": {asks: []book.Level{{Price: 1}}},
	} {
		b := book.New(10)
		b.Set(book.Bid, book.Level{Price: 7, Size: 9})
		if err := b.Load(c.bids, c.asks, 0); !errors.Is(err, book.ErrLevels) {
			t.Errorf("%s: %v", name, err)
		}
		if top, _ := b.Best(book.Bid); top != (book.Level{Price: 7, Size: 9}) {
			t.Errorf("%s: a refused snapshot changed the book to %v", name, top)
		}
	}
}

func TestWalkBeyond64Bits(t *testing.T) {
	t.Parallel()
	b := book.New(2)
	b.Set(book.Ask, book.Level{Price: math.MaxUint64, Size: math.MaxUint64 - 1})
	b.Set(book.Ask, book.Level{Price: math.MaxUint64 - 1, Size: 1})
	m := new(big.Int).SetUint64(math.MaxUint64)
	want := new(big.Int).Mul(m, m) // (2^64-1)(2^64-2) + (2^64-2)
	want.Sub(want, big.NewInt(1))
	if f := b.Walk(book.Ask, math.MaxUint64); f.Cost().Cmp(want) != 0 || f.Size != math.MaxUint64 {
		t.Errorf("cost %s, want %s", f.Cost(), want)
	}
}

// What is read is written back as the same number, and only plain decimals are read.
func FuzzTicks(f *testing.F) {
	for _, s := range []string{"0.0024", "10", "4.00000200", "184467440737.09551615", "184467440737.09551616", "1e3", "-1", ".", "1.", "0.123456789"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ticks, err := book.ParseTicks(text, 8)
		if err != nil {
			if !errors.Is(err, book.ErrTicks) {
				t.Fatalf("%v is not ErrTicks", err)
			}
			return
		}
		// Exactly the number the text means, by the standard library's rationals.
		number, ok := new(big.Rat).SetString(text)
		if !ok || number.Cmp(new(big.Rat).SetFrac(new(big.Int).SetUint64(ticks), big.NewInt(100_000_000))) != 0 {
			t.Fatalf("%q was read as %d", text, ticks)
		}
		if again, err := book.ParseTicks(book.FormatTicks(ticks, 8), 8); err != nil || again != ticks {
			t.Fatalf("%d ticks read back are %d (%v)", ticks, again, err)
		}
	})
}

func BenchmarkSet(b *testing.B) {
	book1000 := book.New(2000)
	for p := range uint64(1000) {
		book1000.Set(book.Bid, book.Level{Price: p + 1, Size: 1})
	}
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		book1000.Set(book.Bid, book.Level{Price: 1000 - i%8, Size: i%5 + 1})
	}
}

// What was given up by Truncate may come back, unlike what lies beyond a horizon.
func TestTruncate(t *testing.T) {
	t.Parallel()
	b := book.New(10)
	if err := b.Load([]book.Level{{Price: 5, Size: 1}, {Price: 4, Size: 1}, {Price: 3, Size: 1}}, []book.Level{{Price: 6, Size: 1}}, 0); err != nil {
		t.Fatal(err)
	}
	b.Truncate(2)
	if _, ok := b.At(book.Bid, 2); ok || b.Len(book.Bid) != 2 || b.Len(book.Ask) != 1 {
		t.Errorf("%d bids, %d asks are left", b.Len(book.Bid), b.Len(book.Ask))
	}
	b.Set(book.Bid, book.Level{Price: 3, Size: 2})
	if l, ok := b.At(book.Bid, 2); !ok || l != (book.Level{Price: 3, Size: 2}) {
		t.Errorf("%+v, %t", l, ok)
	}
	if l, ok := b.At(book.Ask, 0); !ok || l.Price != 6 {
		t.Errorf("%+v, %t", l, ok)
	}
}
