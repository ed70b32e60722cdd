// Package ferry_test keeps the law of imports: who may import whom inside the module, which packages alone may import the
// big libraries, and what must never be linked into a daemon. ARCHITECTURE.md gives the reasons; the tables below are the
// law itself. Test files are free: only what a build links counts.
package ferry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const module = "ferry"

// services never import one another; they meet in swap/rpc and swap/bus.
var services = []string{"statemachine", "liquidity", "hotwallet", "gateway"}

// layers says what a package may import of the module: the first row whose path holds the package counts. Paths are
// without the module's name; "x" is the package x alone, "x/..." is x and all below it. "self" is the row's own path.
var layers = []struct {
	path string
	may  []string
}{
	{"swap/asset/...", []string{"self"}},
	{"swap/ledger/...", []string{"self", "swap/asset/..."}},
	{"swap", []string{"swap/asset/...", "swap/ledger/..."}},
	{"swap/...", []string{"swap/..."}}, // bus, rpc: they speak the vocabulary and are no part of it
	{"migrations/...", []string{"self"}},
	{"statemachine/...", []string{"self", "swap/..."}},
	{"liquidity/...", []string{"self", "swap/..."}},
	{"hotwallet/...", []string{"self", "swap/..."}},
	{"gateway/...", []string{"self", "swap/..."}},
	{"cmd/...", []string{"cmd/internal/...", "cmd/ferry/...", "swap/...", "statemachine/...", "liquidity/...", "hotwallet/...", "gateway/...", "migrations/...", "deploy/..."}},
	// The simulation plays the services against one another. No daemon imports it.
	{"deploy/simulate/...", []string{"self", "swap/...", "statemachine/...", "hotwallet/...", "migrations/..."}},
	{"deploy/parts/...", []string{"self"}}, // embedded parts know nothing of Ferry
	{"deploy/...", []string{"self", "swap/...", "migrations/..."}},
	{"tools/...", nil},
	{"bench/...", []string{"self", "swap/...", "statemachine/...", "liquidity/...", "hotwallet/...", "gateway/...", "migrations/...", "deploy/..."}},
	{"", nil}, // the module's root holds only tests
}

// ends are the packages where a service meets a technology. Only mains, benchmarks and tests choose one, so only they
// import them; below an end, its own sub-packages may. The simulation is a main with a package beside it.
var ends = []string{
	"statemachine/postgres", "liquidity/postgres", "hotwallet/postgres", "gateway/postgres",
	"hotwallet/chain/*", "liquidity/venue/*", "hotwallet/signer",
}

// family are bases that ends of one kind share: Litecoin and Bitcoin Cash are the UTXO family with what differs, and
// every venue follows its books by the same rules.
var family = map[string][]string{
	"hotwallet/chain/utxo":      {"hotwallet/chain/bitcoin", "hotwallet/chain/litecoin", "hotwallet/chain/bitcoincash"},
	"liquidity/venue/feed":      {"liquidity/venue/*"},
	"liquidity/venue/rest":      {"liquidity/venue/*"},         // what their trading clients share
	"liquidity/venue/simulator": {"liquidity/venue/venuetest"}, // which only tests import
}

// libraries may be imported directly only by the packages named. "*" stands for one path element.
var libraries = []struct {
	path string
	by   []string
}{
	{"github.com/twmb/franz-go", []string{"swap/bus/...", "deploy/parts/...", "bench/..."}}, // bench: the baseline
	{"github.com/ethereum/go-ethereum", []string{"hotwallet/chain/ethereum/...", "hotwallet/chain/chaintest/...", "hotwallet/payment/remote/...",
		"hotwallet/signer/...", "deploy/...", "cmd/...", "bench/..."}}, // bench: the baseline
	// Packages tell what happens through observers of their own; one place makes metrics of it.
	{"github.com/prometheus", []string{"cmd/internal/admin/..."}},
	{"github.com/jackc/pgx", []string{"*/postgres/...", "swap/bus/...", "migrations/...", "cmd/...", "deploy/...", "bench/..."}},
}

