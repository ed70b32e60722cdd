package utxo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
)

var _ chain.Identified = (*Adapter)(nil)

// apiSuffix ends the name under which btcd and its kin tell the version of their RPC.
const apiSuffix = "jsonrpcapi"

// Software implements chain.Identified. Bitcoin Core and its kin say it in
// getnetworkinfo; btcd and its kin have no such call, and answer "version" with
// {"btcdjsonrpcapi": …}.
func (a *Adapter) Software(ctx context.Context) (string, error) {
	var network struct {
		Subversion string `json:"subversion"`
	}
	err := a.node.call(ctx, &network, "getnetworkinfo")
	var answered *rpcError
	switch {
	case err == nil && chain.SoftwareName(network.Subversion) != "":
		return chain.SoftwareName(network.Subversion), nil
	case err != nil && !errors.As(err, &answered):
		return "", err
	}
	versions := map[string]any{}
	if err := a.node.call(ctx, &versions, "version"); err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		if software, ok := strings.CutSuffix(name, apiSuffix); ok && chain.SoftwareName(software) != "" {
			return chain.SoftwareName(software), nil
		}
	}
	return "", errors.New("the node does not say what software it is")
}
