package model

import (
	"reflect"

	"ferry/swap"
	"ferry/swap/model"
)

// What an order uses up is known here and nowhere else in this package.

// confirmed reports that everything the order uses up is in our own book.
func (s *Store) confirmed(o swap.Order) bool {
	for _, used := range o.Deposits {
		d, ok := s.deposits[used.ID]
		if !ok || d.SwapID != o.SwapID || d.Amount != used.Amount || d.State != Confirmed {
			return false
		}
	}
	return len(o.Deposits) > 0 || o.Purpose.House() // which use up none
}

// usedAlready is the first deposit of the order's that another order has used, or "".
func (c *change) usedAlready(o swap.Order) string {
	for _, d := range o.Deposits {
		if _, taken := c.used[d.ID]; taken {
			return d.ID
		}
	}
	return ""
}

func (c *change) use(o swap.Order) {
	for _, d := range o.Deposits {
		model.Set(c.tx, c.used, d.ID, o.ID)
	}
}

// sameOrder compares what is ordered; when it was ordered is no part of it.
func sameOrder(a, b swap.Order) bool {
	a.At, a.Retry = b.At, b.Retry
	return reflect.DeepEqual(a, b)
}
