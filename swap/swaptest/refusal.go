package swaptest

import (
	"errors"
	"strings"

	"ferry/swap"
)

// Reporter is a testing.TB or a rapid.T.
type Reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// WantRefusal fails unless an error is a refusal with this code, of this field, in
// a sentence that has these words.
func WantRefusal(t Reporter, err error, code swap.Code, field, words string) {
	t.Helper()
	var refusal *swap.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error is %v, want a refusal", err)
	}
	if refusal.Code != code || refusal.Field != field || !strings.Contains(refusal.Message, words) {
		t.Fatalf("refusal %s of %q: %q; want %s of %q: %q", refusal.Code, refusal.Field, refusal.Message, code, field, words)
	}
}
