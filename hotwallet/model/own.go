package model

import (
	"cmp"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/model"
)

const (
	// As in Postgres: how many transactions of ours in a row something is built on, how many
	// coins of own change are offered, for how many blocks what builds on a batch may wait for
	// our node, and how far back what a batch builds on is looked for.
	buildOnMost   = 2
	ownMost       = 10
	builtOnBlocks = 3
	beforeMost    = 8
)

// alone is the one attempt of a batch that may have been signed, where there is only one.
func (b batch) alone() (a payment.Attempt, ok bool) {
	for _, other := range b.attempts {
		if other.State == payment.AttemptDropped {
			continue
		}
		if ok {
			return payment.Attempt{}, false
		}
		a, ok = other, true
	}
	return a, ok
}

// made is the batch that has a transaction of ours among its attempts, and that attempt.
func (s *Store) made(txid string) (b batch, a payment.Attempt, ours bool) {
	b, ours = s.batches[s.txids[place{s.chain, txid}]]
	i := slices.IndexFunc(b.attempts, func(a payment.Attempt) bool { return a.TxID == txid })
	if !ours || i < 0 {
		return batch{}, payment.Attempt{}, false
	}
	return b, b.attempts[i], true
}

// waits reports a batch that our node has and no block, of which one transaction only was
// ever signed: its change may be spent.
func (b batch) waits() (a payment.Attempt, ok bool) {
	a, ok = b.alone()
	return a, ok && b.state == swap.PaymentBroadcast && a.State == payment.AttemptBroadcast && b.answers[a.N] == chain.Accepted && len(a.Plan.Coins) > 0
}

// reserved are the coins that a batch is to spend and that are in no block.
func (s *Store) reserved(batchID string) (gone []coin) {
	for key, c := range s.coins {
		if key.chain == s.chain && c.reservedBy == batchID && c.spentBy == "" && c.height == 0 {
			gone = append(gone, c)
		}
	}
	return gone
}

// way is what a transaction of ours that no block has depends on, itself counted; false where
// not all of that is ours.
func (s *Store) way(txid string, seen map[string]bool) (p chain.Parent, ok bool, err error) {
	b, _, ours := s.made(txid)
	a, waits := b.waits()
	if !ours || !waits {
		return p, false, nil
	}
	if seen[txid] {
		return p, true, nil
	}
	seen[txid] = true
	p = chain.Parent{Fee: a.Plan.Fee, VSize: a.Plan.Size, Count: 1}
	for _, c := range s.reserved(b.id) {
		before, ok, err := s.way(c.txid, seen)
		if err != nil || !ok {
			return p, false, err
		}
		if p.Fee, err = p.Fee.Add(before.Fee); err != nil {
			return p, false, fmt.Errorf("fees before %s: %w", txid, err)
		}
		p.VSize, p.Count = p.VSize+before.VSize, p.Count+before.Count
	}
	return p, true, nil
}

// unconfirmed is change of our own in no block, with its Parent, the shortest way first.
func (s *Store) unconfirmed() (coins []chain.Coin, err error) {
	for _, b := range s.batches {
		a, ok := b.waits()
		if b.chain != s.chain || !ok || a.Plan.ChangeIndex < 0 {
			continue
		}
		coin := chain.Coin{TxID: a.TxID, Index: uint32(a.Plan.ChangeIndex), Path: a.Plan.ChangePath}
		for key, own := range s.addresses {
			if key.chain == s.chain && own.purpose == purposeChange && own.path == coin.Path {
				coin.Address = key.name
			}
		}
		if coin.Units, err = left(b, a.Plan); err != nil {
			return nil, fmt.Errorf("change of %s: %w", b.id, err)
		}
		parent, ok, err := s.way(a.TxID, map[string]bool{})
		if err != nil {
			return nil, err
		}
		if coin.Parent = &parent; ok && coin.Address != "" && !coin.Units.IsZero() {
			coins = append(coins, coin)
		}
	}
	slices.SortFunc(coins, func(a, b chain.Coin) int {
		return cmp.Or(a.Parent.Count-b.Parent.Count, b.Units.Cmp(a.Units), cmp.Compare(a.TxID, b.TxID))
	})
	return coins, nil
}

// left is what comes back of what a plan spends; all that a sweep leaves does.
func left(b batch, p chain.Plan) (rest asset.Units, err error) {
	for _, c := range p.Coins {
		if rest, err = rest.Add(c.Units); err != nil {
			return rest, err
		}
	}
	if b.purpose != swap.PurposeSweep {
		for _, o := range p.Outputs {
			if rest, err = rest.Sub(o.Units); err != nil {
				return rest, err
			}
		}
	}
	return rest.Sub(p.Fee)
}

// taken reports that something is to spend a coin in no block.
func (s *Store) taken(c chain.Coin) bool {
	_, known := s.coins[place{s.chain, c.ID()}]
	return known
}

// shallow reports change of a transaction of ours that has no rival, which may be spent in
// whatever block it is.
func (s *Store) shallow(c coin) bool {
	b, a, ours := s.made(c.txid)
	_, alone := b.alone()
	return ours && alone && a.State == payment.AttemptMined && a.Plan.ChangeIndex == int(c.index) && c.height != 0
}

