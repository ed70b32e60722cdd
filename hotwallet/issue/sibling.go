package issue

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"ferry/hotwallet/keys"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// WatchSiblings has the forms watched that another chain's deposit addresses have on
// this one, of every index that attestd has attested there: derived, not read, because a
// recovery may come before the other chain's. What arrives there then stops this chain's
// blocks until the other chain's addresses are stored again, and is attributed by them.
func (i *Issuer) WatchSiblings(ctx context.Context) error {
	home, ok := keys.HomeOf(i.config.Chain)
	if !ok || i.config.Networks.Name(home) == "" {
		return nil
	}
	res, err := i.config.Attest.HighWater(ctx, connect.NewRequest(&ferryv1.HighWaterRequest{Chain: string(home)}))
	if err != nil {
		return fmt.Errorf("ask attestd up to where it has attested on %s: %w", home, err)
	}
	forms := make([]string, 0, deriveMost)
	for index := range res.Msg.GetNextIndex() {
		key, err := i.config.Accounts.Derive(home, keys.Deposit, keys.External, index)
		if err != nil {
			return fmt.Errorf("derive deposit address %d of %s: %w", index, home, err)
		}
		form, ok := keys.SiblingAddress(i.config.Networks, i.config.Chain, key.Address)
		if !ok {
			return fmt.Errorf("deposit address %d of %s has no form on %s", index, home, i.config.Chain)
		}
		if forms = append(forms, form); len(forms) == deriveMost {
			i.config.Watch(forms)
			forms = forms[:0]
		}
	}
	i.config.Watch(forms)
	return nil
}
