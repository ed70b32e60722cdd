package parts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// developerBalance is 2^200 wei: more than any demo spends, and far from overflowing anything.
const developerBalance = "0x100000000000000000000000000000000000000000000000000"

// gethGenesis is `geth --dev`'s own genesis, put right in two places; see todaysGenesis.
func gethGenesis(ctx context.Context, geth string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, gethInitLimit)
	defer cancel()
	dump := exec.CommandContext(ctx, geth, "--dev", "dumpgenesis")
	out, err := dump.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("asking geth for its genesis: %w", err)
	}
	return todaysGenesis(out)
}

// todaysGenesis takes a future fork out of a dumped genesis, since it changes gas prices (bogotaTime makes a token transfer
// to a new holder cost 146,223 gas instead of 51,003), and gives the developer account the balance that the dump leaves out.
func todaysGenesis(dumped []byte) ([]byte, error) {
	var genesis map[string]json.RawMessage
	if err := json.Unmarshal(dumped, &genesis); err != nil {
		return nil, fmt.Errorf("reading geth's genesis: %w", err)
	}
	var config, alloc map[string]json.RawMessage
	if err := json.Unmarshal(genesis["config"], &config); err != nil {
		return nil, fmt.Errorf("reading the config of geth's genesis: %w", err)
	}
	if err := json.Unmarshal(genesis["alloc"], &alloc); err != nil {
		return nil, fmt.Errorf("reading the accounts of geth's genesis: %w", err)
	}
	delete(config, "bogotaTime")
	for account := range alloc {
		if strings.EqualFold(strings.TrimPrefix(account, "0x"), GethDeveloperAddress[2:]) {
			delete(alloc, account)
		}
	}
	if alloc == nil {
		alloc = map[string]json.RawMessage{}
	}
	alloc[strings.ToLower(GethDeveloperAddress[2:])] = json.RawMessage(`{"balance":"` + developerBalance + `"}`)
	var err, allocErr error
	genesis["config"], err = json.Marshal(config)
	genesis["alloc"], allocErr = json.Marshal(alloc)
	if err := errors.Join(err, allocErr); err != nil {
		return nil, fmt.Errorf("writing geth's genesis: %w", err)
	}
	return json.MarshalIndent(genesis, "", "  ")
}
