package demo

import (
	"encoding/json"
	"fmt"
	"os"

	"ferry/swap/asset"
)

// Claim says that an address of a chain has received exactly these base units,
// in all. The rest is for people.
type Claim struct {
	Chain   asset.Chain `json:"chain"`
	Address string      `json:"address"`
	Units   asset.Units `json:"units"`

	Asset  asset.ID `json:"asset"`
	SwapID string   `json:"swap_id"`
	TxID   string   `json:"txid"`
}

// claimsFile is the file's content.
type claimsFile struct {
	Claims []Claim `json:"claims"`
}

// WriteClaims writes {"claims":[{"chain","address","units","asset","swap_id",
// "txid"}, …]} with units as a text of digits; cmd/prove reads it.
func WriteClaims(path string, claims []Claim) error {
	raw, err := json.MarshalIndent(claimsFile{Claims: claims}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the claims: %w", err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the claims: %w", err)
	}
	return nil
}