// ownChange is change of our own that is not deep enough, where the coins come to less than
// twice what is paid.
func (s *Store) ownChange(payments []payment.Payment, coins []chain.Coin) ([]chain.Coin, error) {
	if s.accounts() {
		return nil, nil
	}
	var needed, there asset.Units
	var err error
	for _, p := range payments {
		for range 2 {
			if needed, err = needed.Add(p.Order.Amount.Units); err != nil {
				return nil, fmt.Errorf("sum of what is paid: %w", err)
			}
		}
	}
	for _, c := range coins {
		if there, err = there.Add(c.Units); err != nil {
			return nil, fmt.Errorf("sum of coins: %w", err)
		}
	}
	if !there.Less(needed) {
		return nil, nil
	}
	own := []chain.Coin{}
	for key, c := range s.coins {
		if key.chain == s.chain && c.spentBy == "" && c.reservedBy == "" && c.height > s.cursors[s.chain]-max(s.depth(), s.config.SpendDepth)+1 && s.shallow(c) {
			own = append(own, chain.Coin{TxID: c.txid, Index: c.index, Units: c.units, Address: c.address, Path: c.path})
		}
	}
	slices.SortFunc(own, largestFirst)
	own = own[:min(len(own), ownMost)]
	open, err := s.unconfirmed()
	for _, c := range open {
		if !s.taken(c) && c.Parent.Count <= buildOnMost && len(own) < 2*ownMost {
			own = append(own, c)
		}
	}
	return own, err
}

func largestFirst(a, b chain.Coin) int {
	return cmp.Or(b.Units.Cmp(a.Units), cmp.Compare(a.TxID, b.TxID), cmp.Compare(a.Index, b.Index))
}

// spentAgain are coins of an attempt as another one sees them: what they rest on may be in a
// block by now.
func (s *Store) spentAgain(coins []chain.Coin) ([]chain.Coin, error) {
	open, err := s.unconfirmed()
	if err != nil {
		return nil, err
	}
	again := append([]chain.Coin{}, coins...)
	for i, c := range again {
		if c.Parent == nil {
			continue
		}
		again[i].Parent = nil
		for _, o := range open {
			if o.ID() == c.ID() {
				again[i].Parent = o.Parent
			}
		}
	}
	return again, nil
}

// reserveChange ties change in no block to a batch: the block that has it finds it known.
func (c *change) reserveChange(batchID string, input chain.Coin) error {
	key := place{c.chain, input.ID()}
	b, a, ours := c.made(input.TxID)
	_, known := c.coins[key]
	_, alone := b.alone()
	if known || !ours || !alone || b.state != swap.PaymentBroadcast || a.State != payment.AttemptBroadcast ||
		a.Plan.ChangeIndex != int(input.Index) || a.Plan.ChangePath != input.Path {
		return fmt.Errorf("change %s can't be reserved: %w", key.name, payment.ErrChanged)
	}
	model.Set(c.tx, c.coins, key, coin{txid: input.TxID, index: input.Index, units: input.Units, address: input.Address, path: input.Path, reservedBy: batchID})
	return nil
}

// builtOn reports that something of ours spends change of the batch, or is to, and lives: it is
// a few blocks old at most, or our node refuses neither the batch nor it.
func (s *Store) builtOn(b batch) bool {
	for key, c := range s.coins {
		if key.chain != s.chain || c.reservedBy == "" || c.reservedBy == b.id || c.spentBy != "" || s.txids[place{s.chain, c.txid}] != b.id {
			continue
		}
		next := s.batches[c.reservedBy]
		if next.attempts[0].Height > s.cursors[s.chain]-builtOnBlocks || b.taken() && next.taken() {
			return true
		}
	}
	return false
}

// taken reports that our node may have one of a batch's transactions.
func (b batch) taken() bool {
	return slices.ContainsFunc(b.attempts, func(a payment.Attempt) bool {
		open := a.State == payment.AttemptPlanned || a.State == payment.AttemptSigned || a.State == payment.AttemptBroadcast
		return open && b.answers[a.N] != chain.Conflicting && b.answers[a.N] != chain.Rejected
	})
}

// before are the transactions of ours that a batch builds on and no block has, the oldest first.
func (s *Store) before(batchID string) (all []payment.Attempt) {
	line := []string{batchID}
	for range beforeMost {
		var next []string
		var made []payment.Attempt
		for _, id := range line {
			for _, c := range s.reserved(id) {
				b, a, ours := s.made(c.txid)
				if !ours || a.State != payment.AttemptSigned && a.State != payment.AttemptBroadcast ||
					slices.ContainsFunc(made, func(m payment.Attempt) bool { return m.TxID == a.TxID }) {
					continue
				}
				next = append(next, b.id)
				made = append(made, payment.Attempt{N: a.N, State: a.State, Plan: a.Plan, Raw: a.Raw, TxID: a.TxID})
			}
		}
		slices.SortFunc(made, func(a, b payment.Attempt) int { return cmp.Compare(a.TxID, b.TxID) })
		line, all = next, append(made, all...)
	}
	return all
}
