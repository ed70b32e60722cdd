package main

import (
	"context"
	"log/slog"
	"time"

	"ferry/cmd/internal/admin"
	measured "ferry/cmd/internal/admin/witness"
	"ferry/cmd/internal/daemon"
	"ferry/cmd/internal/node"
	"ferry/deploy/deployment"
	"ferry/hotwallet/attest"
	"ferry/swap/asset"
)

// The prefixes of the settings that name the attestor's own nodes: the one that every
// deposit is looked up on, and a second of other software, which may be left out.
const (
	prefixOwn    = "ATTEST_"
	prefixSecond = "ATTEST_SECOND_"
)

// witness looks at deposits on every chain of the deployment.
func witness(s *daemon.Settings, d deployment.Deployment, a *admin.Server, log *slog.Logger) (*attest.Witness, error) {
	c := attest.WitnessConfig{Nodes: map[asset.Chain][]attest.Node{}, StaleAfter: map[asset.Chain]time.Duration{},
		Observer: measured.Observer(a.Metrics()), Log: log}
	var err error
	if c.Rules, err = d.DepositRules(); err != nil {
		return nil, err
	}
	for name := range d.Chains {
		c.StaleAfter[name] = d.StaleAfter(name)
		for _, prefix := range []string{prefixOwn, prefixSecond} {
			if prefix == prefixSecond && !node.Set(s, prefix, name) {
				continue
			}
			n, err := node.Open(s, prefix, name, d.Networks, deployment.Fees{}, log)
			if err != nil {
				return nil, err
			}
			c.Nodes[name] = append(c.Nodes[name], attest.Node{Reader: n, Identified: n})
		}
	}
	w, err := attest.NewWitness(c)
	if err != nil {
		return nil, err
	}
	for name := range d.Chains {
		a.Check("node-"+string(name), func(context.Context) error { return w.Ready(name) })
	}
	return w, nil
}
