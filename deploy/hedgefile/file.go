package hedgefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"ferry/swap/asset"
)

// maxFile is how long a file may be, in bytes.
const maxFile = 64 << 10

// File is the JSON file that FERRY_HEDGE names: keys at venues and the policy of each
// asset. Amounts are coins, as decimals.
type File struct {
	Venues map[string]Account  `json:"venues"`
	Assets map[asset.ID]Policy `json:"assets"`
	// Accounts is what each account at a venue should hold, by asset, bitcoin among them.
	Accounts map[asset.ID]Band `json:"accounts"`
	SlipBPS  int64             `json:"slip_basis_points"`
	// LossMost is how much bitcoin may be lost in a day; "" for no limit.
	LossMost string `json:"loss_max"`
}

// Account is an account's key at a venue, and what the venue takes of a trade.
type Account struct {
	Key        string `json:"key"`
	Secret     string `json:"secret"`
	Passphrase string `json:"passphrase"`
	FeeBPS     int64  `json:"fee_basis_points"`
}

// Policy is an asset's (hedge.Policy) in coins; "" for none, or never.
type Policy struct {
	Target string `json:"target"`
	Band   string `json:"band"`
	// BandMost is the widest band that a version of the configuration may set; "" for Band.
	BandMost        string `json:"band_max"`
	OrderMost       string `json:"order_max"`
	Early           string `json:"early_from"`
	AtLock          string `json:"lock_from"`
	UnconfirmedMost string `json:"unconfirmed_max"`
	// EarlyMovePPM and LockMovePPM are standard deviations of a minute; 0 is hedge.Policy's.
	EarlyMovePPM int64 `json:"early_move_ppm"`
	LockMovePPM  int64 `json:"lock_move_ppm"`
}

// Band is hedge.VenueBand in coins.
type Band struct {
	Least string `json:"min"`
	Most  string `json:"max"`
}

// Read refuses a file that others may read, and fields that it does not know.
func Read(path string) (File, error) {
	var f File
	file, err := os.Open(path)
	if err != nil {
		return f, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return f, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return f, fmt.Errorf("%s holds keys and others may read it: set its mode to 0600", path)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return f, fmt.Errorf("read %s: %w", path, err)
	}
	if len(raw) > maxFile {
		return f, fmt.Errorf("%s is of more than %d bytes", path, maxFile)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		// What encoding/json says of a file's text may be a part of a key.
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return f, fmt.Errorf("%s is no JSON, at byte %d", path, syntax.Offset)
		}
		return f, fmt.Errorf("%s does not have the fields of docs/hedging.md", path)
	}
	return f, nil
}

// Write writes a file that only its owner may read.
func (f File) Write(path string) error {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