// addressCodecs is the exception for what swap/asset needs to read addresses, exactly as its dependencies reach it. With
// btcec and secp256k1 address/v2 tells a raw public key from an address; their signing packages are not among them.
var addressCodecs = []string{
	"github.com/btcsuite/btcd/address/v2",
	"github.com/btcsuite/btcd/address/v2/base58",
	"github.com/btcsuite/btcd/address/v2/bech32",
	"github.com/btcsuite/btcd/btcec/v2",
	"github.com/btcsuite/btcd/chaincfg/v2",
	"github.com/btcsuite/btcd/chainhash/v2",
	"github.com/btcsuite/btcd/wire/v2",
	"github.com/decred/dcrd/dcrec/secp256k1/v4",
}

// chainCode is what can derive keys, sign, or speak to a node; addressCodecs are let through.
var chainCode = []string{
	"github.com/btcsuite/...", "github.com/decred/...", "github.com/ethereum/...", "github.com/gcash/...", "github.com/stellar/...",
	"ferry/hotwallet/...",
}

// seedFiles opens encrypted key files.
const seedFiles = "filippo.io/age/..."

// links says what must not be in a daemon's build, however it gets there.
var links = []struct {
	daemon    string
	forbidden []string
	reason    string
}{
	{"cmd/gatewayd", slices.Concat(chainCode, []string{seedFiles, "ferry/liquidity/...", "ferry/statemachine/..."}),
		"the gateway faces the world and holds no key, chain, venue or state-machine code"},
	{"cmd/swapd", slices.Concat(chainCode, []string{seedFiles, "ferry/liquidity/...", "ferry/gateway/..."}),
		"the state machine decides and holds nothing"},
	{"cmd/liquidityd", slices.Concat(chainCode, []string{"ferry/statemachine/...", "ferry/gateway/..."}),
		"liquidity trades, with keys of its own, and touches no chain"},
	{"cmd/signerd", []string{
		"github.com/btcsuite/btcd/rpcclient/...", "github.com/ethereum/go-ethereum/ethclient/...", "github.com/ethereum/go-ethereum/rpc/...",
		"ferry/hotwallet/chain/*/...", "ferry/hotwallet/watch/...", "ferry/liquidity/...", "ferry/statemachine/...", "ferry/gateway/...",
		"github.com/jackc/pgx/...", "github.com/twmb/franz-go/...",
	}, "the signer reaches nothing: no node, database or broker"},
	{"cmd/attestd", []string{"ferry/hotwallet/signer/...", seedFiles, "ferry/hotwallet/postgres/...", "ferry/hotwallet/watch/...",
		"ferry/hotwallet/payment/...", "github.com/jackc/pgx/...", "github.com/twmb/franz-go/...",
		"ferry/liquidity/...", "ferry/statemachine/...", "ferry/gateway/..."},
		"the attestor is independent: it has extended public keys only, reads nodes of its own, and has no database or broker"},
	{"cmd/hotwalletd", []string{"ferry/hotwallet/signer/...", seedFiles, "ferry/liquidity/...", "ferry/statemachine/...", "ferry/gateway/..."},
		"the hot wallet orders payments and holds no key"},
}

// graph is what a build links: import path → what it imports.
type graph map[string][]string

func TestImportLaw(t *testing.T) {
	t.Parallel()
	g := listPackages(t)
	for _, violation := range check(g) {
		t.Error(violation)
	}
	var absent []string
	for _, row := range links {
		if _, ok := g[module+"/"+row.daemon]; !ok {
			absent = append(absent, row.daemon)
		}
	}
	for _, service := range services {
		if !slices.ContainsFunc(own(g), func(p string) bool { return within(service+"/...", p) }) {
			absent = append(absent, service)
		}
	}
	if len(absent) > 0 {
		t.Logf("nothing to prove yet about %s: not written", strings.Join(absent, ", "))
	}
	t.Logf("checked %d packages of the module and what they link, %d in all", len(own(g)), len(g))
}

// listPackages reads the build graph of the whole module from go itself.
func listPackages(t *testing.T) graph {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	var problems bytes.Buffer
	list.Stderr = &problems
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	g := graph{}
	for packages := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string   `json:"ImportPath"`
			Imports    []string `json:"Imports"`
		}
		err := packages.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading go list: %v", err)
		}
		g[p.ImportPath] = p.Imports
	}
	if len(own(g)) == 0 {
		t.Fatal("go list names no package of this module")
	}
	return g
}

