package signer

import (
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// fieldAttestations is what refusals of attestations name.
const fieldAttestations = "authority.signed_attestations"

// attested demands of each deposit that attestd has seen it on a node of its own: by
// one attestation each, in the order of the deposits, bound to the receipt, of exactly
// this deposit and amount, deep enough and of these minutes. So what is summed up and
// paid for is what attestd has seen, whatever the caller says. It returns when the oldest was
// given.
func (s *Signer) attested(t swap.Terms, id asset.ID, deposits []usedDeposit, signed []string) (oldest time.Time, err error) {
	if len(signed) != len(deposits) {
		return oldest, lacking(len(deposits))
	}
	for i, text := range signed {
		a, err := swap.VerifyDepositAttestation(text, s.attestKeys)
		if err != nil {
			return oldest, refuse(fieldAttestations, "", "The attestation of deposit %d does not verify: %v.", i+1, err)
		}
		if err := t.Attested(a, swap.OrderDeposit{ID: deposits[i].ID, Amount: asset.Amount{Asset: id, Units: deposits[i].Units}}); err != nil {
			return oldest, refuse(fieldAttestations, "", "Deposit %d is not attested: %v.", i+1, err)
		}
		if err := s.rules.Load().Meets(a, s.now()); err != nil {
			return oldest, refuse(fieldAttestations, "", "Deposit %d is not attested well enough: %v.", i+1, err)
		}
		if i == 0 || a.IssuedAt.Before(oldest) {
			oldest = a.IssuedAt
		}
	}
	return oldest, nil
}

// lacking refuses a payment of so many deposits that comes with fewer attestations, or more.
func lacking(deposits int) error {
	return refuse(fieldAttestations, fmt.Sprint(deposits), "There must be one attestation for each deposit.")
}
