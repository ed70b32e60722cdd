package signer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

const (
	// seedSize is BIP32's largest, in bytes.
	seedSize = 64
	// seedHeader begins the encrypted text, so that another file encrypted to
	// the same key is not taken for a seed.
	seedHeader = "ferry seed 1\n"
	// maxSecretFile bounds what is read of the seed and key files, in bytes.
	maxSecretFile = 64 << 10
)

// ErrKeyFile means the key file is not the one the seed was encrypted to.
var ErrKeyFile = errors.New("the key file does not open this seed")

// encryptSeed returns the seed as an age file for one X25519 recipient.
func encryptSeed(seed []byte, to *age.X25519Identity) ([]byte, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to.Recipient())
	if err != nil {
		return nil, fmt.Errorf("encrypt seed: %w", err)
	}
	for _, part := range [][]byte{[]byte(seedHeader), seed} {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("encrypt seed: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt seed: %w", err)
	}
	return file.Bytes(), nil
}

// openSeed decrypts the seed at seedPath with the identity at keyPath. The caller
// wipes it.
func openSeed(seedPath, keyPath string) ([]byte, error) {
	identity, err := readIdentity(keyPath)
	if err != nil {
		return nil, err
	}
	file, err := readSecret(seedPath, maxSecretFile)
	if err != nil {
		return nil, fmt.Errorf("read seed: %w", err)
	}
	r, err := age.Decrypt(bytes.NewReader(file), identity)
	if noMatch := new(age.NoIdentityMatchError); errors.As(err, &noMatch) {
		return nil, fmt.Errorf("open %s with %s: %w", seedPath, keyPath, ErrKeyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("open seed %s: %w", seedPath, err)
	}
	text := make([]byte, len(seedHeader)+seedSize)
	defer clear(text)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("read seed %s: %w", seedPath, err)
	}
	// The end is read too: only there does age know that nothing was cut off.
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read seed %s: something follows the seed: %w", seedPath, err)
	}
	seed, ok := bytes.CutPrefix(text, []byte(seedHeader))
	if !ok {
		return nil, fmt.Errorf("%s holds no seed", seedPath)
	}
	return bytes.Clone(seed), nil
}

// readIdentity reads a key file as age-keygen writes it. age keeps its key in a
// form that can't be wiped; what is read here is.
func readIdentity(path string) (*age.X25519Identity, error) {
	raw, err := readSecret(path, maxSecretFile)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer clear(raw)
	identities, err := age.ParseIdentities(bytes.NewReader(raw))
	if err != nil {
		// The cause may quote the file, and so the key.
		return nil, fmt.Errorf("%s is not a key file as age-keygen writes it", path)
	}
	if len(identities) != 1 {
		return nil, fmt.Errorf("key file %s holds %d keys, not 1", path, len(identities))
	}
	identity, ok := identities[0].(*age.X25519Identity)
	if !ok {
		return nil, fmt.Errorf("key file %s holds no X25519 key", path)
	}
	return identity, nil
}

// formatIdentity is the text of a key file.
func formatIdentity(identity *age.X25519Identity) []byte {
	var text strings.Builder
	text.WriteString("# opens Ferry's seed; keep it apart from the seed\n")
	text.WriteString("# public key: " + identity.Recipient().String() + "\n")
	text.WriteString(identity.String() + "\n")
	return []byte(text.String())
}
