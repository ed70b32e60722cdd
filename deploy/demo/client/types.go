package client

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Amounts in the API's JSON are decimal texts in coins, such as "0.015".

// Asset is one that can be swapped.
type Asset struct {
	ID            asset.ID    `json:"id"`
	Name          string      `json:"name"`
	Chain         asset.Chain `json:"chain"`
	Decimals      int         `json:"decimals"`
	Unit          string      `json:"unit"`
	Confirmations int64       `json:"confirmations"`
	DustThreshold string      `json:"dust_threshold"`
	Halted        string      `json:"halted"`
}

// Rate is an indicative price. Price and bounds are empty where Unavailable
// says why.
type Rate struct {
	From        asset.ID  `json:"from"`
	To          asset.ID  `json:"to"`
	Price       string    `json:"price"`
	MinDeposit  string    `json:"min_deposit"`
	MaxDeposit  string    `json:"max_deposit"`
	NetworkFee  string    `json:"network_fee"`
	Unavailable string    `json:"unavailable"`
	At          time.Time `json:"at"`
}

// QuoteRequest asks for a price to be held. Exactly one amount is set. A nil Policy
// is the default.
type QuoteRequest struct {
	From          asset.ID `json:"from"`
	To            asset.ID `json:"to"`
	DepositAmount string   `json:"deposit_amount,omitempty"`
	PayoutAmount  string   `json:"payout_amount,omitempty"`
	// Variable holds no price: the rate is set when the deposit is seen.
	Variable bool `json:"variable,omitempty"`

	Policy *swap.Policy `json:"policy,omitempty"`
}

// QuoteAnswer is what POST /v1/quotes answers.
type QuoteAnswer struct {
	QuoteID              string    `json:"quote_id"`
	From                 asset.ID  `json:"from"`
	To                   asset.ID  `json:"to"`
	DepositAmount        string    `json:"deposit_amount"`
	PayoutAmount         string    `json:"payout_amount"`
	Rate                 string    `json:"rate"`
	ServiceFee           string    `json:"service_fee"`
	NetworkFee           string    `json:"network_fee"`
	RefundFeeMax         string    `json:"refund_fee_max"`
	IssuedAt             time.Time `json:"issued_at"`
	AcceptBy             time.Time `json:"accept_by"`
	DepositWindowSeconds int64     `json:"deposit_window_seconds"`
	ConfirmWindowSeconds int64     `json:"confirm_window_seconds"`
	Variable             bool      `json:"variable"`
	// Policy is what a swap would have; no part of what is signed.
	Policy      swap.Policy `json:"policy"`
	SignedQuote string      `json:"signed_quote"`
}

// SwapRequest makes a swap from a quote. A nil Policy is the default; an empty
// RefundAddress is left open, to be set later with the secret.
type SwapRequest struct {
	SignedQuote   string       `json:"signed_quote"`
	PayoutAddress string       `json:"payout_address"`
	RefundAddress string       `json:"refund_address,omitempty"`
	Policy        *swap.Policy `json:"policy,omitempty"`
}

// SwapAnswer is what POST /v1/swaps answers.
type SwapAnswer struct {
	ID             string      `json:"id"`
	Secret         string      `json:"secret"`
	State          swap.State  `json:"state"`
	DepositAsset   asset.ID    `json:"deposit_asset"`
	DepositAmount  string      `json:"deposit_amount"`
	DepositAddress string      `json:"deposit_address"`
	PaymentURI     string      `json:"payment_uri"`
	PayoutAsset    asset.ID    `json:"payout_asset"`
	PayoutAmount   string      `json:"payout_amount"`
	PayoutAddress  string      `json:"payout_address"`
	RefundAddress  string      `json:"refund_address"`
	Policy         swap.Policy `json:"policy"`
	DepositBy      time.Time   `json:"deposit_by"`
	ConfirmBy      time.Time   `json:"confirm_by"`
	CreatedAt      time.Time   `json:"created_at"`
	SignedReceipt  string      `json:"signed_receipt"`
}

