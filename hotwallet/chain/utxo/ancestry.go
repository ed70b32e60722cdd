package utxo

import "ferry/hotwallet/chain"

// Inputs implements chain.Ancestry.
func (a *Adapter) Inputs(raw []byte) (txid string, coins []string, err error) {
	tx, err := a.rules.DecodeTx(raw)
	if err != nil {
		return "", nil, err
	}
	for _, in := range tx.TxIn {
		coins = append(coins, chain.CoinID(in.PreviousOutPoint.Hash.String(), in.PreviousOutPoint.Index))
	}
	return tx.TxHash().String(), coins, nil
}
