package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"

	"ferry/swap/crash"
)

// RelayConfig is what a relay needs.
type RelayConfig struct {
	// Source is stamped on every record: the service whose outbox this is.
	Source  string
	Brokers []string
	// Pool's search_path is the service's schema.
	Pool *pgxpool.Pool
	Log  *slog.Logger
	// Wake, if not nil, is signalled after a commit that told something, so that
	// the relay need not wait for its next look.
	Wake <-chan struct{}
}

// Limits of the relay.
const (
	relayBatch     = 1000
	relayPollLeast = 5 * time.Millisecond
	relayPollMost  = 200 * time.Millisecond
	relayRetry     = time.Second
	relayKeep      = "24 hours"
	relayDropEvery = time.Minute
	produceTimeout = 10 * time.Second
)

// Relay publishes one outbox. Any number may run; one at a time is active, by an
// advisory lock that dies with its connection.
type Relay struct {
	config RelayConfig
	client *kgo.Client
}

// NewRelay connects lazily; Run does the work.
func NewRelay(c RelayConfig) (*Relay, error) {
	client, err := newProducer(c.Brokers)
	if err != nil {
		return nil, err
	}
	return &Relay{config: c, client: client}, nil
}

// newProducer is the one way we produce: acknowledged by all replicas,
// idempotent, bounded in time and memory.
func newProducer(brokers []string) (*kgo.Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(4<<20), kgo.MaxBufferedRecords(2*relayBatch), kgo.ProducerLinger(0),
		kgo.RecordDeliveryTimeout(produceTimeout), kgo.RetryTimeout(produceTimeout))
	if err != nil {
		return nil, fmt.Errorf("kafka producer: %w", err)
	}
	return client, nil
}

// Run relays until ctx ends. Failures are logged and tried again: what is in the
// outbox waits there.
func (r *Relay) Run(ctx context.Context) error {
	defer r.client.Close()
	for ctx.Err() == nil {
		err := r.lead(ctx)
		if ctx.Err() != nil {
			break
		}
		r.config.Log.Warn("relay stopped, will start again", "source", r.config.Source, "error", err)
		wait(ctx, relayRetry, nil)
	}
	return nil
}

// lead waits to be the one active relay and relays until something fails.
func (r *Relay) lead(ctx context.Context) error {
	conn, err := r.config.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	// The lock must not outlive us on a pooled connection: close it for good.
	own := conn.Hijack()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayRetry)
		defer cancel()
		if err := own.Close(closing); err != nil {
			r.config.Log.Warn("relay connection did not close", "source", r.config.Source, "error", err)
		}
	}()
	if _, err := own.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended(current_schema() || '.outbox', 0))"); err != nil {
		return fmt.Errorf("take the relay's lock: %w", err)
	}
	poll, lastDrop := relayPollLeast, time.Now()
	for ctx.Err() == nil {
		n, err := r.once(ctx, own)
		if err != nil {
			return err
		}
		if time.Since(lastDrop) > relayDropEvery {
			lastDrop = time.Now()
			if _, err := own.Exec(ctx, relayDropSQL, relayKeep, 10*relayBatch); err != nil {
				return fmt.Errorf("drop published rows: %w", err)
			}
		}
		switch {
		case n == relayBatch:
			continue
		case n > 0:
			poll = relayPollLeast
		default:
			poll = min(2*poll, relayPollMost)
		}
		if wait(ctx, poll, r.config.Wake) {
			poll = relayPollLeast
		}
	}
	return ctx.Err()
}

type outboxRow struct {
	ID        int64
	XID       string
	Seq       int64
	Topic     string
	Key       string
	Kind      string
	Body      string
	CreatedAt time.Time
}

// once publishes one batch and then advances the cursor. A crash in between
// publishes the same rows again, under the same numbers.
func (r *Relay) once(ctx context.Context, conn *pgx.Conn) (int, error) {
	found, err := conn.Query(ctx, relayReadSQL, relayBatch)
	if err != nil {
		return 0, fmt.Errorf("read the outbox: %w", err)
	}
	rows, err := pgx.CollectRows(found, pgx.RowToStructByPos[outboxRow])
	if err != nil || len(rows) == 0 {
		return 0, wrap(err, "read the outbox")
	}
	records := make([]*kgo.Record, len(rows))
	for i, row := range rows {
		m := Message{Topic: row.Topic, Key: row.Key, Kind: row.Kind, Body: []byte(row.Body)}
		records[i] = toKafka(m, r.config.Source, row.Seq, row.CreatedAt)
	}
	crash.Point("relay.publish.before")
	if err := r.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return 0, fmt.Errorf("publish %d records: %w", len(records), err)
	}
	crash.Point("relay.publish.after")
	last := rows[len(rows)-1]
	tag, err := conn.Exec(ctx, relayAdvanceSQL, last.XID, last.ID, last.Seq, rows[0].Seq-1)
	if err != nil {
		return 0, fmt.Errorf("advance the relay's cursor: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return 0, errors.New("the relay's cursor has moved: another relay is active")
	}
	crash.Point("relay.advance.after")
	return len(rows), nil
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// wait waits for d, for wake, or for ctx; it reports whether it was woken.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
		return true
	}
	return false
}
