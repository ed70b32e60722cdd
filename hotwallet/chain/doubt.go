package chain

import (
	"fmt"
	"strings"

	"ferry/swap/asset"
)

// Doubt is a change of what an address of ours has of a token, of which a block's logs
// and the token's contract do not say the same. What came is not credited; what the logs
// say has left is a Debit all the same.
type Doubt struct {
	Asset   asset.ID
	Address string
	// TxIDs are the transactions whose logs name the address, at most ten of them.
	TxIDs []string
	// Logged is what the logs add up to, in base units, below zero if more has left
	// than come. Found is what the balance has changed by; "" if the contract does not say.
	Logged, Found string
}

// String is the sentence of an alarm.
func (d Doubt) String() string {
	found := "its balance has changed by " + d.Found
	if d.Found == "" {
		found = "the contract does not say what it has"
	}
	return fmt.Sprintf("%s of %s: transactions %s log a change of %s, %s; nothing is credited",
		d.Asset, d.Address, strings.Join(d.TxIDs, ", "), d.Logged, found)
}
