package model

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
)

// sweepableMost is how many holdings of one asset a look sees.
const sweepableMost = 200

var _ sweep.Store = (*Store)(nil)

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
