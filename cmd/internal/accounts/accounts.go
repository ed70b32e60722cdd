// Package accounts reads the extended public keys for the daemons that derive
// addresses. It is apart from package daemon so that the others link no key code.
package accounts

import (
	"fmt"
	"os"

	"ferry/cmd/internal/daemon"
	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Load reads the file named by FERRY_ACCOUNTS.
func Load(s *daemon.Settings, n asset.Networks) (keys.Accounts, error) {
	path := s.Need("FERRY_ACCOUNTS", "file of the extended public keys, written by signerd init")
	if err := s.Err(); err != nil {
		return keys.Accounts{}, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return keys.Accounts{}, fmt.Errorf("read the extended public keys: %w", err)
	}
	return keys.ParseAccounts(n, raw)
}
