package fee_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/fee"
	"ferry/swap/asset"
)

// TestEstimator. Setup: a chain whose node estimates 4 sat per vbyte, and a service that
// recommends 9. Test: both count, an answer counts until it is old, then the fallback with
// an alarm; a raised floor counts.
func TestEstimator(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"fastestFee":20,"halfHourFee":9,"hourFee":5,"economyFee":1,"minimumFee":1}`)
	}))
	t.Cleanup(server.Close)
	web, err := fee.NewWeb(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := fakechain.NewBitcoin(fakechain.Config{})
	c.SetFeeRate(4)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var told []fee.Estimate
	e, err := fee.New(fee.Config{Chain: asset.Bitcoin, Market: c, Web: web, Limits: fee.Limits{Ceiling: 200_000, Fallback: 5000},
		Observe: func(e fee.Estimate, _ []fee.Reading) { told = append(told, e) },
		Now:     func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Now(); got.Rate != 5000 || got.Alarm == "" {
		t.Errorf("before the first look: %+v", got)
	}
	e.Look(t.Context())
	if got := e.Now(); got.Rate != 9000 || got.Alarm != "" || !slices.Equal(got.From, []string{fee.SourceNode, fee.SourceWeb}) {
		t.Errorf("of both: %+v", got)
	}
	c.SetAway(true)
	server.Close()
	now = now.Add(10 * time.Minute)
	e.Look(t.Context())
	if got := e.Now(); got.Rate != 9000 {
		t.Errorf("not old yet: %+v", got)
	}
	now = now.Add(time.Second)
	e.Look(t.Context())
	if got := e.Now(); got.Rate != 5000 || got.Alarm == "" || len(got.From) != 0 {
		t.Errorf("all old: %+v", got)
	}
	c.SetAway(false)
	c.SetMinRate(6)
	e.Look(t.Context())
	if got := e.Rate(); got != 6000 {
		t.Errorf("%d, want the floor", got)
	}
	if len(told) != 4 || told[2].Alarm == "" || told[3].Alarm != "" {
		t.Errorf("told %+v", told)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	web, err := fee.NewWeb("http://127.0.0.1:1/")
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*fee.Config){
		"no node":       func(c *fee.Config) { c.Market = nil },
		"no fallback":   func(c *fee.Config) { c.Limits.Fallback = 0 },
		"low ceiling":   func(c *fee.Config) { c.Limits.Ceiling = 1 },
		"factor of one": func(c *fee.Config) { c.Limits.Factor = 1 },
		"target":        func(c *fee.Config) { c.Target = 1009 },
		"many blocks":   func(c *fee.Config) { c.Recent = 145 },
		"short age":     func(c *fee.Config) { c.MaxAge = time.Second },
		"web for gas":   func(c *fee.Config) { c.Web = web },
	} {
		good := fee.Config{Chain: asset.Ethereum, Market: c, Limits: fee.Limits{Ceiling: 2, Fallback: 2}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		if _, err := fee.New(good); err != nil {
			t.Fatal(err)
		}
		spoil(&good)
		if _, err := fee.New(good); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestPayer: a plan without a rate offers the estimate, one with a rate that; on an account
// chain the estimate is of the newest block.
func TestPayer(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	e, err := fee.New(fee.Config{Chain: asset.Ethereum, Market: c, Limits: fee.Limits{Ceiling: 500e9, Fallback: 50e9},
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p, from := e.Payer(c), c.NewAddress()
	wealth := asset.MustUnits("1000000000000000000")
	plan := func(rate chain.Rate) chain.Rate {
		t.Helper()
		r := chain.Pay(chain.Output{Destination: c.NewAddress(), Asset: asset.ETH, Units: asset.NewUnits(5)}, wealth)
		r.Rate = rate
		made, err := p.Plan(t.Context(), chain.Funds{Sender: from, Balance: wealth}, r)
		if err != nil {
			t.Fatal(err)
		}
		return made.Rate
	}
	c.SetFeeRate(4)
	if got := plan(0); got != 4e9 {
		t.Errorf("it offers %d", got)
	}
	c.SetFeeRate(6)
	if got := plan(0); got != 4e9 {
		t.Errorf("within two seconds it offers %d", got)
	}
	now = now.Add(3 * time.Second)
	if got := plan(0); got != 6e9 {
		t.Errorf("then it offers %d", got)
	}
	if got := plan(7e9); got != 7e9 {
		t.Errorf("asked for another it offers %d", got)
	}
	c.SetAway(true)
	now = now.Add(11 * time.Minute)
	if got := e.Rate(); got != 50e9 {
		t.Errorf("with no source it offers %d", got)
	}
}
