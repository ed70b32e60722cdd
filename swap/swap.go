package swap

import (
	"time"

	"ferry/swap/asset"
)

// State is where a swap stands. What each state waits for, who must act and by
// when is said by the state machine's table.
type State string

// The states of a swap. They follow its main leg; an extra deposit has a verdict
// and a refund of its own and does not move them.
const (
	AwaitingDeposit  State = "awaiting_deposit"
	DepositDetected  State = "deposit_detected"
	DepositConfirmed State = "deposit_confirmed"
	PayoutQueued     State = "payout_queued"
	PayoutBroadcast  State = "payout_broadcast"
	Settled          State = "settled"
	Expired          State = "expired"
	RefundQueued     State = "refund_queued"
	RefundBroadcast  State = "refund_broadcast"
	Refunded         State = "refunded"
	Held             State = "held"
)

// Swap is the state machine's row with its deposits and payments: together with
// a Fact, all that a decision needs.
type Swap struct {
	ID    string
	State State
	// Version counts the facts applied; every write names the one it expects.
	Version int64
	Terms   Terms
	// Reason says why the swap is Held or refunded, from a fixed vocabulary.
	Reason    string
	CreatedAt time.Time
	UpdatedAt time.Time
	Deposits  []Deposit
	Payments  []Payment
	Amended   Amended
	// Seen is the last sequence applied or parked, per source: the guard against
	// records that were published twice.
	Seen map[string]int64
}

// Amended is what was added to a swap's terms, and what is not settled yet.
type Amended struct {
	// SignedRefundAddress is the document RefundAddress, "" if none was set later.
	SignedRefundAddress string `json:"signed_refund_address,omitempty"`
	// RefundAddress is what that document says.
	RefundAddress string `json:"refund_address,omitempty"`
	// Requotes are the documents that payouts were ordered by, with their consents.
	Requotes []Repriced `json:"requotes,omitempty"`
	// Owned are the owners' yeses by which refunds in another asset were ordered.
	Owned      []OwnedRefund `json:"owned_refunds,omitempty"`
	Mismatches []Mismatch    `json:"mismatches,omitempty"`
	// Rates are those of a variable swap, by the deposits that were seen.
	Rates []SetRate      `json:"rates,omitempty"`
	Staff []StaffRequest `json:"staff,omitempty"`
}

// RefundsTo is where refunds of the swap go: "" while nobody has said.
func (s Swap) RefundsTo() string {
	if s.Terms.Receipt.RefundAddress != "" {
		return s.Terms.Receipt.RefundAddress
	}
	return s.Amended.RefundAddress
}

// Repriced is a payout that rests on a requote.
type Repriced struct {
	OrderID       string `json:"order_id"`
	SignedRequote string `json:"signed_requote"`
	SignedConsent string `json:"signed_consent,omitempty"`
}

// OwnedRefund is a refund that rests on its owner's yes.
type OwnedRefund struct {
	OrderID                string `json:"order_id"`
	SignedWrongAssetRefund string `json:"signed_wrong_asset_refund"`
}

// DepositState is how far a deposit has come on its chain.
type DepositState string

// The states of a deposit.
const (
	DepositSeen      DepositState = "seen"
	DepositInBlock   DepositState = "in_block"
	DepositFinal     DepositState = "confirmed"
	DepositReplaced  DepositState = "replaced"
	DepositReorgedTo DepositState = "reorged"
)

// Verdict is what a deposit counts as.
type Verdict string

// The verdicts of this version. A deposit without one is still confirming, or it
// is confirmed and waits for the rest of the amount: a part.
const (
	VerdictNone Verdict = ""
	// VerdictCounted: alone it is the exact amount, or of a variable swap one that is within
	// its limits; VerdictToppedUp: with others.
	VerdictCounted  Verdict = "counted"
	VerdictToppedUp Verdict = "topped_up"
	VerdictDust     Verdict = "dust"
	VerdictExtra    Verdict = "extra"
	VerdictLate     Verdict = "late"
	// VerdictShort and VerdictOver: all that came in time, together, is too little
	// or too much.
	VerdictShort Verdict = "short"
	VerdictOver  Verdict = "over"
	// VerdictWrongAsset: it is in another asset than the terms'. It is no part of the
	// swap, and is refunded with its owner's yes.
	VerdictWrongAsset Verdict = "wrong_asset"
)

