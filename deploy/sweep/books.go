package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ferry/deploy/demo/faucet"
	"ferry/swap/asset"
)

// restLimit is how long the books may take to come to rest after a swap.
const restLimit = time.Minute

// ferry runs the operators' command line and decodes what it prints. A status
// other than 0 with JSON printed is an answer too.
func (w *world) ferry(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(w.bin, "ferry"), append([]string{"--root", w.root}, args...)...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if text, ok := into.(*string); ok && err == nil {
		*text = strings.TrimSpace(string(out))
		return nil
	}
	if jsonErr := json.Unmarshal(out, into); jsonErr != nil {
		return errors.Join(fmt.Errorf("ferry %s: %s", strings.Join(args, " "), strings.TrimSpace(problems.String())), err, jsonErr)
	}
	return nil
}

// status is the part of `ferry status --json` that the sweep judges.
type status struct {
	ParkedCount int `json:"parked_count"`
	Malformed   struct {
		All int `json:"all"`
	} `json:"malformed_records"`
	Halts []struct {
		Chain  asset.Chain `json:"chain"`
		Reason string      `json:"reason"`
	} `json:"halts"`
	Stuck []struct {
		SwapID string `json:"swap_id"`
		Reason string `json:"reason"`
	} `json:"payments_with_a_reason"`
	Chains []struct {
		Chain  asset.Chain `json:"chain"`
		Height int64       `json:"height"`
	} `json:"chains"`
}

// halt is why a chain's payments stand still, "" if they run.
func (s status) halt(chain asset.Chain) string {
	for _, h := range s.Halts {
		if h.Chain == chain {
			return h.Reason
		}
	}
	return ""
}

// standing is why a swap's payment stands still.
func (s status) standing(swapID string) string {
	for _, p := range s.Stuck {
		if p.SwapID == swapID {
			return p.Reason
		}
	}
	return ""
}

// height is the block up to which a chain has been read.
func (s status) height(chain asset.Chain) int64 {
	for _, c := range s.Chains {
		if c.Chain == chain {
			return c.Height
		}
	}
	return 0
}

func (w *world) status(ctx context.Context) (s status, err error) {
	return s, w.ferry(ctx, &s, "status", "--json")
}

// unrest says what is off or unfinished in the books, "" at rest.
func (w *world) unrest(ctx context.Context) (string, error) {
	var books struct {
		Assets []struct {
			Asset    asset.ID          `json:"asset"`
			Off      []string          `json:"off"`
			InFlight []json.RawMessage `json:"in_flight"`
		} `json:"assets"`
	}
	if err := w.ferry(ctx, &books, "books", "--json"); err != nil {
		return "", err
	}
	var found []string
	for _, a := range books.Assets {
		for _, off := range a.Off {
			found = append(found, string(a.Asset)+": "+off)
		}
		if len(a.InFlight) > 0 {
			found = append(found, fmt.Sprintf("%s: %d facts in flight", a.Asset, len(a.InFlight)))
		}
	}
	s, err := w.status(ctx)
	if err != nil {
		return "", err
	}
	if s.ParkedCount > 0 || s.Malformed.All > 0 {
		found = append(found, fmt.Sprintf("%d facts are parked, %d records malformed", s.ParkedCount, s.Malformed.All))
	}
	for _, h := range s.Halts {
		found = append(found, fmt.Sprintf("%s is halted: %s", h.Chain, h.Reason))
	}
	for _, p := range s.Stuck {
		found = append(found, fmt.Sprintf("payment of %s stands: %s", p.SwapID, p.Reason))
	}
	return strings.Join(found, "; "), nil
}

// rest waits until the books balance with nothing in flight, parked or halted.
func (w *world) rest(ctx context.Context) error {
	return until(ctx, restLimit, "balanced books at rest", func() (bool, string, error) {
		found, err := w.unrest(ctx)
		return found == "" && err == nil, found, err
	})
}

// fund gives the hot wallet house capital: several coins, so that payments need
// not wait for one another's change.
func (w *world) fund(ctx context.Context) error {
	var coins, ether string
	if err := w.ferry(ctx, &coins, "treasury", "fund-address", "bitcoin"); err != nil {
		return err
	}
	if err := w.ferry(ctx, &ether, "treasury", "fund-address", "ethereum"); err != nil {
		return err
	}
	outputs := make([]faucet.Output, 12)
	for i := range outputs {
		outputs[i] = faucet.Output{Address: coins, Units: asset.NewUnits(300_000_000)}
	}
	if _, err := w.coins.Pay(ctx, outputs); err != nil {
		return err
	}
	capital, err := asset.ParseDecimal(asset.ETH, "2000")
	if err != nil {
		return err
	}
	if _, err := w.ether.Pay(ctx, ether, capital.Units); err != nil {
		return err
	}
	return w.rest(ctx)
}
