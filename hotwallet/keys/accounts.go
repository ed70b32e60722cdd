package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"golang.org/x/crypto/sha3"

	"ferry/swap/asset"
)

// Role separates the accounts of one chain. Each is a hardened account of its
// own, so that a leaked child key of one never endangers another.
type Role uint32

// The accounts of each chain, as the account level of BIP44.
const (
	// Deposit addresses are given to users, one per swap.
	Deposit Role = 0
	// Hot is where treasury funds the wallet, where change returns, and (on
	// account chains) what pays.
	Hot Role = 1
)

// Branches of an account, as the change level of BIP44.
const (
	External uint32 = 0
	Change   uint32 = 1
)

// AccountPath is the hardened path of an account: BIP84 on Bitcoin and Litecoin,
// BIP44 on Bitcoin Cash, which has no segregated witness, and on Ethereum. Coin types
// are SLIP-44's; it has 1' for every chain's test networks, of which only Bitcoin's
// take it here, so that no two chains ever have a key in common.
func AccountPath(n asset.Networks, c asset.Chain, r Role) (string, error) {
	switch c {
	case asset.Bitcoin:
		coin := 1
		if n.Bitcoin == "mainnet" {
			coin = 0
		}
		return fmt.Sprintf("m/84'/%d'/%d'", coin, r), nil
	case asset.Litecoin:
		return fmt.Sprintf("m/84'/2'/%d'", r), nil
	case asset.BitcoinCash:
		return fmt.Sprintf("m/44'/145'/%d'", r), nil
	case asset.Ethereum:
		return fmt.Sprintf("m/44'/60'/%d'", r), nil
	}
	return "", fmt.Errorf("chain %.20q has no derivation path", c)
}

// Key is a derived public key with its address.
type Key struct {
	// Path is from the master key: "m/84'/1'/0'/0/7".
	Path    string
	Address string
	// PublicKey is 33 bytes, compressed.
	PublicKey []byte
	// Script is the output script (UTXO chains only).
	Script []byte
}

// Accounts are the extended public keys of a deployment.
type Accounts struct {
	networks asset.Networks
	accounts map[accountID]*hdkeychain.ExtendedKey
	// branches are the accounts' External and Change, derived once.
	branches map[branchID]*hdkeychain.ExtendedKey
}

type branchID struct {
	account accountID
	branch  uint32
}

type accountID struct {
	chain asset.Chain
	role  Role
}

// Networks are those that the keys were read for.
func (a Accounts) Networks() asset.Networks { return a.networks }

// File is the JSON form of the extended public keys, written once when the seed
// is made. It is confidential for privacy, not for safety. Those of chains that the
// deployment does not run are left out.
type File struct {
	BitcoinDeposit     string `json:"bitcoin_deposit"`
	BitcoinHot         string `json:"bitcoin_hot"`
	LitecoinDeposit    string `json:"litecoin_deposit,omitempty"`
	LitecoinHot        string `json:"litecoin_hot,omitempty"`
	BitcoinCashDeposit string `json:"bitcoincash_deposit,omitempty"`
	BitcoinCashHot     string `json:"bitcoincash_hot,omitempty"`
	EthereumDeposit    string `json:"ethereum_deposit"`
	EthereumHot        string `json:"ethereum_hot"`
}

// Of is the place of an account's key, nil if the chain has none.
func (f *File) Of(c asset.Chain, r Role) *string {
	places := map[accountID]*string{
		{asset.Bitcoin, Deposit}: &f.BitcoinDeposit, {asset.Bitcoin, Hot}: &f.BitcoinHot,
		{asset.Litecoin, Deposit}: &f.LitecoinDeposit, {asset.Litecoin, Hot}: &f.LitecoinHot,
		{asset.BitcoinCash, Deposit}: &f.BitcoinCashDeposit, {asset.BitcoinCash, Hot}: &f.BitcoinCashHot,
		{asset.Ethereum, Deposit}: &f.EthereumDeposit, {asset.Ethereum, Hot}: &f.EthereumHot,
	}
	return places[accountID{c, r}]
}

// ParseAccounts reads a File. Unknown fields, missing keys, private keys, keys of
// another network and keys of no hardened account are refused.
func ParseAccounts(n asset.Networks, raw []byte) (Accounts, error) {
	var f File
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Accounts{}, fmt.Errorf("extended public keys: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Accounts{}, errors.New("extended public keys: something follows the object")
	}
	params, err := n.BitcoinParams()
	if err != nil {
		return Accounts{}, err
	}
	a := Accounts{networks: n, accounts: map[accountID]*hdkeychain.ExtendedKey{}, branches: map[branchID]*hdkeychain.ExtendedKey{}}
	for _, chain := range n.Chains() {
		for _, role := range []Role{Deposit, Hot} {
			key, err := parseAccount(*f.Of(chain, role), params)
			if err != nil {
				return Accounts{}, fmt.Errorf("extended public key of %s account %d: %w", chain, role, err)
			}
			a.accounts[accountID{chain, role}] = key
			for _, branch := range []uint32{External, Change} {
				// Derive is BIP32-conformant; DeriveNonStandard drops leading zeros.
				if a.branches[branchID{accountID{chain, role}, branch}], err = key.Derive(branch); err != nil {
					return Accounts{}, fmt.Errorf("branch %d of %s account %d: %w", branch, chain, role, err)
				}
			}
		}
	}
	return a, nil
}

