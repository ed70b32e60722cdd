package signer

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Names in the signer's folder.
const (
	seedName   = "seed.age"
	memoryName = "memory.db"
	publicName = "public-keys.json"
)

// ErrInitialised means the folder already holds a complete seed.
var ErrInitialised = errors.New("the signer's folder already holds a seed")

// PublicKeysFile is where Init leaves the extended public keys (keys.File) of
// the signer in dir.
func PublicKeysFile(dir string) string { return filepath.Join(dir, publicName) }

// Init makes a new random seed in dir, encrypted to a new key in keyFile, and
// writes the extended public keys, which it returns.
//
// The order is: key file, seed, empty memory, switches, public keys. Each is written whole
// or not at all, so after a crash Init completes what is missing when called
// again. Once all are there it returns an error wrapping ErrInitialised and
// changes nothing, unless the networks have other chains than the public keys are
// of: these it writes anew, of the same seed. keyFile must not be in dir: whoever
// copies the folder must not get the key with it.
func Init(dir, keyFile string, n asset.Networks) (keys.File, error) {
	return installer{dir: dir, keyFile: keyFile, networks: n, after: func(string) error { return nil }}.run()
}

// installer does Init's steps. after is called when each is durable; tests make
// it fail, as a crash would.
type installer struct {
	dir, keyFile string
	networks     asset.Networks
	after        func(step string) error
}

func (i installer) path(name string) string { return filepath.Join(i.dir, name) }

func (i installer) run() (_ keys.File, err error) {
	if err := i.prepare(); err != nil {
		return keys.File{}, err
	}
	lock, err := lockFolder(i.dir)
	if err != nil {
		return keys.File{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	complete, err := exists(i.path(publicName))
	if err != nil {
		return keys.File{}, err
	}
	if complete {
		return i.again()
	}
	if err := i.seed(); err != nil {
		return keys.File{}, err
	}
	return i.finish()
}

func (i installer) prepare() error {
	if err := i.networks.Validate(); err != nil {
		return err
	}
	if i.dir == "" || i.keyFile == "" {
		return errors.New("the signer's folder and its key file must both be named")
	}
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		return fmt.Errorf("make the signer's folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(i.keyFile), 0o700); err != nil {
		return fmt.Errorf("make the key file's folder: %w", err)
	}
	seedFolder, err := os.Stat(i.dir)
	if err != nil {
		return fmt.Errorf("the signer's folder: %w", err)
	}
	keyFolder, err := os.Stat(filepath.Dir(i.keyFile))
	if err != nil {
		return fmt.Errorf("the key file's folder: %w", err)
	}
	if os.SameFile(seedFolder, keyFolder) {
		return fmt.Errorf("key file %s lies next to the seed: choose another folder for it", i.keyFile)
	}
	return nil
}

// seed writes the key file and the seed, as far as they are missing.
func (i installer) seed() error {
	haveSeed, err := exists(i.path(seedName))
	if err != nil {
		return err
	}
	haveKey, err := exists(i.keyFile)
	if err != nil {
		return err
	}
	switch {
	case haveSeed && !haveKey:
		return fmt.Errorf("%s holds a seed, but its key file %s is missing: bring the key file back", i.dir, i.keyFile)
	case haveSeed:
		return nil
	case !haveKey:
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			return fmt.Errorf("make key: %w", err)
		}
		if err := writeNew(i.keyFile, 0o400, formatIdentity(identity)); err != nil {
			return err
		}
	}
	if err := i.after("key file"); err != nil {
		return err
	}
	identity, err := readIdentity(i.keyFile)
	if err != nil {
		return err
	}
	seed := make([]byte, seedSize)
	defer clear(seed)
	rand.Read(seed) // never fails: it ends the process instead
	file, err := encryptSeed(seed, identity)
	if err != nil {
		return err
	}
	if err := writeNew(i.path(seedName), 0o400, file); err != nil {
		return err
	}
	return i.after("seed")
}

// finish makes the memory and the public keys of the seed on disk.
func (i installer) finish() (keys.File, error) {
	seed, err := openSeed(i.path(seedName), i.keyFile)
	if err != nil {
		return keys.File{}, err
	}
	defer clear(seed)
	ring, err := newKeyring(i.networks, seed)
	if err != nil {
		return keys.File{}, err
	}
	defer ring.wipe()
	haveMemory, err := exists(i.path(memoryName))
	if err != nil {
		return keys.File{}, err
	}
	if !haveMemory {
		if err := memoryKind.Create(i.path(memoryName), ring.fingerprint()); err != nil {
			return keys.File{}, err
		}
	}
	if err := i.after("memory"); err != nil {
		return keys.File{}, err
	}
	if err := firstSwitches(i.dir); err != nil {
		return keys.File{}, err
	}
	if err := i.after("switches"); err != nil {
		return keys.File{}, err
	}
	return i.publish(ring)
}

// again replaces the public keys of a complete folder if the chains have changed.
func (i installer) again() (keys.File, error) {
	file, err := readPublic(i.dir)
	if err != nil {
		return keys.File{}, err
	}
	seed, err := openSeed(i.path(seedName), i.keyFile)
	if errors.Is(err, ErrKeyFile) || errors.Is(err, fs.ErrNotExist) {
		// Whose seed it is can't be told; Open will say so.
		return keys.File{}, fmt.Errorf("%s: %w", i.dir, ErrInitialised)
	}
	if err != nil {
		return keys.File{}, err
	}
	defer clear(seed)
	ring, err := newKeyring(i.networks, seed)
	if err != nil {
		return keys.File{}, err
	}
	defer ring.wipe()
	if file == ring.file {
		return keys.File{}, fmt.Errorf("%s: %w", i.dir, ErrInitialised)
	}
	for _, chain := range asset.Chains() {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			was, is := *file.Of(chain, role), *ring.file.Of(chain, role)
			if was != is && was != "" && is != "" {
				return keys.File{}, notThisSeed(i.dir, ring)
			}
		}
	}
	if err := removeIfThere(PublicKeysFile(i.dir)); err != nil {
		return keys.File{}, err
	}
	return i.publish(ring)
}

// publish writes the public keys, and with them the folder is complete.
func (i installer) publish(ring *keyring) (keys.File, error) {
	public, err := json.MarshalIndent(ring.file, "", "  ")
	if err != nil {
		return keys.File{}, fmt.Errorf("encode extended public keys: %w", err)
	}
	return ring.file, writeNew(i.path(publicName), 0o444, append(public, '\n'))
}

// checkPublic compares the public keys on disk with those of the seed.
func checkPublic(dir string, ring *keyring) error {
	file, err := readPublic(dir)
	if err != nil {
		return fmt.Errorf("the signer's folder is not complete, run its initialisation (again): %w", err)
	}
	if file != ring.file {
		return notThisSeed(dir, ring)
	}
	return nil
}

func notThisSeed(dir string, ring *keyring) error {
	return fmt.Errorf("%s is not of this seed on networks %+v", PublicKeysFile(dir), ring.networks)
}

func readPublic(dir string) (file keys.File, err error) {
	raw, err := os.ReadFile(PublicKeysFile(dir))
	if err != nil {
		return file, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return file, fmt.Errorf("read %s: %w", PublicKeysFile(dir), err)
	}
	return file, nil
}
