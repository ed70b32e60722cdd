package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
)

// routeStreams adds the two paths whose answers do not end.
func (g *Gateway) routeStreams(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/stream", func(w http.ResponseWriter, r *http.Request) {
		if err := g.hub.Socket(w, r, client(r.Context())); err != nil {
			writeError(w, r, g.config.Log, err)
		}
	})
	mux.HandleFunc("GET /v1/swaps/{id}/events", func(w http.ResponseWriter, r *http.Request) {
		if err := g.hub.Events(w, r, client(r.Context()), r.PathValue("id")); err != nil {
			writeError(w, r, g.config.Log, err)
		}
	})
}

// staysOpen reports whether a request is for a stream: neither a request's time nor
// its place among requests at work bounds it.
func staysOpen(r *http.Request) bool {
	path := r.URL.Path
	return r.Method == http.MethodGet &&
		(path == "/v1/stream" || strings.HasPrefix(path, "/v1/swaps/") && strings.HasSuffix(path, "/events"))
}

// feed is what streams have from a gateway.
type feed struct{ g *Gateway }

var _ stream.Source = feed{}

// recentShown is how many of the newest swaps everybody may watch.
const recentShown = 20

// Pairs implements stream.Source.
func (f feed) Pairs() []asset.Pair {
	var pairs []asset.Pair
	for _, from := range f.g.config.Networks.Assets() {
		for _, to := range f.g.config.Networks.Assets() {
			if from.ID != to.ID {
				pairs = append(pairs, asset.Pair{From: from.ID, To: to.ID})
			}
		}
	}
	return pairs
}

// Rate implements stream.Source.
func (f feed) Rate(p asset.Pair) (swap.Rate, api.Rate) { return f.g.market.rate(p) }

// ReadAsk implements stream.Source.
func (f feed) ReadAsk(q api.QuoteRequest) (stream.Ask, error) {
	lock, err := readLock(q)
	return stream.Ask{Pair: lock.Pair, Deposit: lock.Deposit, Payout: lock.Payout}, err
}

// Known implements stream.Source.
func (f feed) Known(ctx context.Context, id string) (bool, error) { return f.g.store.Known(ctx, id) }

// UpdatesAfter implements stream.Source.
func (f feed) UpdatesAfter(ctx context.Context, from []stream.Position, most int) ([]swap.Update, error) {
	return f.g.store.UpdatesAfter(ctx, from, most)
}

// Recent implements stream.Source. The amounts are those that were signed.
func (f feed) Recent(ctx context.Context) ([]stream.Recent, error) {
	records, err := f.g.store.Recent(ctx, recentShown)
	if err != nil {
		return nil, err
	}
	var list []stream.Recent
	for _, rec := range records {
		q, err := swap.VerifyQuote(rec.SignedQuote, f.g.config.QuoteKeys)
		if err != nil {
			return nil, fmt.Errorf("verify the stored quote of %s: %w", rec.Newest.SwapID, err)
		}
		list = append(list, stream.Recent{Ref: reference(rec.Newest.SwapID), Pair: q.Pair,
			DepositAmount: q.Deposit.Decimal(), PayoutAmount: q.Payout.Decimal(), State: rec.Newest.State,
			Version: rec.Newest.Version, CreatedAt: rec.CreatedAt.UTC(), UpdatedAt: rec.Newest.At.UTC()})
	}
	return list, nil
}

// Problem implements stream.Source.
func (f feed) Problem(ctx context.Context, err error) api.Problem {
	refusal, status := explained(ctx, f.g.config.Log, err)
	return problem(ctx, status, refusal)
}

// reference tells a swap from others without leading to it: an identifier has 80
// random bits, so a hash of it can't be undone.
func reference(swapID string) string {
	sum := sha256.Sum256([]byte("recent\n" + swapID))
	return hex.EncodeToString(sum[:6])
}
