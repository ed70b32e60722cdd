// Command prove asks the chains' own nodes, and nobody else, whether addresses
// received exactly what they were promised.
//
// It reads claims from a JSON file and prints a line for each: what was promised,
// what the node says, in which block and how deep, and "ok" or "NOT". It shares no
// code with Ferry, so that a mistake in Ferry cannot agree with itself: a test
// holds that it imports no package of the module. Only the standard library.
//
// Exit status: 0 every claim holds, 1 one does not or a node does not answer,
// 2 wrong use.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit statuses besides 0.
const (
	exitNot   = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}

// settings are what the flags say.
type settings struct {
	claims string
	// urls are the nodes', by chain.
	urls          map[string]*string
	confirmations uint64
	timeout       time.Duration
}

const maxConfirmations = 10_000

func parse(args []string, errs io.Writer) (settings, error) {
	s := settings{urls: map[string]*string{}}
	flags := flag.NewFlagSet("prove", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&s.claims, "claims", "", `JSON file of claims: [{"chain", "address", "units", "txid"?, "void"?, "note"?}, …], units in satoshi or wei, void: txids that must have paid nothing; of a token also "contract", "token" (its name) and "decimals"`)
	for chain, what := range map[string]string{"bitcoin": "a Bitcoin node's JSON-RPC with an address index", "bitcoincash": "a Bitcoin Cash node's JSON-RPC with an address index",
		"litecoin": "a Litecoin node's JSON-RPC", "ethereum": "an Ethereum node's JSON-RPC"} {
		upper := strings.ToUpper(chain)
		s.urls[chain] = flags.String(chain, "", "URL of "+what+"; user and password in it, or in "+upper+"_RPC_USER and "+upper+"_RPC_PASSWORD")
	}
	flags.Uint64Var(&s.confirmations, "confirmations", 1, "how deep a payment must be to count")
	flags.DurationVar(&s.timeout, "timeout", time.Minute, "how long all of it may take")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case s.claims == "" || flags.NArg() > 0:
		return s, errors.New("say which claims to prove: prove -claims <file> [-bitcoin <url>] [-litecoin <url>] [-bitcoincash <url>] [-ethereum <url>]")
	case s.confirmations < 1 || s.confirmations > maxConfirmations:
		return s, fmt.Errorf("-confirmations must be 1 to %d", maxConfirmations)
	case s.timeout <= 0:
		return s, errors.New("-timeout must be positive")
	}
	return s, nil
}

// run proves the claims and returns the exit status.
func run(ctx context.Context, args []string, out, errs io.Writer, getenv func(string) string) int {
	s, err := parse(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errs, "prove:", err)
		return exitUsage
	}
	claims, err := readClaims(s.claims)
	if err != nil {
		fmt.Fprintln(errs, "prove:", err)
		return exitUsage
	}
	chains, err := nodes(s, getenv)
	if err != nil {
		fmt.Fprintln(errs, "prove:", err)
		return exitUsage
	}
	for _, c := range claims {
		if chains[c.Chain] == nil {
			fmt.Fprintf(errs, "prove: a claim is on %s: say where its node is with -%s <url>\n", c.Chain, c.Chain)
			return exitUsage
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return proveAll(ctx, claims, chains, out)
}

// evidence is what a node says about a claim's address.
type evidence struct {
	// received is what counts towards the claim, in base units.
	received amount
	// where says in words in which block and how deep.
	where string
	// doubts says what else speaks against the claim; "" if nothing does.
	doubts string
}

// node asks one chain.
type node interface {
	ask(ctx context.Context, c claim) (evidence, error)
	// void reports that a transaction has paid nothing, and says in words why, or why not.
	void(ctx context.Context, txid string) (said string, ok bool, err error)
}

func nodes(s settings, getenv func(string) string) (map[string]node, error) {
	chains := map[string]node{}
	for chain, url := range s.urls {
		if *url == "" {
			continue
		}
		upper := strings.ToUpper(chain)
		rpc, err := newRPC(*url, getenv(upper+"_RPC_USER"), getenv(upper+"_RPC_PASSWORD"))
		if err != nil {
			return nil, fmt.Errorf("-%s: %w", chain, err)
		}
		switch chain {
		case "ethereum":
			chains[chain] = ethereum{rpc: rpc, confirmations: s.confirmations}
		case "litecoin":
			chains[chain] = unindexed{rpc: rpc, confirmations: s.confirmations}
		default:
			chains[chain] = bitcoin{rpc: rpc, confirmations: s.confirmations}
		}
	}
	return chains, nil
}

// askAll asks for what a claim's address received, and for what must have paid nothing.
func askAll(ctx context.Context, n node, c claim) (evidence, error) {
	said, err := n.ask(ctx, c)
	if err != nil {
		return said, err
	}
	where, doubts, err := void(ctx, n, c)
	said.where += where
	said.doubts = strings.TrimPrefix(said.doubts+doubts, "; ")
	return said, err
}

func proveAll(ctx context.Context, claims []claim, chains map[string]node, out io.Writer) int {
	failed := 0
	for _, c := range claims {
		said, err := askAll(ctx, chains[c.Chain], c)
		var line string
		verdict := "ok "
		switch {
		case err != nil:
			verdict, line = "NOT", fmt.Sprintf("the node could not be asked: %v", err)
		case said.received.Cmp(c.promised) != 0:
			verdict, line = "NOT", fmt.Sprintf("the node says %s received %s", c.say(said.received), said.where)
		default:
			line = fmt.Sprintf("the node says %s received %s", c.say(said.received), said.where)
		}
		if said.doubts != "" {
			verdict, line = "NOT", line+"; "+said.doubts
		}
		if verdict == "NOT" {
			failed++
		}
		fmt.Fprintf(out, "%s  %s %s%s: promised %s; %s\n", verdict, c.Chain, c.Address, c.noted(), c.say(c.promised), printable(line))
	}
	if failed > 0 {
		fmt.Fprintf(out, "NOT proved: %d of %d claims do not hold\n", failed, len(claims))
		return exitNot
	}
	fmt.Fprintf(out, "proved: all %d claims hold\n", len(claims))
	return 0
}
