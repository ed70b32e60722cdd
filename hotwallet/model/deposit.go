package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// DepositID implements watch.Store: "<chain>:<txid>:<index>".
func (s *Store) DepositID(credit chain.Credit) string { return string(s.chain) + ":" + credit.CoinID() }

// pick lists this chain's deposits that match, by id.
func (s *Store) pick(match func(Deposit) bool) []Deposit {
	var found []Deposit
	for _, d := range s.deposits {
		if d.Chain == s.chain && match(d) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b Deposit) int { return strings.Compare(a.ID, b.ID) })
	return found
}

// needed is how deep a deposit has to be; a miner's reward until it can be spent.
func (c *change) needed(d Deposit) int64 {
	blocks, _ := c.config.Rules.Needed(d.Amount)
	if row := c.coins[place{c.chain, strings.TrimPrefix(d.ID, string(c.chain)+":")}]; row.coinbase {
		return max(blocks, coinbaseMaturity)
	}
	return blocks
}

func (c *change) tell(kind swap.FactKind, d Deposit, tip int64, used bool) {
	if d.purpose != purposeSwap {
		return
	}
	f := swap.DepositFact{DepositID: d.ID, TxID: d.TxID, Address: d.Address, Amount: d.Amount, Needed: c.needed(d),
		FirstSeen: d.firstSeen, DustThreshold: c.config.Dust(d.Amount.Asset), Used: used, BlockTime: d.blockTime, Awaits: d.awaits}
	if d.Height != 0 {
		f.Height, f.Confirmations = d.Height, tip-d.Height+1
	}
	if kind == swap.FactDepositConfirmed {
		f.ConfirmedAt = c.at
	}
	c.facts = append(c.facts, swap.Fact{Kind: kind, SwapID: d.SwapID, At: c.at, Deposit: &f})
}

// arrive is the row of a credit: the stored one, or a new one without a state. It
// must be to an address of ours and what was stored before.
func (c *change) arrive(credit chain.Credit) (Deposit, error) {
	if a, known := asset.Lookup(credit.Asset); !known || a.Chain != c.chain {
		return Deposit{}, fmt.Errorf("credit %s is in %.20q, no asset of %s: %w", credit.CoinID(), credit.Asset, c.chain, ErrState)
	}
	a, ours := c.addresses[place{c.chain, credit.Address}]
	if !ours {
		return Deposit{}, fmt.Errorf("the address of credit %s is not ours: %w", credit.CoinID(), ErrState)
	}
	d, known := c.deposits[c.DepositID(credit)]
	if !known {
		d = Deposit{ID: c.DepositID(credit), TxID: credit.TxID, Address: credit.Address, Chain: c.chain,
			Amount: asset.Amount{Asset: credit.Asset, Units: credit.Units}, SwapID: a.swapID, purpose: a.purpose, firstSeen: c.at}
	}
	if d.Amount != (asset.Amount{Asset: credit.Asset, Units: credit.Units}) || d.Address != credit.Address {
		return d, fmt.Errorf("deposit %s has changed: %w", d.ID, ErrState)
	}
	return d, nil
}

func (c *change) includeCredits(b chain.Block) error {
	against := map[string]ledger.Account{purposeSwap: ledger.DepositConfirming,
		purposeFunding: ledger.HouseCapital, purposeUnattributed: ledger.Suspense}
	for _, credit := range b.Credits {
		if err := c.addCoin(credit, b.Height); err != nil {
			return err
		}
		if own, ok := c.batches[c.txids[place{c.chain, credit.TxID}]]; ok && !c.pays(own, credit.Address) && !c.accounts() {
			continue // our change
		} else if ok && c.arrives(own, credit) {
			continue // it was ours before
		}
		if c.recoveredChange(b, credit) {
			continue
		}
		d, err := c.arrive(credit)
		if err != nil {
			return err
		}
		if d.State == "in_block" || d.State == "confirmed" {
			return fmt.Errorf("deposit %s is in a block already: %w", d.ID, ErrState)
		}
		d.State, d.Height, d.blockHash, d.blockTime = "in_block", b.Height, b.Hash, b.Time
		model.Set(c.tx, c.deposits, d.ID, d)
		c.blockEntries = append(c.blockEntries, ledger.Transfer(entryKey(d, b.Hash), "deposit."+d.purpose, d.SwapID,
			ledger.Wallet, against[d.purpose], d.Amount))
	}
	return nil
}

func entryKey(d Deposit, hash string) string {
	kind := map[string]string{purposeSwap: "deposit", purposeFunding: "funding", purposeUnattributed: "unattributed"}
	return fmt.Sprintf("%s:%s@%s", kind[d.purpose], d.ID, hash)
}

func confirmedKey(depositID string) string { return "deposit.confirmed:" + depositID }

// reorgDeposits takes the deposits of a block out of it.
func (c *change) reorgDeposits(at chain.Ref, keys map[string]bool) {
	for _, d := range c.pick(func(d Deposit) bool { return d.blockHash == at.Hash && d.Height == at.Height }) {
		was := d.State
		keys[entryKey(d, at.Hash)] = true
		if was == "confirmed" && d.purpose == purposeSwap {
			keys[confirmedKey(d.ID)] = true
		}
		d.State, d.Height, d.blockHash = "reorged", 0, ""
		d.blockTime = time.Time{}
		model.Set(c.tx, c.deposits, d.ID, d)
		p, ordered := c.payments[c.used[d.ID]]
		lost := was == "confirmed" && ordered && p.BatchID != ""
		c.tell(swap.FactDepositReorged, d, at.Height-1, lost)
		if lost {
			reason := fmt.Sprintf("deposit %s of %s was confirmed and its payment planned, and a reorganisation has taken it back", d.ID, d.Amount)
			c.loss("alarm.deposit_reorged", d.ID, reason, c.chain, p.Order.Chain)
		}
	}
}

// loss raises an alarm and halts chains.
func (c *change) loss(alarm, target, reason string, halt ...asset.Chain) {
	c.act(alarm, target, reason)
	for _, name := range halt {
		c.halt(name, reason)
	}
}

// Sightings implements watch.Store.
func (s *Store) Sightings(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, d := range s.pick(func(d Deposit) bool { return d.State == "seen" }) {
		ids = append(ids, d.ID)
	}
	return ids, nil
}

// See implements watch.Store.
func (s *Store) See(_ context.Context, credits []chain.Credit) error {
	return s.change(func(c *change) error {
		for _, credit := range credits {
			if _, ours := c.txids[place{c.chain, credit.TxID}]; ours {
				continue
			}
			d, err := c.arrive(credit)
			if err != nil {
				return err
			}
			if d.State == "" || d.State == "replaced" || d.State == "reorged" {
				d.State = "seen"
				model.Set(c.tx, c.deposits, d.ID, d)
				c.tell(swap.FactDepositSeen, d, 0, false)
			}
		}
		return nil
	})
}

// Replace implements watch.Store.
func (s *Store) Replace(_ context.Context, ids []string) error {
	return s.change(func(c *change) error {
		for _, d := range c.pick(func(d Deposit) bool { return d.State == "seen" && slices.Contains(ids, d.ID) }) {
			d.State = "replaced"
			model.Set(c.tx, c.deposits, d.ID, d)
			c.tell(swap.FactDepositReplaced, d, 0, false)
		}
		return nil
	})
}
