package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variables of the environment that go before the settings file.
const (
	EnvSupportURL  = "FERRY_SUPPORT_DATABASE_URL"
	EnvOperatorURL = "FERRY_OPERATOR_DATABASE_URL"
	EnvDeployment  = "FERRY_DEPLOYMENT"
)

// Limits of a connection: reading is for people, who do not wait longer.
const (
	connectLimit     = 5 * time.Second
	statementMillis  = "20000"
	idleMillis       = "10000"
	maxSettings      = 1 << 20 // bytes
	applicationName  = "ferry"
	settingsFileName = "settings.json"
)

// ErrNoFerry means that neither the environment nor the root folder says where
// Ferry's database is.
var ErrNoFerry = errors.New("no running Ferry found")

// Config says where to look.
type Config struct {
	// Root is the folder of a cluster, ".ferry" by default.
	Root string
	// Lookup reads the environment.
	Lookup func(name string) (string, bool)
}

// settings is the part that is needed of what a running cluster writes to
// <root>/run/settings.json.
type settings struct {
	Deployment  string `json:"deployment"`
	SupportURL  string `json:"support_database_url"`
	OperatorURL string `json:"operator_database_url"`
	// Admin is each daemon's admin endpoint.
	Admin map[string]string `json:"admin"`
}

// Support connects as the role that reads everything and writes nothing. The
// session is read-only besides.
func (c Config) Support(ctx context.Context) (*pgx.Conn, error) {
	return c.connect(ctx, EnvSupportURL, func(s settings) string { return s.SupportURL },
		map[string]string{"default_transaction_read_only": "on"})
}

// Operator connects as the role that may halt and resume chains.
func (c Config) Operator(ctx context.Context) (*pgx.Conn, error) {
	return c.connect(ctx, EnvOperatorURL, func(s settings) string { return s.OperatorURL }, nil)
}

// Deployment is the path of the deployment's file; "" where nothing names one.
func (c Config) Deployment() (string, error) {
	if path, ok := c.Lookup(EnvDeployment); ok && path != "" {
		return path, nil
	}
	s, err := c.settings()
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return s.Deployment, err
}

// Admin are the admin endpoints of the running cluster's daemons, by their names;
// none where the database was named by the environment, which need not be its.
func (c Config) Admin() (map[string]string, error) {
	if url, ok := c.Lookup(EnvSupportURL); ok && url != "" {
		return nil, nil
	}
	s, err := c.settings()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s.Admin, err
}

func (c Config) connect(ctx context.Context, env string, pick func(settings) string, params map[string]string) (*pgx.Conn, error) {
	url, err := c.url(env, pick)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL of %s cannot be read: %w", env, err)
	}
	config.ConnectTimeout = connectLimit
	config.RuntimeParams["application_name"] = applicationName
	config.RuntimeParams["statement_timeout"] = statementMillis
	config.RuntimeParams["idle_in_transaction_session_timeout"] = idleMillis
	// Every statement names its schemas; nothing else is to be found by accident.
	config.RuntimeParams["search_path"] = "pg_catalog"
	for name, value := range params {
		config.RuntimeParams[name] = value
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("Ferry's database does not answer (is it running?): %w", err) //nolint:staticcheck // the product's name is a proper noun
	}
	return conn, nil
}

func (c Config) url(env string, pick func(settings) string) (string, error) {
	if url, ok := c.Lookup(env); ok && url != "" {
		return url, nil
	}
	s, err := c.settings()
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w at %s: start one with make demo, or set %s", ErrNoFerry, c.Root, env)
	}
	if err != nil {
		return "", err
	}
	if pick(s) == "" {
		return "", fmt.Errorf("%w at %s: its settings name no database for this; set %s", ErrNoFerry, c.Root, env)
	}
	return pick(s), nil
}

func (c Config) settings() (settings, error) {
	path := filepath.Join(c.Root, "run", settingsFileName)
	f, err := os.Open(path)
	if err != nil {
		return settings{}, fmt.Errorf("read the settings of a running Ferry: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSettings))
	if err = errors.Join(err, f.Close()); err != nil {
		return settings{}, fmt.Errorf("read %s: %w", path, err)
	}
	var s settings
	if err := json.Unmarshal(raw, &s); err != nil {
		return settings{}, fmt.Errorf("%s is not what a running Ferry writes: %w", path, err)
	}
	return s, nil
}
