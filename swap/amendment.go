package swap

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// An amendment changes the terms of one swap after its receipt. Each is bound to
// the receipt by its hash and signed by whoever answers for what it changes:
// liquidityd for a price (Requote), attestd for the user's word, which it signs
// only for whoever knows the swap's secret (Consent, RefundAddress, WrongAssetRefund).

// Requote is a new price for deposits that do not match the quote.
type Requote struct {
	// ID is the request's that it answers: there is one requote per request.
	ID     string `json:"requote_id"`
	SwapID string `json:"swap_id"`
	// ReceiptHash is HashDocument of the swap's signed receipt.
	ReceiptHash string `json:"receipt_hash"`
	// ConsentHash is HashDocument of the consent that permits it, "" without one.
	ConsentHash string `json:"consent_hash"`
	// Main: it is for the swap's main leg, of which there is one payout ever; else
	// for one extra deposit.
	Main bool `json:"main"`
	// DepositsHash is HashDeposits of what it is for; Deposit is their sum.
	DepositsHash string       `json:"deposits_hash"`
	Deposit      asset.Amount `json:"deposit"`
	// Payout is exactly what is paid to the receipt's payout address. The fees are in
	// the same asset and already taken off it.
	Payout     asset.Amount `json:"payout"`
	ServiceFee asset.Amount `json:"service_fee"`
	NetworkFee asset.Amount `json:"network_fee"`
	// Rate is as Quote.Rate: for people.
	Rate     string    `json:"rate"`
	IssuedAt time.Time `json:"issued_at"`
}

// Consent is the user's answer to a question, as attestd heard it with the secret.
type Consent struct {
	SwapID      string `json:"swap_id"`
	ReceiptHash string `json:"receipt_hash"`
	// DepositID is the one that names the matter: Mismatch.ID.
	DepositID string `json:"deposit_id"`
	// Answer is AnswerRequote or AnswerRefund.
	Answer Answer `json:"answer"`
	// AtLeast is the least payout the user accepts; nothing with AnswerRefund.
	AtLeast  asset.Amount `json:"at_least"`
	IssuedAt time.Time    `json:"issued_at"`
}

// RefundAddress names where refunds go for a swap whose receipt left it open. There
// is one per swap: once set it stays.
type RefundAddress struct {
	SwapID        string    `json:"swap_id"`
	ReceiptHash   string    `json:"receipt_hash"`
	RefundAddress string    `json:"refund_address"`
	IssuedAt      time.Time `json:"issued_at"`
}

// HashDeposits is the SHA-256 of the deposits' one form (JSON, sorted by id), in
// hexadecimal.
func HashDeposits(deposits []OrderDeposit) string {
	raw, err := json.Marshal(deposits)
	if err != nil {
		panic("swap: deposits can't be written as JSON: " + err.Error()) // texts and digits always can
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// SignRequote signs r with liquidityd's key.
func SignRequote(r Requote, key ed25519.PrivateKey) (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeRequote, r, key)
}

// VerifyRequote returns the requote in a signed text, or an error that wraps
// ErrSignature where no trusted key signed it. What it permits, Terms.Permits says.
func VerifyRequote(compact string, keys PublicKeys) (Requote, error) {
	var r Requote
	if err := verify(TypeRequote, compact, keys, &r); err != nil {
		return Requote{}, err
	}
	if err := checkTimes(TypeRequote, r.IssuedAt); err != nil {
		return Requote{}, err
	}
	return r, r.Validate()
}

// DecodeRequote reads a requote that was verified before it was stored. It checks no
// signature.
func DecodeRequote(compact string) (Requote, error) {
	var r Requote
	err := decodeUnverified(TypeRequote, compact, &r)
	return r, err
}

// Validate reports a requote with a part missing or malformed.
func (r Requote) Validate() error {
	switch {
	case r.ID == "" || len(r.ID) > maxRequestID:
		return fmt.Errorf("requote of %.60s: its id is missing or longer than %d bytes", r.SwapID, maxRequestID)
	case !ValidID(SwapPrefix, r.SwapID):
		return fmt.Errorf("requote: swap id %.60q is malformed", r.SwapID)
	case !isHash(r.ReceiptHash) || !isHash(r.DepositsHash) || r.ConsentHash != "" && !isHash(r.ConsentHash):
		return fmt.Errorf("requote of %s: a hash is not 64 hexadecimal digits", r.SwapID)
	case r.Deposit.Units.IsZero() || r.Payout.Units.IsZero():
		return fmt.Errorf("requote of %s: an amount is zero", r.SwapID)
	case r.ServiceFee.Asset != r.Payout.Asset || r.NetworkFee.Asset != r.Payout.Asset || r.Deposit.Asset == r.Payout.Asset:
		return fmt.Errorf("requote of %s: its amounts are not in two assets, fees in the payout's", r.SwapID)
	case !isDecimal(r.Rate):
		return fmt.Errorf("requote of %s: rate %.40q is no plain decimal", r.SwapID, r.Rate)
	}
	for _, id := range []asset.ID{r.Deposit.Asset, r.Payout.Asset} {
		if _, known := asset.Lookup(id); !known {
			return fmt.Errorf("requote of %s: asset %.20q is not known", r.SwapID, id)
		}
	}
	return nil
}

// SignConsent signs c with attestd's key.
func SignConsent(c Consent, key ed25519.PrivateKey) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeConsent, c, key)
}

