package model

import (
	"ferry/swap"
	"ferry/swap/model"
)

// What an order uses up is known here and nowhere else in this package.

// confirmed reports that what the order uses up is in our own book.
func (s *Store) confirmed(o swap.Order) bool {
	d, ok := s.deposits[o.DepositID]
	return ok && d.SwapID == o.SwapID && d.Amount == o.DepositAmount && d.State == "confirmed"
}

// usedAlready is a deposit of the order's that another order has used, or "".
func (c *change) usedAlready(o swap.Order) string {
	if _, taken := c.used[o.DepositID]; taken {
		return o.DepositID
	}
	return ""
}

func (c *change) use(o swap.Order) { model.Set(c.tx, c.used, o.DepositID, o.ID) }

// sameOrder compares what is ordered; when it was ordered is no part of it.
func sameOrder(a, b swap.Order) bool {
	a.At = b.At
	return a == b
}
