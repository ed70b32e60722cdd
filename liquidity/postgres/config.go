package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity/config"
)

var (
	//go:embed config_newest.sql
	configNewestSQL string
	//go:embed config_report.sql
	configReportSQL string
	//go:embed config_forget.sql
	configForgetSQL string
)

// ConfigStore is where a daemon finds its configuration, and says what it runs.
type ConfigStore struct {
	pool *pgxpool.Pool
	now  func() time.Time
	// started is when the process began.
	started time.Time
}

// NewConfigs uses the pool, which stays the caller's.
func NewConfigs(pool *pgxpool.Pool, now func() time.Time) *ConfigStore {
	return &ConfigStore{pool: pool, now: now, started: now()}
}

// Newest is the newest version that was accepted; version 0 where there is none.
func (s *ConfigStore) Newest(ctx context.Context) (config.Version, error) {
	var v config.Version
	var settings []byte
	err := s.pool.QueryRow(ctx, configNewestSQL).Scan(&v.Version, &settings, &v.Restores, &v.Actor, &v.Reason, &v.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return config.Version{Settings: config.Document{}}, nil
	}
	if err != nil {
		return v, fmt.Errorf("read the newest configuration: %w", err)
	}
	v.Settings, err = config.ParseDocument(settings)
	return v, err
}

// daemonKept is how long a process that is gone is remembered.
const daemonKept = 24 * time.Hour

// Report stores what a daemon runs, and forgets those that have long been gone.
func (s *ConfigStore) Report(ctx context.Context, r config.Report) error {
	defaults, err := json.Marshal(r.Defaults)
	if err != nil {
		return fmt.Errorf("encode the defaults: %w", err)
	}
	now := s.now()
	var batch pgx.Batch
	batch.Queue(configReportSQL, pgx.NamedArgs{"instance": r.Instance, "defaults": string(defaults), "version": r.Version, "wanted": r.Wanted,
		"problem": cut(r.Problem), "pending": cut(r.Pending), "started_at": s.started, "now": now})
	batch.Queue(configForgetSQL, pgx.NamedArgs{"before": now.Add(-daemonKept)})
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("report the configuration of %s: %w", r.Instance, err)
	}
	return nil
}

// reportMost is the longest text that is stored of a report, in bytes.
const reportMost = 4000

// cut is a text short enough to be stored, in valid characters.
func cut(text string) string {
	if len(text) <= reportMost {
		return text
	}
	end := 0
	for i := range text {
		if i > reportMost {
			break
		}
		end = i
	}
	return text[:end]
}
