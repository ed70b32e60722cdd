package simulation

import (
	"math/big"
	"slices"

	hot "ferry/hotwallet/model"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// This file is the second opinion on the books: what every account should hold by
// the rows alone, whatever entries led there. It is where the simulation knows
// which deposits a payment uses up.

// usedBy are the deposits that an order uses up.
func usedBy(o swap.Order) []string { return o.DepositIDs() }

// pays reports the payment that uses a deposit up.
func pays(p swap.Payment, d swap.Deposit) bool { return slices.Contains(p.Deposits, d.ID) }

// gone reports a payment of which the chain has taken a deposit back and not given
// it again.
func gone(s swap.Swap, p swap.Payment) bool {
	return slices.ContainsFunc(s.Deposits, func(d swap.Deposit) bool { return pays(p, d) && d.State != swap.DepositFinal })
}

// backed reports a payment all of whose deposits are booked, as there or as lost.
func backed(s swap.Swap, p swap.Payment) bool {
	return !slices.ContainsFunc(s.Deposits, func(d swap.Deposit) bool { return pays(p, d) && !booked(d) })
}

// booked: a lost deposit has left clearing and stays exchanged or owed.
func booked(d swap.Deposit) bool { return d.State == swap.DepositFinal || d.Lost }

// tally sums postings.
type tally map[model.Position]*big.Int

func (t tally) debit(account ledger.Account, a asset.Amount)  { t.post(account, a, 1) }
func (t tally) credit(account ledger.Account, a asset.Amount) { t.post(account, a, -1) }

func (t tally) post(account ledger.Account, a asset.Amount, sign int64) {
	at := model.Position{Account: account, Asset: a.Asset}
	if t[at] == nil {
		t[at] = new(big.Int)
	}
	t[at].Add(t[at], new(big.Int).Mul(a.Units.Big(), big.NewInt(sign)))
}

// books demands that every account of the state machine's book is what the rows say,
// and that clearing in both books is what each service has been told.
func (c *checker) books() {
	want := tally{}
	for _, id := range c.world.states.IDs() {
		row, _ := c.world.states.Swap(id)
		want.swap(row)
	}
	got := c.world.states.Schema().Book.Balances()
	for at, sum := range got {
		if expected := want[at]; expected == nil && sum.Sign() != 0 || expected != nil && expected.Cmp(sum) != 0 {
			fail("%s is %s base units of %s, by the rows it should be %v", at.Account, sum, at.Asset, expected)
		}
	}
	for at, sum := range want {
		if got[at] == nil && sum.Sign() != 0 {
			fail("%s is not posted to, by the rows it should be %s base units of %s", at.Account, sum, at.Asset)
		}
	}
	c.clearing()
}

// swap adds what a swap's deposits and payments should have brought.
func (t tally) swap(s swap.Swap) {
	q := s.Terms.Quote
	for _, d := range s.Deposits {
		if !booked(d) {
			continue
		}
		t.debit(ledger.Clearing, d.Amount)
		if d.Lost {
			t.credit(ledger.Clearing, d.Amount)
			t.debit(ledger.ReorgLosses, d.Amount)
		}
		switch {
		case d.Verdict == swap.VerdictDust:
			t.credit(ledger.DustQuarantine, d.Amount)
		case d.WrittenOff:
			t.credit(ledger.WrittenOff, d.Amount)
		case d.Verdict == swap.VerdictWrongAsset && refunded(s, d):
			t.wrongRefund(s, d)
		case refunded(s, d):
			t.credit(ledger.SwapRefund(s.ID), asset.Amount{Asset: d.Amount.Asset, Units: less(d.Amount.Units, q.RefundFeeMax.Units)})
			t.credit(ledger.NetworkFeeIncome, q.RefundFeeMax)
		default: // a part, one that is exchanged below, or one that waits
			t.credit(ledger.SwapDeposit(s.ID), d.Amount)
		}
	}
	for _, p := range s.Payments {
		if p.Purpose == swap.PurposePayout && backed(s, p) {
			t.exchange(s, p)
		}
		if p.State != swap.PaymentFinal {
			continue
		}
		owed := ledger.SwapPayout(s.ID)
		if p.Purpose == swap.PurposeRefund {
			owed = ledger.SwapRefund(s.ID)
		}
		t.debit(owed, p.Amount)
		t.credit(ledger.Clearing, p.Amount)
	}
}

// wrongRefund is what the refund of a deposit in another asset says, which checkSigned
// holds to its owner's yes; the rest is the fee.
func (t tally) wrongRefund(s swap.Swap, d swap.Deposit) {
	for _, p := range s.Payments {
		if pays(p, d) {
			t.credit(ledger.SwapRefund(s.ID), p.Amount)
			if d.Amount != p.Amount {
				t.credit(ledger.NetworkFeeIncome, asset.Amount{Asset: d.Amount.Asset, Units: less(d.Amount.Units, p.Amount.Units)})
			}
		}
	}
}

// refunded reports a deposit with a refund ordered for it.
func refunded(s swap.Swap, d swap.Deposit) bool {
	return slices.ContainsFunc(s.Payments, func(p swap.Payment) bool { return p.Purpose == swap.PurposeRefund && pays(p, d) })
}

// exchange is what the quote says, or the payment's requote, once all deposits that
// it rests on are booked.
func (t tally) exchange(s swap.Swap, p swap.Payment) {
	q := s.Terms.Quote
	deposit, payout, service, network := q.Deposit, q.Payout, q.ServiceFee, q.NetworkFee
	for _, repriced := range s.Amended.Requotes {
		if repriced.OrderID == p.OrderID {
			r, err := swap.DecodeRequote(repriced.SignedRequote)
			must(err)
			deposit, payout, service, network = r.Deposit, r.Payout, r.ServiceFee, r.NetworkFee
		}
	}
	t.debit(ledger.SwapDeposit(s.ID), deposit)
	t.credit(ledger.Inventory, deposit)
	for account, a := range map[ledger.Account]asset.Amount{ledger.SwapPayout(s.ID): payout,
		ledger.ServiceFees: service, ledger.NetworkFeeIncome: network} {
		t.credit(account, a)
		t.debit(ledger.Inventory, a)
	}
}

// clearing of the hot wallet's book is what it has told as confirmed and as final.
func (c *checker) clearing() {
	want := tally{}
	for _, d := range c.world.wallets.Deposits() {
		if d.State == hot.Confirmed && d.SwapID != "" {
			want.credit(ledger.Clearing, d.Amount)
		}
	}
	for _, p := range c.world.wallets.Payments() {
		if p.State == swap.PaymentFinal && p.House == nil {
			want.debit(ledger.Clearing, p.Order.Amount)
		}
	}
	for _, id := range swapped {
		got, expected := c.world.wallets.Schema().Book.Balance(ledger.Clearing, id), want[model.Position{Account: ledger.Clearing, Asset: id}]
		if expected == nil {
			expected = new(big.Int)
		}
		if got.Cmp(expected) != 0 {
			fail("clearing in the hot wallet's book is %s base units of %s, by the rows it should be %s", got, id, expected)
		}
	}
}

// atRest is what both books' clearing comes to: nothing, when nothing is in flight.
func (c *checker) atRest() {
	for _, id := range swapped {
		sum := c.world.wallets.Schema().Book.Balance(ledger.Clearing, id)
		if sum.Add(sum, c.world.states.Schema().Book.Balance(ledger.Clearing, id)); sum.Sign() != 0 {
			fail("%s base units of %s are in flight between the books, and nothing is on its way", sum, id)
		}
	}
}
