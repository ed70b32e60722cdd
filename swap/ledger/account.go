package ledger

import "strings"

// Account names one side of a posting within a book. House accounts are plain
// names; an account of one swap is "swap:<id>:<what>" and can never go negative.
type Account string

// Accounts of both books.
const (
	// Clearing carries value from one book to the other: money the chain moved
	// and the state machine has not been told of yet, or the reverse.
	Clearing Account = "clearing"
)

// Accounts of the hot wallet's book.
const (
	// Wallet is what the chain holds at our addresses, less InFlight.
	Wallet Account = "wallet"
	// InFlight is held for payments that are signed and not yet in a block.
	InFlight Account = "in_flight"
	// DepositConfirming is in a block, not yet deep enough to be told.
	DepositConfirming Account = "deposit_confirming"
	// PaymentConfirming has left in a block that is not yet deep enough.
	PaymentConfirming Account = "payment_confirming"
	// HouseCapital is what treasury has put in.
	HouseCapital Account = "house_capital"
	// NetworkFees is what chains were paid for transactions.
	NetworkFees Account = "network_fees"
	// Suspense is what reached us and belongs to nobody we know.
	Suspense Account = "suspense"
	// Recovered is what payments of ours took out before a recovery, of which the
	// rebuilt book knows neither order nor swap.
	Recovered Account = "recovered"
)

// Accounts of the state machine's book.
const (
	// Inventory is the house's side of every exchange.
	Inventory Account = "inventory"
	// ServiceFees is what users paid for the service.
	ServiceFees Account = "service_fees"
	// ReorgLosses is what was paid out for deposits that their chain took back.
	ReorgLosses Account = "reorg_losses"
	// NetworkFeeIncome is what users paid towards network fees.
	NetworkFeeIncome Account = "network_fee_income"
	// DustQuarantine is what advertisers sent and nobody may spend.
	DustQuarantine Account = "dust_quarantine"
	// WrittenOff is what nobody said where to refund, and staff gave up on.
	WrittenOff Account = "written_off"
)

// SwapDeposit is what a swap's depositor is owed until it is exchanged or refunded.
func SwapDeposit(swapID string) Account { return Account("swap:" + swapID + ":deposit") }

// SwapPayout is what is owed to the payout address until it is paid.
func SwapPayout(swapID string) Account { return Account("swap:" + swapID + ":payout") }

// SwapRefund is what is owed to the refund address until it is paid.
func SwapRefund(swapID string) Account { return Account("swap:" + swapID + ":refund") }

// PerSwap reports whether the account belongs to one swap, and so must never be
// debited beyond what was credited to it.
func (a Account) PerSwap() bool { return strings.HasPrefix(string(a), "swap:") }
