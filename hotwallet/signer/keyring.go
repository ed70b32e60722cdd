package signer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// keyring holds the extended private keys of the accounts. The master key and the
// seed are wiped once these are derived.
type keyring struct {
	networks asset.Networks
	private  map[accountID]*hdkeychain.ExtendedKey
	// public derives the same addresses as the hot wallet and attestd do, with
	// the same code.
	public keys.Accounts
	file   keys.File
}

type accountID struct {
	chain asset.Chain
	role  keys.Role
}

// newKeyring derives the accounts from a seed, which it leaves as it is.
func newKeyring(n asset.Networks, seed []byte) (*keyring, error) {
	params, err := n.BitcoinParams()
	if err != nil {
		return nil, err
	}
	master, err := hdkeychain.NewMaster(seed, params)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer master.Zero()
	k := &keyring{networks: n, private: map[accountID]*hdkeychain.ExtendedKey{}}
	for _, chain := range n.Chains() {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			id := accountID{chain, role}
			account, err := deriveAccount(n, master, id)
			if err != nil {
				return nil, err
			}
			public, err := account.Neuter()
			if err != nil {
				return nil, fmt.Errorf("extended public key of %s account %d: %w", id.chain, id.role, err)
			}
			k.private[id] = account
			*k.file.Of(chain, role) = public.String()
		}
	}
	raw, err := json.Marshal(k.file)
	if err != nil {
		return nil, fmt.Errorf("encode extended public keys: %w", err)
	}
	k.public, err = keys.ParseAccounts(n, raw)
	return k, err
}

func deriveAccount(n asset.Networks, master *hdkeychain.ExtendedKey, id accountID) (*hdkeychain.ExtendedKey, error) {
	path, err := keys.AccountPath(n, id.chain, id.role)
	if err != nil {
		return nil, err
	}
	var purpose, coin, account uint32
	if _, err := fmt.Sscanf(path, "m/%d'/%d'/%d'", &purpose, &coin, &account); err != nil {
		return nil, fmt.Errorf("account path %s: %w", path, err)
	}
	return descend(master, hardenedStart+purpose, hardenedStart+coin, hardenedStart+account)
}

// descend derives child after child, wiping the keys in between.
func descend(from *hdkeychain.ExtendedKey, indices ...uint32) (*hdkeychain.ExtendedKey, error) {
	key := from
	for depth, index := range indices {
		// Derive is BIP32-conformant; DeriveNonStandard drops leading zeros.
		child, err := key.Derive(index)
		if depth > 0 {
			key.Zero()
		}
		if err != nil {
			return nil, fmt.Errorf("derive child %d: %w", index, err)
		}
		key = child
	}
	return key, nil
}

// key derives the private key at a position and checks that it is that of the
// public key derived there. The caller wipes it.
func (k *keyring) key(p position) (*btcec.PrivateKey, error) {
	account, ok := k.private[accountID{p.chain, p.role}]
	if !ok {
		return nil, fmt.Errorf("no account %d on chain %.20q", p.role, p.chain)
	}
	child, err := descend(account, p.branch, p.index)
	if err != nil {
		return nil, err
	}
	defer child.Zero()
	private, err := child.ECPrivKey()
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	public, err := k.derive(p)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(private.PubKey().SerializeCompressed(), public.PublicKey) {
		return nil, fmt.Errorf("private and public derivation of %s differ", public.Path)
	}
	return private, nil
}

// derive is the public side of a position.
func (k *keyring) derive(p position) (keys.Key, error) {
	return k.public.Derive(p.chain, p.role, p.branch, p.index)
}

// wipe overwrites the private keys.
func (k *keyring) wipe() {
	for _, account := range k.private {
		account.Zero()
	}
}

// fingerprint names the seed and the networks without telling anything of it: by what
// every deployment has, so that one to which a chain or a token is added keeps its
// memory.
func (k *keyring) fingerprint() string { return fingerprintOf(k.networks, k.file) }

func fingerprintOf(n asset.Networks, f keys.File) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d %s %s %s %s", n.Bitcoin, n.EthereumChainID,
		f.BitcoinDeposit, f.BitcoinHot, f.EthereumDeposit, f.EthereumHot))
	return hex.EncodeToString(sum[:])
}
