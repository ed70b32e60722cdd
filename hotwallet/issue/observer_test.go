package issue_test

import (
	"errors"
	"slices"
	"testing"

	"connectrpc.com/connect"

	"ferry/hotwallet/issue"
	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Each call is told with how it ended, in the code that the caller sees.
func TestObserve(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	var told []string
	config := w.config(3)
	config.Observe = func(call string, code swap.Code) { told = append(told, call+"="+string(code)) }
	issuer, err := issue.New(config)
	w.must(err)
	w.must(issuer.Start(t.Context()))
	if _, err := issuer.Issue(t.Context(), connect.NewRequest(w.request())); err != nil {
		t.Fatal(err)
	}
	bad := w.request()
	bad.SignedQuote = "x"
	_, badErr := issuer.Issue(t.Context(), connect.NewRequest(bad))
	own := w.anAddress()
	_, ownErr := issuer.CheckDestination(t.Context(), connect.NewRequest(&ferryv1.CheckDestinationRequest{Address: own}))
	w.attest.err = errors.New("away")
	_, awayErr := issuer.Issue(t.Context(), connect.NewRequest(w.request()))
	want := []string{"issue=", "issue=" + string(swap.ErrorCode(badErr)), "check_destination=" + string(swap.ErrorCode(ownErr)),
		"issue=" + string(swap.ErrorCode(awayErr))}
	if badErr == nil || ownErr == nil || swap.ErrorCode(awayErr) != swap.CodeUnavailable || !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
