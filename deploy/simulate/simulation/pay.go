package simulation

import (
	"slices"

	"ferry/hotwallet/chain/fakechain"
	hot "ferry/hotwallet/model"
	"ferry/swap/asset"
)

// deposit is somebody who sends something to a swap's address.
func (w *World) deposit() {
	if len(w.users) == 0 {
		return
	}
	u := one(w, w.users)
	kind, outputs := w.outputs(u)
	w.send(u, kind, outputs)
}

// topUp is a user who has sent a part and sends the rest, exactly or not. Users who
// have sent nothing yet send a part.
func (w *World) topUp() {
	if len(w.users) == 0 {
		return
	}
	u := one(w, w.users)
	exact, rules := u.terms.Quote.Deposit.Units, w.of(u.from())
	missing, err := exact.Sub(w.sent(u))
	kind, units := "what is missing", missing
	switch {
	case err != nil || missing.IsZero():
		return
	case missing == exact && w.chance(4):
		// What is missing is too little to be sent back, and counts.
		kind, units = "all but a little", less(exact, add(rules.dust, asset.NewUnits(w.rng.Uint64N(1000))))
	case missing == exact:
		kind, units = "a part", w.share(exact, 20+w.rng.Uint64N(60))
	case w.chance(8):
		kind, units = "just more than is missing", add(missing, asset.NewUnits(1))
	case w.chance(4):
		kind, units = "a part of what is missing", less(missing, w.share(missing, 50))
	}
	w.send(u, kind, []fakechain.Output{{Address: u.terms.Receipt.DepositAddress, Units: units}})
}

// sent is what is on its way to a swap's address or there, without dust.
func (w *World) sent(u *user) (sum asset.Units) {
	for _, d := range w.wallets.Deposits() {
		live := d.State == "seen" || d.State == "in_block" || d.State == hot.Confirmed
		if d.SwapID == u.id() && d.Amount.Asset == u.from() && live && !d.Amount.Units.Less(w.of(u.from()).dust) {
			sum = add(sum, d.Amount.Units)
		}
	}
	return sum
}

// send pays outputs of the swap's asset.
func (w *World) send(u *user, kind string, outputs []fakechain.Output) {
	w.payAll(u.from(), outputs)
	var sums []string
	for _, o := range outputs {
		sums = append(sums, o.Units.String())
	}
	w.tell("deposit to %.31s: %s %v", u.id(), kind, sums)
}

// outputs are what is sent at once.
func (w *World) outputs(u *user) (string, []fakechain.Output) {
	exact, to := u.terms.Quote.Deposit.Units, u.terms.Receipt.DepositAddress
	low, high := exact, exact
	if u.terms.Quote.Variable {
		low, high = u.terms.Quote.DepositMin.Units, u.terms.Quote.DepositMax.Units
	}
	rules := w.of(u.from())
	least := add(rules.dust, rules.refundFee) // the smallest that is not dust
	pay := func(units asset.Units) fakechain.Output { return fakechain.Output{Address: to, Units: units} }
	switch w.rng.IntN(17) {
	case 0, 1, 2, 3, 4:
		return "exact", []fakechain.Output{pay(exact)}
	case 5:
		return "short", []fakechain.Output{pay(w.share(low, 60))}
	case 6:
		return "just short", []fakechain.Output{pay(less(low, asset.NewUnits(1)))}
	case 7:
		return "over", []fakechain.Output{pay(add(high, w.share(high, 30)))}
	case 16:
		return "over by about what a refund costs", []fakechain.Output{pay(add(exact, w.share(rules.refundFee, w.rng.Uint64N(300))))}
	case 8:
		return "just over", []fakechain.Output{pay(add(high, asset.NewUnits(1)))}
	case 9:
		half := w.share(exact, 50)
		return "in two", []fakechain.Output{pay(half), pay(less(exact, half))}
	case 10:
		return "exact twice", []fakechain.Output{pay(exact), pay(exact)}
	case 11:
		return "at the edge of dust", []fakechain.Output{pay(one(w, []asset.Units{least, less(least, asset.NewUnits(1)), rules.refundFee, rules.dust}))}
	case 14:
		return "to the house", []fakechain.Output{{Address: w.hot[u.on].treasury, Units: rules.dust}}
	case 15:
		return "nothing", []fakechain.Output{pay(asset.Units{})}
	case 12:
		return "dust to everybody", w.spray(rules)
	default:
		return "an exchange's batch", w.exchange(u, pay(exact))
	}
}

// share is about a percentage of an amount.
func (w *World) share(of asset.Units, percent uint64) asset.Units {
	n, err := of.MulDiv(asset.NewUnits(percent*1000+w.rng.Uint64N(1000)).Big(), asset.NewUnits(100_000).Big(), asset.Down)
	must(err)
	return n
}

// spray is what advertisers send: a little to each address they find, not only of
// one asset's swaps, which are left out here.
func (w *World) spray(rules chainRules) []fakechain.Output {
	var outputs []fakechain.Output
	for _, u := range w.users {
		if w.of(u.from()).dust != rules.dust {
			continue
		}
		for range 1 + w.rng.IntN(4) {
			outputs = append(outputs, fakechain.Output{Address: u.terms.Receipt.DepositAddress,
				Units: less(rules.dust, asset.NewUnits(w.rng.Uint64N(4000)))})
		}
	}
	return outputs
}

// exchange is one withdrawal among many, ours somewhere among them.
func (w *World) exchange(u *user, ours fakechain.Output) []fakechain.Output {
	outputs := []fakechain.Output{ours}
	for range w.rng.IntN(6) {
		outputs = append(outputs, fakechain.Output{Address: w.chains[u.on].NewAddress(), Units: w.of(u.from()).typical})
	}
	if other := one(w, w.users); other.from() == u.from() && other != u {
		outputs = append(outputs, fakechain.Output{Address: other.terms.Receipt.DepositAddress, Units: other.terms.Quote.Deposit.Units})
	}
	w.rng.Shuffle(len(outputs), func(i, j int) { outputs[i], outputs[j] = outputs[j], outputs[i] })
	return outputs
}

// strangers are the unconfirmed transactions that are not ours.
func (w *World) strangers(on asset.Chain) []string {
	ours := map[string]bool{}
	for _, p := range w.wallets.Payments() {
		if p.Attempt != nil {
			ours[p.Attempt.TxID] = true
		}
	}
	return slices.DeleteFunc(w.chains[on].Unconfirmed(), func(txid string) bool { return ours[txid] })
}

// replace is a sender who thinks again: another amount, or the coins back home.
func (w *World) replace() {
	on := one(w, networks.Chains())
	pending := w.strangers(on)
	if len(pending) == 0 || len(w.users) == 0 {
		return
	}
	txid, u := one(w, pending), one(w, w.users)
	id := w.moves(on, txid)
	output := fakechain.Output{Address: w.chains[on].NewAddress(), Units: w.of(id).typical}
	if u.from() == id && w.chance(2) {
		output = fakechain.Output{Address: u.terms.Receipt.DepositAddress, Units: one(w, []asset.Units{u.terms.Quote.Deposit.Units, w.of(id).typical})}
	}
	w.chains[on].Replace(txid, output)
	w.tell("%s: %.12s is replaced", on, txid)
}
