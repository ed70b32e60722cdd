package swap

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"ferry/swap/asset"
)

// DepositAttestation is attestd's word that a deposit is in a block of the chain, as
// a node of its own shows it. A payment rests on one for each deposit that it uses
// up, so that whoever orders payments can't invent one.
type DepositAttestation struct {
	SwapID string `json:"swap_id"`
	// ReceiptHash is HashDocument of the swap's signed receipt.
	ReceiptHash string      `json:"receipt_hash"`
	Chain       asset.Chain `json:"chain"`
	// DepositID is "<chain>:<coin>", Address the one of the receipt, derived again.
	DepositID string       `json:"deposit_id"`
	Address   string       `json:"address"`
	Amount    asset.Amount `json:"amount"`
	// Height and BlockHash name the block it is in; Depth is how many blocks there
	// were from that one to the node's best, both counted.
	Height    int64  `json:"height"`
	BlockHash string `json:"block_hash"`
	Depth     int64  `json:"depth"`
	// Finality is what all nodes asked call the block, as far as the deposit's amount
	// needs it; FinalityNone where it needs none.
	Finality Finality `json:"finality,omitempty"`
	// Software is what the node says it is, "btcd"; SecondSoftware what another one
	// says that was asked too and agrees, "" where none was.
	Software       string    `json:"software"`
	SecondSoftware string    `json:"second_software"`
	IssuedAt       time.Time `json:"issued_at"`
}

// Limits of the texts in an attestation, in bytes.
const (
	maxBlockHash = 100
	maxSoftware  = 100
)

// SignDepositAttestation signs a with attestd's key.
func SignDepositAttestation(a DepositAttestation, key ed25519.PrivateKey) (string, error) {
	if err := a.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeDeposit, a, key)
}

// VerifyDepositAttestation returns the attestation in a signed text, or an error that
// wraps ErrSignature where no trusted key signed it. Whether it is for a given swap
// and deposit, Terms.Attested says.
func VerifyDepositAttestation(compact string, keys PublicKeys) (DepositAttestation, error) {
	var a DepositAttestation
	if err := verify(TypeDeposit, compact, keys, &a); err != nil {
		return DepositAttestation{}, err
	}
	if err := checkTimes(TypeDeposit, a.IssuedAt); err != nil {
		return DepositAttestation{}, err
	}
	return a, a.Validate()
}

// Validate reports an attestation with a part missing or malformed.
func (a DepositAttestation) Validate() error {
	switch {
	case !ValidID(SwapPrefix, a.SwapID):
		return fmt.Errorf("deposit attestation: swap id %.60q is malformed", a.SwapID)
	case !isHash(a.ReceiptHash):
		return fmt.Errorf("deposit attestation of %s: its hash is not 64 hexadecimal digits", a.SwapID)
	case a.DepositID == "" || len(a.DepositID) > maxRequestID:
		return fmt.Errorf("deposit attestation of %s: its deposit is missing or longer than %d bytes", a.SwapID, maxRequestID)
	case a.Address == "" || len(a.Address) > maxAddress:
		return fmt.Errorf("deposit attestation of %s: its address is missing or longer than %d bytes", a.SwapID, maxAddress)
	case a.Amount.Units.IsZero():
		return fmt.Errorf("deposit attestation of %s: the amount is nothing", a.SwapID)
	case a.BlockHash == "" || len(a.BlockHash) > maxBlockHash || a.Height < 0 || a.Depth < 1:
		return fmt.Errorf("deposit attestation of %s: it names no block, or no depth", a.SwapID)
	case !a.Finality.Known():
		return fmt.Errorf("deposit attestation of %s: %.20q is no finality", a.SwapID, a.Finality)
	case a.Software == "" || len(a.Software) > maxSoftware || len(a.SecondSoftware) > maxSoftware || a.Software == a.SecondSoftware:
		return fmt.Errorf("deposit attestation of %s: its node's software is missing, too long, or the same twice", a.SwapID)
	}
	paid, known := asset.Lookup(a.Amount.Asset)
	if !known || paid.Chain != a.Chain {
		return fmt.Errorf("deposit attestation of %s: %.20q is no asset on %.20q", a.SwapID, a.Amount.Asset, a.Chain)
	}
	return nil
}

// Attested reports an attestation that is not for this deposit of this swap: bound to
// its receipt, at its address, of exactly this amount. A deposit in another asset may be
// on another chain, whose form of the address is for attestd to say.
func (t Terms) Attested(a DepositAttestation, d OrderDeposit) error {
	known, ok := asset.Lookup(d.Amount.Asset)
	if !ok {
		return fmt.Errorf("deposit %s is in %.20q, which is not known", d.ID, d.Amount.Asset)
	}
	chain := known.Chain
	switch {
	case a.SwapID != t.Receipt.SwapID || a.ReceiptHash != HashDocument(t.SignedReceipt):
		return fmt.Errorf("the attestation is for %s, or for another receipt of it", a.SwapID)
	case a.Chain != chain:
		return fmt.Errorf("the attestation is for a deposit on %s, the deposit is on %s", a.Chain, chain)
	case a.DepositID != d.ID:
		return fmt.Errorf("the attestation is for deposit %s, not for %s", a.DepositID, d.ID)
	case chain == t.Quote.DepositChain() && a.Address != t.Receipt.DepositAddress:
		return fmt.Errorf("the attestation is for another address than the receipt's")
	case a.Amount != d.Amount:
		return fmt.Errorf("the attestation is for %s, not for %s", a.Amount, d.Amount)
	}
	return nil
}
