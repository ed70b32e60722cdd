package swap

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// Receipt is attestd's word that an address is ours, was never given to another
// swap, and belongs to exactly these terms. A client that verifies it needs to
// trust neither the gateway nor the hot wallet's database.
type Receipt struct {
	SwapID  string `json:"swap_id"`
	QuoteID string `json:"quote_id"`
	// QuoteHash is HashDocument of the signed quote.
	QuoteHash      string      `json:"quote_hash"`
	DepositChain   asset.Chain `json:"deposit_chain"`
	DepositAsset   asset.ID    `json:"deposit_asset"`
	DepositAddress string      `json:"deposit_address"`
	// DepositPath is the BIP32 path from the master key, account hardened:
	// "m/84'/1'/0'/0/7".
	DepositPath   string `json:"deposit_path"`
	PayoutAddress string `json:"payout_address"`
	// RefundAddress is where a refund goes; "" if it was left open, to be set later
	// with the swap's secret (RefundAddress, the document).
	RefundAddress string `json:"refund_address"`
	Policy        Policy `json:"policy"`
	// SecretHash is the SHA-256 of the swap's secret, in hexadecimal.
	SecretHash string    `json:"secret_hash"`
	IssuedAt   time.Time `json:"issued_at"`
	// DepositBy is when the deposit must have been seen, ConfirmBy when it must
	// have been confirmed, to be on time.
	DepositBy time.Time `json:"deposit_by"`
	ConfirmBy time.Time `json:"confirm_by"`
}

// SignReceipt signs r with attestd's key.
func SignReceipt(r Receipt, key ed25519.PrivateKey) (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeReceipt, r, key)
}

// VerifyReceipt returns the receipt in a signed text, or an error that wraps
// ErrSignature where no trusted key signed it.
func VerifyReceipt(compact string, keys PublicKeys) (Receipt, error) {
	var r Receipt
	if err := verify(TypeReceipt, compact, keys, &r); err != nil {
		return Receipt{}, err
	}
	if err := checkTimes(TypeReceipt, r.IssuedAt, r.DepositBy, r.ConfirmBy); err != nil {
		return Receipt{}, err
	}
	return r, r.Validate()
}

// Validate reports a receipt with a part missing or malformed.
func (r Receipt) Validate() error {
	switch {
	case !ValidID(SwapPrefix, r.SwapID):
		return fmt.Errorf("receipt: swap id %.60q is malformed", r.SwapID)
	case !ValidID(QuotePrefix, r.QuoteID):
		return fmt.Errorf("receipt of %s: quote id %.60q is malformed", r.SwapID, r.QuoteID)
	case r.DepositAddress == "" || r.DepositPath == "" || r.PayoutAddress == "":
		return fmt.Errorf("receipt of %s: an address or path is missing", r.SwapID)
	case !isHash(r.QuoteHash) || !isHash(r.SecretHash):
		return fmt.Errorf("receipt of %s: a hash is not 64 hexadecimal digits", r.SwapID)
	case !r.DepositBy.After(r.IssuedAt) || r.ConfirmBy.Before(r.DepositBy):
		return fmt.Errorf("receipt of %s: the deadlines are not in order", r.SwapID)
	}
	return r.Policy.Validate()
}

// Terms is a verified quote with its verified receipt: all that was agreed.
type Terms struct {
	Quote         Quote
	Receipt       Receipt
	SignedQuote   string
	SignedReceipt string
}

// VerifyTerms checks both signatures and that the receipt is for this quote.
func VerifyTerms(signedQuote, signedReceipt string, quoteKeys, attestKeys PublicKeys) (Terms, error) {
	q, err := VerifyQuote(signedQuote, quoteKeys)
	if err != nil {
		return Terms{}, err
	}
	r, err := VerifyReceipt(signedReceipt, attestKeys)
	if err != nil {
		return Terms{}, err
	}
	if r.QuoteID != q.ID || r.QuoteHash != HashDocument(signedQuote) {
		return Terms{}, fmt.Errorf("receipt of %s is for quote %s, not for %s: %w", r.SwapID, r.QuoteID, q.ID, ErrSignature)
	}
	if r.DepositAsset != q.Pair.From || r.DepositChain != q.DepositChain() {
		return Terms{}, fmt.Errorf("receipt of %s is for %s on %s, the quote for %s: %w",
			r.SwapID, r.DepositAsset, r.DepositChain, q.Pair, ErrSignature)
	}
	return Terms{Quote: q, Receipt: r, SignedQuote: signedQuote, SignedReceipt: signedReceipt}, nil
}

// DecodeTerms reads terms that were verified before they were stored. It checks
// no signature: use VerifyTerms on anything that comes from elsewhere.
func DecodeTerms(signedQuote, signedReceipt string) (Terms, error) {
	t := Terms{SignedQuote: signedQuote, SignedReceipt: signedReceipt}
	if err := decodeUnverified(TypeQuote, signedQuote, &t.Quote); err != nil {
		return Terms{}, err
	}
	if err := decodeUnverified(TypeReceipt, signedReceipt, &t.Receipt); err != nil {
		return Terms{}, err
	}
	return t, nil
}

func isHash(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 32
}
