package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ferry/deploy/hedgefile"
	"ferry/liquidity/venue/simulator"
)

// asMain makes the test binary play the program.
const asMain = "VENUESIM_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The program says where it listens, answers there, and ends well on SIGTERM.
func TestProgram(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-seed", "7", "-pair", "ETH-BTC=0.035,BTC-ETH=28", "-control")
	cmd.Env = append(os.Environ(), asMain+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("it printed %q", line)
	}
	for path, want := range map[string]int{
		"/ws/ethbtc@depth@100ms": http.StatusUpgradeRequired, "/ws/btceth@depth@100ms": http.StatusUpgradeRequired,
		"/ws/xy@depth@100ms": http.StatusNotFound, "/api/v3/depth?symbol=ETHBTC": http.StatusOK,
		"/kraken/v2": http.StatusUpgradeRequired, "/coinbase": http.StatusUpgradeRequired, "/okx/ws/v5/public": http.StatusUpgradeRequired,
		"/bitstamp": http.StatusUpgradeRequired, "/bitstamp/api/v2/order_book/ethbtc/": http.StatusOK, "/bitstamp/api/v2/order_book/xy/": http.StatusNotFound,
		"/api/v3/depth?symbol=XY": http.StatusBadRequest, "/control/fault": http.StatusMethodNotAllowed,
	} {
		res, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != want {
			t.Errorf("%s: status %d (%v), want %d", path, res.StatusCode, err, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-pair", "ETH-DOGE=1"}, {"-pair", "ETH-BTC=1,ETH-BTC=2"}, {"-listen", "nowhere"}, {"-seed", "x"}, {"more"}, {"-every", "0s"}, {"-venues", "mtgox"}, {"-faults", "gap"}} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out, &out); err == nil {
			t.Errorf("%v: accepted", args)
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &out, &out); err != nil || !strings.Contains(out.String(), "-seed") {
		t.Errorf("help: %v, %s", err, out.String())
	}
}

// The keys are told for every venue, as a hedge file has them.
func TestAccounts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-accounts"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var told map[string]hedgefile.Account
	if err := json.Unmarshal(out.Bytes(), &told); err != nil || len(told) != len(simulator.Venues()) {
		t.Fatalf("%s: %v", out.String(), err)
	}
	for venue, a := range told {
		if a.Key == "" || a.Secret == "" || a.FeeBPS == 0 {
			t.Errorf("%s has no whole account", venue)
		}
	}
}
