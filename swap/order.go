package swap

import (
	"fmt"
	"time"

	"ferry/swap/asset"
)

// Order tells the hot wallet to pay. It carries its own authority: the signed
// quote and receipt, which the signer verifies again.
type Order struct {
	// ID is "payout:<swap id>" or "refund:<deposit id>", so that however often a
	// payment is ordered there is one.
	ID      string  `json:"order_id"`
	SwapID  string  `json:"swap_id"`
	Purpose Purpose `json:"purpose"`
	// Chain is the one to pay on.
	Chain asset.Chain `json:"chain"`
	// DepositID is the deposit that is used up by this payment.
	DepositID string `json:"deposit_id"`
	// DepositAmount is that deposit's; a refund may pay no more than it.
	DepositAmount asset.Amount `json:"deposit_amount"`
	Amount        asset.Amount `json:"amount"`
	Destination   string       `json:"destination"`
	SignedQuote   string       `json:"signed_quote"`
	SignedReceipt string       `json:"signed_receipt"`
	At            time.Time    `json:"at"`
}

// PayoutOrderID is the one identity a swap's payout can have.
func PayoutOrderID(swapID string) string { return "payout:" + swapID }

// RefundOrderID is the one identity a deposit's refund can have.
func RefundOrderID(depositID string) string { return "refund:" + depositID }

// Validate reports an order that contradicts itself.
func (o Order) Validate() error {
	switch {
	case !ValidID(SwapPrefix, o.SwapID):
		return fmt.Errorf("order %s: swap id %.60q is malformed", o.ID, o.SwapID)
	case o.DepositID == "" || o.Destination == "" || o.SignedQuote == "" || o.SignedReceipt == "":
		return fmt.Errorf("order %s: a part is missing", o.ID)
	case o.Amount.Units.IsZero() || o.DepositAmount.Units.IsZero():
		return fmt.Errorf("order %s: an amount is zero", o.ID)
	}
	a, ok := asset.Lookup(o.Amount.Asset)
	if !ok || a.Chain != o.Chain {
		return fmt.Errorf("order %s: %s is not paid on %s", o.ID, o.Amount.Asset, o.Chain)
	}
	switch {
	case o.Purpose == PurposePayout && o.ID == PayoutOrderID(o.SwapID):
	case o.Purpose == PurposeRefund && o.ID == RefundOrderID(o.DepositID):
	default:
		return fmt.Errorf("order %.120s: the id does not follow from purpose %q", o.ID, o.Purpose)
	}
	return nil
}

// Update is a swap as its user may see it, told after each transition. It is
// whole: the newest by Version is all a reader needs.
type Update struct {
	SwapID  string `json:"swap_id"`
	Version int64  `json:"version"`
	State   State  `json:"state"`
	// Cause is the fact that led here; Message the sentence for people.
	Cause   FactKind `json:"cause"`
	Message string   `json:"message"`
	// Actor must act next: "user", "chain", "ferry", "support" or "nobody"; By is
	// until when, zero where nothing is due.
	Actor    string    `json:"next_actor"`
	By       time.Time `json:"act_by,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	Deposits []Deposit `json:"deposits"`
	Payments []Payment `json:"payments"`
}

// Balance is what the hot wallet can pay out in one asset now: the newest value
// on the balances topic, keyed by asset.
type Balance struct {
	Asset asset.ID `json:"asset"`
	// Available may be promised to new payments: confirmed, spendable, not
	// reserved and not in flight.
	Available asset.Units `json:"available"`
	// DustThreshold is the chain's: a deposit below it touches nothing.
	DustThreshold asset.Units `json:"dust_threshold"`
	// Halted says why the chain's payments stand still; "" when they run.
	Halted string    `json:"halted,omitempty"`
	At     time.Time `json:"at"`
}

// Rate is an indicative price: the newest value on the rates topic, keyed by pair.
type Rate struct {
	Pair asset.Pair `json:"pair"`
	// Price is coins of To per coin of From after spread and service fee, before
	// the fixed network fee: a decimal text.
	Price string `json:"price"`
	// RatioNum / RatioDen is the exact price before the service fee, in base units of
	// To per base unit of From, and FeeBPS that fee in basis points: what amounts are
	// computed from (package price), where Price is cut for people. All three are
	// zero while there is no price.
	RatioNum asset.Units `json:"ratio_num"`
	RatioDen asset.Units `json:"ratio_den"`
	FeeBPS   int64       `json:"fee_bps"`
	// Min and Max bound the deposit, NetworkFee is taken off the payout.
	Min        asset.Amount `json:"min"`
	Max        asset.Amount `json:"max"`
	NetworkFee asset.Amount `json:"network_fee"`
	// Unavailable says why no quote is given now; "" when quotes are.
	Unavailable string    `json:"unavailable,omitempty"`
	At          time.Time `json:"at"`
}
