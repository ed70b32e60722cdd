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
	attested("attest", "")
	attested("attest", swap.CodeQuoteExpired)
	attested("amend", swap.CodeWrongSecret)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{
		`ferry_signer_requests_total{chain="bitcoin",code="ok",field="none",purpose="payout"}`:                  2,
		`ferry_signer_requests_total{chain="ethereum",code="refused",field="unsigned_tx",purpose="refund"}`:     1,
		`ferry_signer_requests_total{chain="ethereum",code="refused",field="authority.purpose",purpose="none"}`: 1,
		`ferry_attest_requests_total{call="attest",code="ok"}`:                                                  1, `ferry_attest_requests_total{call="attest",code="quote_expired"}`: 1,
		`ferry_attest_requests_total{call="amend",code="wrong_secret"}`: 1,
	})
	if len(m) != 6 {
		t.Errorf("%d metrics, want 6: %v", len(m), m)
	}
}
