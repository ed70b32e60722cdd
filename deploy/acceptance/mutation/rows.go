package mutation

import (
	"fmt"
	"slices"
)

// Row is one policy row: what a deployment does in one kind of case.
type Row struct {
	// Name is that of the tag @row:name.
	Name string
	// About says what the row does.
	About string
	// File is its source, from the module's root; Old is there exactly once, and New
	// stands in its place when the row is gone.
	File, Old, New string
	// Also is removed with it: what else would do the same.
	Also []Row
}

const (
	decide  = "statemachine/decide.go"
	deposit = "statemachine/deposit.go"
	fold    = "statemachine/fold.go"
	judge   = "statemachine/judge.go"
	leg     = "statemachine/leg.go"
	amend   = "statemachine/amend.go"
	staff   = "statemachine/staff.go"
	wrong   = "statemachine/wrongasset.go"
	policy  = "swap/policy.go"
	permit  = "swap/permit.go"
	floats  = "statemachine/variable.go"

	describe = "statemachine/describe.go"
	mismatch = "statemachine/mismatch.go"

	pay    = "statemachine/payment.go"
	reorg  = "statemachine/reorg.go"
	engine = "hotwallet/payment/engine.go"
	watch  = "hotwallet/watch/move.go"
	books  = "hotwallet/reconcile/reconcile.go"
)

// Rows are all that can be removed.
func Rows() []Row {
	return slices.Concat(deposits(), mismatches(), policies(), people(), times(), chains(), variables())
}

// deposits are about what a deposit counts as.
func deposits() []Row {
	return []Row{
		{"count.exact", "one deposit of the exact amount is counted by itself", judge,
			"\tcase exact:\n", "\tcase exact && !punctual:\n", nil},
		{"detect", "a deposit that waits for its confirmations shows in the swap's state", leg,
			"if Allowed(d.From, MoveSeen) {", "if false {", nil},
		{"deposits.by_output", "each output is a deposit of its own", deposit,
			"if deposit.ID == id {", "if n := len(id) - 2; len(deposit.ID) == len(id) && deposit.ID[:n] == id[:n] {", nil},
		{"top_up", "deposits that come in time add up to the amount", judge,
			"\tcase 0:\n\t\treturn count(", "\tcase 2:\n\t\treturn count(", nil},
		{"top_up.most_parts", "more parts than an order can use up go back", judge,
			"len(l.parts) >= swap.MaxOrderDeposits", "len(l.parts) >= 1_000", nil},
		{"deadline.awaits_rest", "at the end of the time to deposit, a rest that was seen is waited for", decide,
			"case !l.decided && len(l.parts) > 0 && d.awaited(l, d.now(f)):", "case false:", nil},
		{"top_up.told", "after a part the user is told what is missing", describe,
			"if text, missing := partly(s); text != \"\" {", "if text, missing := partly(s); text == \"never\" {", nil},
		{"top_up.whole_beside_parts", "parts beside a deposit of the whole amount go back", judge,
			"for _, part := range l.parts {", "for _, part := range l.parts[:0] {", nil},
	}
}

// mismatches are about when and as what a mismatch is judged.
func mismatches() []Row {
	return []Row{
		{"short.at_once", "what is short by less than dust is judged at once", leg,
			"l.missing.Less(f.Deposit.DustThreshold)", "l.missing.IsZero()", nil},
		{"short.at_deadline", "what is short when the time to deposit is over is judged then", decide,
			"return mismatched(d, l.parts, swap.VerdictShort, true, f)\n\t\tcase d.From == swap.AwaitingDeposit:\n",
			"return d\n\t\tcase d.From == swap.AwaitingDeposit:\n", nil},
		{"short.at_confirm_by", "parts are judged when the rest is not confirmed in time", decide,
			"return mismatched(d, l.parts, swap.VerdictShort, true, f)\n\t\tcase d.From == swap.AwaitingDeposit || d.From",
			"return d\n\t\tcase d.From == swap.AwaitingDeposit || d.From", nil},
		{"over", "what is too much is not counted as the amount", judge,
			"return mismatched(d, parts, swap.VerdictOver, true, f)", "return count(d, parts, swap.VerdictCounted)", nil},
		{"over.all_parts", "parts that come to too much are judged together", judge,
			"return mismatched(d, parts, swap.VerdictOver, true, f)", "return mismatched(d, parts[len(parts)-1:], swap.VerdictOver, true, f)", nil},
		{"extra", "a deposit beside what decided the swap is a matter of its own", judge,
			"case l.decided || punctual &&", "case l.decided && punctual && !d.Swap.Deposits[i].Main && false || punctual &&", nil},
		{"late", "a deposit that came too late is late", judge,
			"\tcase !punctual:\n", "\tcase false:\n", nil},
		{"wrong_asset", "what comes in another asset is no part of the amount", deposit,
			"case after.State == swap.DepositFinal && isWrong(d.Swap.Terms.Quote, told.Amount):", "case false:", nil},
		{"wrong_asset.yes", "with its owner's yes it goes back", wrong, "m, ok := d.mismatch(yes.DepositID)", "m, ok := d.mismatch(\"\")", nil},
		{"wrong_asset.kept", "without it, it is kept and reminded of", amend, "return d.remindOwner(m, f)", "return d", nil},
		{"refund.each_deposit", "each deposit goes back by itself, all of them", mismatch,
			"for _, i := range d.partsOf(m) {\n\t\tif d = refund(", "for _, i := range d.partsOf(m)[:1] {\n\t\tif d = refund(", nil},
		{"refund.told", "a refund says why it is one", mismatch,
			"is %s: a refund of %s to the refund address is ordered.\", deposit.Amount, is, back)",
			"of %s: a refund of %s is ordered.\", deposit.Amount, is, back)", nil},
	}
}

