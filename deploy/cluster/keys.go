package cluster

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ferry/deploy/deployment"
	"ferry/deploy/parts"
)

// signingKey makes an Ed25519 key at path on the first start, owned by who will
// use it, and returns its public half.
func signingKey(path string, owner *parts.User) (ed25519.PublicKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, genErr := ed25519.GenerateKey(rand.Reader)
		if genErr != nil {
			return nil, fmt.Errorf("make a signing key: %w", genErr)
		}
		der, encErr := x509.MarshalPKCS8PrivateKey(key)
		if encErr != nil {
			return nil, fmt.Errorf("encode a signing key: %w", encErr)
		}
		raw = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		err = secretFile(path, raw, owner)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("signing key %s holds no PEM block", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key %s is a %T", path, parsed)
	}
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]), nil
}

// randomSecret makes 32 random bytes at path on the first start.
func randomSecret(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	return secretFile(path, raw, nil)
}

func secretFile(path string, raw []byte, owner *parts.User) error {
	if err := writeFile(path, raw, 0o400); err != nil {
		return err
	}
	return give(path, owner)
}

// give hands a path to a user; nil leaves it with the supervisor.
func give(path string, owner *parts.User) error {
	if owner == nil {
		return nil
	}
	if err := os.Chown(path, int(owner.UID), int(owner.GID)); err != nil {
		return fmt.Errorf("give %s to its user: %w", path, err)
	}
	return nil
}

// privateFolder makes a folder that only its owner enters.
func privateFolder(path string, owner *parts.User) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	return give(path, owner)
}

func writeDeployment(path string, d deployment.Deployment) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("the demo's deployment: %w", err)
	}
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the deployment: %w", err)
	}
	return writeFile(path, append(raw, '\n'), 0o644)
}

// separateUsers are the OS users of the processes that hold keys, where the
// supervisor is root and the folder can be reached by others; nil otherwise, and
// then they run as the supervisor. The ids belong to nobody: a Go program needs
// no entry in the user database.
func separateUsers(root string) (signer, attest *parts.User) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for dir := filepath.Dir(root); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return nil, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return &parts.User{Name: "ferry-signer", UID: 64301, GID: 64301}, &parts.User{Name: "ferry-attest", UID: 64302, GID: 64302}
}
