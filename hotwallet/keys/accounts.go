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

// AccountPath is the hardened path of an account: BIP84 on Bitcoin, BIP44 on
// Ethereum; the coin type is 1' on every Bitcoin network but mainnet (SLIP-44).
func AccountPath(n asset.Networks, c asset.Chain, r Role) (string, error) {
	switch c {
	case asset.Bitcoin:
		coin := 1
		if n.Bitcoin == "mainnet" {
			coin = 0
		}
		return fmt.Sprintf("m/84'/%d'/%d'", coin, r), nil
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
	// Script is the output script (Bitcoin only).
	Script []byte
}

// Accounts are the extended public keys of a deployment.
type Accounts struct {
	networks asset.Networks
	accounts map[accountID]*hdkeychain.ExtendedKey
}

type accountID struct {
	chain asset.Chain
	role  Role
}

// File is the JSON form of the extended public keys, written once when the seed
// is made. It is confidential for privacy, not for safety.
type File struct {
	BitcoinDeposit  string `json:"bitcoin_deposit"`
	BitcoinHot      string `json:"bitcoin_hot"`
	EthereumDeposit string `json:"ethereum_deposit"`
	EthereumHot     string `json:"ethereum_hot"`
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
	a := Accounts{networks: n, accounts: map[accountID]*hdkeychain.ExtendedKey{}}
	for id, text := range map[accountID]string{
		{asset.Bitcoin, Deposit}: f.BitcoinDeposit, {asset.Bitcoin, Hot}: f.BitcoinHot,
		{asset.Ethereum, Deposit}: f.EthereumDeposit, {asset.Ethereum, Hot}: f.EthereumHot,
	} {
		key, err := hdkeychain.NewKeyFromString(text)
		if err != nil {
			return Accounts{}, fmt.Errorf("extended public key of %s account %d: %w", id.chain, id.role, err)
		}
		if key.IsPrivate() {
			return Accounts{}, fmt.Errorf("extended key of %s account %d is private: only public keys belong here", id.chain, id.role)
		}
		if err := checkAccount(key, params); err != nil {
			return Accounts{}, fmt.Errorf("extended public key of %s account %d: %w", id.chain, id.role, err)
		}
		a.accounts[id] = key
	}
	return a, nil
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
	account, ok := a.accounts[accountID{c, r}]
	if !ok {
		return Key{}, fmt.Errorf("chain %.20q has no extended public key for account %d", c, r)
	}
	accountPath, err := AccountPath(a.networks, c, r)
	if err != nil {
		return Key{}, err
	}
	path := fmt.Sprintf("%s/%d/%d", accountPath, branch, index)
	// Derive is BIP32-conformant; DeriveNonStandard drops leading zeros.
	branchKey, err := account.Derive(branch)
	if err != nil {
		return Key{}, fmt.Errorf("derive %s: %w", path, err)
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
	if c == asset.Ethereum {
		key.Address, err = ethereumAddress(a.networks, pub.SerializeUncompressed())
		return key, err
	}
	params, err := a.networks.BitcoinParams()
	if err != nil {
		return Key{}, err
	}
	key.Address, key.Script, err = bitcoinAddress(params, key.PublicKey)
	return key, err
}

func bitcoinAddress(params *chaincfg.Params, compressed []byte) (string, []byte, error) {
	addr, err := address.NewAddressWitnessPubKeyHash(address.Hash160(compressed), params)
	if err != nil {
		return "", nil, fmt.Errorf("bitcoin address: %w", err)
	}
	script, err := txscript.PayToAddrScript(addr)
	if err != nil {
		return "", nil, fmt.Errorf("bitcoin script: %w", err)
	}
	return addr.EncodeAddress(), script, nil
}

// ethereumAddress is the last 20 bytes of the Keccak-256 of the uncompressed
// public key without its prefix byte.
func ethereumAddress(n asset.Networks, uncompressed []byte) (string, error) {
	h := sha3.NewLegacyKeccak256()
	h.Write(uncompressed[1:]) // hash.Hash never returns an error
	return n.ParseAddress(asset.Ethereum, fmt.Sprintf("0x%x", h.Sum(nil)[12:]))
}
