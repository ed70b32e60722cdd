package swap

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Prefixes of identifiers: what a text identifies can be read off it.
const (
	SwapPrefix    = "swap"
	QuotePrefix   = "quote"
	PaymentPrefix = "pay"
	StaffPrefix   = "staff"
)

// NewID returns "<prefix>_" and a lower-case ULID: 48 bits of milliseconds, so
// that ids sort by age, and 80 random bits, so that they can't be guessed.
func NewID(prefix string, now time.Time) string {
	return prefix + "_" + strings.ToLower(ulid.MustNew(ulid.Timestamp(now), rand.Reader).String())
}

// ValidID reports whether s has the form NewID gives for the prefix.
func ValidID(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || rest != strings.ToLower(rest) {
		return false
	}
	_, err := ulid.ParseStrict(strings.ToUpper(rest))
	return err == nil
}
