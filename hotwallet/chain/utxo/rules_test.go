package utxo

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Rules that lack something stop the start.
func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Rules){
		"no script":        func(r *Rules) { r.Script = nil },
		"no decoder":       func(r *Rules) { r.DecodeBlock = nil },
		"no first block":   func(r *Rules) { r.Anchors = r.Anchors[1:] },
		"no dust":          func(r *Rules) { r.Dust = 0 },
		"no halving":       func(r *Rules) { r.Halving = 0 },
		"no form of coins": func(r *Rules) { r.Input = Input{} },
		"another family":   func(r *Rules) { r.Chain = asset.Ethereum },
	} {
		r := rules()
		change(&r)
		if _, err := New(Config{URL: "http://127.0.0.1:1"}, r); err == nil {
			t.Errorf("%s was not noticed", name)
		}
	}
}

// A node that has the first block and lacks one that came later is another chain's.
func TestEveryAnchorIsAsked(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(onSimnet(answers{"getblockchaininfo": `{"blocks":1,"bestblockhash":"` + strings.Repeat("ab", 32) + `"}`}))
	t.Cleanup(server.Close)
	r := rules()
	r.Anchors = append(r.Anchors, chain.Ref{Height: 9, Hash: strings.Repeat("cd", 32)})
	a, err := New(Config{URL: server.URL, User: "u", Pass: "p"}, r)
	if err != nil {
		t.Fatal(err)
	}
	if tip, err := a.Tip(t.Context()); err == nil || !strings.Contains(err.Error(), "block 9") {
		t.Fatalf("tip %s, %v", tip, err)
	}
}

// Coins below the chain's least are not taken, and no change is made of less.
func TestLeastCoin(t *testing.T) {
	t.Parallel()
	r := rules()
	r.Least = 1001
	a, err := New(Config{URL: "http://127.0.0.1:1"}, r)
	if err != nil {
		t.Fatal(err)
	}
	small := chain.Coin{TxID: "small", Units: asset.NewUnits(1000)}
	large := chain.Coin{TxID: "large", Units: asset.NewUnits(1001)}
	c := costs{need: func(int) uint64 { return 900 }}
	s, err := a.selectCoins(chain.Funds{Coins: []chain.Coin{small, large}}, c)
	if err != nil || len(s.coins) != 1 || s.coins[0].TxID != "large" {
		t.Fatalf("%+v, %v", s, err)
	}
	if s, err := a.selectCoins(chain.Funds{Coins: []chain.Coin{small}}, c); !errors.Is(err, chain.ErrFunds) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := a.selectCoins(chain.Funds{Must: []chain.Coin{small}, Coins: []chain.Coin{large}}, c); err == nil {
		t.Errorf("a coin in quarantine must be spent, it is said: %+v", s)
	}
	if r.change() != 1001 {
		t.Errorf("change of %d is made", r.change())
	}
}

// What carries tokens is told of and is no credit, and its script is not looked at.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	r := rules()
	const mark = 0xef
	r.Carried = func(script []byte) ([]byte, bool) {
		if len(script) == 0 || script[0] != mark {
			return nil, false
		}
		return script[1:], true
	}
	var told []Quarantined
	a, err := New(Config{URL: "http://127.0.0.1:1", Quarantined: func(q Quarantined) { told = append(told, q) }}, r)
	if err != nil {
		t.Fatal(err)
	}
	b := testBlock(t, 1)
	ours := must(address.NewAddressWitnessPubKeyHash(bytes.Repeat([]byte{9}, 20), params))(t)
	tx := b.Transactions[1]
	tx.AddTxOut(wire.NewTxOut(777, slices.Concat([]byte{mark}, scriptOf(t, ours))))
	tx.AddTxOut(wire.NewTxOut(888, slices.Concat([]byte{mark}, []byte("no script of an address"))))
	seal(t, b)
	got, err := a.readBlock(encode(t, b), refOf(b), everything{})
	if err != nil || len(got.Credits) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := Quarantined{Block: refOf(b), TxID: tx.TxHash().String(), Index: 1, Address: ours.EncodeAddress(), Units: asset.NewUnits(777)}
	if !slices.Equal(told, []Quarantined{want}) {
		t.Fatalf("told %+v, want %+v", told, want)
	}
}