// VerifyConsent returns the consent in a signed text, or an error that wraps
// ErrSignature where no trusted key signed it.
func VerifyConsent(compact string, keys PublicKeys) (Consent, error) {
	var c Consent
	if err := verify(TypeConsent, compact, keys, &c); err != nil {
		return Consent{}, err
	}
	if err := checkTimes(TypeConsent, c.IssuedAt); err != nil {
		return Consent{}, err
	}
	return c, c.Validate()
}

// Validate reports a consent with a part missing or malformed.
func (c Consent) Validate() error {
	switch {
	case !ValidID(SwapPrefix, c.SwapID):
		return fmt.Errorf("consent: swap id %.60q is malformed", c.SwapID)
	case !isHash(c.ReceiptHash):
		return fmt.Errorf("consent of %s: its hash is not 64 hexadecimal digits", c.SwapID)
	case c.DepositID == "" || len(c.DepositID) > maxRequestID:
		return fmt.Errorf("consent of %s: its deposit is missing or longer than %d bytes", c.SwapID, maxRequestID)
	case c.Answer != AnswerRequote && c.Answer != AnswerRefund:
		return fmt.Errorf("consent of %s: answer %.20q is neither %q nor %q", c.SwapID, c.Answer, AnswerRequote, AnswerRefund)
	case c.Answer == AnswerRequote && c.AtLeast.Units.IsZero():
		return fmt.Errorf("consent of %s: the least payout is nothing", c.SwapID)
	}
	return nil
}

// SignRefundAddress signs a with attestd's key.
func SignRefundAddress(a RefundAddress, key ed25519.PrivateKey) (string, error) {
	if err := a.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeRefundAddress, a, key)
}

// VerifyRefundAddress returns the refund address in a signed text, or an error that
// wraps ErrSignature where no trusted key signed it.
func VerifyRefundAddress(compact string, keys PublicKeys) (RefundAddress, error) {
	var a RefundAddress
	if err := verify(TypeRefundAddress, compact, keys, &a); err != nil {
		return RefundAddress{}, err
	}
	if err := checkTimes(TypeRefundAddress, a.IssuedAt); err != nil {
		return RefundAddress{}, err
	}
	return a, a.Validate()
}

// Validate reports a refund address with a part missing or malformed.
func (a RefundAddress) Validate() error {
	switch {
	case !ValidID(SwapPrefix, a.SwapID):
		return fmt.Errorf("refund address: swap id %.60q is malformed", a.SwapID)
	case !isHash(a.ReceiptHash):
		return fmt.Errorf("refund address of %s: its hash is not 64 hexadecimal digits", a.SwapID)
	case a.RefundAddress == "" || len(a.RefundAddress) > maxAddress:
		return fmt.Errorf("refund address of %s: it is missing or longer than %d bytes", a.SwapID, maxAddress)
	}
	return nil
}

// maxAddress bounds an address, in bytes.
const maxAddress = 200