// Deposit is one output or transfer to the swap's address.
type Deposit struct {
	// ID is "<chain>:<txid>:<index>".
	ID            string       `json:"deposit_id"`
	TxID          string       `json:"txid"`
	Amount        asset.Amount `json:"amount"`
	State         DepositState `json:"state"`
	Verdict       Verdict      `json:"verdict,omitempty"`
	Confirmations int64        `json:"confirmations"`
	Needed        int64        `json:"confirmations_needed"`
	// Height is the block's, 0 while in no block.
	Height int64 `json:"height,omitempty"`
	// FirstSeen is when our node first showed it, in a mempool or a block.
	FirstSeen time.Time `json:"first_seen"`
	// BlockTime is the block's own time; zero while in no block.
	BlockTime time.Time `json:"block_time,omitzero"`
	// Small: its amount is below its asset's dust threshold, or too little to be
	// sent back, as the newest fact about it had it.
	Small bool `json:"small,omitempty"`
	// Main: its verdict decided the swap, alone or together with others'.
	Main bool `json:"main,omitempty"`
	// TakenBack counts how often a reorganisation took it back after it was confirmed.
	TakenBack int `json:"taken_back,omitempty"`
	// Lost: it is taken back, and its payment was or may have been signed.
	Lost bool `json:"lost,omitempty"`
	// WrittenOff: staff gave up on sending it back.
	WrittenOff bool `json:"written_off,omitempty"`
}

// Purpose is what a payment is for. The signer has a check of its own for each.
type Purpose string

// The purposes of this version. Payouts and refunds are a swap's, and rest on its signed
// documents; the others move the house's own coins between its own addresses.
const (
	PurposePayout Purpose = "payout"
	PurposeRefund Purpose = "refund"
	// PurposeSweep gathers what lies on deposit addresses at the hot sender, or coins on
	// a change address.
	PurposeSweep Purpose = "sweep"
	// PurposeGasTopUp gives a deposit address the native asset that a token's sweep burns.
	PurposeGasTopUp Purpose = "gas_topup"
	// PurposeGapFill uses up a nonce that no payment of the hot sender will.
	PurposeGapFill Purpose = "gap_fill"
)

// House reports whether a payment is the house's own, and no swap's.
func (p Purpose) House() bool {
	return p == PurposeSweep || p == PurposeGasTopUp || p == PurposeGapFill
}

// PaymentState is how far an outgoing payment has come.
type PaymentState string

// The states of a payment.
const (
	PaymentQueued    PaymentState = "queued"
	PaymentSigned    PaymentState = "signed"
	PaymentBroadcast PaymentState = "broadcast"
	PaymentConfirmed PaymentState = "confirmed"
	PaymentFinal     PaymentState = "final"
	PaymentFailed    PaymentState = "failed"
	// PaymentDead is a state of what pays a payment, not of the payment, which goes on:
	// nothing that was signed can be mined any more.
	PaymentDead PaymentState = "dead"
	// PaymentDropped is another: the signer refused its first plan, and signed nothing.
	PaymentDropped PaymentState = "dropped"
)

// Payment is one payout or refund.
type Payment struct {
	// OrderID is the order it fulfils and its identity in every table.
	OrderID string  `json:"order_id"`
	Purpose Purpose `json:"purpose"`
	// Deposits are the ids of those it uses up, sorted; a refund has one.
	Deposits    []string     `json:"deposit_ids"`
	Amount      asset.Amount `json:"amount"`
	Destination string       `json:"destination"`
	State       PaymentState `json:"state"`
	TxID        string       `json:"txid,omitempty"`
	// Fee is what the chain was paid, in its native asset; zero until known.
	Fee asset.Units `json:"fee"`
	// TakenBack counts how often a reorganisation took it back after it was final.
	TakenBack int `json:"taken_back,omitempty"`
	// Undone counts how often the exchange that a payout rests on was reversed,
	// because one of its deposits was taken back.
	Undone int `json:"undone,omitempty"`
	// Retry counts how often it was ordered again after it had failed, and Failed is what
	// Retry was when the newest failure was told.
	Retry  int `json:"retry,omitempty"`
	Failed int `json:"failed_retry,omitempty"`
}
