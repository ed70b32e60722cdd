package asset

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"golang.org/x/crypto/sha3"
)

// Errors of addresses. The sentence of each is fit for the user.
var (
	// ErrAddressSyntax means the text is no address of the chain.
	ErrAddressSyntax = errors.New("not an address of this chain")
	// ErrAddressChecksum means the text has an address's shape with a typing error in it.
	ErrAddressChecksum = errors.New("the address has a typing error: its checksum is wrong")
	// ErrAddressNetwork means an address of another network of the same chain.
	ErrAddressNetwork = errors.New("the address belongs to another network")
	// ErrAddressKind means a form Ferry does not pay, such as a raw public key.
	ErrAddressKind = errors.New("this kind of address can't be paid")
	// ErrAddressForbidden means an address that would burn or strand the coins.
	ErrAddressForbidden = errors.New("coins sent to this address would be lost")
)

// ParseAddress checks that s is an address of the chain on the configured
// network which Ferry can pay, and returns its canonical form: bech32 in lower
// case, CashAddr in lower case with its prefix, Ethereum with EIP-55's checksum.
//
// btcd's decoder alone is not enough: it accepts addresses of other networks
// and raw public keys.
func (n Networks) ParseAddress(c Chain, s string) (string, error) {
	if len(s) > 128 {
		return "", fmt.Errorf("%d characters: %w", len(s), ErrAddressSyntax)
	}
	switch c {
	case Bitcoin, Litecoin:
		return n.parseBitcoin(c, s)
	case BitcoinCash:
		return n.parseBitcoinCash(s)
	case Ethereum:
		return n.parseEthereum(s)
	}
	return "", fmt.Errorf("chain %.20q is not known", c)
}

// parseBitcoin reads what Bitcoin and its closest relatives write: base58 and bech32.
func (n Networks) parseBitcoin(c Chain, s string) (string, error) {
	params, err := n.Params(c)
	if err != nil {
		return "", err
	}
	if isMWEB(s) {
		return "", fmt.Errorf("an MWEB address: %w", ErrAddressKind)
	}
	decoded, err := address.DecodeAddress(s, params)
	if err != nil {
		return "", explain(s, params, err)
	}
	switch decoded.(type) {
	case *address.AddressPubKeyHash, *address.AddressScriptHash,
		*address.AddressWitnessPubKeyHash, *address.AddressWitnessScriptHash, *address.AddressTaproot:
	default:
		return "", fmt.Errorf("%T: %w", decoded, ErrAddressKind)
	}
	if !decoded.IsForNet(params) {
		return "", ErrAddressNetwork
	}
	return decoded.EncodeAddress(), nil
}

// isMWEB tells Litecoin's confidential addresses, which no transaction of ours can pay.
func isMWEB(s string) bool {
	lower := strings.ToLower(s)
	return strings.HasPrefix(lower, "ltcmweb1") || strings.HasPrefix(lower, "tmweb1")
}

// explain tells a typing error from an address of a sibling network or chain.
func explain(s string, own *chaincfg.Params, cause error) error {
	for _, params := range everyParams() {
		if params == own {
			continue
		}
		if decoded, err := address.DecodeAddress(s, params); err == nil && decoded.IsForNet(params) {
			return ErrAddressNetwork
		}
	}
	if errors.Is(cause, address.ErrChecksumMismatch) || strings.Contains(cause.Error(), "checksum") {
		return ErrAddressChecksum
	}
	return fmt.Errorf("%w (%.80s)", ErrAddressSyntax, cause.Error())
}

// tokenContracts are well-known contracts to which users paste payouts by
// mistake; ether sent there is lost or rejected.
var tokenContracts = map[string]string{
	"0xdac17f958d2ee523a2206206994597c13d831ec7": "the USDT contract",
	"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48": "the USDC contract",
	"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": "the WETH contract",
	"0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": "the WBTC contract",
	"0x6b175474e89094c44da98b954eedeac495271d0f": "the DAI contract",
}

// readEthereum reads the 20 bytes, in any capitals.
func readEthereum(s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || len(digits) != 40 {
		return nil, fmt.Errorf("an Ethereum address is 0x and 40 hexadecimal digits: %w", ErrAddressSyntax)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("an Ethereum address is 0x and 40 hexadecimal digits: %w", ErrAddressSyntax)
	}
	return raw, nil
}

func (n Networks) parseEthereum(s string) (string, error) {
	raw, err := readEthereum(s)
	if err != nil {
		return "", err
	}
	digits := s[2:]
	canonical := checksumEIP55(raw)
	lower, upper := strings.ToLower(digits), strings.ToUpper(digits)
	if digits != lower && digits != upper && "0x"+digits != canonical {
		return "", ErrAddressChecksum
	}
	if isReserved(raw) {
		return "", fmt.Errorf("the zero address, a precompile or the burn address: %w", ErrAddressForbidden)
	}
	if name, known := tokenContracts["0x"+lower]; known {
		return "", fmt.Errorf("%s: %w", name, ErrAddressForbidden)
	}
	if id, ours := n.tokenAt(canonical); ours {
		return "", fmt.Errorf("the %s contract: %w", id, ErrAddressForbidden)
	}
	return canonical, nil
}

// isReserved covers the zero address, the precompiles (below 0x200) and the
// customary burn address ending in dead.
func isReserved(raw []byte) bool {
	for _, b := range raw[:18] {
		if b != 0 {
			return false
		}
	}
	n := int(raw[18])<<8 | int(raw[19])
	return n < 0x200 || n == 0xdead
}

// checksumEIP55 writes 20 bytes with the capitalisation of EIP-55.
func checksumEIP55(raw []byte) string {
	lower := hex.EncodeToString(raw)
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(lower)) // hash.Hash never returns an error
	digest := hex.EncodeToString(h.Sum(nil))
	out := []byte(lower)
	for i, c := range out {
		if c >= 'a' && digest[i] >= '8' {
			out[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(out)
}
