package authority_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/authority"
	"ferry/swap"
	"ferry/swap/asset"
)

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	signed, attested := authority.Signings(registry), authority.Attestations(registry)
	signed(asset.Bitcoin, swap.PurposePayout, "", "")
	signed(asset.Bitcoin, swap.PurposePayout, "", "")
	signed(asset.Ethereum, swap.PurposeRefund, swap.CodeRefused, "unsigned_tx")
	// What a caller makes up becomes no label.
	signed(asset.Ethereum, "sweep everything", swap.CodeRefused, "authority.purpose")
	attested("")
	attested(swap.CodeQuoteExpired)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{
		`ferry_signer_requests_total{chain="bitcoin",code="ok",field="none",purpose="payout"}`:                  2,
		`ferry_signer_requests_total{chain="ethereum",code="refused",field="unsigned_tx",purpose="refund"}`:     1,
		`ferry_signer_requests_total{chain="ethereum",code="refused",field="authority.purpose",purpose="none"}`: 1,
		`ferry_attest_requests_total{code="ok"}`:                                                                1, `ferry_attest_requests_total{code="quote_expired"}`: 1,
	})
	if len(m) != 5 {
		t.Errorf("%d metrics, want 5: %v", len(m), m)
	}
}