// policies are about what the policy of a swap says of it.
func policies() []Row {
	return []Row{
		{"on_short.refund", "policy refund: what is short goes back", policy, "return p.OnShort", instead("OnShort", "Refund", "Ask"), nil},
		{"on_short.requote", "policy requote: what is short is swapped at a new price", policy, "return p.OnShort", instead("OnShort", "Requote", "Refund"), nil},
		{"on_short.ask", "policy ask: the user is asked about what is short", policy, "return p.OnShort", instead("OnShort", "Ask", "Refund"), nil},
		{"on_over.refund", "policy refund: what is too much goes back", policy, "return p.OnOver", instead("OnOver", "Refund", "Ask"), nil},
		{"on_over.requote", "policy requote: what is too much is swapped at a new price", policy, "return p.OnOver", instead("OnOver", "Requote", "Refund"), nil},
		{"on_over.ask", "policy ask: the user is asked about what is too much", policy, "return p.OnOver", instead("OnOver", "Ask", "Refund"), nil},
		{"on_late.refund", "policy refund: what is late goes back", policy, "return p.OnLate", instead("OnLate", "Refund", "Ask"), nil},
		{"on_late.requote", "policy requote: what is late is swapped at a new price", policy, "return p.OnLate", instead("OnLate", "Requote", "Refund"), nil},
		{"on_late.ask", "policy ask: the user is asked about what is late", policy, "return p.OnLate", instead("OnLate", "Ask", "Refund"), nil},
		{"on_extra.refund", "policy refund: what is extra goes back", mismatch, "answer := policy.OnExtra", extra("Refund", "Ask"), nil},
		{"on_extra.requote", "policy requote: what is extra is swapped at a new price", mismatch, "answer := policy.OnExtra", extra("Requote", "Refund"), nil},
		{"on_extra.ask", "policy ask: the user is asked about what is extra", mismatch, "answer := policy.OnExtra", extra("Ask", "Refund"), nil},

		{"on_late.locked_rate", "a late deposit has the locked rate while the market is within the tolerance", mismatch,
			"return askPrice(d, m, swap.BasisLate, f)", "return askPrice(d, m, swap.BasisMarket, f)", nil},
		{"on_over.small_excess", "an excess that is not worth sending back is swapped at the locked rate", mismatch,
			"case main && verdict == swap.VerdictOver && answer != swap.AnswerAsk && d.excessIsSmall(parts):", "case false:", nil},
		{"requote.beyond_tolerance", "a price beyond the policy's tolerance is not taken without asking", permit,
			"within, err := t.noWorse(r, policy.ToleranceBPS)", "within, err := t.noWorse(r, bpsWhole)", nil},
		{"requote.refused_asks", "where the price is the obstacle the user is asked", amend,
			"return askUser(d, m, told.Refused, f)", "return refundAll(d, m, f)", nil},
		{"requote.unavailable", "without a price what was to be requoted goes back at once", amend,
			"d.Note = \"There is no price for it now.\"\n\treturn refundAll(d, m, f)", "return d", nil},
		{"requote.deadline", "a price that does not come in time is not waited for", amend,
			"d.Note = \"No price came in time.\"", "return d", nil},
	}
}

