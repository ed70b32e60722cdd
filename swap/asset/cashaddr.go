package asset

import (
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/address/v2/bech32"
)

// CashKind is what a CashAddr pays to.
type CashKind byte

// The kinds of CashAddr (the Bitcoin Cash specification's "cashaddr.md", and
// CashTokens for the token-aware ones).
const (
	CashP2PKH      CashKind = 0
	CashP2SH       CashKind = 1
	cashTokenP2PKH CashKind = 2
	cashTokenP2SH  CashKind = 3
)

// cashHashSizes are the lengths of the hash in bytes, by the version's three lowest bits.
var cashHashSizes = [8]int{20, 24, 28, 32, 40, 48, 56, 64}

const (
	cashAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	// cashChecksum is the length of the checksum, in groups of five bits.
	cashChecksum = 8
)

// EncodeCashAddr writes a hash of 20 or 32 bytes with its prefix, in lower case.
func EncodeCashAddr(prefix string, kind CashKind, hash []byte) (string, error) {
	size := -1
	for bits, bytes := range cashHashSizes {
		if bytes == len(hash) {
			size = bits
		}
	}
	if size < 0 {
		return "", fmt.Errorf("a hash of %d bytes has no CashAddr", len(hash))
	}
	payload, err := bech32.ConvertBits(append([]byte{byte(kind)<<3 | byte(size)}, hash...), 8, 5, true)
	if err != nil {
		return "", fmt.Errorf("encode a CashAddr: %w", err)
	}
	sum := cashPolymod(prefix, append(payload[:len(payload):len(payload)], make([]byte, cashChecksum)...))
	for i := range cashChecksum {
		payload = append(payload, byte(sum>>(5*(cashChecksum-1-i))&31))
	}
	text := []byte(prefix + ":")
	for _, group := range payload {
		text = append(text, cashAlphabet[group])
	}
	return string(text), nil
}

// DecodeCashAddr reads an address with the prefix or without it, in lower or in
// upper case. ErrAddressNetwork if it has another prefix's checksum, ErrAddressKind
// if the kind is none that can be paid.
func DecodeCashAddr(prefix, s string) (CashKind, []byte, error) {
	if s != strings.ToLower(s) && s != strings.ToUpper(s) {
		return 0, nil, fmt.Errorf("mixed capitals: %w", ErrAddressSyntax)
	}
	text := strings.ToLower(s)
	given, rest, found := strings.Cut(text, ":")
	if !found {
		given, rest = prefix, text
	}
	groups, err := cashGroups(rest)
	if err != nil {
		return 0, nil, err
	}
	if cashPolymod(given, groups) != 0 {
		for _, other := range cashPrefixes {
			if !found && cashPolymod(other, groups) == 0 {
				return 0, nil, ErrAddressNetwork
			}
		}
		return 0, nil, ErrAddressChecksum
	}
	if given != prefix {
		return 0, nil, ErrAddressNetwork
	}
	return cashPayload(groups[:len(groups)-cashChecksum])
}

func cashGroups(text string) ([]byte, error) {
	if len(text) <= cashChecksum {
		return nil, fmt.Errorf("too short for a CashAddr: %w", ErrAddressSyntax)
	}
	groups := make([]byte, len(text))
	for i := range len(text) {
		at := strings.IndexByte(cashAlphabet, text[i])
		if at < 0 {
			return nil, fmt.Errorf("a CashAddr has no %q: %w", text[i], ErrAddressSyntax)
		}
		groups[i] = byte(at)
	}
	return groups, nil
}

// cashPayload reads version and hash. The version's highest bit is reserved.
func cashPayload(groups []byte) (CashKind, []byte, error) {
	payload, err := bech32.ConvertBits(groups, 5, 8, false)
	if err != nil || len(payload) == 0 {
		return 0, nil, fmt.Errorf("a CashAddr's padding is not zero: %w", errors.Join(ErrAddressSyntax, err))
	}
	version, hash := payload[0], payload[1:]
	if version&0x80 != 0 || len(hash) != cashHashSizes[version&7] {
		return 0, nil, fmt.Errorf("version %d of a CashAddr with %d bytes: %w", version, len(hash), ErrAddressSyntax)
	}
	kind := CashKind(version >> 3)
	if kind > cashTokenP2SH || len(hash) != 20 && (kind&1 == 0 || len(hash) != 32) {
		return 0, nil, fmt.Errorf("CashAddr kind %d with %d bytes: %w", kind, len(hash), ErrAddressKind)
	}
	return kind, hash, nil
}

// cashPolymod is the specification's BCH code over the prefix's lower five bits, a
// zero, and the payload; 0 for a valid address.
func cashPolymod(prefix string, groups []byte) uint64 {
	generators := [5]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470}
	sum := uint64(1)
	add := func(group byte) {
		top := byte(sum >> 35)
		sum = (sum&0x07ffffffff)<<5 ^ uint64(group)
		for i, generator := range generators {
			if top>>i&1 == 1 {
				sum ^= generator
			}
		}
	}
	for i := range len(prefix) {
		add(prefix[i] & 31)
	}
	add(0)
	for _, group := range groups {
		add(group)
	}
	return sum ^ 1
}

// parseBitcoinCash takes CashAddr only: the older form is Bitcoin's too and does not
// say which chain is meant. A token-aware address is paid in its plain form, which is
// the same script.
func (n Networks) parseBitcoinCash(s string) (string, error) {
	prefix, err := n.CashPrefix()
	if err != nil {
		return "", err
	}
	kind, hash, err := DecodeCashAddr(prefix, s)
	if err != nil {
		if n.legacyCash(s) {
			return "", fmt.Errorf("an address in Bitcoin's form: use the one that begins with %s: %w", prefix, ErrAddressKind)
		}
		return "", err
	}
	if len(hash) != 20 {
		return "", fmt.Errorf("a script hash of %d bytes: %w", len(hash), ErrAddressKind)
	}
	return EncodeCashAddr(prefix, kind&1, hash)
}

// legacyCash tells whether s is an address in the form that Bitcoin and Bitcoin Cash
// shared before CashAddr.
func (n Networks) legacyCash(s string) bool {
	params, err := n.Params(BitcoinCash)
	if err != nil {
		return false
	}
	decoded, err := address.DecodeAddress(s, params)
	if err != nil {
		return false
	}
	switch decoded.(type) {
	case *address.AddressPubKeyHash, *address.AddressScriptHash:
		return decoded.IsForNet(params)
	}
	return false
}
