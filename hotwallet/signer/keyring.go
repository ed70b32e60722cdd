package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// keyring holds the extended private keys of the accounts' branches. The master key and
// the seed are wiped once these are derived. It is safe for concurrent use until it is
// wiped.
type keyring struct {
	networks asset.Networks
	private  map[branchID]*branch
	// public derives the same addresses as the hot wallet and attestd do, with
	// the same code.
	public keys.Accounts
	file   keys.File
	// known are public keys that were derived of late: the hot sender's, change's.
	mu    sync.Mutex
	known map[position]keys.Key
	// owners are the compressed public keys of coins' owners: those of coins that are
	// spent by several attempts, and of addresses of ours that are paid again.
	owners map[position][]byte
}

// maxKnown bounds the public keys that are kept, of either kind.
const maxKnown = 4096

type accountID struct {
	chain asset.Chain
	role  keys.Role
}

type branchID struct {
	accountID
	branch uint32
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
	k := &keyring{networks: n, private: map[branchID]*branch{}, known: map[position]keys.Key{}, owners: map[position][]byte{}}
	for _, chain := range n.Chains() {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			id := accountID{chain, role}
			public, err := k.addAccount(master, id)
			if err != nil {
				return nil, err
			}
			*k.file.Of(chain, role) = public
		}
	}
	raw, err := json.Marshal(k.file)
	if err != nil {
		return nil, fmt.Errorf("encode extended public keys: %w", err)
	}
	k.public, err = keys.ParseAccounts(n, raw)
	return k, err
}

// addAccount derives an account's branches and returns its extended public key.
func (k *keyring) addAccount(master *hdkeychain.ExtendedKey, id accountID) (public string, err error) {
	account, err := deriveAccount(k.networks, master, id)
	if err != nil {
		return "", err
	}
	defer account.Zero()
	for _, number := range []uint32{keys.External, keys.Change} {
		extended, err := descend(account, number)
		if err != nil {
			return "", err
		}
		k.private[branchID{id, number}], err = newBranch(extended)
		extended.Zero()
		if err != nil {
			return "", fmt.Errorf("%s account %d, branch %d: %w", id.chain, id.role, number, err)
		}
	}
	neutered, err := account.Neuter()
	if err != nil {
		return "", fmt.Errorf("extended public key of %s account %d: %w", id.chain, id.role, err)
	}
	return neutered.String(), nil // before what both share is wiped
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

// key derives the private key at a position. The caller wipes it, and verifies what it
// has signed by the public key that was derived there without it.
func (k *keyring) key(p position) (*btcec.PrivateKey, error) {
	b, err := k.branch(p)
	if err != nil {
		return nil, err
	}
	return b.privateChild(p.index)
}

// owned are the compressed public keys at positions on chains of coins, in their order: what is
// not known yet is worked out together.
func (k *keyring) owned(all []position) ([][]byte, error) {
	public := make([][]byte, len(all))
	var at []int
	var points []btcec.JacobianPoint
	k.mu.Lock()
	for i, p := range all {
		public[i] = k.owners[p]
	}
	k.mu.Unlock()
	for i, p := range all {
		if public[i] != nil {
			continue
		}
		b, err := k.branch(p)
		if err != nil {
			return nil, err
		}
		point, err := b.publicChild(p.index)
		if err != nil {
			return nil, err
		}
		at, points = append(at, i), append(points, point)
	}
	if len(at) == 0 {
		return public, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.owners)+len(at) > maxKnown {
		clear(k.owners)
	}
	for n, compressed := range compress(points) {
		public[at[n]] = compressed
		k.owners[all[at[n]]] = compressed
	}
	return public, nil
}

func (k *keyring) branch(p position) (*branch, error) {
	b, ok := k.private[branchID{accountID{p.chain, p.role}, p.branch}]
	if !ok {
		return nil, fmt.Errorf("no account %d on chain %.20q with a branch %d", p.role, p.chain, p.branch)
	}
	return b, nil
}

// scriptOf is the script of coins that a key of a chain owns: P2PKH on Bitcoin Cash,
// P2WPKH on the others.
func scriptOf(c asset.Chain, public []byte) []byte {
	hash := address.Hash160(public)
	if c == asset.BitcoinCash {
		return slices.Concat([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash,
			[]byte{txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG})
	}
	return slices.Concat([]byte{txscript.OP_0, txscript.OP_DATA_20}, hash)
}

// derive is the public side of a position.
func (k *keyring) derive(p position) (keys.Key, error) {
	k.mu.Lock()
	key, ok := k.known[p]
	k.mu.Unlock()
	if ok {
		return key, nil
	}
	key, err := k.public.Derive(p.chain, p.role, p.branch, p.index)
	if err != nil {
		return key, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= maxKnown {
		clear(k.known)
	}
	k.known[p] = key
	return key, nil
}

// wipe overwrites the private keys.
func (k *keyring) wipe() {
	for _, b := range k.private {
		b.wipe()
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
