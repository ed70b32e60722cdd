// Command attestd re-derives deposit addresses from its own copy of the extended
// public keys and signs receipts, and attests deposits that it sees on nodes of its
// own. It answers hotwalletd on a Unix socket that admits one user id, and reaches
// those nodes only; its admin endpoint is another such socket.
//
//	attestd init                     make the store on a first start, for the public keys there are
//	attestd marks                    print the highest attested index of each chain, while it is stopped
//	attestd raise <chain> <index>    attest nothing at or below an index ever again, while it is stopped
//	attestd                          answer
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	"ferry/cmd/internal/accounts"
	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/authority"
	"ferry/cmd/internal/daemon"
	"ferry/hotwallet/attest"
)

func main() { daemon.Main("attestd", run) }

func run(ctx context.Context, s *daemon.Settings, log *slog.Logger) error {
	store := s.Need("FERRY_STORE", "file of what was attested")
	d, err := s.Deployment()
	if err != nil {
		return err
	}
	public, err := accounts.Load(s, d.Networks)
	if err != nil {
		return err
	}
	if len(os.Args) > 1 {
		return command(os.Args[1:], store, public, os.Stdout)
	}
	keyPath := s.Need("FERRY_ATTEST_KEY", "PEM file of the attestation key")
	listen, caller, err := s.Socket()
	if err != nil {
		return err
	}
	key, err := daemon.SigningKey(keyPath)
	if err != nil {
		return err
	}
	quoteKeys, err := d.PublicQuoteKeys()
	if err != nil {
		return err
	}
	a, err := admin.OpenSocket(ctx, s.Or(admin.Env, listen+".admin"), log, os.Getuid(), caller)
	if err != nil {
		return err
	}
	defer a.Close()
	seen, err := witness(s, d, a, log)
	if err != nil {
		return err
	}
	attestor, err := attest.Open(attest.Config{Networks: d.Networks, Accounts: public, Key: key,
		QuoteKeys: quoteKeys, Store: store, Witness: seen, Observe: authority.Attestations(a.Metrics()), Log: log})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(attestor.Handler())
	serve := func(ctx context.Context) error {
		return daemon.Serve(ctx, listen, caller, mux, log, a.Started, attestor.Close)
	}
	return daemon.Group(ctx, serve, seen.Run, a.Run, daemon.Reload(s, d, log, seen.SetRules))
}
