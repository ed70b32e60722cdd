package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"ferry/deploy/hedgefile"
	"ferry/swap/asset"
)

const (
	// hedgeLimit bounds the wait for positions to be back in their bands, the hedger dying
	// meanwhile: an order that never left is void half a minute later.
	hedgeLimit = 6 * time.Minute
	// venueLimit bounds a question to the venues, seenMost what they answer, in bytes.
	venueLimit = 10 * time.Second
	seenMost   = 16 << 20
	// hung is the venues' fault of the scenario: an order is filled and never answered.
	hung = "order_hang"
)

// bands are how far from nothing the sweep's positions may be, in coins: less than any swap.
var bands = map[asset.ID]string{asset.ETH: "0.01", asset.USDT: "10", asset.USDC: "10"}

// hedging are the points at which a hedge can be lost or made twice.
func hedging(a aim) bool { return strings.HasPrefix(a.point, "hedge.") }

func (w *world) hedgeFile() string { return filepath.Join(w.root, "hedge.json") }

// writeHedging has liquidityd trade at the simulated venues, whose keys their program prints.
func (w *world) writeHedging(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, filepath.Join(w.bin, "venuesim"), "-accounts").Output()
	if err != nil {
		return fmt.Errorf("ask for the venues' keys: %w", err)
	}
	f := hedgefile.File{Assets: map[asset.ID]hedgefile.Policy{}, SlipBPS: 300}
	if err := json.Unmarshal(out, &f.Venues); err != nil {
		return fmt.Errorf("read the venues' keys: %w", err)
	}
	for id, band := range bands {
		f.Assets[id] = hedgefile.Policy{Band: band, OrderMost: "100000"}
	}
	return f.Write(w.hedgeFile())
}

// hedged is a swap whose difference is traded away at venues that fill an order and never
// answer, once each.
func (w *world) hedged(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	if _, err := w.evened(ctx); err != nil { // what was before is no part of it
		return err
	}
	if err := w.misbehave(ctx, hung); err != nil {
		return err
	}
	if err := w.from(); err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.settle(ctx, t); err != nil {
		return err
	}
	if err := w.counts(ctx, t); err != nil {
		return err
	}
	_, err = w.evened(ctx)
	return errors.Join(err, w.trouble())
}

// resent is a hedge whose process dies just after its order was answered. What a build that
// sends again does then, the venues tell.
func resent(ctx context.Context, w *world) error {
	const hedger, point = "liquidityd", "hedge.place.after"
	t, err := w.begin(ctx, toCoins)
	if err != nil {
		return err
	}
	before, err := w.arms.died(hedger, point)
	if err != nil {
		return err
	}
	if err := w.arm(hedger, point); err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	err = until(ctx, swapLimit, "the death of the hedger", func() (bool, string, error) {
		now, err := w.arms.died(hedger, point)
		return now > before, "", err
	})
	if err != nil {
		return err
	}
	_, err = w.evened(ctx)
	return errors.Join(err, w.trouble())
}

// counts waits until a swap is part of the position.
func (w *world) counts(ctx context.Context, t *trip) error {
	return until(ctx, hedgeLimit, "swap "+t.id()+" to count for hedging", func() (bool, string, error) {
		n, err := w.counted(ctx, `SELECT count(*) FROM liquidity.exposure WHERE swap_id = $1 AND stage = 'confirmed'`, t.id())
		if err != nil {
			return later(err)
		}
		return n == 1, "it does not yet", nil
	})
}

// misbehave orders a fault of all venues, once each.
func (w *world) misbehave(ctx context.Context, fault string) error {
	raw, err := json.Marshal(map[string]string{"fault": fault})
	if err != nil {
		return fmt.Errorf("order the venues' fault: %w", err)
	}
	_, err = w.venues(ctx, http.MethodPost, "/control/fault", raw)
	return err
}

// venues asks the simulator.
func (w *world) venues(ctx context.Context, method, path string, body []byte) (answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, venueLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.up.Settings().Venues+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the venues: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the venues: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	answer, err = io.ReadAll(io.LimitReader(response.Body, seenMost))
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("the venues answer %s to %s: %s", response.Status, path, answer)
	}
	return answer, err
}
