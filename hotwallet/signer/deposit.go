package signer

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// usedDeposit is a deposit that an authority uses up.
type usedDeposit struct {
	ID    string      `json:"deposit_id"`
	Units asset.Units `json:"units"`
}

// readDeposits accepts one form of a list only: valid ids, each once, sorted, with
// amounts above zero that have a sum.
func readDeposits(chain asset.Chain, told []*ferryv1.AuthorityDeposit) ([]usedDeposit, asset.Units, error) {
	var sum asset.Units
	if n := len(told); n == 0 || n > swap.MaxOrderDeposits {
		return nil, sum, refuse("authority.deposits", fmt.Sprint(swap.MaxOrderDeposits), "A payment uses up one deposit or several, up to the limit.")
	}
	deposits := make([]usedDeposit, len(told))
	for i, d := range told {
		units, err := asset.ParseUnits(d.GetUnits())
		if err != nil || units.IsZero() {
			return nil, sum, refuse("authority.deposits.units", "", "A deposit's amount is no count of base units above zero.")
		}
		if !validDepositID(chain, d.GetDepositId()) {
			return nil, sum, refuse("authority.deposits.deposit_id", "", "A deposit id is not <chain>:<txid>:<index> on the deposit chain, that of its asset.")
		}
		if i > 0 && deposits[i-1].ID >= d.GetDepositId() {
			return nil, sum, refuse("authority.deposits", "", "The deposits are not distinct and sorted by id.")
		}
		if sum, err = sum.Add(units); err != nil {
			return nil, sum, refuse("authority.deposits.units", "", "The deposits have no sum in range.")
		}
		deposits[i] = usedDeposit{ID: d.GetDepositId(), Units: units}
	}
	return deposits, sum, nil
}

// contentIndexBits is the length of the number in place of an index where ether came
// in another way than by a transfer (chain.ContentIndexBits), and indexDigits that
// number's digits.
const (
	contentIndexBits = 128
	indexDigits      = 39
)

// validDepositID accepts one spelling per deposit only, or one deposit could be
// refunded under each: lower-case digits, no leading zeros.
func validDepositID(chain asset.Chain, id string) bool {
	rest, ok := strings.CutPrefix(id, string(chain)+":")
	if !ok {
		return false
	}
	txid, index, ok := strings.Cut(rest, ":")
	if chain.Family() == asset.Account {
		var prefixed bool
		if txid, prefixed = strings.CutPrefix(txid, "0x"); !prefixed {
			return false
		}
	}
	raw, err := hex.DecodeString(txid)
	if !ok || err != nil || len(raw) != 32 || txid != strings.ToLower(txid) {
		return false
	}
	n, ok := new(big.Int).SetString(index[:min(len(index), indexDigits)], 10)
	if !ok || n.Sign() < 0 || n.String() != index {
		return false
	}
	return n.BitLen() <= 32 || chain.Family() == asset.Account && n.BitLen() == contentIndexBits
}
