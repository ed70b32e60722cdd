package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ferry/deploy/cluster"
	"ferry/deploy/demo"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/support"
)

const (
	// demoBidWithin is how long a payment on the demo's Litecoin has until it offers all that
	// it may, demoBidEvery how far apart two offers are. The first is a third of what the
	// miner wants and the last ten times the first, so that the second is enough.
	demoBidWithin = "20s"
	demoBidEvery  = "8s"
)

// litecoinBlockFee is bitcoin.LitecoinBlockRate as litecoind takes it: in coins per 1000 vB.
func litecoinBlockFee() string {
	return asset.Amount{Asset: asset.LTC, Units: asset.NewUnits(1000 * bitcoin.LitecoinBlockRate)}.Decimal()
}

// both are the settings of a daemon from two sides; either may be nil.
func both(one, other func(daemon string) []string) func(daemon string) []string {
	return func(daemon string) []string {
		var env []string
		for _, settings := range []func(string) []string{one, other} {
			if settings != nil {
				env = append(env, settings(daemon)...)
			}
		}
		return env
	}
}

// hurried are the settings by which payments on Litecoin, where one gets stuck, offer more
// soon: nobody wants to look on for the hour that it takes elsewhere.
func hurried(daemon string) []string {
	if daemon == "hotwalletd-"+string(asset.Litecoin) {
		return []string{"FERRY_BID_WITHIN=" + demoBidWithin, "FERRY_BID_EVERY=" + demoBidEvery}
	}
	return nil
}

// demoTrouble is what the demo shows going wrong: a payout that gets stuck, where there is
// a Litecoin whose miner is the demo's, and one that fails.
func (a *app) demoTrouble(s cluster.Settings, n asset.Networks, display *show.Show) demo.Trouble {
	t := demo.Trouble{Fails: asset.ETH, Attempts: a.payoutAttempts, Retry: a.retryPayout}
	if s.Node(asset.Litecoin).URL == "" || a.getenv("LITECOIN_URL") != "" || n.Litecoin == "" {
		display.Say("SKIPPED: the payout that gets stuck, which is one on a Litecoin of the demo's own")
	} else {
		t.Stuck = asset.LTC
	}
	return t
}

// payoutAttempts reads what `ferry payments show` shows.
func (a *app) payoutAttempts(ctx context.Context, swapID string) ([]demo.Attempt, error) {
	var found support.PaymentCase
	err := a.read(ctx, func(r *support.Reader) (err error) {
		found, err = r.Payment(ctx, swap.PayoutOrderID(swapID))
		return err
	})
	if errors.Is(err, support.ErrNotFound) {
		return nil, nil
	}
	var attempts []demo.Attempt
	for _, t := range found.All {
		if t.TxID != "" {
			attempts = append(attempts, demo.Attempt{TxID: t.TxID, Fee: asset.Amount{Asset: found.Chain.NativeID(), Units: t.Fee}})
		}
	}
	return attempts, err
}

// second finds how a second member of staff agrees, where one must.
var second = regexp.MustCompile(`ferry swap approve (\S+) (\S+)`)

// retryPayout runs `ferry swap retry` as one member of staff and, where it takes two, `ferry
// swap approve` as another.
func (a *app) retryPayout(ctx context.Context, swapID string, say func(string)) error {
	say("ferry swap retry " + swapID)
	page, err := a.staffRuns(ctx, "retry", swapID, "--actor", "demo-anna", "--reason", "its owner has opened the contract wallet")
	if err != nil {
		return err
	}
	request := second.FindStringSubmatch(page)
	if request == nil {
		return nil
	}
	say("ferry swap approve " + request[1] + " " + request[2])
	_, err = a.staffRuns(ctx, "approve", request[1], request[2], "--actor", "demo-ben")
	return err
}

func (a *app) staffRuns(ctx context.Context, args ...string) (string, error) {
	page, code := a.capture(ctx, append([]string{"swap"}, args...))
	if code != 0 {
		return page, fmt.Errorf("ferry swap %s ended with status %d: %s", args[0], code, strings.TrimSpace(page))
	}
	return page, nil
}
