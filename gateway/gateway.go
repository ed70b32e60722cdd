package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/gateway/web"
	"ferry/swap"
)

// Gateway answers the public API.
type Gateway struct {
	config Config
	store  Store
	calls  Calls
	market *market
	rates  *rates
	hub    *stream.Hub
	rules  atomic.Pointer[swap.DepositRules]
}

var _ api.StrictServerInterface = (*Gateway)(nil)

// New checks the configuration and makes a gateway. Nothing runs yet.
func New(c Config, s Store, calls Calls) (*Gateway, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if s == nil || calls.Liquidity == nil {
		return nil, errors.New("gateway: a store and a way to liquidityd must be given")
	}
	for _, chain := range c.Networks.Chains() {
		if calls.Wallets[chain] == nil {
			return nil, fmt.Errorf("gateway: a way to the wallet of %s must be given", chain)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	g := &Gateway{config: c, store: s, calls: calls,
		market: newMarket(c.Networks.Assets(), c.Limits.RateAge, c.Now, c.Log), rates: newRates(c.Limits, c.Now)}
	var err error
	g.hub, err = stream.New(stream.Config{Source: feed{g}, Limits: c.Streams, Recent: c.ShowRecent, Now: c.Now, Log: c.Log,
		Observer: c.Observer.Streams})
	if err != nil {
		return nil, err
	}
	g.rules.Store(&c.Rules)
	return g, nil
}

// SetRules has people told from now on of other depths that deposits need. Rules that
// are wrong change nothing.
func (g *Gateway) SetRules(rules swap.DepositRules) error {
	if err := checkRules(g.config.Networks, rules); err != nil {
		return err
	}
	g.rules.Store(&rules)
	return nil
}

// Handler is the whole API with its limits; every error it answers is a problem.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	fail := func(w http.ResponseWriter, r *http.Request, err error) { writeError(w, r, g.config.Log, err) }
	strict := api.NewStrictHandlerWithOptions(g, nil, api.StrictHTTPServerOptions{
		// strictBody has accepted the body, so that a decoder which does not is our mistake.
		RequestErrorHandlerFunc: fail, ResponseErrorHandlerFunc: fail,
	})
	api.HandlerWithOptions(strict, api.StdHTTPServerOptions{
		BaseRouter: mux, Middlewares: []api.MiddlewareFunc{strictBody(g.config.Log)},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, parameterError(err)) },
	})
	g.routeStreams(mux)
	g.routeIndicative(mux)
	web.Route(mux)
	mux.Handle("/", g.unrouted(mux))
	return g.identify(g.bound(mux))
}

// parameterError turns the generated code's errors of headers into refusals.
func parameterError(err error) error {
	var missing *api.RequiredHeaderError
	if errors.As(err, &missing) && missing.ParamName == keyHeader {
		return swap.Refuse(swap.CodeIdempotencyKeyMissing, keyHeader, keyLimit,
			"The header Idempotency-Key is missing; choose a new value for each swap.")
	}
	var many *api.TooManyValuesForParamError
	var format *api.InvalidParamFormatError
	if errors.As(err, &many) && many.ParamName == keyHeader || errors.As(err, &format) && format.ParamName == keyHeader {
		return invalidKey()
	}
	return fmt.Errorf("read the parameters: %w", err)
}

// ListAssets answers GET /v1/assets.
func (g *Gateway) ListAssets(context.Context, api.ListAssetsRequestObject) (api.ListAssetsResponseObject, error) {
	return api.ListAssets200JSONResponse{Assets: g.market.listAssets(*g.rules.Load())}, nil
}

// ListRates answers GET /v1/rates.
func (g *Gateway) ListRates(context.Context, api.ListRatesRequestObject) (api.ListRatesResponseObject, error) {
	return api.ListRates200JSONResponse{Rates: g.market.listRates()}, nil
}

// GetDescription answers GET /v1/openapi.yaml.
func (g *Gateway) GetDescription(context.Context, api.GetDescriptionRequestObject) (api.GetDescriptionResponseObject, error) {
	return api.GetDescription200ApplicationyamlResponse{
		Body: strings.NewReader(Description), ContentLength: int64(len(Description))}, nil
}

// healthTimeout is how long the store may take to say that it is there.
const healthTimeout = 2 * time.Second

// GetHealth answers GET /healthz.
func (g *Gateway) GetHealth(ctx context.Context, _ api.GetHealthRequestObject) (api.GetHealthResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := g.store.Ping(ctx); err != nil {
		return nil, fmt.Errorf("check the store: %w", err)
	}
	return api.GetHealth200JSONResponse{Status: api.Ok}, nil
}
