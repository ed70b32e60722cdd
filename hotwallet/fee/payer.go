package fee

import (
	"context"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// accountLag is how old an estimate may be for a plan on an account chain, whose base fee
// is another with each block.
const accountLag = 2 * time.Second

// Payer is a chain's adapter that offers the estimate wherever a plan names no rate.
func (e *Estimator) Payer(p chain.Payer) chain.Payer { return payer{p, e} }

type payer struct {
	chain.Payer
	estimator *Estimator
}

// Plan implements chain.Payer.
func (p payer) Plan(ctx context.Context, f chain.Funds, r chain.Request) (chain.Plan, error) {
	if r.Rate == 0 {
		p.estimator.refresh(ctx)
		r.Rate = p.estimator.Rate()
	}
	return p.Payer.Plan(ctx, f, r)
}

// refresh looks again where the last look is too old for a plan now.
func (e *Estimator) refresh(ctx context.Context) {
	lag := e.config.MaxAge
	if e.config.Chain.Family() == asset.Account {
		lag = accountLag
	}
	e.mu.Lock()
	age := e.config.Now().Sub(e.looked)
	e.mu.Unlock()
	if age < 0 || age > lag {
		e.Look(ctx)
	}
}
