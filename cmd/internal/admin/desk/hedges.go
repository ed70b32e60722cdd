package desk

import (
	"context"
	"math/big"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/database"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/swap/asset"
)

var (
	position = admin.Gauge("ferry_hedge_position_coins", "What the house holds beyond its capital, by asset.", "asset")
	unknown  = admin.Gauge("ferry_hedge_orders_open", "Orders at venues whose outcome is not known, by asset.", "asset")
)

// Hedges measures positions and open orders.
func Hedges(to prometheus.Registerer, pool *pgxpool.Pool) {
	to.MustRegister(admin.NewReading("hedges", func(ctx context.Context) ([]admin.Sample, error) {
		var samples []admin.Sample
		err := database.ReadOnly(ctx, pool, admin.ScrapeLimit, func(tx pgx.Tx) error {
			measures, err := postgres.MeasureHedges(ctx, tx)
			for _, m := range measures {
				label := []string{string(m.Asset)}
				samples = append(samples, admin.Sample{Gauge: position, Value: coins(m.Units, m.Asset), Labels: label},
					admin.Sample{Gauge: unknown, Value: float64(m.Open), Labels: label})
			}
			return err
		})
		return samples, err
	}, position, unknown))
}

// Drawdown measures how much of the limit on losses is used up.
func Drawdown(to prometheus.Registerer, drawdown func() (usedPPM int64, known bool)) {
	to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ferry_hedge_drawdown_ratio",
		Help: "How much of the limit on a day's losses is used up; 1 too while that is not known."},
		func() float64 {
			if used, known := drawdown(); known {
				return float64(used) / 1e6
			}
			return 1
		}))
}

// coins are for a graph: a float is near enough.
func coins(units *big.Int, id asset.ID) float64 {
	value, _ := new(big.Rat).SetFrac(units, asset.Pow10(asset.MustLookup(id).Decimals)).Float64()
	return value
}

// HedgeOrders counts orders by how they ended.
func HedgeOrders(to prometheus.Registerer) func(venue string, ending hedge.Ending) {
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ferry_hedge_orders_total",
		Help: "Orders at a venue by how they ended."}, []string{"venue", "ending"})
	to.MustRegister(orders)
	return func(venue string, ending hedge.Ending) { orders.WithLabelValues(venue, string(ending)).Inc() }
}