// people are about what users and staff decide.
func people() []Row {
	return []Row{
		{"answer.requote", "a consent permits the price that it names", amend,
			"m.SignedConsent = f.Answered.SignedConsent", "m.SignedConsent = \"\"", nil},
		{"answer.refund", "a user who was asked can have the deposit back", amend,
			"case consent.Answer == swap.AnswerRefund:", "case false:", nil},
		{"answer.deadline", "a question that nobody answers ends in a refund", amend,
			"d.Note = \"No answer came in time.\"", "return d", nil},
		{"refund_address.needed", "a refund without an address waits for one", mismatch,
			"if d.Swap.RefundsTo() == \"\" {", "if false {", nil},
		{"refund_address.set", "refunds that waited go out when their address is named", amend,
			"if m.Wait == swap.WaitAddress && d.isHere(m) && d.Outcome == Applied {", "if false {", nil},
		{"refund_address.reminded", "a refund that waits for its address is reminded of", amend,
			"if d.Swap.RefundsTo() == \"\" {", "if false {", nil},
		{"staff.refund", "staff refunds what waits", staff,
			"d.forMismatches(told.DepositID, f, back); done {", "d.forMismatches(told.DepositID, f, back); done && false {", nil},
		{"staff.requote", "staff has a price asked for again", staff,
			"d.forMismatches(told.DepositID, f, ask); done || retried {", "d.forMismatches(told.DepositID, f, ask); done && false || retried {", nil},
		{"staff.release", "staff ends a hold", staff, "return release(d, refusal)", "return d", nil},
		{"staff.write_off", "staff gives up on what nobody claims", staff,
			"d, _ := d.forMismatches(told.DepositID, f, writeOff)", "d, _ := d, writeOff", nil},
		{"staff.needs_second", "above a limit nobody acts alone", staff, "case !r.needsSecond(d, told):", "case true:", nil},
		{"staff.second_pair_of_eyes", "nobody approves what they ordered themselves", staff,
			"case d.Swap.Amended.Staff[i].Actor == told.Actor:", "case false:", nil},
	}
}

// times are about deadlines and dust.
func times() []Row {
	return []Row{
		{"expire", "a swap that nobody pays expires", decide,
			"return d.expire(\"No deposit was seen in time.\")", "d.Note = \"\"", nil},
		{"late.seen_in_time", "a deposit that was seen in time does not expire with the time to deposit", decide,
			"case d.From == swap.AwaitingDeposit:\n", "case d.From == swap.AwaitingDeposit || d.From == swap.DepositDetected:\n", nil},
		{"late.block_time", "a deposit that was mined in time is in time", deposit,
			"!told.BlockTime.IsZero() && !told.BlockTime.After(r.DepositBy)\n\treturn seen && !told", "false\n\treturn seen && !told", nil},
		{"late.confirm_by", "a deposit that is confirmed after the published limit is late", deposit,
			"return seen && !told.ConfirmedAt.After(r.ConfirmBy)", "return seen", nil},
		{"deadline.confirm_by", "a swap whose deposit is not confirmed in time expires", decide,
			"return d.expire(\"The deposit was not confirmed in time.\")", "d.Note = \"\"", nil},
		{"dust", "what is below the threshold touches nothing", deposit,
			"return l.decided || !punctual || deposit.Amount.Units.Cmp(l.missing) != 0", "return false", nil},
		{"dust.refund_fee", "what a refund's fee would eat up is dust", deposit,
			"told.DustThreshold.Add(fee.Units)", "told.DustThreshold.Sub(told.DustThreshold)", nil},
		{"dust.missing_counts", "exactly what is missing counts, even if it is small", deposit,
			"deposit.Amount.Units.Cmp(l.missing) != 0", "!l.missing.IsZero()", nil},
		{"dust.never_the_quote", "the quoted amount is never dust", deposit,
			"if !deposit.Small || deposit.Amount.Units.Cmp(q.Deposit.Units) == 0 {", "if !deposit.Small {", nil},
		{"dust.risen", "nothing waits for a deposit that has become dust", deposit,
			"if known && !before.Small && small && !isWrong(", "if !known && !before.Small && small && !isWrong(", nil},
		{"deposit.gone", "a deposit that vanishes leaves the swap waiting for another", leg,
			"d.Move = MoveGone", "d.Move = MoveNone", nil},
		{"deposit.gone_late", "a deposit that vanishes after the time to deposit leaves the swap expired", leg,
			"return d.expire(d.Note)", "d.Move = MoveNone", nil},
	}
}

