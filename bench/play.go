package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

const (
	// playCommand is the word by which this program runs itself as the simulators.
	playCommand = "play"
	// playServers are as many as the venue with the least room for snapshots needs.
	playServers = 6
	// playStep is half of the time between two events of a book: with those that change
	// nothing some 31,000 a second altogether.
	playStep = 36 * time.Millisecond
	// playBehind are the steps, a second's, that are made up for where the machine was late: what
	// else it does is not to make it less that has to be heard.
	playBehind = 28
	// playStop is how long the child has to end.
	playStop = 20 * time.Second
)

// soakedMarkets are pairs of the assets there are, in both orders.
func soakedMarkets() ([]simulator.Market, error) {
	var list []simulator.Market
	for _, base := range asset.All() {
		for _, quote := range asset.All() {
			if base.ID == quote.ID || len(list) == soakMarkets {
				continue
			}
			m, err := simulator.ParseMarket(fmt.Sprintf("%s-%s=%d", base.ID, quote.ID, len(list)+1))
			if err != nil {
				return nil, err
			}
			list = append(list, m)
		}
	}
	return list, nil
}

// asked is what the parent says to the child, a line each; the answer is a line with what
// was withheld so far.
type asked struct {
	Server int              `json:"server"`
	Fault  *simulator.Fault `json:"fault,omitempty"`
}

// runPlay is the child: the simulators, on ports of their own, until its input ends.
func runPlay(ctx context.Context, in io.Reader, out io.Writer) error {
	markets, err := soakedMarkets()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, running := errgroup.WithContext(ctx)
	var servers []*simulator.Server
	var hosts []string
	for n := range playServers {
		server, err := simulator.New(simulator.Config{Seed: uint64(n + 1), Markets: markets, Every: playStep, Behind: playBehind, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		servers, hosts = append(servers, server), append(hosts, l.Addr().String())
		group.Go(func() error { return server.Run(running, l) })
	}
	err = answerAsked(in, json.NewEncoder(out), hosts, servers)
	cancel()
	return errors.Join(err, group.Wait())
}

func answerAsked(in io.Reader, out *json.Encoder, hosts []string, servers []*simulator.Server) error {
	if err := out.Encode(hosts); err != nil {
		return fmt.Errorf("tell the addresses: %w", err)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var a asked
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return fmt.Errorf("read what is asked: %w", err)
		}
		if a.Fault != nil {
			if err := servers[a.Server%len(servers)].Inject(*a.Fault); err != nil {
				return err
			}
		}
		var withheld uint64
		for _, s := range servers {
			withheld += s.Withheld()
		}
		if err := out.Encode(withheld); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return lines.Err()
}

// played is the child as its parent has it.
type played struct {
	hosts []string
	child *exec.Cmd
	in    io.WriteCloser
	out   *json.Decoder
}

// play starts the child.
func play(ctx context.Context) (*played, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	p := &played{child: exec.CommandContext(context.WithoutCancel(ctx), self, playCommand)}
	p.child.Stderr, p.child.WaitDelay = os.Stderr, playStop
	if p.in, err = p.child.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the simulators: %w", err)
	}
	out, err := p.child.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the simulators: %w", err)
	}
	if err := p.child.Start(); err != nil {
		return nil, fmt.Errorf("start the simulators: %w", err)
	}
	p.out = json.NewDecoder(out)
	if err := p.out.Decode(&p.hosts); err != nil {
		return nil, errors.Join(fmt.Errorf("read the simulators' addresses: %w", err), p.close())
	}
	return p, nil
}

// close lets the child end, and ends it if it does not.
func (p *played) close() error {
	timer := time.AfterFunc(playStop, func() { _ = p.child.Process.Kill() }) // it may have ended just now
	defer timer.Stop()
	return errors.Join(p.in.Close(), p.child.Wait())
}

func (p *played) ask(a asked) (withheld uint64, err error) {
	if err := json.NewEncoder(p.in).Encode(a); err != nil {
		return 0, fmt.Errorf("ask the simulators: %w", err)
	}
	if err := p.out.Decode(&withheld); err != nil {
		return 0, fmt.Errorf("read the simulators' answer: %w", err)
	}
	return withheld, nil
}

func (p *played) inject(server int, f simulator.Fault) error {
	_, err := p.ask(asked{Server: server, Fault: &f})
	return err
}

func (p *played) withheld() (uint64, error) { return p.ask(asked{}) }
