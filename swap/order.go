package swap

import (
	"fmt"
	"strings"
	"time"

	"ferry/swap/asset"
)

// MaxOrderDeposits is how many deposits one order may use up.
const MaxOrderDeposits = 50

// MaxRetries is how often a payment that fails is ordered again.
const MaxRetries = 20

// OrderDeposit is a deposit that an order uses up, with its amount.
type OrderDeposit struct {
	// ID is "<chain>:<txid>:<index>".
	ID     string       `json:"deposit_id"`
	Amount asset.Amount `json:"amount"`
}

// Order tells the hot wallet to pay. It carries its own authority: the signed
// quote and receipt, which the signer verifies again.
type Order struct {
	// ID is "payout:<swap id>", "payout:<deposit id>" for an extra deposit that is
	// swapped too, or "refund:<deposit id>", so that however often a payment is
	// ordered there is one.
	ID      string  `json:"order_id"`
	SwapID  string  `json:"swap_id"`
	Purpose Purpose `json:"purpose"`
	// Chain is the one to pay on.
	Chain asset.Chain `json:"chain"`
	// Deposits are used up by this payment: 1 to MaxOrderDeposits of one asset,
	// sorted by id, so that an order has one form. A refund has exactly one, and
	// may pay no more than it.
	Deposits      []OrderDeposit `json:"deposits"`
	Amount        asset.Amount   `json:"amount"`
	Destination   string         `json:"destination"`
	SignedQuote   string         `json:"signed_quote"`
	SignedReceipt string         `json:"signed_receipt"`
	// The amendments that the order rests on, "" where it rests on none: a payout's
	// requote, with the consent that the requote rests on, and a refund's address.
	SignedRequote       string `json:"signed_requote,omitempty"`
	SignedConsent       string `json:"signed_consent,omitempty"`
	SignedRefundAddress string `json:"signed_refund_address,omitempty"`
	// SignedWrongAssetRefund is a refund's in another asset than the terms': the owner's
	// yes to it, "" where staff sends all of it to the refund address.
	SignedWrongAssetRefund string `json:"signed_wrong_asset_refund,omitempty"`
	// Deferrable: a refund that may wait until it costs no more than was kept back
	// for it: an extra deposit's. A swap's main refund may not, and no payout.
	Deferrable bool `json:"deferrable,omitempty"`
	// Retry counts how often the payment was ordered before and has failed: the same
	// payment is to be made anew once its failure is proved. At most MaxRetries.
	Retry int       `json:"retry,omitempty"`
	At    time.Time `json:"at"`
}

// Total is what the order's deposits add up to; an error if there are none, they
// are of several assets or the sum overflows.
func (o Order) Total() (asset.Amount, error) {
	if len(o.Deposits) == 0 {
		return asset.Amount{}, fmt.Errorf("order %s uses up no deposit", o.ID)
	}
	total := asset.Amount{Asset: o.Deposits[0].Amount.Asset}
	for _, d := range o.Deposits {
		if d.Amount.Asset != total.Asset {
			return total, fmt.Errorf("order %s: deposits in %s and %s", o.ID, total.Asset, d.Amount.Asset)
		}
		sum, err := total.Units.Add(d.Amount.Units)
		if err != nil {
			return total, fmt.Errorf("order %s: its deposits' sum: %w", o.ID, err)
		}
		total.Units = sum
	}
	return total, nil
}

// DepositIDs are the ids of the order's deposits, in their order.
func (o Order) DepositIDs() []string {
	ids := make([]string, len(o.Deposits))
	for i, d := range o.Deposits {
		ids[i] = d.ID
	}
	return ids
}

// PayoutOrderID is the one identity a swap's payout can have.
func PayoutOrderID(swapID string) string { return "payout:" + swapID }

// ExtraPayoutOrderID is the one identity the payout of an extra deposit can have.
func ExtraPayoutOrderID(depositID string) string { return "payout:" + depositID }

// RefundOrderID is the one identity a deposit's refund can have.
func RefundOrderID(depositID string) string { return "refund:" + depositID }

