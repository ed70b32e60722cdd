package gateway

import (
	"fmt"

	"ferry/swap/asset"
)

// paymentURI writes a deposit as a link that wallets open and QR codes hold: BIP 21
// with the amount in coins, on Litecoin by its own name and on Bitcoin Cash by its
// address, whose prefix is the scheme (CashAddr); EIP-681 with chain id and wei, for a
// token as the call of its contract's transfer. An amount of nothing is left to the payer.
func paymentURI(n asset.Networks, address string, amount asset.Amount) (string, error) {
	if amount.Units.IsZero() {
		return openURI(n, address, amount.Asset)
	}
	switch amount.Asset {
	case asset.BTC:
		return "bitcoin:" + address + "?amount=" + amount.Decimal(), nil
	case asset.LTC:
		return "litecoin:" + address + "?amount=" + amount.Decimal(), nil
	case asset.BCH:
		return address + "?amount=" + amount.Decimal(), nil
	case asset.ETH:
		return fmt.Sprintf("ethereum:%s@%d?value=%s", address, n.EthereumChainID, amount.Units), nil
	case asset.USDT, asset.USDC:
	}
	if contract, pinned := n.Contract(amount.Asset); pinned {
		return fmt.Sprintf("ethereum:%s@%d/transfer?address=%s&uint256=%s", contract, n.EthereumChainID, address, amount.Units), nil
	}
	return "", fmt.Errorf("asset %.20q has no payment URI", amount.Asset)
}

// openURI is a link that names no amount.
func openURI(n asset.Networks, address string, id asset.ID) (string, error) {
	switch id {
	case asset.BTC:
		return "bitcoin:" + address, nil
	case asset.LTC:
		return "litecoin:" + address, nil
	case asset.BCH:
		return address, nil
	case asset.ETH:
		return fmt.Sprintf("ethereum:%s@%d", address, n.EthereumChainID), nil
	case asset.USDT, asset.USDC:
	}
	if contract, pinned := n.Contract(id); pinned {
		return fmt.Sprintf("ethereum:%s@%d/transfer?address=%s", contract, n.EthereumChainID, address), nil
	}
	return "", fmt.Errorf("asset %.20q has no payment URI", id)
}
