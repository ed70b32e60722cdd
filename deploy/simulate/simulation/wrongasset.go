package simulation

import (
	"slices"

	"ferry/swap"
	"ferry/swap/asset"
)

// This file is what comes in another asset than the terms': coins that somebody sends to
// a swap's address on the other chain, as if its addresses looked the same. The other
// chain's wallet watches the address for that swap, books what comes and pays it back.

// sibling is the other chain.
func sibling(on asset.Chain) asset.Chain {
	if on == asset.Bitcoin {
		return asset.Ethereum
	}
	return asset.Bitcoin
}

// watching are the chains whose wallets watch a swap's address: the other chain's too,
// but for stores that are compared with Postgres, where a swap has one address yet.
func (w *World) watching(on asset.Chain) []asset.Chain {
	if w.options.Hot != nil {
		return []asset.Chain{on}
	}
	return []asset.Chain{on, sibling(on)}
}

// astray is somebody who sends to a swap's address on the wrong chain.
func (w *World) astray() {
	if len(w.users) == 0 {
		return
	}
	u := one(w, w.users)
	on := sibling(u.on)
	if !slices.Contains(w.watching(u.on), on) {
		return
	}
	rules := w.rules[on]
	least := add(rules.dust, rules.refundFee)
	units := one(w, []asset.Units{rules.typical, w.share(rules.typical, 50), add(least, asset.NewUnits(w.rng.Uint64N(1000))), least,
		less(least, asset.NewUnits(1)), rules.dust})
	w.chains[on].Pay(u.terms.Receipt.DepositAddress, units)
	w.tell("astray on %s to %.31s: %s", on, u.id(), units)
}

// sayYes is an owner who has a deposit in another asset refunded. attestd signs it as
// often as it is asked.
func (w *World) sayYes() {
	waits := func(m swap.Mismatch) bool { return m.Wait == swap.WaitOwner }
	u, row, ok := w.someSwap(func(s swap.Swap) bool { return slices.ContainsFunc(s.Amended.Mismatches, waits) })
	if !ok || u.silent {
		return
	}
	for _, m := range row.Amended.Mismatches {
		if !waits(m) {
			continue
		}
		w.yes(u, row, m)
		return
	}
}

// yes is what attestd signs and the gateway tells.
func (w *World) yes(u *user, row swap.Swap, m swap.Mismatch) {
	i := slices.IndexFunc(row.Deposits, func(d swap.Deposit) bool { return d.ID == m.ID })
	signed, err := swap.SignWrongAssetRefund(swap.WrongAssetRefund{SwapID: u.id(), ReceiptHash: swap.HashDocument(u.terms.SignedReceipt),
		DepositID: m.ID, Deposit: row.Deposits[i].Amount, Fee: m.Fee, Destination: u.elsewhere, IssuedAt: swap.Millis(w.now)}, attestKey)
	must(err)
	w.gateway.put(swap.Fact{Kind: swap.FactAnswered, SwapID: u.id(), At: swap.Millis(w.now),
		Answered: &swap.AnsweredFact{SignedWrongAssetRefund: signed}})
	w.tell("yes of %.31s to a fee of %s", u.id(), m.Fee)
}

// checkYes is the second opinion on the refund of a deposit in another asset: the fee is
// the chain's, and it goes where the owner said.
func checkYes(o swap.Order, terms swap.Terms) (asset.Amount, string) {
	yes, err := swap.VerifyWrongAssetRefund(o.SignedWrongAssetRefund, attestKeys)
	if err != nil || o.Purpose != swap.PurposeRefund || yes.SwapID != o.SwapID || yes.ReceiptHash != swap.HashDocument(o.SignedReceipt) {
		fail("%s: a deposit in another asset is paid with the yes for %q (%v)", o.ID, yes.SwapID, err)
	}
	d := o.Deposits[0]
	if len(o.Deposits) != 1 || yes.DepositID != d.ID || yes.Deposit != d.Amount || d.Amount.Asset == terms.Quote.Pair.From || yes.Fee.Asset != d.Amount.Asset {
		fail("%s: the owner's yes is for %s of %s", o.ID, yes.DepositID, yes.Deposit)
	}
	return asset.Amount{Asset: d.Amount.Asset, Units: less(d.Amount.Units, yes.Fee.Units)}, yes.Destination
}

// PayElsewhere pays a swap's deposit address on the other chain, what is usual there.
func (s *Stage) PayElsewhere(swapID string) error {
	u, err := s.user(swapID)
	if err != nil {
		return err
	}
	return safely(func() {
		on := sibling(u.on)
		s.w.chains[on].Pay(u.terms.Receipt.DepositAddress, s.w.rules[on].typical)
		s.work()
	})
}

// SayYes is an owner who has a deposit in another asset refunded, at the fee that was
// said; it returns where to.
func (s *Stage) SayYes(swapID, secret, depositID string) (string, error) {
	u, err := s.owner(swapID, secret)
	if err != nil {
		return "", err
	}
	row, _ := s.w.states.Swap(swapID)
	for _, m := range row.Amended.Mismatches {
		if m.ID == depositID && m.Wait == swap.WaitOwner {
			return u.elsewhere, safely(func() {
				s.w.yes(u, row, m)
				s.work()
			})
		}
	}
	return "", swap.Refuse(swap.CodeNothingToAnswer, "deposit_id", "", "No such deposit waits for its owner.")
}
