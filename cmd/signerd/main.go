// Command signerd holds the keys. It reaches nothing and answers hotwalletd on a
// Unix socket that admits one user id; its admin endpoint is another such socket.
//
//	signerd init    make the seed on a first start, and write the public keys
//	signerd         unlock the seed and answer
//
// For whoever looks after it, as the signer's own user:
//
//	signerd stop [chain or asset] --reason "…"   sign nothing of it, or nothing at all, from now on
//	signerd go [chain or asset] --reason "…"     take that back
//	signerd switches                             what is stopped, by whom and why
//	signerd log verify [n]                       whether its log is whole, and its newest entries
//	signerd log anew --reason "…"                go on in a new log after the old one was lost
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/authority"
	"ferry/cmd/internal/daemon"
	"ferry/deploy/deployment"
	"ferry/hotwallet/signer"
	"ferry/swap/asset"
)

func main() { daemon.Main("signerd", run) }

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) error {
	seed := s.Need("FERRY_SEED", "folder of the encrypted seed and the signer's memory")
	if done, err := command(s, seed, os.Args[1:]); done {
		return err
	}
	keyFile := s.Need("FERRY_KEY_FILE", "the key that opens the seed, on another medium")
	d, err := s.Deployment()
	if err != nil {
		return err
	}
	if len(os.Args) == 2 && os.Args[1] == "init" {
		return initialise(s, seed, keyFile, d)
	}
	listen, caller, err := s.Socket()
	if err != nil {
		return err
	}
	caps, err := caps(d)
	if err != nil {
		return err
	}
	quoteKeys, err := d.PublicQuoteKeys()
	if err != nil {
		return err
	}
	attestKeys, err := d.PublicAttestKeys()
	if err != nil {
		return err
	}
	rules, err := d.DepositRules()
	if err != nil {
		return err
	}
	a, err := admin.OpenSocket(ctx, s.Or(admin.Env, listen+".admin"), log, os.Getuid(), caller)
	if err != nil {
		return err
	}
	defer a.Close()
	held, err := signer.Open(signer.Config{Dir: seed, KeyFile: keyFile, Networks: d.Networks,
		QuoteKeys: quoteKeys, AttestKeys: attestKeys, Caps: caps, Rules: rules,
		Observe: authority.Signings(a.Metrics()), Log: log})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(held.Handler())
	serve := func(ctx context.Context) error {
		return daemon.Serve(ctx, listen, caller, mux, log, a.Started, held.Close)
	}
	return daemon.Group(ctx, serve, a.Run, daemon.Reload(s, d, log, held.SetRules))
}

// command runs what needs the signer's folder alone, and reports whether that was it.
func command(s *daemon.Settings, seed string, args []string) (bool, error) {
	if len(args) == 0 || args[0] == "init" {
		return false, nil
	}
	if err := s.Err(); err != nil {
		return true, err
	}
	switch args[0] {
	case "stop", "go":
		return true, turn(os.Stdout, seed, args[0] == "stop", args[1:])
	case "switches":
		return true, showSwitches(os.Stdout, seed)
	case "log":
		d, err := s.Deployment()
		if err != nil {
			return true, err
		}
		return true, logCommand(os.Stdout, seed, d.Networks, args[1:])
	}
	return true, fmt.Errorf("%.40q is no command of signerd: it knows init, stop, go, switches and log", args[0])
}

// initialise makes the seed, or finishes making it, and puts a copy of the public
// keys where the hot wallet and attestd read them.
func initialise(s *daemon.Settings, seed, keyFile string, d deployment.Deployment) error {
	accounts := s.Need("FERRY_ACCOUNTS", "where to write the extended public keys")
	if err := s.Err(); err != nil {
		return err
	}
	if _, err := signer.Init(seed, keyFile, d.Networks); err != nil && !errors.Is(err, signer.ErrInitialised) {
		return err
	}
	public, err := os.ReadFile(signer.PublicKeysFile(seed))
	if err != nil {
		return fmt.Errorf("read the public keys: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(accounts), "."+filepath.Base(accounts))
	if err := os.WriteFile(temporary, public, 0o644); err != nil {
		return fmt.Errorf("write the public keys: %w", err)
	}
	if err := os.Rename(temporary, accounts); err != nil {
		return fmt.Errorf("write the public keys: %w", err)
	}
	return nil
}

// caps are the deployment's limits over the signer's careful defaults.
func caps(d deployment.Deployment) (signer.Caps, error) {
	limits := signer.DefaultCaps()
	for _, a := range d.Networks.Assets() {
		amounts, err := d.AmountsOf(a.ID)
		if err != nil {
			return nil, err
		}
		limit := limits[a.ID]
		limit.PerTransaction, limit.Fee = amounts.PaymentMax, amounts.PaymentFeeMax
		limit.PerHour, limit.PerDay = amounts.PaymentsPerHour, amounts.PaymentsPerDay
		limit.FeePerHour, limit.FeePerDay = amounts.FeesPerHour, amounts.FeesPerDay
		sweeps, err := d.SweepAmounts(a.Chain)
		if err != nil {
			return nil, err
		}
		if !a.Token && a.Chain.Family() == asset.Account {
			limit.GasTopUp = sweeps.GasMax // 0 where gas_max is left out: none is signed then
			limit.FeeAnyShare = amounts.LineFeeMax
		}
		if limits[a.ID], err = limit.OverTime(a.ID); err != nil {
			return nil, err
		}
	}
	return limits, limits.Validate()
}
