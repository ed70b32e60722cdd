package gateway

import (
	"ferry/gateway/api"
	"ferry/swap"
)

// readPolicy completes what a client says of a policy with the default, and checks it.
func readPolicy(b api.PolicyRequest) (swap.Policy, error) {
	p := swap.DefaultPolicy()
	for _, given := range []struct {
		answer *api.PolicyAnswer
		into   *swap.Answer
	}{{b.OnShort, &p.OnShort}, {b.OnOver, &p.OnOver}, {b.OnLate, &p.OnLate}, {b.OnExtra, &p.OnExtra}} {
		if given.answer != nil {
			*given.into = swap.Answer(*given.answer)
		}
	}
	if b.ToleranceBps != nil {
		p.ToleranceBPS = *b.ToleranceBps
	}
	return p, p.Validate()
}

func showPolicy(p swap.Policy) api.Policy {
	return api.Policy{OnShort: api.PolicyAnswer(p.OnShort), OnOver: api.PolicyAnswer(p.OnOver),
		OnLate: api.PolicyAnswer(p.OnLate), OnExtra: api.PolicyAnswer(p.OnExtra), ToleranceBps: p.ToleranceBPS}
}
