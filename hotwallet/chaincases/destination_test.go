package chaincases_test

import (
	"crypto/ecdsa"
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
	each(t, func(w *world) {
		w.plays("F10", "wrong networks, raw public keys, tokens as payout", "refused, by the check and by the plan")
		good := w.node.newAddress(w.T)
		var refused map[string]error
		switch n := w.node.(type) {
		case *utxoNode:
			key := n.Find(w.T, good)
			refused = refusedUTXO(w.chain, key.Public(), key.Private.PubKey().SerializeUncompressed())
		case *geth:
			refused = refusedEthereum(n.stranger)
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
			_, err := w.node.adapter().Plan(w.Context(), chain.Funds{}, chain.Pay(chain.Output{Destination: text, Asset: w.chain.NativeID(), Units: w.usual()}, w.usual()))
			if !errors.Is(err, want) {
				w.Errorf("a plan for %s: %v, want %v", text, err, want)
			}
		}
	})
}

// Addresses that users paste: of Bitcoin's main and test network, the older and the
// newer form, Litecoin's and Bitcoin Cash's main networks, and one of Ethereum.
const (
	mainBitcoin, testBitcoin      = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
	legacyBitcoin, legacyTest     = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"
	mainLitecoin, mainCash        = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
	simnetBitcoin, someEthereum   = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	simnetLegacy, extendedRegtest = "SQqHYFTSPh8WAyJvzbAC8hoLbF12UVsE5s", "tmweb1qqdshr3w96wnjwlyas49jpjsxz4asrkmjdjnjzelf32rk0p9650eacqmxgnkc2edrsdn4gz42a5teapvtxsq7l5274pd8knf0vh50ef9cku9gkme6"
)

func refusedUTXO(c asset.Chain, public, uncompressed []byte) map[string]error {
	bare, long := hex.EncodeToString(public), hex.EncodeToString(uncompressed)
	switch c {
	case asset.Litecoin:
		return map[string]error{mainBitcoin: asset.ErrAddressNetwork, testBitcoin: asset.ErrAddressNetwork, legacyBitcoin: asset.ErrAddressNetwork,
			simnetBitcoin: asset.ErrAddressNetwork, mainLitecoin: asset.ErrAddressNetwork, extendedRegtest: asset.ErrAddressKind,
			mainCash: asset.ErrAddressSyntax, someEthereum: asset.ErrAddressSyntax, bare: asset.ErrAddressKind, long: asset.ErrAddressSyntax}
	case asset.BitcoinCash:
		return map[string]error{simnetLegacy: asset.ErrAddressKind, mainCash: asset.ErrAddressNetwork, mainBitcoin: asset.ErrAddressSyntax,
			legacyBitcoin: asset.ErrAddressSyntax, someEthereum: asset.ErrAddressSyntax, bare: asset.ErrAddressSyntax, long: asset.ErrAddressSyntax}
	case asset.Bitcoin, asset.Ethereum:
	}
	return map[string]error{mainBitcoin: asset.ErrAddressNetwork, testBitcoin: asset.ErrAddressNetwork, legacyBitcoin: asset.ErrAddressNetwork,
		legacyTest: asset.ErrAddressNetwork, mainLitecoin: asset.ErrAddressNetwork, mainCash: asset.ErrAddressSyntax,
		someEthereum: asset.ErrAddressSyntax, bare: asset.ErrAddressKind, long: asset.ErrAddressSyntax}
}

func refusedEthereum(stranger *ecdsa.PrivateKey) map[string]error {
	return map[string]error{mainBitcoin: asset.ErrAddressSyntax, testBitcoin: asset.ErrAddressSyntax, legacyBitcoin: asset.ErrAddressSyntax,
		legacyTest: asset.ErrAddressSyntax, mainLitecoin: asset.ErrAddressSyntax, mainCash: asset.ErrAddressSyntax,
		"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed":                          asset.ErrAddressChecksum,
		"0x" + hex.EncodeToString(crypto.CompressPubkey(&stranger.PublicKey)): asset.ErrAddressSyntax,
		"0x" + strings.Repeat("0", 40):                                        asset.ErrAddressForbidden}
}
