package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// The statements, one a file.
var (
	//go:embed book_lock.sql
	bookLockSQL string
	//go:embed book_lock_pairs.sql
	bookLockPairsSQL string
	//go:embed book_lock_asset.sql
	bookLockAssetSQL string
	//go:embed book.sql
	bookSQL string
	//go:embed measure_promised.sql
	measurePromisedSQL string
	//go:embed measure_clients.sql
	measureClientsSQL string
	//go:embed measure_risk.sql
	measureRiskSQL string
	//go:embed turn.sql
	turnSQL string
	//go:embed unconfirmed.sql
	unconfirmedSQL string
	//go:embed accept_firm.sql
	acceptFirmSQL string
	//go:embed stage.sql
	stageSQL string
	//go:embed accept_lock.sql
	acceptLockSQL string
	//go:embed accept.sql
	acceptSQL string
	//go:embed accepted.sql
	acceptedSQL string
	//go:embed reserved.sql
	reservedSQL string
	//go:embed close.sql
	closeSQL string
	//go:embed close_lock.sql
	closeLockSQL string
	//go:embed close_requoted.sql
	closeRequotedSQL string
	//go:embed close_requotes.sql
	closeRequotesSQL string
	//go:embed lapse.sql
	lapseSQL string
	//go:embed answer_client.sql
	answerClientSQL string
	//go:embed answer_known.sql
	answerKnownSQL string
	//go:embed answer_lock.sql
	answerLockSQL string
	//go:embed answer_unconfirmed.sql
	answerUnconfirmedSQL string
	//go:embed stage_rates.sql
	stageRatesSQL string
	//go:embed answer_fits.sql
	answerFitsSQL string
	//go:embed answer_replace.sql
	answerReplaceSQL string
	//go:embed answer_replace_lock.sql
	answerReplaceLockSQL string
	//go:embed answer.sql
	answerSQL string
)

// Store is liquidity.Store on a pool whose search_path is the service's schema.
type Store struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	queue  queue
	chains chains
}

var _ liquidity.Store = (*Store)(nil)

// New uses the pool, which stays the caller's, and the clock that judges whether
// a lock is open.
func New(pool *pgxpool.Pool, now func() time.Time) *Store {
	s := &Store{pool: pool, now: now, queue: queue{within: batchWithin, lines: map[asset.ID]*line{}},
		chains: chains{list: map[asset.ID]*chain{}}}
	s.queue.book = s.bookBatch
	return s
}

// Reserved implements liquidity.Store.
func (s *Store) Reserved(ctx context.Context, id asset.ID, balanceAt time.Time) (asset.Units, error) {
	var sum string
	err := s.pool.QueryRow(ctx, reservedSQL, pgx.NamedArgs{
		"payout_asset": string(id), "balance_at": balanceAt, "now": s.now()}).Scan(&sum)
	if err != nil {
		return asset.Units{}, fmt.Errorf("sum what is reserved of %s: %w", id, err)
	}
	return asset.ParseUnits(sum)
}

// Offset implements liquidity.Store.
func (s *Store) Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error) {
	return bus.LoadOffset(ctx, s.pool, consumer, topic, partition)
}

// Lapse implements liquidity.Store.
func (s *Store) Lapse(ctx context.Context, limit int) (int64, error) {
	tag, err := s.pool.Exec(ctx, lapseSQL, pgx.NamedArgs{"now": s.now(), "most": limit})
	if err != nil {
		return 0, fmt.Errorf("close lapsed locks: %w", err)
	}
	return tag.RowsAffected(), nil
}
