package demo

import (
	"encoding/json"
	"fmt"
	"os"

	"ferry/swap/asset"
)

// Claim says that an address of a chain has received exactly these base units,
// in all, by this transaction. Note is for people: the swap's id. Token, Contract and
// Decimals are a token's, and empty for a chain's own asset.
type Claim struct {
	Chain   asset.Chain `json:"chain"`
	Address string      `json:"address"`
	Units   asset.Units `json:"units"`
	TxID    string      `json:"txid"`
	Note    string      `json:"note"`
	// Void are other transactions, which must have paid nothing.
	Void []string `json:"void,omitempty"`

	Token    asset.ID `json:"token,omitempty"`
	Contract string   `json:"contract,omitempty"`
	Decimals int      `json:"decimals,omitempty"`
}

// WriteClaims writes the claims as the JSON array that cmd/prove reads.
func WriteClaims(path string, claims []Claim) error {
	raw, err := json.MarshalIndent(claims, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the claims: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the claims: %w", err)
	}
	return nil
}

// claimOf is what a settled swap lets anybody ask the nodes.
func claimOf(d Done, networks asset.Networks) Claim {
	paid := asset.MustLookup(d.Payout.Asset)
	c := Claim{Chain: paid.Chain, Address: d.Address, Units: d.Payout.Units, TxID: d.PayoutTx, Note: d.ID, Void: d.Void}
	if contract, pinned := networks.Contract(paid.ID); pinned {
		c.Token, c.Contract, c.Decimals = paid.ID, contract, paid.Decimals
	}
	return c
}
