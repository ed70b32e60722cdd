package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// keyHeader names what makes POST /v1/swaps repeatable; keyLimit is its form.
const (
	keyHeader   = "Idempotency-Key"
	keyLimit    = "8 to 128 visible ASCII characters"
	keyShortest = 8
	keyLongest  = 128
)

// swapRequest is a request for a swap that has been checked: what can be known
// without asking another process.
type swapRequest struct {
	idempotencyKey string
	signedQuote    string
	quote          swap.Quote
	payout, refund string // canonical; refund is "" where it was left open
	policy         swap.Policy
}

// readSwap checks a request's fields. The quote may have expired: a retry is
// answered all the same, so that is checked once it is known to be none.
func (g *Gateway) readSwap(key string, b api.SwapRequest) (swapRequest, error) {
	r := swapRequest{idempotencyKey: key, signedQuote: b.SignedQuote}
	if len(key) < keyShortest || len(key) > keyLongest || strings.ContainsFunc(key, func(c rune) bool { return c < '!' || c > '~' }) {
		return r, invalidKey()
	}
	var err error
	if r.quote, err = swap.VerifyQuote(b.SignedQuote, g.config.QuoteKeys); err != nil {
		return r, swap.Refuse(swap.CodeQuoteInvalid, "signed_quote", "", "This is no quote of ours, or it was changed.")
	}
	if r.payout, err = g.readAddress("payout_address", r.quote.PayoutChain(), b.PayoutAddress); err != nil {
		return r, err
	}
	if b.RefundAddress != nil {
		if r.refund, err = g.readAddress("refund_address", r.quote.DepositChain(), *b.RefundAddress); err != nil {
			return r, err
		}
	}
	r.policy, err = readPolicy(b.Policy)
	return r, err
}

func invalidKey() error {
	return swap.Refuse(swap.CodeIdempotencyKeyInvalid, keyHeader, keyLimit, "The header Idempotency-Key must be one value of "+keyLimit+".")
}

// readAddress returns the canonical form of an address that can be paid.
func (g *Gateway) readAddress(field string, chain asset.Chain, text string) (string, error) {
	canonical, err := g.config.Networks.ParseAddress(chain, text)
	switch {
	case err == nil:
		return canonical, nil
	case errors.Is(err, asset.ErrAddressNetwork):
		return "", swap.Refuse(swap.CodeWrongNetwork, field, g.network(chain), "The address belongs to another network.")
	case errors.Is(err, asset.ErrAddressForbidden):
		return "", swap.Refuse(swap.CodeForbiddenAddress, field, "", "Coins sent to this address would be lost.")
	case errors.Is(err, asset.ErrAddressChecksum):
		return "", swap.Refuse(swap.CodeInvalidAddress, field, "", "The address has a typing error: its checksum is wrong.")
	case errors.Is(err, asset.ErrAddressKind):
		return "", swap.Refuse(swap.CodeInvalidAddress, field, "", "This kind of address can't be paid.")
	case errors.Is(err, asset.ErrAddressSyntax):
		return "", swap.Refuse(swap.CodeInvalidAddress, field, string(chain), fmt.Sprintf("This is no address of %s.", chain))
	}
	return "", fmt.Errorf("read %s: %w", field, err)
}

// network is the configured network of a chain, for people.
func (g *Gateway) network(chain asset.Chain) string {
	if chain.Family() == asset.UTXO {
		return g.config.Networks.Name(chain)
	}
	return fmt.Sprintf("%s, chain id %d", chain, g.config.Networks.EthereumChainID)
}

// key is what the claim is stored under. It holds within the quote, which makes one
// swap at most, so that strangers who choose the same text do not meet, and a wallet
// whose address changes between two tries is still the same.
func (r swapRequest) key() Hash {
	return sha256.Sum256([]byte(r.quote.ID + "\n" + r.idempotencyKey))
}

// hash stands for the request's meaning: spelling an address in another case is
// the same request.
func (r swapRequest) hash() Hash {
	p := r.policy
	return sha256.Sum256([]byte(strings.Join([]string{"POST /v1/swaps", r.signedQuote, r.payout, r.refund,
		string(p.OnShort), string(p.OnOver), string(p.OnLate), string(p.OnExtra), strconv.FormatInt(p.ToleranceBPS, 10)}, "\n")))
}

// secretOf derives a swap's secret for the holder of its idempotency key. It is
// stored nowhere; hashOf is what the receipt holds of it.
func (g *Gateway) secretOf(idempotencyKey, swapID string) string {
	mac := hmac.New(sha256.New, g.config.SecretKey)
	mac.Write([]byte("swap-secret\n" + idempotencyKey + "\n" + swapID)) // hash.Hash never returns an error
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
