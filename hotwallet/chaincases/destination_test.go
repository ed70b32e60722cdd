package chaincases_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// F10. Setup: an address that can be paid, on each chain.
// Test: other networks' addresses, public keys, other chains' addresses and contracts
// that would keep the coins are refused, before a plan is made and by the plan.
func TestF10Destinations(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		w.plays("F10", "wrong networks, raw public keys, tokens as payout", "refused, by the check and by the plan")
		refused := map[string]error{
			"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4": asset.ErrAddressNetwork, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx": asset.ErrAddressNetwork,
			"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2": asset.ErrAddressNetwork, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn": asset.ErrAddressNetwork,
			"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": asset.ErrAddressSyntax,
		}
		good := w.node.newAddress(w.T)
		switch n := w.node.(type) {
		case *btcd:
			refused[hex.EncodeToString(n.keys[good].public())] = asset.ErrAddressKind
			refused[hex.EncodeToString(n.keys[good].private.PubKey().SerializeUncompressed())] = asset.ErrAddressSyntax
		case *geth:
			for text := range refused {
				refused[text] = asset.ErrAddressSyntax
			}
			delete(refused, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
			refused["0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"] = asset.ErrAddressChecksum
			refused["0x"+hex.EncodeToString(crypto.CompressPubkey(&n.stranger.PublicKey))] = asset.ErrAddressSyntax
			refused["0x"+strings.Repeat("0", 40)] = asset.ErrAddressForbidden
			// Anything that answers totalSupply: return 32 bytes.
			token := n.deploy(w.T, []byte{0x60, 0x01, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3})
			if err := w.node.adapter().CheckDestination(w.Context(), token.Hex()); !errors.Is(err, asset.ErrAddressForbidden) {
				w.Fatalf("a token's contract: %v", err)
			}
		}
		w.must(w.node.adapter().CheckDestination(w.Context(), good))
		for text, want := range refused {
			if err := w.node.adapter().CheckDestination(w.Context(), text); !errors.Is(err, want) {
				w.Errorf("%s: %v, want %v", text, err, want)
			}
			_, err := w.node.adapter().Plan(w.Context(), chain.Funds{}, chain.Request{Asset: w.chain.NativeID(), Destination: text, Units: w.usual(), FeeMax: w.usual()})
			if !errors.Is(err, want) {
				w.Errorf("a plan for %s: %v, want %v", text, err, want)
			}
		}
	})
}
