package main

import (
	"context"
	"errors"
	"log/slog"

	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/node"
	"ferry/deploy/deployment"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// checkedAdapter speaks to the chain's node, for a node whose tokens are the deployment's.
func checkedAdapter(ctx context.Context, s *daemon.Settings, name asset.Chain, d deployment.Deployment, log *slog.Logger) (chain.Adapter, error) {
	a, err := node.Open(s, "", name, d.Networks, d.Fees(name), log)
	if err != nil {
		return nil, err
	}
	return a, checkTokens(ctx, a, log)
}

// checkTokens refuses to start where a contract that the deployment pins is not the
// token it says. A node that is away is no reason: before it reads or pays anything, the
// adapter checks again.
func checkTokens(ctx context.Context, a chain.Adapter, log *slog.Logger) error {
	node, ok := a.(interface{ CheckTokens(context.Context) error })
	if !ok {
		return nil
	}
	err := node.CheckTokens(ctx)
	if err == nil || errors.Is(err, ethereum.ErrToken) {
		return err
	}
	log.Warn("the tokens' contracts can't be checked now; nothing is read or paid before they are", "error", err)
	return nil
}
