package rest

import "log/slog"

// Secret is key material: it can be read and not printed.
type Secret struct{ text string }

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal is the text, for signing.
func (s Secret) Reveal() string { return s.text }

const hidden = "(secret)"

// String implements fmt.Stringer without the text.
func (Secret) String() string { return hidden }

// GoString implements fmt.GoStringer without the text.
func (Secret) GoString() string { return hidden }

// LogValue implements slog.LogValuer without the text.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps it out of JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Key is an account's key at a venue.
type Key struct {
	// ID is public; Secret signs, and Passphrase is there at venues that have one.
	ID         string
	Secret     Secret
	Passphrase Secret
}
