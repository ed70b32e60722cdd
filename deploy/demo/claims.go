package demo

import (
	"encoding/json"
	"fmt"
	"os"

	"ferry/swap/asset"
)

// Claim says that an address of a chain has received exactly these base units,
// in all, by this transaction. Note is for people: the swap's id.
type Claim struct {
	Chain   asset.Chain `json:"chain"`
	Address string      `json:"address"`
	Units   asset.Units `json:"units"`
	TxID    string      `json:"txid"`
	Note    string      `json:"note"`
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
