package mutation

// Row is one policy row: what a deployment does in one kind of case.
type Row struct {
	// Name is that of the tag @row:name.
	Name string
	// About says what the row does.
	About string
	// File is its source, from the module's root; Old is there exactly once, and New
	// stands in its place when the row is gone.
	File, Old, New string
}

const (
	decide  = "statemachine/decide.go"
	deposit = "statemachine/deposit.go"
	fold    = "statemachine/fold.go"
	judge   = "statemachine/judge.go"
	leg     = "statemachine/leg.go"
	pay     = "statemachine/payment.go"
	reorg   = "statemachine/reorg.go"
	engine  = "hotwallet/payment/engine.go"
	watch   = "hotwallet/watch/move.go"
	books   = "hotwallet/reconcile/reconcile.go"
)

// Rows are all that can be removed.
func Rows() []Row {
	return []Row{
		{"count.exact", "one deposit of the exact amount is counted by itself", judge,
			"\tcase exact:\n", "\tcase exact && !punctual:\n"},
		{"detect", "a deposit that waits for its confirmations shows in the swap's state", leg,
			"if Allowed(d.From, MoveSeen) {", "if false {"},
		{"deposits.by_output", "each output is a deposit of its own", deposit,
			"if deposit.ID == id {", "if n := len(id) - 2; len(deposit.ID) == len(id) && deposit.ID[:n] == id[:n] {"},
		{"top_up", "deposits that come in time add up to the amount", judge,
			"\tcase 0:\n\t\treturn count(", "\tcase 2:\n\t\treturn count("},
		{"top_up.told", "after a part the user is told what is missing", decide,
			"if text := partly(s); text != \"\" {", "if text := partly(s); text == \"never\" {"},
		{"top_up.whole_beside_parts", "parts beside a deposit of the whole amount go back", judge,
			"range l.parts {\n\t\td.Swap.Deposits[part].Verdict", "range l.parts[:0] {\n\t\td.Swap.Deposits[part].Verdict"},
		{"top_up.most_parts", "more parts than an order can use up go back", judge,
			"len(l.parts) >= swap.MaxOrderDeposits", "len(l.parts) >= 1_000"},
		{"deadline.awaits_rest", "at the end of the time to deposit, a rest that was seen is waited for", decide,
			"case !l.decided && len(l.parts) > 0 && d.awaited(l, d.now(f)):", "case false:"},
		{"on_short.refund", "what is short when the time to deposit is over goes back", decide,
			"\t\t\treturn refuse(d, l.parts, swap.VerdictShort)\n\t\tcase d.From == swap.AwaitingDeposit:\n", "\t\t\treturn d\n\t\tcase d.From == swap.AwaitingDeposit:\n"},
		{"on_short.at_once", "what is short by less than dust goes back at once", leg,
			"l.missing.Less(f.Deposit.DustThreshold)", "l.missing.IsZero()"},
		{"on_short.each_refunded", "each part goes back by itself", judge,
			"for _, i := range parts {\n\t\td.Swap.Deposits[i].Verdict, d.Swap.Deposits[i].Main = verdict, true\n\t\tif d = refund(",
			"for _, i := range parts[:1] {\n\t\td.Swap.Deposits[i].Verdict, d.Swap.Deposits[i].Main = verdict, true\n\t\tif d = refund("},
		{"on_short.at_confirm_by", "parts go back when the rest is not confirmed in time", decide,
			"\t\t\treturn refuse(d, l.parts, swap.VerdictShort)\n\t\tcase d.From == swap.AwaitingDeposit || d.From == swap.DepositDetected:\n",
			"\t\t\treturn d\n\t\tcase d.From == swap.AwaitingDeposit || d.From == swap.DepositDetected:\n"},
		{"on_over.refund", "what is over goes back", judge,
			"\tcase 1:\n\t\treturn refuse(d, parts, swap.VerdictOver)", "\tcase 1:\n\t\treturn count(d, parts, swap.VerdictCounted)"},
		{"on_over.each_refunded", "parts that come to too much go back, all of them", judge,
			"return refuse(d, parts, swap.VerdictOver)", "return refuse(d, parts[len(parts)-1:], swap.VerdictOver)"},
		{"on_extra.refund", "a deposit beside what decided the swap goes back", judge,
			"deposit.Verdict = swap.VerdictExtra\n\t\treturn follow(refund(d, i, MoveNone), f)", "deposit.Verdict = swap.VerdictExtra\n\t\treturn d"},
		{"on_late.refund", "a late deposit goes back", judge,
			"\tcase !punctual:\n", "\tcase false:\n"},
		{"expire", "a swap that nobody pays expires", decide,
			"d.Move, d.Note = MoveExpire, \"No deposit was seen in time.\"", "d.Note = \"\""},
		{"late.seen_in_time", "a deposit that was seen in time does not expire with the time to deposit", decide,
			"case d.From == swap.AwaitingDeposit:\n", "case d.From == swap.AwaitingDeposit || d.From == swap.DepositDetected:\n"},
		{"late.block_time", "a deposit that was mined in time is in time", deposit,
			"!told.BlockTime.IsZero() && !told.BlockTime.After(r.DepositBy)\n\treturn seen && !told", "false\n\treturn seen && !told"},
		{"late.confirm_by", "a deposit that is confirmed after the published limit is late", deposit,
			"return seen && !told.ConfirmedAt.After(r.ConfirmBy)", "return seen"},
		{"deadline.confirm_by", "a swap whose deposit is not confirmed in time expires", decide,
			"d.Move, d.Note = MoveExpire, \"The deposit was not confirmed in time.\"", "d.Note = \"\""},
		{"dust", "what is below the threshold touches nothing", deposit,
			"return l.decided || !punctual || deposit.Amount.Units.Cmp(l.missing) != 0", "return false"},
		{"dust.refund_fee", "what a refund's fee would eat up is dust", deposit,
			"told.DustThreshold.Add(q.RefundFeeMax.Units)", "told.DustThreshold.Sub(told.DustThreshold)"},
		{"dust.missing_counts", "exactly what is missing counts, even if it is small", deposit,
			"deposit.Amount.Units.Cmp(l.missing) != 0", "!l.missing.IsZero()"},
		{"dust.never_the_quote", "the quoted amount is never dust", deposit,
			"if !deposit.Small || deposit.Amount.Units.Cmp(q.Deposit.Units) == 0 {", "if !deposit.Small {"},
		{"dust.risen", "nothing waits for a deposit that has become dust", deposit,
			"if known && !before.Small && isSmall(", "if !known && !before.Small && isSmall("},
		{"deposit.gone", "a deposit that vanishes leaves the swap waiting for another", leg,
			"d.Move = MoveGone", "d.Move = MoveNone"},
		{"deposit.gone_late", "a deposit that vanishes after the time to deposit leaves the swap expired", leg,
			"d.Move = MoveExpire", "d.Move = MoveNone"},
		{"reorg.uncount", "a counted deposit that is taken back before its payout is signed is not counted", reorg,
			"if !before.Main || !Allowed(d.From, MoveUncount) {", "if before.Main || !Allowed(d.From, MoveUncount) {"},
		{"reorg.counted_again", "it is counted again when it returns", reorg,
			"if d.From == swap.DepositDetected || d.From == swap.Held", "if d.From == swap.Held"},
		{"reorg.lost", "a deposit that is taken back after its payout holds the swap", reorg,
			"if before.Main && Allowed(d.From, MoveHold) {", "if !before.Main && Allowed(d.From, MoveHold) {"},
		{"reorg.recovered", "a swap that was held for it goes on when it returns", reorg,
			"d.From == swap.Held && d.Swap.Reason == ReasonReorged", "false"},
		{"reorg.part", "a part that is taken back is missing again", reorg,
			"if before.Verdict == swap.VerdictNone {\n\t\treturn follow(d, f)", "if before.Verdict == swap.VerdictNone {\n\t\treturn d"},
		{"reorg.held", "a counted deposit that never returns holds the swap", decide,
			"case d.From == swap.DepositDetected && d.waitsForReturn():", "case false:"},
		{"reorg.too_deep", "a reorganisation deeper than is followed halts the chain", watch,
			"halted, err := w.config.Store.Stop(ctx, reason)", "halted, err := false, error(nil)"},
		{"payment.failed", "a payout that failed holds the swap", pay,
			"swap.PaymentFailed: MovePayoutFailed}[p.State]", "swap.PaymentFailed: MoveNone}[p.State]"},
		{"payment.taken_back", "a settled swap whose payout is taken back is not settled", reorg,
			"case Allowed(d.From, MovePaymentReorged):", "case false:"},
		{"payment.resent", "what a node forgot is handed in again", engine,
			"if p.State == swap.PaymentSigned || p.State == swap.PaymentBroadcast {", "if p.State == swap.PaymentSigned {"},
		{"halt.pays_nothing", "a halted chain pays nothing", engine,
			"if err == nil && halted != \"\" {", "if err == nil && halted == \"never\" {"},
		{"surplus.told", "people are told of what the books don't know", books,
			"return Surplus, surplus(ctx, s, books, difference, log)", "return Surplus, nil"},
		{"told_twice", "what is told twice counts once", decide,
			"if f.Seq <= current.Seen[f.Source] {", "if f.Seq < 0 {"},
		{"parked", "what is told too early is kept until its time has come", fold,
			"return f.reoffer()", "return nil"},
		{"told.over", "a refund says why it is one", judge,
			"d.Note = fmt.Sprintf(\"%s is %s: a refund of %s to the refund address is ordered.\", deposit.Amount, deposit.Verdict, back)",
			"d.Note = \"A refund is ordered.\""},
	}
}
