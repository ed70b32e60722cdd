package simulation

import (
	"slices"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// This file is what comes in another asset than the terms': another asset of the same
// chain, and coins that somebody sends to a swap's address on the other chain, as if its
// addresses looked the same. The other chain's wallet watches the address for that swap,
// books what comes and pays it back.

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

// astray is somebody who sends another asset to a swap's address.
func (w *World) astray() {
	if len(w.users) == 0 {
		return
	}
	u, id := one(w, w.users), one(w, swapped)
	if id == u.from() || !slices.Contains(w.watching(u.on), asset.MustLookup(id).Chain) {
		return
	}
	rules := w.of(id)
	least := add(rules.dust, rules.refundFee)
	units := one(w, []asset.Units{rules.typical, w.share(rules.typical, 50), add(least, asset.NewUnits(w.rng.Uint64N(1000))), least,
		less(least, asset.NewUnits(1)), rules.dust})
	w.payAll(id, []fakechain.Output{{Address: u.terms.Receipt.DepositAddress, Units: units}})
	w.tell("astray to %.31s: %s %s", u.id(), units, id)
}

// payee is an address in one asset.
type payee struct {
	id      asset.ID
	address string
}

// payees are all addresses of a user's that may be paid, in every asset.
func (u *user) payees() (all []payee) {
	for _, address := range []string{u.terms.Receipt.PayoutAddress, u.refundsTo(), u.elsewhere, u.back} {
		for _, id := range swapped {
			if address != "" {
				all = append(all, payee{id, address})
			}
		}
	}
	return all
}

// wrongTo is where a user has a deposit in another asset sent back to.
func (u *user) wrongTo(id asset.ID) string {
	switch to := u.terms.RefundsWrongAssetTo(id, u.refundsTo()); {
	case to != "":
		return to
	case asset.MustLookup(id).Chain == u.on:
		return u.back
	}
	return u.elsewhere
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
		DepositID: m.ID, Deposit: row.Deposits[i].Amount, Fee: m.Fee, Destination: u.wrongTo(m.Fee.Asset), IssuedAt: swap.Millis(w.now)}, attestKey)
	must(err)
	w.gateway.put(swap.Fact{Kind: swap.FactAnswered, SwapID: u.id(), At: swap.Millis(w.now),
		Answered: &swap.AnsweredFact{SignedWrongAssetRefund: signed}})
	w.tell("yes of %.31s to a fee of %s", u.id(), m.Fee)
}

// checkYes is the second opinion on the refund of a deposit in another asset: the fee is
// the chain's, and it goes where the owner said.
func checkYes(o swap.Order, terms swap.Terms) (asset.Amount, string) {
	if o.SignedWrongAssetRefund == "" {
		return wholeHome(o, terms)
	}
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

// wholeHome is staff's refund: all of it, to the refund address on its own chain.
func wholeHome(o swap.Order, terms swap.Terms) (asset.Amount, string) {
	to := terms.Receipt.RefundAddress
	if to == "" {
		set, err := swap.VerifyRefundAddress(o.SignedRefundAddress, attestKeys)
		if err != nil || set.SwapID != o.SwapID {
			fail("%s: the refund address is for %q (%v)", o.ID, set.SwapID, err)
		}
		to = set.RefundAddress
	}
	d := o.Deposits[0].Amount
	if asset.MustLookup(d.Asset).Chain != terms.Receipt.DepositChain || o.Purpose != swap.PurposeRefund || len(o.Deposits) != 1 {
		fail("%s: %s is sent to the refund address of another chain", o.ID, d)
	}
	return d, to
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
			return u.wrongTo(m.Fee.Asset), safely(func() {
				s.w.yes(u, row, m)
				s.work()
			})
		}
	}
	return "", swap.Refuse(swap.CodeNothingToAnswer, "deposit_id", "", "No such deposit waits for its owner.")
}

// PayTokens pays an address tokens, as many as are usual.
func (s *Stage) PayTokens(address string) error {
	return safely(func() {
		s.w.payAll(asset.USDT, []fakechain.Output{{Address: address, Units: s.w.of(asset.USDT).typical}})
		s.work()
	})
}
