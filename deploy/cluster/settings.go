package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ferry/swap/asset"
)

// Node is how to reach a chain's node.
type Node struct {
	URL      string `json:"url"`
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
}

// Settings is where everything of a running cluster is. It is kept in
// <root>/run/settings.json, readable by its owner only, while the cluster is up.
type Settings struct {
	// API is the public API's base URL.
	API string `json:"api"`
	// Deployment is the path of the deployment's file.
	Deployment string `json:"deployment"`
	// SupportURL may read every schema, OperatorURL may halt and resume chains.
	SupportURL  string `json:"support_database_url"`
	OperatorURL string `json:"operator_database_url"`
	Bitcoin     Node   `json:"bitcoin"`
	// Litecoin and BitcoinCash are zero where the cluster does not run them.
	Litecoin    Node     `json:"litecoin,omitzero"`
	BitcoinCash Node     `json:"bitcoincash,omitzero"`
	Ethereum    Node     `json:"ethereum"`
	Brokers     []string `json:"kafka_brokers"`
	// Venues is where the simulated venues are told to misbehave, and tell their orders
	// (/control/fault, /control/orders; see cmd/venuesim).
	Venues string `json:"venues"`
	// Admin is each daemon's admin endpoint (/metrics, /healthz, /readyz): a loopback
	// address, or the path of a Unix socket where the daemon holds keys.
	Admin map[string]string `json:"admin,omitempty"`
	// Attest are the nodes that attestd looks at deposits on.
	Attest map[asset.Chain]Node `json:"attest,omitempty"`
}

// Node is where a chain's node is; zero where the chain is not run.
func (s Settings) Node(chain asset.Chain) Node {
	return map[asset.Chain]Node{asset.Bitcoin: s.Bitcoin, asset.Litecoin: s.Litecoin, asset.BitcoinCash: s.BitcoinCash, asset.Ethereum: s.Ethereum}[chain]
}

// ErrNotRunning means that no cluster is up at a root folder.
var ErrNotRunning = errors.New("no running Ferry")

func settingsFile(root string) string { return filepath.Join(root, "run", "settings.json") }

// ReadSettings finds the cluster that is up at a root folder; ErrNotRunning if
// there is none.
func ReadSettings(root string) (Settings, error) {
	raw, err := os.ReadFile(settingsFile(root))
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("%w at %s: start one with make demo", ErrNotRunning, root)
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read the cluster's settings: %w", err)
	}
	var s Settings
	if err := json.Unmarshal(raw, &s); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", settingsFile(root), err)
	}
	return s, nil
}

func (s Settings) write(root string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the cluster's settings: %w", err)
	}
	return writeFile(settingsFile(root), append(raw, '\n'), 0o600)
}

// writeFile replaces a file whole or not at all.
func writeFile(path string, raw []byte, mode fs.FileMode) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, raw, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
