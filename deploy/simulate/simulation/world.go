package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"ferry/hotwallet/chain/fakechain"
	hot "ferry/hotwallet/model"
	"ferry/statemachine"
	state "ferry/statemachine/model"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// World is one deployment in one process and one goroutine: both chains, both
// services, the log between them, and users. All that happens follows from its
// seed.
type World struct {
	seed uint64
	rng  *rand.Rand
	ctx  context.Context
	log  *slog.Logger
	bug  Bug

	options Options

	start, now time.Time
	// rough is how often, in 10,000, a step of a daemon fails or kills it; 0 in the
	// calm at the end.
	rough int
	// lazy is the relay that is behind the others.
	lazy string
	// poor is a house without money for everything, until the calm.
	poor bool
	// slow is the chain whose payments are long in coming.
	slow  asset.Chain
	steps int

	chains  map[asset.Chain]*fakechain.Chain
	rules   map[asset.Chain]chainRules
	kafka   *kafka
	gateway *outbox
	relays  []*relay

	states *state.Store
	stored StateStore // states, as swapd sees it
	swapd  []*swapd
	// decisions are the rules that both decide by.
	decisions statemachine.Rules
	desk      *desk

	wallets *hot.Database
	hot     map[asset.Chain]*wallet
	signer  *signer
	// attestor sees deposits on nodes of its own.
	attestor *attestor

	users    []*user
	branches map[asset.Chain]fakechain.Branch
	// forks is the lowest block that reorganisations have reached since the watcher
	// was on the tip: several together may be no deeper than is followed.
	forks map[asset.Chain]int64

	// What a Stage asks for: daemons that are down, payees whose payments fail, and a
	// node that holds more than the books.
	down     map[string]bool
	refusing map[string]bool
	surplus  bool

	check *checker
	pairs map[Pair]int
	story []string
}

// chainRules is the policy of a chain in this world.
type chainRules struct {
	confirmations, reorgLimit int64
	// spendDepth is how deep a coin is that a payment spends.
	spendDepth               int64
	dust, refundFee, typical asset.Units
	blockTime                time.Duration
	// large is above which a deposit of the chain's own asset needs more; nothing for none.
	large asset.Units
}

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// newWorld makes a world at rest: chains with the house's money, daemons started.
func newWorld(ctx context.Context, seed uint64, o Options) *World {
	w := &World{seed: seed, ctx: ctx, bug: o.Bug, options: o, log: slog.New(slog.DiscardHandler),
		rng:    rand.New(rand.NewPCG(seed, 0x6665727279)), //nolint:gosec // a simulation has to be repeatable
		kafka:  newKafka(),
		states: state.New(), wallets: hot.NewDatabase(), signer: newSigner(),
		chains: map[asset.Chain]*fakechain.Chain{}, rules: map[asset.Chain]chainRules{}, hot: map[asset.Chain]*wallet{},
		gateway: &outbox{}, branches: map[asset.Chain]fakechain.Branch{}, forks: map[asset.Chain]int64{}, pairs: map[Pair]int{},
		down: map[string]bool{}, refusing: map[string]bool{}}
	w.stored = o.states(w.states)
	w.start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w.now = w.start
	w.check = newChecker(w)
	config := fakechain.Config{Seed: seed, Now: w.clock, Networks: networks}
	w.chains[asset.Bitcoin], w.chains[asset.Ethereum] = fakechain.NewBitcoin(config), fakechain.NewEthereum(config)
	for _, on := range networks.Chains() {
		w.rules[on] = w.drawRules(on)
		if fixed, ok := o.rules[on]; ok {
			w.rules[on] = fixed
		}
	}
	w.attestor = newAttestor(w)
	for _, on := range networks.Chains() {
		w.hot[on] = newWallet(w, on)
	}
	w.relays = []*relay{
		{source: "gateway", rows: w.gateway.all},
		{source: "swap", rows: w.states.Schema().Outbox},
		{source: "hotwallet", rows: w.wallets.Schema().Outbox},
		{source: "liquidity", rows: func() []bus.Message { return w.desk.schema.Outbox() }},
	}
	w.decisions, w.desk = w.drawDecisions(), newDesk(w)
	if o.decisions != nil {
		w.decisions = *o.decisions
	}
	w.swapd = []*swapd{newSwapd(w), newSwapd(w)}
	return w
}

func (w *World) clock() time.Time { return w.now }

func (w *World) drawRules(on asset.Chain) chainRules {
	r := chainRules{confirmations: 1 + w.rng.Int64N(3), blockTime: 10 * time.Minute,
		dust: asset.NewUnits(5_000), refundFee: asset.NewUnits(2_000), typical: asset.NewUnits(1_000_000)}
	if on == asset.Ethereum {
		r.blockTime = 12 * time.Second
		r.dust, r.refundFee, r.typical = gwei(1_000_000), gwei(400_000), gwei(280_000_000)
	}
	r.reorgLimit = r.confirmations - 1 + w.rng.Int64N(6)
	r.spendDepth = r.confirmations + int64(w.seed%3)
	r.large = add(r.typical, asset.NewUnits(500)) // half of all deposits are above it
	return r
}

func gwei(n uint64) asset.Units { return asset.NewUnits(n * 1_000_000_000) }

// fund gives the house money: enough for everything the seed can bring, or for a
// payment or two.
func (w *World) fund(enough bool) {
	for _, on := range networks.Chains() {
		w.hot[on].look() // from the first block on
	}
	coins, sat, ether, dollars := 6, asset.NewUnits(500_000_000), gwei(9_000_000_000), asset.NewUnits(9_000_000_000)
	if !enough {
		coins, sat, ether, dollars = 2, asset.NewUnits(1_500_000), gwei(400_000_000), asset.NewUnits(300_000_000)
	}
	for range coins {
		w.chains[asset.Bitcoin].Pay(w.hot[asset.Bitcoin].treasury, sat)
		w.chains[asset.Ethereum].Pay(w.hot[asset.Ethereum].treasury, ether)
		w.chains[asset.Ethereum].PayToken(asset.USDT, fakechain.Output{Address: w.hot[asset.Ethereum].treasury, Units: dollars})
	}
	for _, on := range networks.Chains() {
		w.chains[on].Mine(int(w.rules[on].confirmations))
		w.hot[on].look()
	}
}

// chance is true once in n.
func (w *World) chance(n int) bool { return w.rng.IntN(n) == 0 }

// one picks an element.
func one[T any](w *World, from []T) T { return from[w.rng.IntN(len(from))] }

// tell adds a line to the story.
func (w *World) tell(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf("%5d %s ", w.steps, w.now.Sub(w.start).Round(time.Second))+fmt.Sprintf(format, args...))
}

// outbox is the gateway's: it has no other part here.
type outbox struct{ rows []bus.Message }

func (o *outbox) all() []bus.Message { return o.rows }

func (o *outbox) put(f swap.Fact) {
	m, err := bus.FactMessage(f)
	if err != nil {
		panic(violation{"the gateway's fact: " + err.Error()})
	}
	o.rows = append(o.rows, m)
}
