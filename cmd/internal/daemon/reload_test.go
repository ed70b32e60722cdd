package daemon

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func policy() deployment.Deployment {
	keys := swaptest.NewKeys()
	public := func(k ed25519.PrivateKey) []string {
		return []string{swap.FormatPublicKey(k.Public().(ed25519.PublicKey))}
	}
	c := deployment.Chain{Confirmations: 3, ReorgLimit: 6, DustThreshold: "0.0001", NetworkFee: "0.0001",
		RefundFeeMax: "0.0001", PaymentFeeMax: "0.01", PaymentMax: "1"}
	return deployment.Deployment{Networks: asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337},
		QuoteKeys: public(keys.Quote), AttestKeys: public(keys.Attest),
		Chains: map[asset.Chain]deployment.Chain{asset.Bitcoin: c, asset.Ethereum: c},
		Locks:  deployment.Locks{LockSeconds: 60, DepositWindowSeconds: 60, ConfirmWindowSeconds: 60, MaxPerClient: 1}}
}

// file is a deployment's file and a process that has started with it.
type file struct {
	*testing.T
	path  string
	taken []swap.DepositRules
	log   bytes.Buffer
	r     reloader
}

func newFile(t *testing.T) *file {
	f := &file{T: t, path: filepath.Join(t.TempDir(), "deployment.json")}
	settings := &Settings{lookup: func(string) (string, bool) { return f.path, true }}
	f.r = reloader{load: settings.Deployment, running: policy(), log: slog.New(slog.NewTextHandler(&f.log, nil)),
		apply: []func(swap.DepositRules) error{func(r swap.DepositRules) error {
			f.taken = append(f.taken, r)
			return nil
		}}}
	return f
}

// reload writes the file with a change to bitcoin's policy, and reads it.
func (f *file) reload(edit func(d *deployment.Deployment, c *deployment.Chain)) error {
	f.Helper()
	d := policy()
	c := d.Chains[asset.Bitcoin]
	edit(&d, &c)
	d.Chains[asset.Bitcoin] = c
	raw, err := json.Marshal(d)
	if err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(f.path, raw, 0o600); err != nil {
		f.Fatal(err)
	}
	f.log.Reset()
	return f.r.reload()
}

func tier(d *deployment.Deployment, c *deployment.Chain) {
	c.Confirmations, c.Tiers = 4, []deployment.Tier{{Above: "0.5", Confirmations: 6}}
}

func TestReloadTakesOverWhatDepositsNeed(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	if err := f.reload(func(*deployment.Deployment, *deployment.Chain) {}); err != nil || len(f.taken) != 0 {
		t.Fatalf("an unchanged file: %v, taken %d times", err, len(f.taken))
	}
	if err := f.reload(tier); err != nil || len(f.taken) != 1 {
		t.Fatalf("a changed file: %v, taken %d times", err, len(f.taken))
	}
	if n, _ := f.taken[0].Needed(asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(50_000_001)}); n != 6 || f.taken[0].Confirmations[asset.Bitcoin] != 4 {
		t.Errorf("taken: %+v", f.taken[0])
	}
	if got := f.taken[0].Dead[asset.Bitcoin]; got != max(4, policy().Chains[asset.Bitcoin].ReorgLimit+1) {
		t.Errorf("payments are dead after %d blocks", got)
	}
	for _, line := range []string{"confirmations have changed", "from=3 to=4", "6 confirmations above 50000000"} {
		if !strings.Contains(f.log.String(), line) {
			t.Errorf("the log lacks %q:\n%s", line, &f.log)
		}
	}
	if err := f.reload(tier); err != nil || len(f.taken) != 1 {
		t.Errorf("the same file again: %v, taken %d times", err, len(f.taken))
	}
}

func TestReloadRefusesAndKeeps(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	for name, c := range map[string]struct {
		edit func(d *deployment.Deployment, c *deployment.Chain)
		want string
	}{
		"tiers that fall": {func(_ *deployment.Deployment, c *deployment.Chain) {
			c.Tiers = []deployment.Tier{{Above: "0.5", Confirmations: 3}}
		}, "more than 3"},
		"no confirmations":    {func(_ *deployment.Deployment, c *deployment.Chain) { c.Confirmations = 0 }, "confirmations"},
		"finality of bitcoin": {func(_ *deployment.Deployment, c *deployment.Chain) { c.Finality.SafeAbove = "1" }, "never safe"},
		"another chain": {func(d *deployment.Deployment, c *deployment.Chain) {
			d.Networks.Litecoin, d.Chains[asset.Litecoin] = "regtest", *c
		}, "restart"},
	} {
		if err := f.reload(c.edit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := os.WriteFile(f.path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.r.reload(); err == nil {
		t.Error("half a file was taken")
	}
	if len(f.taken) != 0 || !reflect.DeepEqual(f.r.running, policy()) {
		t.Errorf("something was kept: taken %d times", len(f.taken))
	}
}

// What else has changed is told, each time, and not taken.
func TestReloadLeavesTheRest(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	for range 2 {
		if err := f.reload(func(d *deployment.Deployment, c *deployment.Chain) {
			tier(d, c)
			c.PaymentMax = "1000"
		}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(f.log.String(), "wait for a restart") {
			t.Errorf("the log is silent:\n%s", &f.log)
		}
	}
	if got := f.r.running.Chains[asset.Bitcoin]; got.PaymentMax != "1" || got.Confirmations != 4 || len(f.taken) != 1 {
		t.Errorf("it runs with %+v", got)
	}
}

// Where one part refuses, those before it get the old rules back.
func TestReloadIsWhole(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	refusal := errors.New("not with me")
	f.r.apply = append(f.r.apply, func(swap.DepositRules) error { return refusal })
	if err := f.reload(tier); !errors.Is(err, refusal) {
		t.Fatalf("reload: %v", err)
	}
	if len(f.taken) != 2 || f.taken[1].Confirmations[asset.Bitcoin] != 3 {
		t.Errorf("taken: %+v", f.taken)
	}
}