// check answers every breach of the law, in a fixed order.
func check(g graph) []string {
	var found []string
	for _, p := range own(g) {
		imports := slices.Sorted(slices.Values(g[module+suffix(p)]))
		for _, imported := range imports {
			if inner, ok := inside(imported); ok {
				found = append(found, checkLayer(p, inner)...)
				found = append(found, checkEnd(p, inner)...)
				continue
			}
			found = append(found, checkLibrary(p, imported)...)
		}
	}
	for _, row := range links {
		found = append(found, checkLinks(g, row.daemon, row.forbidden, row.reason)...)
	}
	return found
}

func checkLayer(p, imported string) []string {
	for _, row := range layers {
		if !within(row.path, p) {
			continue
		}
		if slices.ContainsFunc(row.may, func(may string) bool { return within(strings.Replace(may, "self", row.path, 1), imported) }) {
			return nil
		}
		return []string{fmt.Sprintf("%s imports %s, but %s may import only %q", p, imported, row.path, row.may)}
	}
	return []string{fmt.Sprintf("%s is in no folder that the law of imports knows; add a row to layers in importrules_test.go", p)}
}

func checkEnd(p, imported string) []string {
	for _, end := range ends {
		if !within(end+"/...", imported) || within("cmd/...", p) || within("bench/...", p) || within("deploy/simulate/...", p) {
			continue
		}
		// The end itself, in full, is as many elements of the import as the pattern has.
		itself := strings.Join(strings.Split(imported, "/")[:len(strings.Split(end, "/"))], "/")
		if within(itself+"/...", p) || slices.ContainsFunc(family[itself], func(member string) bool { return within(member, p) }) {
			continue
		}
		return []string{fmt.Sprintf("%s imports %s, but only mains, benchmarks and tests choose a %s", p, imported, end)}
	}
	return nil
}

func checkLibrary(p, imported string) []string {
	for _, row := range libraries {
		if !under(row.path, imported) || slices.ContainsFunc(row.by, func(by string) bool { return within(by, p) }) {
			continue
		}
		return []string{fmt.Sprintf("%s imports %s, but only %q may import %s", p, imported, row.by, row.path)}
	}
	return nil
}

// checkLinks walks all that a daemon links and reports what is forbidden, with the way it came in.
func checkLinks(g graph, daemon string, forbidden []string, reason string) []string {
	start := module + "/" + daemon
	if _, ok := g[start]; !ok {
		return nil
	}
	var found []string
	importer := map[string]string{start: ""}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		for _, imported := range slices.Sorted(slices.Values(g[queue[0]])) {
			if _, seen := importer[imported]; seen {
				continue
			}
			importer[imported] = queue[0]
			queue = append(queue, imported)
			if slices.Contains(addressCodecs, imported) {
				continue
			}
			if slices.ContainsFunc(forbidden, func(f string) bool { return within(f, imported) }) {
				found = append(found, fmt.Sprintf("%s links %s (%s), but %s", daemon, imported, way(importer, imported), reason))
			}
		}
	}
	return found
}

func way(importer map[string]string, to string) string {
	var path []string
	for p := to; p != ""; p = importer[p] {
		path = append(path, p)
	}
	slices.Reverse(path)
	return strings.Join(path, " → ")
}

// own lists the module's packages, without the module's name, sorted; the root package is "".
func own(g graph) []string {
	var packages []string
	for p := range g {
		if inner, ok := inside(p); ok {
			packages = append(packages, inner)
		}
	}
	slices.Sort(packages)
	return packages
}

