package gateway

import (
	"fmt"

	"ferry/swap/asset"
)

// paymentURI writes a deposit as a link that wallets open and QR codes hold:
// BIP 21 with the amount in bitcoin, EIP-681 with chain id and wei.
func paymentURI(n asset.Networks, address string, amount asset.Amount) (string, error) {
	switch amount.Asset {
	case asset.BTC:
		return "bitcoin:" + address + "?amount=" + amount.Decimal(), nil
	case asset.ETH:
		return fmt.Sprintf("ethereum:%s@%d?value=%s", address, n.EthereumChainID, amount.Units), nil
	}
	return "", fmt.Errorf("asset %.20q has no payment URI", amount.Asset)
}