// chains are about what chains take back, and payments.
func chains() []Row {
	return []Row{
		{"reorg.uncount", "a counted deposit that is taken back before its payout is signed is not counted", reorg,
			"if !before.Main || !Allowed(d.From, MoveUncount) {", "if before.Main || !Allowed(d.From, MoveUncount) {", nil},
		{"reorg.counted_again", "it is counted again when it returns", reorg,
			"if d.From == swap.DepositDetected || d.From == swap.Held", "if d.From == swap.Held", nil},
		{"reorg.lost", "a deposit that is taken back after its payout holds the swap", reorg,
			"if before.Main && Allowed(d.From, MoveHold) {", "if !before.Main && Allowed(d.From, MoveHold) {", nil},
		{"reorg.recovered", "a swap that was held for it goes on when it returns", reorg,
			"d.From == swap.Held && d.Swap.Reason == ReasonReorged", "false", nil},
		{"reorg.part", "a part that is taken back is missing again", reorg,
			"if before.Verdict == swap.VerdictNone {\n\t\treturn follow(d, f)", "if before.Verdict == swap.VerdictNone {\n\t\treturn d", nil},
		{"reorg.held", "a counted deposit that never returns holds the swap", decide,
			"case d.From == swap.DepositDetected && d.waitsForReturn():", "case false:", nil},
		{"reorg.too_deep", "a reorganisation deeper than is followed halts the chain", watch,
			"halted, err := w.config.Store.Stop(ctx, reason)", "halted, err := reason == \"\", error(nil)", nil},
		{"payment.failed", "a payout that failed holds the swap", pay,
			"swap.PaymentFailed: MovePayoutFailed}[p.State]", "swap.PaymentFailed: MoveNone}[p.State]", nil},
		{"payment.taken_back", "a settled swap whose payout is taken back is not settled", reorg,
			"case Allowed(d.From, MovePaymentReorged):", "case false:", nil},
		{"payment.resent", "what a node forgot is handed in again", engine,
			"if b.State == swap.PaymentSigned || b.State == swap.PaymentBroadcast {", "if b.State == swap.PaymentSigned {", nil},
		{"halt.pays_nothing", "a halted chain pays nothing", engine,
			"if err == nil && halted != \"\" {", "if err == nil && halted == \"never\" {",
			[]Row{{File: "hotwallet/model/batch.go", Old: "c.halts[c.chain] != \"\" ||", New: "c.halts[c.chain] == \"never\" ||"}}},
		{"surplus.told", "people are told of what the books don't know", books,
			"return Surplus, surplus(ctx, s, books, difference, log)", "return Surplus, nil", nil},
		{"told_twice", "what is told twice counts once", decide,
			"if f.Seq <= current.Seen[f.Source] {", "if f.Seq < 0 {", nil},
		{"parked", "what is told too early is kept until its time has come", fold,
			"return f.reoffer()", "return nil", nil},
	}
}

// variables are about rates that are set when a deposit is seen.
func variables() []Row {
	return []Row{
		{"variable.at_detection", "a variable deposit's rate is set when it is seen", floats,
			"d.Requests = append(d.Requests, d.rateRequest(i, own.Asked, swap.BasisDetected))", "", nil},
		{"variable.too_old", "a rate that is too old when its deposit is confirmed is not paid", floats,
			"if told.ConfirmedAt.After(rateUntil(d.Swap.Terms.Quote, requote)) {", "if false {", nil},
		{"variable.replaced", "a rate ends with its deposit, and what takes its place gets another", floats,
			"d = d.withRate(deposit.ID, endRate)", "", nil},
		{"variable.most_rates", "after three rates there is that of the confirmation", floats,
			"if asked >= maxDetections {", "if asked >= 1_000 {", nil},
		{"variable.limits", "what is outside of a variable quote's limits is short or over", floats,
			"case outside != swap.VerdictNone:", "case outside != swap.VerdictNone && false:", nil},
		{"variable.floor", "a rate far below the estimate is not paid without asking", permit,
			"within, err := t.noWorse(r, VariableFloorBPS)", "within, err := t.noWorse(r, bpsWhole)", nil},
	}
}

// instead is a policy that does one thing where the user said another.
func instead(field, said, done string) string {
	return fmt.Sprintf("if p.%s == Answer%s {\n\t\t\treturn Answer%s\n\t\t}\n\t\treturn p.%s", field, said, done, field)
}

// extra is instead for deposits that decide nothing.
func extra(said, done string) string {
	return fmt.Sprintf("answer := policy.OnExtra\n\tif answer == swap.Answer%s {\n\t\tanswer = swap.Answer%s\n\t}", said, done)
}
