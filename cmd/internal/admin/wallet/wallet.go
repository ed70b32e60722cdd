// Package wallet measures the hot wallet of one chain: heights, reorganisations,
// deposits, payments, balances, the books against the node.
//
// It imports admin, cmd/internal/database, and of hotwallet what is measured.
package wallet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

// nodeSilent is how long the node may give no answer before the daemon is not ready.
const nodeSilent = 30 * time.Second

// Metrics are what one daemon's parts tell.
type Metrics struct {
	chain asset.Chain
	now   func() time.Time
	// answered is when the node last answered, in nanoseconds of Unix time; 0 never.
	answered atomic.Int64

	nodeHeight prometheus.Gauge
	reorgs     prometheus.Histogram
	tooDeep    prometheus.Counter
	unseen     prometheus.Gauge
	credits    *prometheus.CounterVec
	signings   *prometheus.CounterVec
	broadcasts *prometheus.CounterVec
	replaced   *prometheus.CounterVec
	calls      *prometheus.CounterVec
	balances   *prometheus.GaugeVec
	feeRate    *prometheus.GaugeVec
	feeDoubt   prometheus.Gauge
}

// New registers the metrics of a chain's daemon: those that its parts tell, and
// those read from its schema.
func New(to prometheus.Registerer, pool *pgxpool.Pool, chain asset.Chain, now func() time.Time) *Metrics {
	own := prometheus.Labels{"chain": string(chain)}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: own}, labels)
	}
	m := &Metrics{chain: chain, now: now,
		nodeHeight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ferry_node_height", ConstLabels: own, Help: "Height of the node's best block at its last answer."}),
		reorgs: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ferry_chain_reorg_depth_blocks", ConstLabels: own,
			Help: "Reorganisations that were followed, by how many blocks they took back.", Buckets: []float64{1, 2, 3, 6, 12, 32}}),
		tooDeep: prometheus.NewCounter(prometheus.CounterOpts{Name: "ferry_chain_reorg_too_deep_total", ConstLabels: own, Help: "Looks at a reorganisation that is not followed."}),
		unseen: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ferry_node_unseen", ConstLabels: own,
			Help: "1 while the node does not show all that concerns us, such as internal transfers."}),
		credits:    counter("ferry_chain_credits_total", "What blocks brought to our addresses, by how it came; again after a reorganisation.", "source"),
		signings:   counter("ferry_payment_signings_total", "Requests to the signer by how they ended.", "outcome"),
		broadcasts: counter("ferry_payment_broadcasts_total", "Transactions handed to the node by its answer.", "answer"),
		replaced:   counter("ferry_payment_replacements_total", "Transactions planned after an earlier one for the same payments, by what these are for.", "purpose"),
		calls:      counter("ferry_wallet_calls_total", "Calls of the gateway by the code of their refusal, ok without one.", "call", "code"),
		balances: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ferry_balance_coins",
			Help: "Balances of the hot wallet in coins, rounded: available, reserved, on_chain, in_flight, unswept, suspense; and the asset's dust_threshold."}, []string{"asset", "kind"}),
	}
	m.feeRate = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ferry_fee_rate", ConstLabels: own,
		Help: "What room in a block costs, per 1000 vbytes or gas in base units: by source, and what is offered."}, []string{"source"})
	m.feeDoubt = prometheus.NewGauge(prometheus.GaugeOpts{Name: "ferry_fee_doubt", ConstLabels: own,
		Help: "1 while no source of fees is fresh, they contradict one another, or the node takes nothing that may be offered."})
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ferry_node_answer_age_seconds", ConstLabels: own,
		Help: "Since the node last answered; -1 before it ever has."}, m.silence)
	to.MustRegister(m.nodeHeight, age, m.reorgs, m.tooDeep, m.unseen, m.credits, m.signings, m.broadcasts, m.replaced, m.calls, m.balances, m.feeRate, m.feeDoubt)
	to.MustRegister(reading(pool, chain))
	return m
}

func (m *Metrics) silence() float64 {
	at := m.answered.Load()
	if at == 0 {
		return -1
	}
	return m.now().Sub(time.Unix(0, at)).Seconds()
}

// Node is the readiness check of the node: it has answered lately.
func (m *Metrics) Node(context.Context) error {
	switch silence := m.silence(); {
	case silence < 0:
		return fmt.Errorf("the node of %s has not answered yet", m.chain)
	case silence > nodeSilent.Seconds():
		return fmt.Errorf("the node of %s has not answered for %.0f s", m.chain, silence)
	}
	return nil
}

// Watch is the watcher's observer.
func (m *Metrics) Watch() watch.Observer {
	return watch.Observer{
		Tip: func(height int64) {
			m.answered.Store(m.now().UnixNano())
			m.nodeHeight.Set(float64(height))
		},
		Reorg:   func(depth int64) { m.reorgs.Observe(float64(depth)) },
		TooDeep: m.tooDeep.Inc,
		Credits: func(credits []chain.Credit) {
			for _, c := range credits {
				m.credits.WithLabelValues(c.Source.String()).Inc()
			}
		},
		Unseen: func(unseen bool) {
			m.unseen.Set(0)
			if unseen {
				m.unseen.Set(1)
			}
		},
	}
}

// Payment is the payment engine's observer.
func (m *Metrics) Payment() payment.Observer {
	return payment.Observer{
		Signing:   func(end payment.Signing) { m.signings.WithLabelValues(string(end)).Inc() },
		Replaced:  func(purpose swap.Purpose) { m.replaced.WithLabelValues(string(purpose)).Inc() },
		Broadcast: func(answer chain.Acceptance) { m.broadcasts.WithLabelValues(string(answer)).Inc() },
	}
}

// Call is the issuer's observer.
func (m *Metrics) Call(call string, code swap.Code) {
	m.calls.WithLabelValues(call, admin.Code(code)).Inc()
}
