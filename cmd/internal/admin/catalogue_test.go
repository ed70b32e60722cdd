package admin_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/authority"
	"ferry/cmd/internal/admin/desk"
	"ferry/cmd/internal/admin/flow"
	"ferry/cmd/internal/admin/public"
	"ferry/cmd/internal/admin/swaps"
	"ferry/cmd/internal/admin/wallet"
	"ferry/cmd/internal/admin/witness"
	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/swap"
	"ferry/swap/asset"
)

// names collects what would be registered. It also makes every observer, so that
// all counters are there.
type names struct {
	t    *testing.T
	seen map[string]bool
}

var fullName = regexp.MustCompile(`fqName: "([^"]+)"`)

func (n names) Register(c prometheus.Collector) error {
	descriptions := make(chan *prometheus.Desc, 100)
	c.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		m := fullName.FindStringSubmatch(d.String())
		if m == nil {
			n.t.Fatalf("no name in %s", d)
		}
		n.seen[m[1]] = true
	}
	return nil
}

func (n names) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := n.Register(c); err != nil {
			n.t.Fatal(err)
		}
	}
}

func (n names) Unregister(prometheus.Collector) bool { return false }

// Every metric is described in docs/operations.md, and every one described there
// is registered.
func TestOperationsDescribesEveryMetric(t *testing.T) {
	t.Parallel()
	// What Open registers itself.
	found := names{t, map[string]bool{"ferry_dependency_up": true}}
	flow.Outbox(found, nil, "swap")
	flow.Consumer(found, nil, nil, "g", "topic")
	swaps.Register(found, nil)
	swaps.Observer(found)
	wallet.New(found, nil, asset.Bitcoin, time.Now)
	desk.Calls(found)
	desk.Requotes(found)
	desk.Locks(found, nil, time.Now)
	desk.Prices(found, func() []liquidity.Price { return nil })
	desk.Config(found, func() config.Report { return config.Report{} }, func() time.Duration { return 0 })
	desk.Pairs(found, func() []swap.Rate { return nil })
	desk.Drawdown(found, func() (int64, bool) { return 0, true })
	desk.Hedges(found, nil)
	desk.HedgeOrders(found)
	public.Observer(found)
	authority.Signings(found)
	witness.Observer(found)
	authority.Attestations(found)
	if len(found.seen) < 30 {
		t.Fatalf("only %d metrics are registered: the test has lost its subject", len(found.seen))
	}

	text, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(ferry_[a-z_]+)` \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		if described[m[1]] {
			t.Errorf("%s is described twice", m[1])
		}
		described[m[1]] = true
	}
	for _, name := range slices.Sorted(keysOf(found.seen)) {
		if !described[name] {
			t.Errorf("%s has no row in docs/operations.md", name)
		}
	}
	for _, name := range slices.Sorted(keysOf(described)) {
		if !found.seen[name] {
			t.Errorf("docs/operations.md describes %s, which no daemon has", name)
		}
	}
}