// Validate reports an order that contradicts itself.
func (o Order) Validate() error {
	switch {
	case !ValidID(SwapPrefix, o.SwapID):
		return fmt.Errorf("order %s: swap id %.60q is malformed", o.ID, o.SwapID)
	case o.Destination == "" || o.SignedQuote == "" || o.SignedReceipt == "":
		return fmt.Errorf("order %s: a part is missing", o.ID)
	case o.Amount.Units.IsZero():
		return fmt.Errorf("order %s: the amount is zero", o.ID)
	case o.SignedWrongAssetRefund != "" && o.Purpose != PurposeRefund:
		return fmt.Errorf("order %s: only a refund rests on an owner's yes", o.ID)
	case o.Retry < 0 || o.Retry > MaxRetries:
		return fmt.Errorf("order %s: it was ordered again %d times, at most %d are possible", o.ID, o.Retry, MaxRetries)
	case o.Deferrable && o.Purpose != PurposeRefund:
		return fmt.Errorf("order %s: only a refund can be deferred", o.ID)
	}
	if err := o.checkDeposits(); err != nil {
		return err
	}
	a, ok := asset.Lookup(o.Amount.Asset)
	if !ok || a.Chain != o.Chain {
		return fmt.Errorf("order %s: %s is not paid on %s", o.ID, o.Amount.Asset, o.Chain)
	}
	switch {
	case o.Purpose == PurposePayout && o.ID == PayoutOrderID(o.SwapID):
	case o.Purpose == PurposePayout && o.SignedRequote != "" && len(o.Deposits) == 1 && o.ID == ExtraPayoutOrderID(o.Deposits[0].ID):
	case o.Purpose == PurposeRefund && len(o.Deposits) == 1 && o.ID == RefundOrderID(o.Deposits[0].ID):
	default:
		return fmt.Errorf("order %.120s: the id does not follow from purpose %q", o.ID, o.Purpose)
	}
	return nil
}

// checkDeposits reports a list of deposits that is not in an order's one form.
func (o Order) checkDeposits() error {
	if n := len(o.Deposits); n > MaxOrderDeposits {
		return fmt.Errorf("order %s uses up %d deposits, at most %d are taken", o.ID, n, MaxOrderDeposits)
	}
	for i, d := range o.Deposits {
		switch {
		case d.ID == "":
			return fmt.Errorf("order %s: a deposit has no id", o.ID)
		case d.Amount.Units.IsZero():
			return fmt.Errorf("order %s: deposit %.120s is of nothing", o.ID, d.ID)
		case i > 0 && strings.Compare(o.Deposits[i-1].ID, d.ID) >= 0:
			return fmt.Errorf("order %s: its deposits are not distinct and sorted by id", o.ID)
		}
	}
	_, err := o.Total()
	return err
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
	Actor  string    `json:"next_actor"`
	By     time.Time `json:"act_by,omitzero"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
	// Missing is what is to be sent yet of an amount paid in parts; zero otherwise.
	Missing       asset.Amount `json:"missing,omitzero"`
	Deposits      []Deposit    `json:"deposits"`
	Payments      []Payment    `json:"payments"`
	RefundAddress string       `json:"refund_address,omitempty"`
	Mismatches    []Mismatch   `json:"mismatches,omitempty"`
	// Requotes are the documents that payouts rest on, by which a client verifies an
	// amount that is not the quote's.
	Requotes []Repriced `json:"requotes,omitempty"`
	// Rates are what was set, or asked for, when deposits of a variable swap were seen.
	Rates []SetRate `json:"rates,omitempty"`
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
	// zero while there is no price. The ratio is that of deposits up to Curve's first
	// point, or of all where there is no curve.
	RatioNum asset.Units `json:"ratio_num"`
	RatioDen asset.Units `json:"ratio_den"`
	FeeBPS   int64       `json:"fee_bps"`
	Curve    []RatePoint `json:"curve,omitempty"`
	// Min and Max bound the deposit, NetworkFee is taken off the payout.
	Min        asset.Amount `json:"min"`
	Max        asset.Amount `json:"max"`
	NetworkFee asset.Amount `json:"network_fee"`
	// Unavailable says why no quote is given now; "" when quotes are.
	Unavailable string    `json:"unavailable,omitempty"`
	At          time.Time `json:"at"`
}

// RatePoint is a place of a rate's curve: a deposit, in base units of From, and what it is
// worth before the service fee, in base units of To, rounded down.
type RatePoint struct {
	Deposit asset.Units `json:"deposit"`
	Gross   asset.Units `json:"gross"`
}
