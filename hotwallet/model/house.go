package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/model"
)

// sweepableMost is how many holdings of one asset a look sees.
const sweepableMost = 200

var _ sweep.Store = (*Store)(nil)

// open reports a payment that has not ended.
func (p Payment) open() bool {
	return p.State != swap.PaymentFinal && p.State != swap.PaymentFailed && p.State != swap.PaymentDead
}

// house lists this chain's payments of the house's own that match.
func (s *Store) house(match func(Payment) bool) []Payment {
	return s.own(func(p Payment) bool { return p.House != nil && match(p) })
}

// burial is how deep a deposit lies that no reorganisation within the limit takes back.
func (s *Store) burial() int64 { return max(s.depth(), s.config.Burial+1) }

// buried is what an address holds of an asset and no reorganisation takes back.
func (s *Store) buried(address string, id asset.ID) (asset.Units, error) {
	left := s.held(address, id)
	for _, d := range s.deposits {
		if d.Chain == s.chain && d.Address == address && d.Amount.Asset == id &&
			(d.State == "in_block" || d.State == Confirmed && d.Height > s.cursors[s.chain]-s.burial()+1) {
			left.Sub(left, d.Amount.Units.Big())
		}
	}
	if left.Sign() <= 0 {
		return asset.Units{}, nil
	}
	return asset.UnitsFromBig(left)
}

// nextNonce is that of a deposit address's next transaction, as blocks show it.
func (s *Store) nextNonce(address string) (next uint64) {
	for at := range s.sent {
		if at.place == (place{s.chain, address}) {
			next = max(next, at.nonce+1)
		}
	}
	return next
}

// Sweepable implements sweep.Store.
func (s *Store) Sweepable(_ context.Context, least map[asset.ID]asset.Units) (sweep.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := sweep.State{Native: s.native.ID, Accounts: map[string]sweep.Account{}}
	now := s.config.Now().UTC().Truncate(time.Microsecond)
	var err error
	if st.Begun, st.ToppedUp, err = s.begun(now, func(p Payment) bool { return p.Order.Purpose != swap.PurposeGapFill }, ""); err != nil {
		return st, err
	}
	if st.SenderFree, err = s.left(s.native.ID); err != nil {
		return st, err
	}
	if st.Sender, err = asset.UnitsFromBig(s.held(s.senders[s.chain].address, s.native.ID)); err != nil {
		return st, err
	}
	for _, id := range s.assets() {
		if from, swept := least[id]; swept {
			if err := s.sweepable(&st, id, from, now); err != nil {
				return st, err
			}
		}
	}
	return st, nil
}

// begun counts the house's payments of the last hour that match, and sums up what top-ups
// of the last day brought, to one address or to all.
func (s *Store) begun(now time.Time, match func(Payment) bool, to string) (n int, topped asset.Units, err error) {
	for _, p := range s.house(func(Payment) bool { return true }) {
		if p.queuedAt.After(now.Add(-time.Hour)) && match(p) {
			n++
		}
		if p.Order.Purpose == swap.PurposeGasTopUp && p.queuedAt.After(now.Add(-24*time.Hour)) && (to == "" || to == p.Order.Destination) {
			if topped, err = topped.Add(p.Order.Amount.Units); err != nil {
				return n, topped, err
			}
		}
	}
	return n, topped, nil
}

func (s *Store) sweepable(st *sweep.State, id asset.ID, least asset.Units, now time.Time) error {
	var found []sweep.Held
	for key, a := range s.addresses {
		if key.chain != s.chain || a.purpose == purposeFunding || a.purpose == purposeChange || s.busy(key.name, id, now) {
			continue
		}
		units, err := s.buried(key.name, id)
		if err != nil {
			return err
		}
		if units.IsZero() || units.Less(least) {
			continue
		}
		account := sweep.Account{Address: key.name, Nonce: s.nextNonce(key.name)}
		if account.Gas, err = s.buried(key.name, s.native.ID); err != nil {
			return err
		}
		if _, account.ToppedUp, err = s.begun(now, func(Payment) bool { return false }, key.name); err != nil {
			return err
		}
		st.Accounts[key.name] = account
		found = append(found, sweep.Held{Address: key.name, Asset: id, Units: units, Since: s.since(key.name, id, now)})
	}
	slices.SortFunc(found, func(a, b sweep.Held) int {
		return cmp.Or(b.Units.Cmp(a.Units), cmp.Compare(a.Address, b.Address))
	})
	st.Held = append(st.Held, found[:min(len(found), sweepableMost)]...)
	return nil
}

