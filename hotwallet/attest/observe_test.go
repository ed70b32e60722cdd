package attest

import (
	"slices"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Each request is told once, with the code of its refusal.
func TestObserve(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	var told []string
	d.config.Observe = func(call string, code swap.Code) { told = append(told, call+" "+string(code)) }
	d.reopen(t)
	req := d.request(t, asset.BTC, asset.ETH, 0)
	d.mustAttest(t, req)
	req.Terms.PayoutAddress = d.userBitcoin
	req.Terms.SwapId = swap.NewID(swap.SwapPrefix, testNow)
	if _, err := d.attest(req); err == nil {
		t.Fatal("a wrong address was attested")
	}
	if _, err := d.amend(&ferryv1.AmendRequest{}); err == nil {
		t.Fatal("an empty request was answered")
	}
	if want := []string{"attest ", "attest invalid_address", "amend refused"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
