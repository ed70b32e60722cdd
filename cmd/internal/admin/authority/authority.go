// Package authority measures the daemons with keys: what they signed and what they
// refused. It links neither: both tell it through functions.
//
// It imports admin, swap and its leaves.
package authority

import (
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/swap"
	"ferry/swap/asset"
)

// none is the label of a purpose or field that there is not.
const none = "none"

// Signings counts the signer's requests; the function is its observer.
func Signings(to prometheus.Registerer) func(chain asset.Chain, purpose swap.Purpose, code swap.Code, field string) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_signer_requests_total",
		Help: "Requests to sign by purpose, by the code of the refusal (ok without one) and the field it names."},
		[]string{"chain", "purpose", "code", "field"})
	to.MustRegister(requests)
	return func(chain asset.Chain, purpose swap.Purpose, code swap.Code, field string) {
		// The purpose comes with the request: only the known ones become labels.
		label := none
		if purpose == swap.PurposePayout || purpose == swap.PurposeRefund {
			label = string(purpose)
		}
		if field == "" {
			field = none
		}
		requests.WithLabelValues(string(chain), label, admin.Code(code), field).Inc()
	}
}

// Attestations counts the attestor's requests; the function is its observer.
func Attestations(to prometheus.Registerer) func(call string, code swap.Code) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_attest_requests_total",
		Help: "Requests for a receipt (attest) or an amendment (amend) by the code of their refusal, ok without one."}, []string{"call", "code"})
	to.MustRegister(requests)
	return func(call string, code swap.Code) { requests.WithLabelValues(call, admin.Code(code)).Inc() }
}
