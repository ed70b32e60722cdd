package issue_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"

	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/hotwallet/postgres"
	"ferry/swap/asset"
)

// cash are networks on which Bitcoin Cash is run too.
var cash = asset.Networks{Bitcoin: "simnet", BitcoinCash: "simnet", EthereumChainID: 1337}

// forms derives addresses of Bitcoin Cash, and their forms on Bitcoin.
func (w *world) forms(accounts keys.Accounts, count uint32) (addresses []issue.Address, forms []string) {
	for index := range count {
		k, err := accounts.Derive(asset.BitcoinCash, keys.Deposit, keys.External, index)
		w.must(err)
		form, ok := keys.SiblingAddress(cash, asset.Bitcoin, k.Address)
		if !ok {
			w.t.Fatalf("%s has no form", k.Address)
		}
		addresses, forms = append(addresses, issue.Address{Index: index, Path: k.Path, Address: k.Address}), append(forms, form)
	}
	return addresses, forms
}

// Bitcoin's wallet hears of each address of Bitcoin Cash in its form here, once, as soon
// as it is stored: before it can be given. As a payout's destination all are refused.
func TestSiblingsAreListedOnceStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	log := slog.New(slog.DiscardHandler)
	bitcoin, err := postgres.New(w.pool, asset.Bitcoin, postgres.Config{Confirmations: 3, Networks: cash, Log: log})
	w.must(err)
	home, err := postgres.New(w.pool, asset.BitcoinCash, postgres.Config{Confirmations: 3, Networks: cash, Log: log})
	w.must(err)
	lease, err := home.AcquireLease(t.Context(), "test")
	w.must(err)
	t.Cleanup(func() { w.must(lease.Close(context.Background())) })
	addresses, forms := w.forms(keystest.Accounts(t, cash, 1), 5)
	next := uint32(0)
	for _, part := range [][2]int{{0, 0}, {0, 2}, {2, 5}, {5, 5}} {
		w.must(home.AddDeposits(t.Context(), addresses[part[0]:part[1]], part[0] == 2))
		var got []string
		got, next, err = bitcoin.Siblings(t.Context(), next)
		if w.must(err); !slices.Equal(got, forms[part[0]:part[1]]) || int(next) != part[1] {
			t.Errorf("after %v: %v, next %d", part, got, next)
		}
	}
	for _, store := range []*postgres.Store{bitcoin, home} {
		if own, err := store.OwnAddress(t.Context(), forms[4]); err != nil || !own {
			t.Errorf("%s: %s is ours: %t, %v", store.Chain(), forms[4], own, err)
		}
	}
	if got, next, err := home.Siblings(t.Context(), 0); err != nil || len(got) != 0 || next != 0 {
		t.Errorf("bitcoin cash watches %v, next %d, %v", got, next, err)
	}
}

// A recovery has the forms watched of all that attestd has attested on Bitcoin Cash, with
// no row of that chain to read them from.
func TestRecoveryWatchesSiblings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.config(1)
	c.Networks, c.Accounts = cash, keystest.Accounts(t, cash, 1)
	i, err := issue.New(c)
	w.must(err)
	w.attest.next = 203
	w.must(i.WatchSiblings(t.Context()))
	_, forms := w.forms(c.Accounts, 203)
	for index, form := range forms {
		if !w.watched[form] {
			t.Fatalf("the form of address %d is not watched", index)
		}
	}
	if len(w.watched) != len(forms) {
		t.Errorf("%d addresses are watched, want %d", len(w.watched), len(forms))
	}
	// Where Bitcoin Cash is not run there is nothing to ask for.
	w.attest.err = bytes.ErrTooLarge
	c.Networks = networks
	if i, err = issue.New(c); err != nil {
		t.Fatal(err)
	}
	w.must(i.WatchSiblings(t.Context()))
}