func inside(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func suffix(p string) string {
	if p == "" {
		return ""
	}
	return "/" + p
}

func under(folder, p string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// within matches "x" and "x/..." patterns, where an element "*" matches any one element.
func within(pattern, p string) bool {
	pattern, below := strings.CutSuffix(pattern, "/...")
	want, got := strings.Split(pattern, "/"), strings.Split(p, "/")
	if len(got) < len(want) || len(got) > len(want) && !below {
		return false
	}
	for i, element := range want {
		if element != "*" && element != got[i] {
			return false
		}
	}
	return true
}

// TestTheCheckerSeesBreaches feeds the checker graphs that each break one row of the law, and one that breaks none.
func TestTheCheckerSeesBreaches(t *testing.T) {
	t.Parallel()
	if found := check(graph{
		"ferry/swap/asset":                    {"github.com/btcsuite/btcd/address/v2", "math/big"},
		"ferry/swap/ledger":                   {"ferry/swap/asset"},
		"ferry/swap":                          {"ferry/swap/asset", "ferry/swap/ledger"},
		"ferry/swap/bus":                      {"ferry/swap", "github.com/twmb/franz-go/pkg/kgo", "github.com/jackc/pgx/v5"},
		"ferry/gateway":                       {"ferry/swap", "ferry/swap/rpc/ferry/v1", "net/http"},
		"ferry/gateway/postgres":              {"ferry/gateway", "github.com/jackc/pgx/v5"},
		"ferry/hotwallet/chain":               {"ferry/swap/asset"},
		"ferry/hotwallet/chain/utxo":          {"ferry/hotwallet/chain", "github.com/btcsuite/btcd/rpcclient"},
		"ferry/hotwallet/chain/litecoin":      {"ferry/hotwallet/chain/utxo"},
		"ferry/hotwallet/signer":              {"ferry/hotwallet/signer/policy", "github.com/ethereum/go-ethereum/core/types"},
		"ferry/hotwallet/signer/policy":       {"ferry/swap"},
		"ferry/cmd/gatewayd":                  {"ferry/gateway", "ferry/gateway/postgres", "ferry/swap/bus"},
		"ferry/cmd/signerd":                   {"ferry/hotwallet/signer", "net/http"},
		"ferry/cmd/hotwalletd":                {"ferry/hotwallet/chain/litecoin"},
		"ferry/deploy/simulate/simulation":    {"ferry/statemachine/model", "ferry/hotwallet/watch", "ferry/hotwallet/chain/fakechain"},
		"ferry/deploy/parts":                  {"github.com/twmb/franz-go/pkg/kfake", "github.com/jackc/pgx/v5"},
		"github.com/btcsuite/btcd/address/v2": {"github.com/btcsuite/btcd/btcec/v2"},
	}); len(found) != 0 {
		t.Errorf("a lawful graph has breaches:\n%s", strings.Join(found, "\n"))
	}
	for _, test := range []struct {
		name, want string
		g          graph
	}{
		{"the leaf imports upwards", "swap/asset imports swap, but", graph{"ferry/swap/asset": {"ferry/swap"}}},
		{"the ledger imports upwards", "swap/ledger imports swap, but", graph{"ferry/swap/ledger": {"ferry/swap"}}},
		{"the vocabulary imports the bus", "swap imports swap/bus, but", graph{"ferry/swap": {"ferry/swap/bus"}}},
		{"the bus imports a service", "swap/bus imports gateway, but", graph{"ferry/swap/bus": {"ferry/gateway"}}},
		{"a service imports another", "gateway imports liquidity/book, but", graph{"ferry/gateway": {"ferry/liquidity/book"}}},
		{"a name that only begins alike is no self", "gateway imports gatewayx, but", graph{"ferry/gateway": {"ferry/gatewayx"}}},
		{"a main imports a main", "cmd/ferry imports cmd/swapd, but", graph{"ferry/cmd/ferry": {"ferry/cmd/swapd"}}},
		{"a service imports deployment", "hotwallet/watch imports deploy/parts, but", graph{"ferry/hotwallet/watch": {"ferry/deploy/parts"}}},
		{"an unknown folder", "helpers is in no folder", graph{"ferry/helpers": {"ferry/swap"}}},
		{"a service chooses its store", "gateway imports gateway/postgres, but only mains", graph{"ferry/gateway": {"ferry/gateway/postgres"}}},
		{"a service chooses its chain", "hotwallet/watch imports hotwallet/chain/bitcoin, but only mains", graph{"ferry/hotwallet/watch": {"ferry/hotwallet/chain/bitcoin"}}},
		{"an adapter imports another", "hotwallet/chain/bitcoin imports hotwallet/chain/ethereum, but only mains", graph{"ferry/hotwallet/chain/bitcoin": {"ferry/hotwallet/chain/ethereum"}}},
		{"a venue imports another", "liquidity/venue/one imports liquidity/venue/two, but only mains", graph{"ferry/liquidity/venue/one": {"ferry/liquidity/venue/two"}}},
		{"the wallet imports the signer", "hotwallet/payment imports hotwallet/signer, but only mains", graph{"ferry/hotwallet/payment": {"ferry/hotwallet/signer"}}},
		{"franz-go outside the bus", "gateway/stream imports github.com/twmb/franz-go/pkg/kgo, but", graph{"ferry/gateway/stream": {"github.com/twmb/franz-go/pkg/kgo"}}},
		{"franz-go in a main", "cmd/ferry imports github.com/twmb/franz-go/pkg/kadm, but", graph{"ferry/cmd/ferry": {"github.com/twmb/franz-go/pkg/kadm"}}},
		{"go-ethereum in the attestor", "hotwallet/attest imports github.com/ethereum/go-ethereum/common, but", graph{"ferry/hotwallet/attest": {"github.com/ethereum/go-ethereum/common"}}},
		{"metrics in a service", "gateway imports github.com/prometheus/client_golang/prometheus, but", graph{"ferry/gateway": {"github.com/prometheus/client_golang/prometheus"}}},
		{"pgx in a decision", "statemachine imports github.com/jackc/pgx/v5, but", graph{"ferry/statemachine": {"github.com/jackc/pgx/v5"}}},
		{"key code in the gateway by a detour", "cmd/gatewayd links github.com/btcsuite/btcd/btcutil/v2/hdkeychain (ferry/cmd/gatewayd → example.com/x → github.com", graph{
			"ferry/cmd/gatewayd": {"example.com/x"}, "example.com/x": {"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"}}},
		{"signing in the gateway beside the codecs", "cmd/gatewayd links github.com/btcsuite/btcd/btcec/v2/ecdsa", graph{
			"ferry/cmd/gatewayd": {"github.com/btcsuite/btcd/btcec/v2"}, "github.com/btcsuite/btcd/btcec/v2": {"github.com/btcsuite/btcd/btcec/v2/ecdsa"}}},
		{"go-ethereum in the gateway", "cmd/gatewayd links github.com/ethereum/go-ethereum/common", graph{"ferry/cmd/gatewayd": {"github.com/ethereum/go-ethereum/common"}}},
		{"the state machine in the gateway", "cmd/gatewayd links ferry/statemachine", graph{"ferry/cmd/gatewayd": {"ferry/statemachine"}}},
		{"a venue in the gateway", "cmd/gatewayd links ferry/liquidity/venue/one", graph{"ferry/cmd/gatewayd": {"ferry/liquidity/venue/one"}}},
		{"a node's client in the signer", "cmd/signerd links github.com/btcsuite/btcd/rpcclient", graph{"ferry/cmd/signerd": {"github.com/btcsuite/btcd/rpcclient"}}},
		{"another node's client in the signer", "cmd/signerd links github.com/ethereum/go-ethereum/rpc", graph{
			"ferry/cmd/signerd": {"github.com/ethereum/go-ethereum/accounts"}, "github.com/ethereum/go-ethereum/accounts": {"github.com/ethereum/go-ethereum/rpc"}}},
		{"chain code in the state machine", "cmd/swapd links ferry/hotwallet/chain", graph{"ferry/cmd/swapd": {"ferry/hotwallet/chain"}}},
		{"seeds in the attestor", "cmd/attestd links ferry/hotwallet/signer", graph{"ferry/cmd/attestd": {"ferry/hotwallet/signer"}}},
		{"seeds in the hot wallet", "cmd/hotwalletd links filippo.io/age", graph{"ferry/cmd/hotwalletd": {"filippo.io/age"}}},
		{"keys at the desk", "cmd/liquidityd links ferry/hotwallet/keys", graph{"ferry/cmd/liquidityd": {"ferry/hotwallet/keys"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found := check(test.g)
			if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, test.want) }) {
				t.Errorf("no breach begins with %q; found %q", test.want, found)
			}
		})
	}
}
