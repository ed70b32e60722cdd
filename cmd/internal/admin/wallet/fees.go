package wallet

import "ferry/hotwallet/fee"

// offered is the label of what a payment would offer.
const offered = "offered"

// Fees is told of each estimate and of what each source said last.
func (m *Metrics) Fees(e fee.Estimate, said []fee.Reading) {
	for _, r := range said {
		m.feeRate.WithLabelValues(r.Source).Set(float64(r.Rate))
	}
	m.feeRate.WithLabelValues(offered).Set(float64(e.Rate))
	doubt := 0.0
	if e.Alarm != "" {
		doubt = 1
	}
	m.feeDoubt.Set(doubt)
}
