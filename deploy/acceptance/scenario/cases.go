package scenario

// Case is a nasty case that services of this kind are known to get wrong.
type Case struct {
	// Name is that of the tag @peer:name.
	Name string
	// About says what happens; Elsewhere what has been seen to become of it at others.
	About, Elsewhere string
}

// Cases are all of them. Each has scenarios.
func Cases() []Case {
	return []Case{
		{"deposit-after-expiry", "a deposit comes after the quote's expiry", "lost, or a matter for support; addresses are watched no more"},
		{"too-little", "less comes than was quoted", "ignored without a refund, failed, or refunded whatever the user would have wanted"},
		{"too-much", "more comes than was quoted, such as one 0 too many", "always failed above a limit, or handled by hand"},
		{"two-deposits", "a second deposit comes, at once or a day later", "not seen, or refused in one transaction"},
		{"dust", "advertisers send dust to the watched address", "the first output decides, and one dust output fails the swap"},
		{"reorg", "the chain takes a deposit or a payout back", "not looked at again once confirmed; credited before it was counted"},
		{"stuck-payout", "a payout is stuck, forgotten or fails", "rescheduled and paid twice; hanging without an outcome"},
		{"provider-fails", "the liquidity provider or its engine fails midway", "payouts dropped until somebody migrates a store"},
		{"double-spend", "a deposit is replaced or double-spent before it confirms", "taken on trust, or waited for in vain"},
		{"wrong-asset", "another asset comes to the address", "no help"},
		{"contract-wallet", "ether comes from within a contract", "never credited, because only transactions are watched"},
		{"exchange-batch", "an exchange pays many users by one transaction", "one output per address and transaction; refunds go to the sender"},
		{"lost-client-state", "the wallet loses all it knew of the swap", "coins locked for ever with the refund's data"},
		{"refund-below-fee", "a refund is worth less than its fee", "kept, eaten by the fee, or left to the user"},
		{"wrong-displayed-state", "what the user is shown does not match what happens", "back to waiting without a reason"},
	}
}
