package payment_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/bus"
)

const (
	// crowd is how many orders come at once, of which a tenth can be paid.
	crowd = 1000
	// fundings are as many, each of what two orders ask for.
	fundings = crowd / 20
	// clerks is how many connections store them, and plan them.
	clerks = 8
	// looksAtLeast is how often the reader beside them looks.
	looksAtLeast = 20
	// triesMost is how often one order may find that others were faster.
	triesMost = 1000
)

// Setup: funds for a tenth of what a thousand orders ask for, which several connections take
// in and plan at once, each order by two of them.
//
// Test: at every moment, in one snapshot, what is planned is covered by what is held: no coin
// is in two plans, no nonce is taken twice, no order is planned twice. In the end funds are
// used up and the rest waits.
func TestAThousandOrdersNeverOverdraw(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.inFlight = crowd // funds are what they lack, not room
		w.restart()
		for range fundings {
			w.chain.Pay(w.funding, w.some(4))
		}
		w.mine(confirmations)
		orders := make([]swap.Order, crowd)
		for i := range orders {
			orders[i] = w.payout(w.some(2))
		}
		done, looked := make(chan struct{}), make(chan error, 1)
		go func() { looked <- w.neverOverdrawn(done) }()
		c := &crowded{world: w, orders: orders}
		c.atOnce(t, c.takeIn)
		c.atOnce(t, c.planShare)
		close(done)
		w.must(<-looked)
		planned := w.count(`SELECT count(*) FROM payment WHERE batch_id IS NOT NULL`)
		if waiting := w.count(`SELECT count(*) FROM payment WHERE batch_id IS NULL AND state = 'queued'`); planned == 0 || planned+waiting != crowd || planned > 2*fundings {
			t.Fatalf("%d of %d orders are planned, %d wait", planned, crowd, waiting)
		}
		t.Logf("%d of %d orders are planned", planned, crowd)
	})
}

// crowded is a world that many work in at once.
type crowded struct {
	*world
	orders []swap.Order
	// signing is one at a time, as the engine signs.
	signing sync.Mutex
}

// atOnce has all clerks do something.
func (c *crowded) atOnce(t *testing.T, do func(n int) error) {
	t.Helper()
	errs := make([]error, clerks)
	var wg sync.WaitGroup
	for n := range clerks {
		wg.Go(func() { errs[n] = do(n) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// takeIn stores a clerk's share of the orders, as a partition of its own.
func (c *crowded) takeIn(n int) error {
	b := bus.Batch{Topic: bus.TopicOrders, Partition: int32(n)}
	for i := n; i < len(c.orders); i += clerks {
		m, err := bus.OrderMessage(c.orders[i])
		if err != nil {
			return err
		}
		b.Records = append(b.Records, bus.Record{Topic: m.Topic, Partition: b.Partition, Offset: b.Next, Key: m.Key, Kind: m.Kind, Body: m.Body})
		b.Next++
	}
	return c.world.orders.Handle(context.Background(), b)
}

// planShare plans a clerk's share of the orders and its neighbour's, in an order of its own,
// until there is nothing left to pay with.
func (c *crowded) planShare(n int) error {
	lot := rand.New(rand.NewPCG(uint64(n), 1))
	var share []swap.Order
	for i, o := range c.orders {
		if i%clerks == n || (i+1)%clerks == n {
			share = append(share, o)
		}
	}
	lot.Shuffle(len(share), func(i, j int) { share[i], share[j] = share[j], share[i] })
	for _, o := range share {
		switch err := c.planOne(o, lot); {
		case errors.Is(err, chain.ErrFunds):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", o.ID, err)
		}
	}
	return nil
}

// planOne tries until the order is planned, by whomever, or can't be paid.
func (c *crowded) planOne(o swap.Order, lot *rand.Rand) error {
	ctx := context.Background()
	for range triesMost {
		p, err := c.store.Payment(ctx, o.ID)
		if err != nil || p.BatchID != "" {
			return err
		}
		basis, err := c.store.Basis(ctx, []payment.Payment{p})
		if err != nil {
			return err
		}
		// Each begins at another coin, or all of them would want the same.
		if coins := basis.Funds.Coins; len(coins) > 0 {
			from := lot.IntN(len(coins))
			basis.Funds.Coins = coins[from:min(from+3, len(coins))]
			if len(coins) < clerks {
				basis.Funds.Coins = coins
			}
		}
		plan, err := c.chain.Plan(ctx, basis.Funds, chain.Pay(chain.Output{Destination: o.Destination, Asset: o.Amount.Asset, Units: o.Amount.Units}, c.feeMax))
		if err != nil {
			return err
		}
		b, err := c.store.StorePlan(ctx, []payment.Payment{p}, plan)
		if errors.Is(err, payment.ErrChanged) {
			continue
		}
		if err != nil {
			return err
		}
		return c.sign(ctx, b)
	}
	return fmt.Errorf("others were faster %d times", triesMost)
}

func (c *crowded) sign(ctx context.Context, b payment.Batch) error {
	c.signing.Lock()
	defer c.signing.Unlock()
	raw, txid, err := c.signer.Sign(ctx, payment.SignRequest{Plan: b.Last().Plan, FencingToken: uint64(c.lease.Token()),
		Authorities: []payment.Authority{{Order: b.Payments[0].Order, Attestations: []string{"a word"}}}})
	if err != nil {
		return err
	}
	_, err = c.store.StoreSigned(ctx, b, raw, txid)
	return err
}

// overdrawn counts, in one snapshot, what must never be.
const overdrawn = `
WITH live AS (SELECT a.* FROM attempt a WHERE a.state <> 'dropped'),
spent AS (SELECT (c ->> 'txid') || ':' || (c ->> 'index') AS id, (c ->> 'units')::numeric AS units
    FROM live CROSS JOIN LATERAL jsonb_array_elements(coalesce(nullif(plan -> 'coins', 'null'), '[]')) AS c)
SELECT (SELECT count(*) FROM (SELECT FROM spent GROUP BY id HAVING count(*) > 1) x),
    (SELECT count(*) FROM (SELECT FROM live WHERE nonce IS NOT NULL GROUP BY sender, nonce HAVING count(*) > 1) x),
    (SELECT count(*) FROM (SELECT FROM batch b, unnest(b.orders) o WHERE b.state <> 'dropped' GROUP BY o HAVING count(*) > 1) x),
    (SELECT coalesce(sum(p.units + l.fee), 0) FROM payment p JOIN live l USING (batch_id)) > $1::numeric,
    (SELECT coalesce(sum(units), 0) FROM spent) > $1::numeric`

// neverOverdrawn looks until it is done, and says what it has seen.
func (w *world) neverOverdrawn(done <-chan struct{}) error {
	ctx := context.Background()
	held := w.some(4 * fundings)
	for looks := 0; ; looks++ {
		select {
		case <-done:
			if looks >= looksAtLeast {
				return nil
			}
		default:
		}
		var coins, nonces, orders int
		var paid, taken bool
		err := pgx.BeginTxFunc(ctx, w.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, overdrawn, held.String()).Scan(&coins, &nonces, &orders, &paid, &taken)
		})
		if err != nil {
			return err
		}
		if coins+nonces+orders > 0 || paid || taken {
			return fmt.Errorf("look %d: %d coins in two plans, %d nonces taken twice, %d orders planned twice, more paid than held: %t, more taken: %t",
				looks, coins, nonces, orders, paid, taken)
		}
	}
}
