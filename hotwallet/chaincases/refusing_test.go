package chaincases_test

import (
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// F22. Setup: an address of ours has USDT, and ether for gas.
// Test: USDT bars the address, then it is paused: the payment is refused with that reason
// before anything is signed and no nonce is used up. There is no second sender: when the
// contract takes it again, the same payment is made with the same nonce.
func TestF22Barred(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token")
	w.plays("F22", "USDT bars our address, or is paused", "the payment waits with the reason; paid by the same sender and nonce once it is taken")
	ours, stranger := w.geth.newAddress(t), w.geth.newAddress(t)
	key := gethKey(t, w.geth.keys-1) // of ours
	gas := asset.MustUnits("10000000000000000")
	w.geth.pay(t, ours, gas)
	w.pay(w.usdt, ours, w.usual())
	w.geth.mine(t, 1)
	f := chain.Funds{Sender: ours, Balance: gas, TokenBalance: w.usual()}
	r := chain.Pay(chain.Output{Destination: stranger, Asset: asset.USDT, Units: w.usual()}, gas)
	set := func(signature string, words ...any) {
		t.Helper()
		tx := w.geth.run(t, w.usdt, asset.Units{}, "Tether", signature, words...)
		w.geth.mine(t, 1)
		w.geth.wantMined(t, tx)
	}
	refused := func(why string) {
		t.Helper()
		if p, err := w.geth.reader.Plan(t.Context(), f, r); !errors.Is(err, chain.ErrRefused) || errors.Is(err, chain.ErrFunds) {
			t.Fatalf("%s: %+v, %v, want ErrRefused", why, p, err)
		}
	}
	set("setBlackListed(address,bool)", common.HexToAddress(ours), 1)
	refused("barred")
	set("setPaused(bool)", 1)
	refused("barred and paused")
	set("setBlackListed(address,bool)", common.HexToAddress(ours), 0)
	refused("paused")
	set("setPaused(bool)", 0)
	p, err := w.geth.reader.Plan(t.Context(), f, r)
	if err != nil || p.Nonce != f.Nonce {
		t.Fatalf("afterwards: %+v, %v", p, err)
	}
	var unsigned types.Transaction
	if err := unsigned.UnmarshalBinary(p.Unsigned); err != nil {
		t.Fatal(err)
	}
	signed, err := types.SignTx(&unsigned, types.LatestSignerForChainID(unsigned.ChainId()), key)
	if err != nil {
		t.Fatal(err)
	}
	w.geth.send(t, signed)
	w.geth.mine(t, 1)
	w.geth.wantMined(t, signed)
	tip, err := w.geth.reader.Tip(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if held, err := w.geth.reader.Held(t.Context(), tip, asset.USDT, nil, []string{stranger}); err != nil || held != w.usual() {
		t.Errorf("%s arrived, %v, want %s", held, err, w.usual())
	}
}