// Swap is how one stands, as far as a wallet follows it.
type Swap struct {
	ID        string     `json:"id"`
	State     swap.State `json:"state"`
	Version   int64      `json:"version"`
	Message   string     `json:"message"`
	NextActor string     `json:"next_actor"`
	ActBy     time.Time  `json:"act_by"`
	Reason    string     `json:"reason"`
	// MissingAmount is what is to be sent yet after a part has come.
	MissingAmount  string      `json:"missing_amount"`
	UpdatedAt      time.Time   `json:"updated_at"`
	DepositAmount  string      `json:"deposit_amount"`
	DepositAddress string      `json:"deposit_address"`
	PaymentURI     string      `json:"payment_uri"`
	PayoutAmount   string      `json:"payout_amount"`
	PayoutAddress  string      `json:"payout_address"`
	RefundAddress  string      `json:"refund_address"`
	Policy         swap.Policy `json:"policy"`
	Deposits       []Deposit   `json:"deposits"`
	// Mismatches wait for something.
	Mismatches []Mismatch `json:"mismatches"`
	Payments   []Payment  `json:"payments"`
	// Rates are those of a variable swap that were set when deposits were seen.
	Rates []SetRate `json:"rates"`
	// Updates are the newest 100, oldest first.
	Updates []Update `json:"updates"`
}

// SetRate is the rate of one deposit of a variable swap.
type SetRate struct {
	DepositID     string `json:"deposit_id"`
	DepositAmount string `json:"deposit_amount"`
	PayoutAmount  string `json:"payout_amount"`
	Rate          string `json:"rate"`
	SignedRequote string `json:"signed_requote"`
}

// Deposit is whatever arrived at the deposit address.
type Deposit struct {
	ID            string            `json:"deposit_id"`
	TxID          string            `json:"txid"`
	Asset         asset.ID          `json:"asset"`
	Amount        string            `json:"amount"`
	State         swap.DepositState `json:"state"`
	Verdict       swap.Verdict      `json:"verdict"`
	Confirmations int64             `json:"confirmations"`
	Needed        int64             `json:"confirmations_needed"`
}

// Mismatch is a deposit that does not match the terms, or several, and what it waits for.
type Mismatch struct {
	ID               string       `json:"deposit_id"`
	DepositIDs       []string     `json:"deposit_ids"`
	Amount           string       `json:"amount"`
	Verdict          swap.Verdict `json:"verdict"`
	Main             bool         `json:"main"`
	WaitsFor         swap.Wait    `json:"waits_for"`
	NextActor        string       `json:"next_actor"`
	Reason           string       `json:"reason"`
	ActBy            time.Time    `json:"act_by"`
	OfferAmount      string       `json:"offer_amount"`
	SuggestedAtLeast string       `json:"suggested_at_least"`
	// Asset is what came instead of the swap's, RefundFee what its refund costs in it, and
	// RefundAddress where it goes; empty unless the matter waits for its owner's yes.
	Asset         asset.ID `json:"asset"`
	RefundFee     string   `json:"refund_fee"`
	RefundAddress string   `json:"refund_address"`
	Message       string   `json:"message"`
}

// Payment is a payout or a refund.
type Payment struct {
	ID          string            `json:"payment_id"`
	Purpose     swap.Purpose      `json:"purpose"`
	DepositIDs  []string          `json:"deposit_ids"`
	Asset       asset.ID          `json:"asset"`
	Amount      string            `json:"amount"`
	Destination string            `json:"destination"`
	State       swap.PaymentState `json:"state"`
	TxID        string            `json:"txid"`
	Fee         string            `json:"fee"`
	FeeAsset    asset.ID          `json:"fee_asset"`
	// SignedRequote is what a payout rests on that is not the quote's, with the
	// consent that it rests on, if it does.
	SignedRequote string `json:"signed_requote"`
	SignedConsent string `json:"signed_consent"`
}

// Update is one step of how a swap came where it is.
type Update struct {
	Version int64      `json:"version"`
	State   swap.State `json:"state"`
	Cause   string     `json:"cause"`
	Message string     `json:"message"`
	At      time.Time  `json:"at"`
}

// Problem is a refusal by the service (RFC 9457).
type Problem struct {
	Status    int       `json:"status"`
	Code      swap.Code `json:"code"`
	Detail    string    `json:"detail"`
	Field     string    `json:"field"`
	Limit     string    `json:"limit"`
	RequestID string    `json:"request_id"`
}

// Error is the sentence with its code and, where given, field and limit.
func (p *Problem) Error() string {
	text := string(p.Code) + ": " + p.Detail
	if p.Field != "" {
		text += " (field " + p.Field + ")"
	}
	if p.Limit != "" {
		text += " (limit " + p.Limit + ")"
	}
	return text
}