// since is when the oldest confirmed deposit came, now without one.
func (s *Store) since(address string, id asset.ID, now time.Time) time.Time {
	oldest, some := now, false
	for _, d := range s.deposits {
		if d.Chain == s.chain && d.Address == address && d.Amount.Asset == id && d.State == Confirmed && (!some || d.firstSeen.Before(oldest)) {
			oldest, some = d.firstSeen, true
		}
	}
	return oldest
}

// busy: something is under way to or from a deposit address, or a sweep of the asset has
// failed in the last day.
func (s *Store) busy(address string, id asset.ID, now time.Time) bool {
	return len(s.house(func(p Payment) bool {
		failed := p.State == swap.PaymentFailed && p.Order.Amount.Asset == id && p.endedAt.After(now.Add(-24*time.Hour))
		return p.House.From == address && (p.open() || failed) || p.Order.Destination == address && p.open()
	})) > 0
}

// SmallCoins implements sweep.Store.
func (s *Store) SmallCoins(context.Context) (c sweep.Coins, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	small, err := s.small()
	if err != nil {
		return c, err
	}
	c.Small = len(small)
	if c.Small > 0 {
		c.Smallest = small[0].ID()
	}
	for _, coin := range small[:min(len(small), sweep.InputsMost)] {
		if c.Units, err = c.Units.Add(coin.Units); err != nil {
			return c, err
		}
	}
	since := s.config.Now().Add(-24 * time.Hour)
	for _, p := range s.house(func(p Payment) bool { return p.Order.Purpose == swap.PurposeSweep }) {
		c.Open = c.Open || p.open()
		if p.queuedAt.After(since) {
			c.Begun++
		}
	}
	return c, nil
}

// small are the coins that could be brought together, the smallest first.
func (s *Store) small() ([]chain.Coin, error) {
	worth, err := s.config.Dust(s.native.ID).MulDiv(big.NewInt(sweep.InputWorth), big.NewInt(1), asset.Up)
	if err != nil {
		return nil, err
	}
	var coins []chain.Coin
	for key, c := range s.coins {
		if key.chain == s.chain && s.spendable(c, s.depth()) && worth.Less(c.units) {
			coins = append(coins, chain.Coin{TxID: c.txid, Index: c.index, Units: c.units, Address: c.address, Path: c.path})
		}
	}
	slices.SortFunc(coins, func(a, b chain.Coin) int {
		return cmp.Or(a.Units.Cmp(b.Units), cmp.Compare(a.TxID, b.TxID), cmp.Compare(a.Index, b.Index))
	})
	return coins, nil
}

// DroppedNonces implements sweep.Store. There are none: what the model gives up unsigned is
// the sender's newest nonce, which it takes back.
func (s *Store) DroppedNonces(context.Context) ([]uint64, error) { return []uint64{}, nil }

// StoreHouse implements sweep.Store.
func (s *Store) StoreHouse(_ context.Context, intents []sweep.Intent) (stored []string, err error) {
	err = s.change(func(c *change) error {
		stored = nil
		for _, i := range intents {
			fresh, err := c.storeHouse(i)
			if err != nil {
				return fmt.Errorf("store %s: %w", i.OrderID(), err)
			}
			if fresh {
				stored = append(stored, i.OrderID())
			}
		}
		return nil
	})
	return stored, err
}

func (c *change) storeHouse(i sweep.Intent) (bool, error) {
	o := swap.Order{ID: i.OrderID(), Purpose: i.Purpose, Chain: c.chain, Amount: asset.Amount{Asset: i.Asset, Units: i.Units}, At: swap.Millis(c.at)}
	rests := payment.House{FeeMax: i.FeeMax, Nonce: i.Nonce}
	switch {
	case i.Coin != "":
		o.Destination, _ = c.changeAddress()
	case i.Purpose == swap.PurposeGasTopUp:
		a, ours := c.addresses[place{c.chain, i.Address}]
		if !ours || a.purpose == purposeFunding {
			return false, errors.New("a top-up goes to a deposit address")
		}
		o.Destination, rests.DepositPath = i.Address, a.path
	default:
		o.Destination = c.senders[c.chain].address
	}
	if i.Purpose == swap.PurposeSweep {
		rests.From = i.Address
	}
	_, known := c.payments[o.ID]
	taken := c.house(func(p Payment) bool {
		return p.open() && p.Order.Purpose == i.Purpose && (rests.From != "" && p.House.From == rests.From ||
			i.Purpose == swap.PurposeGasTopUp && p.Order.Destination == o.Destination)
	})
	if known || len(taken) > 0 || c.halts[c.chain] != "" {
		return false, nil
	}
	c.queued++
	model.Set(c.tx, c.payments, o.ID, Payment{Payment: payment.Payment{Order: o, House: &rests, State: swap.PaymentQueued, Version: 1},
		queued: c.queued, queuedAt: c.at})
	return true, nil
}

