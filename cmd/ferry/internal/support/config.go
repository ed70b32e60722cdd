package support

import (
	"context"
	"fmt"
	"math"
	"time"

	"ferry/liquidity/config"
)

// Limits of what is read of configurations.
const (
	configDaemonsMost = 50
	// configSilent is the age from which a daemon's word is that of one that is gone: it says
	// every few seconds what it runs.
	configSilent = 30 * time.Second
)

// ConfigVersions reads the newest versions first, and says whether there are more.
func (r *Reader) ConfigVersions(ctx context.Context, most int) ([]config.Version, bool, error) {
	found, err := r.configVersions(ctx, math.MaxInt64, most+1)
	if err != nil {
		return nil, false, err
	}
	found, more := cut(found, most)
	return found, more, nil
}

// ConfigVersion reads one version; 0 sets nothing. ErrNotFound if there is none.
func (r *Reader) ConfigVersion(ctx context.Context, version int64) (config.Version, error) {
	if version == 0 {
		return config.Version{Settings: config.Document{}}, nil
	}
	found, err := r.configVersions(ctx, version, 1)
	if err != nil {
		return config.Version{}, err
	}
	if len(found) == 0 || found[0].Version != version {
		return config.Version{}, fmt.Errorf("there is no version %d of the configuration: %w", version, ErrNotFound)
	}
	return found[0], nil
}

// ConfigNewest reads the newest version, 0 where nothing was ever set.
func (r *Reader) ConfigNewest(ctx context.Context) (config.Version, error) {
	found, err := r.configVersions(ctx, math.MaxInt64, 1)
	if err != nil || len(found) == 0 {
		return config.Version{Settings: config.Document{}}, err
	}
	return found[0], nil
}

func (r *Reader) configVersions(ctx context.Context, from int64, most int) ([]config.Version, error) {
	type row struct {
		Version       int64
		Settings      string
		Restores      *int64
		Actor, Reason string
		At            time.Time
	}
	found, err := rows[row](ctx, r, "CONFIG_VERSIONS", from, most)
	if err != nil {
		return nil, err
	}
	list := make([]config.Version, 0, len(found))
	for _, f := range found {
		settings, err := config.ParseDocument([]byte(f.Settings))
		if err != nil {
			return nil, fmt.Errorf("version %d of the configuration: %w", f.Version, err)
		}
		list = append(list, config.Version{Version: f.Version, Settings: settings, Restores: f.Restores, Actor: f.Actor, Reason: f.Reason, At: f.At})
	}
	return list, nil
}

// ConfigDaemon is what a daemon said of the configuration it runs.
type ConfigDaemon struct {
	Instance string          `json:"instance"`
	Defaults config.Document `json:"-"`
	// Version is what it runs, null for none; Wanted the newest it had seen, which Problem
	// kept it from running.
	Version   *int64    `json:"version"`
	Wanted    int64     `json:"wanted"`
	Problem   string    `json:"problem,omitempty"`
	Pending   string    `json:"pending,omitempty"`
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
	// Silent: it has not been heard of lately and is taken to be gone.
	Silent bool `json:"silent"`
}

// Runs reports whether the daemon runs a version.
func (d ConfigDaemon) Runs(version int64) bool { return d.Version != nil && *d.Version == version }

// ConfigDaemons reads what daemons run.
func (r *Reader) ConfigDaemons(ctx context.Context) ([]ConfigDaemon, error) {
	type row struct {
		Instance, Defaults string
		Version            *int64
		Wanted             int64
		Problem, Pending   string
		StartedAt, SeenAt  time.Time
	}
	found, err := rows[row](ctx, r, "CONFIG_DAEMONS", configDaemonsMost)
	if err != nil {
		return nil, err
	}
	list := make([]ConfigDaemon, 0, len(found))
	for _, f := range found {
		defaults, err := config.ParseDocument([]byte(f.Defaults))
		if err != nil {
			return nil, fmt.Errorf("the settings of %s: %w", f.Instance, err)
		}
		list = append(list, ConfigDaemon{Instance: f.Instance, Defaults: defaults, Version: f.Version, Wanted: f.Wanted, Problem: f.Problem, Pending: f.Pending,
			StartedAt: f.StartedAt, SeenAt: f.SeenAt, Silent: r.now.Sub(f.SeenAt) > configSilent})
	}
	return list, nil
}
