package faucet

import (
	"context"
	"fmt"

	"ferry/deploy/demo/bitcoin"
	"ferry/swap/asset"
)

// Nodes are the development nodes to pay on.
type Nodes struct {
	// UTXO are Bitcoin's and its siblings'.
	UTXO     map[asset.Chain]bitcoin.NodeConfig
	Ethereum string
	Networks asset.Networks
}

// Give pays an amount in coins, such as "0.02", of an asset to an address of its chain:
// what a person asks for at the command line. It mines nothing.
func Give(ctx context.Context, n Nodes, id asset.ID, address, amount string) (txid string, err error) {
	a, err := asset.ParseDecimal(id, amount)
	if err != nil {
		return "", fmt.Errorf("amount in %.20s: %w", id, err)
	}
	chain := asset.MustLookup(id).Chain
	if chain == asset.Ethereum {
		e, err := NewEthereum(ctx, n.Ethereum, n.Networks)
		if err != nil {
			return "", err
		}
		defer e.Close()
		return e.PayAsset(ctx, address, a)
	}
	node, ok := n.UTXO[chain]
	if !ok {
		return "", fmt.Errorf("there is no faucet on %s", chain)
	}
	b, err := NewBitcoin(node, n.Networks)
	if err != nil {
		return "", err
	}
	defer b.Close()
	return b.Pay(ctx, []Output{{Address: address, Units: a.Units}})
}
