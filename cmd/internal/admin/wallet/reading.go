package wallet

import (
	"context"
	"math/big"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/database"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/treasury"
	"ferry/swap/asset"
)

var (
	height     = admin.Gauge("ferry_chain_height", "The last block processed; -1 before the first.", "chain")
	tipAge     = admin.Gauge("ferry_chain_tip_age_seconds", "Since the last block was processed.", "chain")
	halted     = admin.Gauge("ferry_chain_halted", "1 while the chain's payments are halted.", "chain")
	difference = admin.Gauge("ferry_reconciliation_difference_coins", "What the node holds beyond the books at the newest comparison, in coins, rounded; exactly 0 if equal.", "chain", "asset")
	compared   = admin.Gauge("ferry_reconciliation_age_seconds", "Since the books were last compared with the node.", "chain", "asset")
	payments   = admin.Gauge("ferry_payments_open", "Payments neither final nor failed.", "chain", "purpose", "state")
	paymentAge = admin.Gauge("ferry_payment_oldest_age_seconds", "Since the oldest open payment of the state was queued.", "chain", "purpose", "state")
	standing   = admin.Gauge("ferry_payments_standing", "Open payments that stand still for a reason.", "chain", "purpose", "state")
	unmined    = admin.Gauge("ferry_payments_unmined", "Transactions that nodes may have and no block has.", "chain")
	unminedAge = admin.Gauge("ferry_payment_unmined_oldest_seconds", "Since the oldest of these was planned; 0 without one.", "chain")
	people     = admin.Gauge("ferry_payments_waiting_people", "Open payments that go on only once somebody has done something.", "chain", "purpose")
	deposits   = admin.Gauge("ferry_deposits_unconfirmed", "Deposits that are seen or in a block, and not confirmed.", "chain", "state")
	addresses  = admin.Gauge("ferry_addresses_ready", "Deposit addresses that wait to be given, counted up to 10,000.", "chain")
)

func reading(pool *pgxpool.Pool, chain asset.Chain) *admin.Reading {
	return admin.NewReading("wallet", func(ctx context.Context) ([]admin.Sample, error) {
		var m postgres.Measure
		err := database.ReadOnly(ctx, pool, admin.ScrapeLimit, func(tx pgx.Tx) (err error) {
			m, err = postgres.MeasureChain(ctx, tx, chain)
			return err
		})
		if err != nil {
			return nil, err
		}
		return samples(m, chain), nil
	}, height, tipAge, halted, difference, compared, payments, paymentAge, standing, unmined, unminedAge, people, deposits, addresses)
}

func samples(m postgres.Measure, chain asset.Chain) []admin.Sample {
	name := string(chain)
	own := []string{name}
	isHalted := 0.0
	if m.Chain.Halted {
		isHalted = 1
	}
	list := []admin.Sample{
		{Gauge: height, Value: float64(m.Chain.Height), Labels: own}, {Gauge: halted, Value: isHalted, Labels: own},
		{Gauge: addresses, Value: float64(m.Ready), Labels: own},
		{Gauge: unmined, Value: float64(m.Unmined.Transactions), Labels: own}, {Gauge: unminedAge, Value: m.Unmined.OldestSeconds, Labels: own},
	}
	if m.Chain.Height >= 0 {
		list = append(list, admin.Sample{Gauge: tipAge, Value: m.Chain.TipSeconds, Labels: own})
	}
	for _, c := range m.Comparisons {
		a, known := asset.Lookup(c.Asset)
		if !known {
			continue
		}
		labels := []string{name, string(a.ID)}
		list = append(list, admin.Sample{Gauge: difference, Value: coins(c.Difference, a), Labels: labels},
			admin.Sample{Gauge: compared, Value: c.Seconds, Labels: labels})
	}
	for _, p := range m.Payments {
		labels := []string{name, string(p.Purpose), string(p.State)}
		list = append(list, admin.Sample{Gauge: payments, Value: float64(p.Payments), Labels: labels},
			admin.Sample{Gauge: paymentAge, Value: p.OldestSeconds, Labels: labels},
			admin.Sample{Gauge: standing, Value: float64(p.Standing), Labels: labels})
	}
	for _, p := range m.People {
		list = append(list, admin.Sample{Gauge: people, Value: float64(p.Payments), Labels: []string{name, string(p.Purpose)}})
	}
	for _, d := range m.Deposits {
		list = append(list, admin.Sample{Gauge: deposits, Value: float64(d.Deposits), Labels: []string{name, string(d.State)}})
	}
	return list
}

// coins is an amount for people's charts; no decision is made from it. What is not
// zero does not become zero.
func coins(units *big.Int, a asset.Asset) float64 {
	one := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(a.Decimals)), nil)
	value, _ := new(big.Rat).SetFrac(units, one).Float64()
	return value
}

// Balances is treasury's observer.
func (m *Metrics) Balances(b treasury.Balances) {
	a, known := asset.Lookup(b.Asset)
	if !known {
		return
	}
	for kind, units := range map[string]*big.Int{"available": b.Available.Big(), "reserved": b.Reserved.Big(),
		"on_chain": b.OnChain, "in_flight": b.InFlight, "unswept": b.Unswept.Big(), "suspense": b.Suspense,
		"dust_threshold": b.DustThreshold.Big()} {
		if units != nil {
			m.balances.WithLabelValues(string(a.ID), kind).Set(coins(units, a))
		}
	}
}
