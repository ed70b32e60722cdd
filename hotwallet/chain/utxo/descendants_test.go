package utxo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/address/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// raised plans a payment on a node and then another attempt of it, bounded by ten times the rate
// of the first. most is the largest fee.
func raised(t *testing.T, a *Adapter, most uint64) (first, second chain.Plan, err error) {
	t.Helper()
	ours := must(address.NewAddressWitnessPubKeyHash(make([]byte, 20), params))(t).EncodeAddress()
	previous := testBlock(t, 1).Transactions[0]
	f := chain.Funds{Coins: []chain.Coin{{TxID: previous.TxHash().String(), Units: asset.NewUnits(50_0000_0000), Address: ours}}, ChangeAddress: ours}
	r := chain.Pay(chain.Output{Destination: ours, Asset: asset.BTC, Units: asset.NewUnits(10_000_000)}, asset.NewUnits(most))
	r.Rate = 2000
	if first, err = a.Plan(t.Context(), f, r); err != nil {
		t.Fatal(err)
	}
	f.Must, f.Coins = first.Coins, nil
	r.Rate, r.RateMost, r.Replaces = 4000, 20_000, []chain.Plan{first}
	second, err = a.Plan(t.Context(), f, r)
	return first, second, err
}

// funded is a node that knows the coin's transaction and says of ours in its mempool what is given.
func funded(t *testing.T, entry string) answers {
	t.Helper()
	var raw bytes.Buffer
	if err := testBlock(t, 1).Transactions[0].Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	n := onSimnet(answers{"getrawtransaction": `"` + hex.EncodeToString(raw.Bytes()) + `"`})
	if entry != "" {
		n["getmempoolentry"] = entry
	}
	return n
}

// A node that can't say what is built on an attempt keeps nobody from another one: it offers
// more than the first by itself. The mempool is never read.
func TestReplacementWithoutMempoolEntries(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]string{
		"unknown call":        "",
		"btcd":                "error:-1 Command unimplemented",
		"forbidden":           "raw:<html>",
		"no number":           `{"fees":{"descendant":"x"}}`,
		"not there":           "error:-5 Transaction not in mempool",
		"nothing hangs on it": `{"fees":{"descendant":0.00000282}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := funded(t, entry)
			n["getrawmempool"] = "raw:" // it would fail the plan
			first, second, err := raised(t, adapterFor(t, n, nil), 1_000_000)
			if err != nil || !first.Fee.Less(second.Fee) || second.Rate > 4100 {
				t.Fatalf("%s, then %s at %d: %v", first.Fee, second.Fee, second.Rate, err)
			}
		})
	}
}

// What others have built on an attempt is paid for up to the bound of any other bid: a child
// that pays almost all that the payment may cost buys its maker nothing.
func TestReplacementIsBoundedByItsRate(t *testing.T) {
	t.Parallel()
	first, second, err := raised(t, adapterFor(t, funded(t, `{"fees":{"descendant":0.00002000}}`), nil), 1_000_000)
	if fee, _ := second.Fee.Uint64(); err != nil || fee <= 2000 || second.Rate > 20_000 {
		t.Fatalf("%s, then %s at %d: %v", first.Fee, second.Fee, second.Rate, err)
	}
	for _, entry := range []string{`{"fees":{"descendant":0.00009000}}`, `{"fees":{"descendant":0.00990000}}`, `{"fees":{"descendant":184467440737}}`} {
		if _, second, err := raised(t, adapterFor(t, funded(t, entry), func(c *Config) { c.FeeCap = 10_000_000 }), 1_000_000); !errors.Is(err, chain.ErrDescendants) {
			t.Errorf("at %s it offers %s: %v", entry, second.Fee, err)
		}
	}
}
