package swap

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"time"

	"ferry/swap/asset"
)

// WrongAssetRefund is the owner's yes to the refund of a deposit in another asset than
// the terms', as attestd heard it with the swap's secret: a token sent to the coin's
// address, or a coin sent on a chain whose addresses look the same. Nobody has agreed
// beforehand on what such a refund costs, so it is said here.
type WrongAssetRefund struct {
	SwapID      string `json:"swap_id"`
	ReceiptHash string `json:"receipt_hash"`
	DepositID   string `json:"deposit_id"`
	// Deposit is what came, all of it.
	Deposit asset.Amount `json:"deposit"`
	// Fee, in the same asset, is what the owner pays for the refund, whatever its
	// transaction costs: what that is more, the house carries.
	Fee asset.Amount `json:"fee"`
	// Destination is an address on the chain of Deposit.
	Destination string    `json:"destination"`
	IssuedAt    time.Time `json:"issued_at"`
}

// SignWrongAssetRefund signs w with attestd's key.
func SignWrongAssetRefund(w WrongAssetRefund, key ed25519.PrivateKey) (string, error) {
	if err := w.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeWrongAssetRefund, w, key)
}

// VerifyWrongAssetRefund returns the owner's yes in a signed text, or an error that
// wraps ErrSignature where no trusted key signed it. What it permits,
// Terms.WrongAssetBack says.
func VerifyWrongAssetRefund(compact string, keys PublicKeys) (WrongAssetRefund, error) {
	var w WrongAssetRefund
	if err := verify(TypeWrongAssetRefund, compact, keys, &w); err != nil {
		return WrongAssetRefund{}, err
	}
	if err := checkTimes(TypeWrongAssetRefund, w.IssuedAt); err != nil {
		return WrongAssetRefund{}, err
	}
	return w, w.Validate()
}

// Validate reports a document with a part missing or malformed.
func (w WrongAssetRefund) Validate() error {
	switch {
	case !ValidID(SwapPrefix, w.SwapID):
		return fmt.Errorf("wrong-asset refund: swap id %.60q is malformed", w.SwapID)
	case !isHash(w.ReceiptHash):
		return fmt.Errorf("wrong-asset refund of %s: its hash is not 64 hexadecimal digits", w.SwapID)
	case w.DepositID == "" || len(w.DepositID) > maxRequestID:
		return fmt.Errorf("wrong-asset refund of %s: its deposit is missing or longer than %d bytes", w.SwapID, maxRequestID)
	case w.Fee.Asset != w.Deposit.Asset:
		return fmt.Errorf("wrong-asset refund of %s: the fee is in %.20q, the deposit in %.20q", w.SwapID, w.Fee.Asset, w.Deposit.Asset)
	case w.Fee.Units.Cmp(w.Deposit.Units) >= 0:
		return fmt.Errorf("wrong-asset refund of %s: the fee of %s leaves nothing of the deposit", w.SwapID, w.Fee.Units)
	case w.Destination == "" || len(w.Destination) > maxAddress:
		return fmt.Errorf("wrong-asset refund of %s: the destination is missing or longer than %d bytes", w.SwapID, maxAddress)
	}
	return checkWrongAsset(OrderDeposit{ID: w.DepositID, Amount: w.Deposit})
}

// checkWrongAsset: the asset is known, and is of the chain that the deposit's id names.
func checkWrongAsset(d OrderDeposit) error {
	a, known := asset.Lookup(d.Amount.Asset)
	switch {
	case !known:
		return fmt.Errorf("deposit %.120s: asset %.20q is not known", d.ID, d.Amount.Asset)
	case !strings.HasPrefix(d.ID, string(a.Chain)+":"):
		return fmt.Errorf("deposit %.120s is not on %s, the chain of %s", d.ID, a.Chain, a.ID)
	}
	return nil
}

// RefundsWrongAssetTo is where a deposit in another asset goes back to where nobody
// has to ask: refundsTo, the swap's refund address, if it is an address of that
// asset's chain; else "", and the owner says where to.
func (t Terms) RefundsWrongAssetTo(id asset.ID, refundsTo string) string {
	if a, known := asset.Lookup(id); known && a.Chain == t.Receipt.DepositChain {
		return refundsTo
	}
	return ""
}

// WrongAssetBack says how much of a deposit in another asset than the terms' is sent
// back, exactly, and where to. owner is the verified yes of the swap's owner, refundsTo
// the swap's refund address, "" while there is none. Without the owner's yes nothing
// may be kept back of it, and it goes to the refund address or nowhere. The errors are
// for people.
//
// Every party that acts on it asks here: the state machine before it orders, the hot
// wallet before it plans, the signer before it signs, the client before it believes.
func (t Terms) WrongAssetBack(d OrderDeposit, owner *WrongAssetRefund, refundsTo string) (back asset.Amount, to string, err error) {
	if err := checkWrongAsset(d); err != nil {
		return asset.Amount{}, "", err
	}
	if d.Amount.Asset == t.Quote.Pair.From {
		return asset.Amount{}, "", fmt.Errorf("deposit %.120s is in %s, as the terms say", d.ID, d.Amount.Asset)
	}
	home := t.RefundsWrongAssetTo(d.Amount.Asset, refundsTo)
	switch {
	case owner == nil && home == "":
		return asset.Amount{}, "", errors.New("the deposit is in another asset than the terms', and its owner has not said where to refund it")
	case owner == nil:
		return d.Amount, home, nil
	case owner.SwapID != t.Receipt.SwapID || owner.ReceiptHash != HashDocument(t.SignedReceipt):
		return asset.Amount{}, "", fmt.Errorf("the owner's yes is for swap %s, or for another receipt of it", owner.SwapID)
	case owner.DepositID != d.ID || owner.Deposit != d.Amount:
		return asset.Amount{}, "", errors.New("the owner's yes is for another deposit")
	case home != "" && owner.Destination != home:
		return asset.Amount{}, "", errors.New("the swap has a refund address on this chain, and no other takes its place")
	}
	units, err := d.Amount.Units.Sub(owner.Fee.Units)
	if err != nil || units.IsZero() || owner.Fee.Asset != d.Amount.Asset {
		return asset.Amount{}, "", fmt.Errorf("the fee of %s leaves nothing of %s", owner.Fee, d.Amount)
	}
	return asset.Amount{Asset: d.Amount.Asset, Units: units}, owner.Destination, nil
}
