package fakechain

import "ferry/hotwallet/chain"

var _ chain.Ancestry = (*Chain)(nil)

// Inputs implements chain.Ancestry. The account chain's transactions spend no coins.
func (c *Chain) Inputs(raw []byte) (txid string, coins []string, err error) {
	t, _, err := Decode(raw)
	if err != nil {
		return "", nil, err
	}
	return t.ID(), t.Inputs, nil
}
