package psbt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	library "github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/swap/asset"
)

// MaxBytes is the longest PSBT that is read, without base64: the transactions that made a
// plan's coins are at most 3 MiB together.
const MaxBytes = 8 << 20

// MaxText is the longest text that is read: base64 with a line break every 64 characters.
const MaxText = MaxBytes/3*4 + MaxBytes/48 + 4

var (
	// ErrFormat is what is no PSBT of version 0, or a contradictory one.
	ErrFormat = errors.New("it is no valid PSBT")
	// ErrOther is a PSBT of something else than the attempt it is compared with.
	ErrOther = errors.New("it is not the stored attempt")
	// ErrChain is a chain whose transactions have no such form.
	ErrChain = errors.New("there are no PSBTs on this chain")
)

// Document is a PSBT. Its zero value is none.
type Document struct{ packet *library.Packet }

// Supports reports whether transactions of a chain have the form.
func Supports(c asset.Chain) bool { return c == asset.Bitcoin || c == asset.Litecoin }

// Bytes is its one encoding.
func (d Document) Bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := d.packet.Serialize(&out); err != nil {
		return nil, fmt.Errorf("encode the PSBT: %w", err)
	}
	return out.Bytes(), nil
}

// Text is Bytes in base64, as wallet programs show and take it.
func (d Document) Text() (string, error) {
	raw, err := d.Bytes()
	return base64.StdEncoding.EncodeToString(raw), err
}

// Transaction is a copy of the transaction it is about, without signatures.
func (d Document) Transaction() *wire.MsgTx { return d.packet.UnsignedTx.Copy() }

// Signed reports whether every input is there to be mined.
func (d Document) Signed() bool {
	return len(d.packet.Inputs) > 0 && d.packet.IsComplete()
}

// Read takes a PSBT as a file or as text in base64, blanks around it and line breaks
// within it apart. ErrFormat says what is wrong with any other, and nothing of it is used.
func Read(raw []byte) (Document, error) {
	if len(raw) > MaxText {
		return Document{}, fmt.Errorf("%w: it has %d bytes, at most %d", ErrFormat, len(raw), MaxText)
	}
	if !bytes.HasPrefix(raw, magic) {
		text := bytes.TrimSpace(raw)
		decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Strict().Decode(decoded, text)
		if err != nil {
			return Document{}, fmt.Errorf("%w: neither a PSBT file nor base64: %w", ErrFormat, err)
		}
		raw = decoded[:n]
	}
	if len(raw) > MaxBytes {
		return Document{}, fmt.Errorf("%w: it has %d bytes, at most %d", ErrFormat, len(raw), MaxBytes)
	}
	if err := scan(raw); err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	packet, err := library.NewFromRawBytes(bytes.NewReader(raw), false)
	if err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return Document{packet}, nil
}
