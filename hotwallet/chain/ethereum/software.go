package ethereum

import (
	"context"
	"errors"

	"ferry/hotwallet/chain"
)

var _ chain.Identified = (*Adapter)(nil)

// Software implements chain.Identified.
func (a *Adapter) Software(ctx context.Context) (string, error) {
	var agent string
	if err := a.call(ctx, &agent, "web3_clientVersion"); err != nil {
		return "", err
	}
	if name := chain.SoftwareName(agent); name != "" {
		return name, nil
	}
	return "", errors.New("the node does not say what software it is")
}
