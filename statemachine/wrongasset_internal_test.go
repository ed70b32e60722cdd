package statemachine

import (
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// A token and the coin come to the receipt's very address; a sibling's coin comes to
// another form of it.
func TestDepositToAnotherAddress(t *testing.T) {
	t.Parallel()
	r := swap.Receipt{DepositChain: asset.Ethereum, DepositAddress: "0x01"}
	for _, c := range []struct {
		id      asset.ID
		address string
		another bool
	}{{asset.ETH, "0x01", false}, {asset.USDT, "0x01", false}, {asset.ETH, "0x02", true}, {asset.USDT, "0x02", true}, {asset.BTC, "1x", false}} {
		told := swap.DepositFact{Address: c.address, Amount: asset.Amount{Asset: c.id}}
		if got := toAnother(r, told); got != c.another {
			t.Errorf("%s to %s: %t", c.id, c.address, got)
		}
	}
}