func parseAccount(text string, params *chaincfg.Params) (*hdkeychain.ExtendedKey, error) {
	key, err := hdkeychain.NewKeyFromString(text)
	if err != nil {
		return nil, err
	}
	if key.IsPrivate() {
		return nil, errors.New("it is private: only public keys belong here")
	}
	return key, checkAccount(key, params)
}

// checkAccount refuses what can't be an account's key by what a BIP32 key says of
// itself: one of another network, a master key, or a child that is not hardened.
// hdkeychain does not look at these.
func checkAccount(key *hdkeychain.ExtendedKey, params *chaincfg.Params) error {
	switch {
	case !key.IsForNet(params):
		return fmt.Errorf("it is not of network %s", params.Name)
	case key.Depth() == 0 || key.ChildIndex() < hdkeychain.HardenedKeyStart:
		return fmt.Errorf("it is child %#x at depth %d, not a hardened account", key.ChildIndex(), key.Depth())
	}
	return nil
}

// Derive returns the key at <account>/branch/index.
func (a Accounts) Derive(c asset.Chain, r Role, branch, index uint32) (Key, error) {
	account := accountID{c, r}
	if _, ok := a.accounts[account]; !ok {
		return Key{}, fmt.Errorf("chain %.20q has no extended public key for account %d", c, r)
	}
	accountPath, err := AccountPath(a.networks, c, r)
	if err != nil {
		return Key{}, err
	}
	path := fmt.Sprintf("%s/%d/%d", accountPath, branch, index)
	branchKey, ok := a.branches[branchID{account, branch}]
	if !ok {
		if branchKey, err = a.accounts[account].Derive(branch); err != nil {
			return Key{}, fmt.Errorf("derive %s: %w", path, err)
		}
	}
	child, err := branchKey.Derive(index)
	if err != nil {
		return Key{}, fmt.Errorf("derive %s: %w", path, err)
	}
	pub, err := child.ECPubKey()
	if err != nil {
		return Key{}, fmt.Errorf("derive %s: %w", path, err)
	}
	key := Key{Path: path, PublicKey: pub.SerializeCompressed()}
	if c.Family() == asset.Account {
		key.Address, err = ethereumAddress(a.networks, pub.SerializeUncompressed())
		return key, err
	}
	key.Address, err = coinAddress(a.networks, c, key.PublicKey)
	if err != nil {
		return Key{}, err
	}
	key.Script, err = Script(a.networks, c, key.Address)
	return key, err
}

// coinAddress is P2WPKH, on Bitcoin Cash P2PKH.
func coinAddress(n asset.Networks, c asset.Chain, compressed []byte) (string, error) {
	hash := address.Hash160(compressed)
	if c == asset.BitcoinCash {
		prefix, err := n.CashPrefix()
		if err != nil {
			return "", err
		}
		return asset.EncodeCashAddr(prefix, asset.CashP2PKH, hash)
	}
	params, err := n.Params(c)
	if err != nil {
		return "", err
	}
	addr, err := address.NewAddressWitnessPubKeyHash(hash, params)
	if err != nil {
		return "", fmt.Errorf("%s address: %w", c, err)
	}
	return addr.EncodeAddress(), nil
}

// Script is the output script of a UTXO chain's address, in any spelling that parses.
func Script(n asset.Networks, c asset.Chain, text string) ([]byte, error) {
	canonical, err := n.ParseAddress(c, text)
	if err != nil {
		return nil, err
	}
	params, err := n.Params(c)
	if err != nil {
		return nil, err
	}
	decoded, err := decode(n, c, canonical, params)
	if err != nil {
		return nil, err
	}
	script, err := txscript.PayToAddrScript(decoded)
	if err != nil {
		return nil, fmt.Errorf("%s script: %w", c, err)
	}
	return script, nil
}

// decode gives btcd's form of an address. Bitcoin Cash's scripts are Bitcoin's.
func decode(n asset.Networks, c asset.Chain, canonical string, params *chaincfg.Params) (address.Address, error) {
	if c != asset.BitcoinCash {
		return address.DecodeAddress(canonical, params)
	}
	prefix, err := n.CashPrefix()
	if err != nil {
		return nil, err
	}
	kind, hash, err := asset.DecodeCashAddr(prefix, canonical)
	switch {
	case err != nil:
		return nil, err
	case kind == asset.CashP2PKH:
		return address.NewAddressPubKeyHash(hash, params)
	case len(hash) == 20:
		return address.NewAddressScriptHashFromHash(hash, params)
	}
	return nil, fmt.Errorf("a script hash of %d bytes: %w", len(hash), asset.ErrAddressKind)
}

// ethereumAddress is the last 20 bytes of the Keccak-256 of the uncompressed
// public key without its prefix byte.
func ethereumAddress(n asset.Networks, uncompressed []byte) (string, error) {
	h := sha3.NewLegacyKeccak256()
	h.Write(uncompressed[1:]) // hash.Hash never returns an error
	return n.ParseAddress(asset.Ethereum, fmt.Sprintf("0x%x", h.Sum(nil)[12:]))
}