// changeAddress is the one of a UTXO chain.
func (s *Store) changeAddress() (address, path string) {
	for key, a := range s.addresses {
		if key.chain == s.chain && a.purpose == purposeChange {
			return key.name, a.path
		}
	}
	return "", ""
}

// houseFunds are what a payment of the house's own is made from.
func (s *Store) houseFunds(p payment.Payment) (f chain.Funds, unsigned bool, err error) {
	id := p.Order.Amount.Asset
	switch {
	case !s.accounts():
		f.ChangeAddress, f.ChangePath = s.changeAddress()
		f.Coins, err = s.small()
		f.Coins = f.Coins[:min(len(f.Coins), sweep.InputsMost)]
	case p.Order.Purpose == swap.PurposeSweep:
		f = chain.Funds{Sender: p.House.From, SenderPath: s.addresses[place{s.chain, p.House.From}].path, Nonce: s.nextNonce(p.House.From)}
		if f.Balance, err = s.buried(f.Sender, s.native.ID); err == nil && id != s.native.ID {
			f.TokenBalance, err = s.buried(f.Sender, id)
		}
	default:
		f, unsigned, err = s.account(s.native.ID)
		if p.Order.Purpose == swap.PurposeGapFill {
			f.Nonce, unsigned = p.House.Nonce, false
		}
	}
	return f, unsigned, err
}

// takeHouseNonce checks the nonce of a sweep or a gap-fill, and notes what a sweep moves.
func (c *change) takeHouseNonce(p payment.Payment, plan chain.Plan) error {
	f, _, err := c.houseFunds(p)
	if err != nil {
		return err
	}
	short := p.Order.Amount.Asset != c.native.ID && len(plan.Outputs) == 1 && f.TokenBalance.Less(plan.Outputs[0].Units)
	taken := short || f.Balance.Less(plan.Fee) || f.Nonce != plan.Nonce || f.SenderPath != plan.SenderPath
	for _, b := range c.batches {
		for _, a := range b.attempts {
			taken = taken || b.chain == c.chain && a.State != payment.AttemptDropped && a.Plan.SenderPath == plan.SenderPath && a.Plan.Nonce == plan.Nonce
		}
	}
	if taken {
		return fmt.Errorf("nonce %d of %.60s, or what it holds, has changed: %w", plan.Nonce, f.Sender, payment.ErrChanged)
	}
	if p.Order.Purpose == swap.PurposeSweep {
		row := c.payments[p.Order.ID]
		row.swept = plan.Outputs[0].Units
		model.Set(c.tx, c.payments, p.Order.ID, row)
	}
	return nil
}

// moved is what a payment is to move: of a sweep what its plan says.
func (p Payment) moved() asset.Amount {
	if p.House != nil && !p.swept.IsZero() {
		return asset.Amount{Asset: p.Order.Amount.Asset, Units: p.swept}
	}
	return p.Order.Amount
}

// arrives reports a credit that is the other end of a payment of the house's own.
func (c *change) arrives(b batch, credit chain.Credit) bool {
	return slices.ContainsFunc(b.orders, func(id string) bool {
		p := c.payments[id]
		return p.House != nil && p.Order.Destination == credit.Address && p.Order.Amount.Asset == credit.Asset
	})
}

// missing notes what a payment of the house's own took and what did not arrive.
func (c *change) missing(b chain.Block, p Payment, own []chain.Debit, alien *strangers) {
	id := p.Order.Amount.Asset
	lost := new(big.Int)
	for _, d := range own {
		if d.Asset == id {
			lost.Add(lost, d.Units.Big())
		}
	}
	for _, credit := range b.Credits {
		if credit.TxID == own[0].TxID && credit.Address == p.Order.Destination && credit.Asset == id {
			lost.Sub(lost, credit.Units.Big())
		}
	}
	alien.took(own[0].TxID, id, lost)
}

// spent is a nonce that a deposit address has used up.
type spent struct {
	place
	nonce uint64
}

// moveSent notes the nonces that deposit addresses have used up in a block, or takes them
// back with it.
func (c *change) moveSent(b chain.Block, back bool) {
	if !c.accounts() {
		return
	}
	for _, d := range b.Debits {
		at := spent{place{c.chain, d.Address}, d.Nonce}
		a, ours := c.addresses[at.place]
		switch {
		case d.CoinID != "" || d.Fee.IsZero() || d.Asset != c.native.ID || !ours || a.purpose == purposeFunding:
		case !back:
			model.Set(c.tx, c.sent, at, b.Height)
		case c.sent[at] == b.Height:
			model.Delete(c.tx, c.sent, at)
		}
	}
}
