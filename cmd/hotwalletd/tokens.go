package main

import (
	"context"
	"errors"
	"log/slog"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/ethereum"
)

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
