package attest

import (
	"slices"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// Each request for a receipt is told once, with the code of its refusal.
func TestObserve(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	var told []swap.Code
	d.config.Observe = func(code swap.Code) { told = append(told, code) }
	d.reopen(t)
	req := d.request(t, asset.BTC, asset.ETH, 0)
	d.mustAttest(t, req)
	req.Terms.PayoutAddress = d.userBitcoin
	req.Terms.SwapId = swap.NewID(swap.SwapPrefix, testNow)
	if _, err := d.attest(req); err == nil {
		t.Fatal("a wrong address was attested")
	}
	if want := []swap.Code{"", swap.CodeInvalidAddress}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
