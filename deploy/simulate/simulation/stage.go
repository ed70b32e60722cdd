package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Stage is a world that is played by hand: nothing happens by chance, and time goes
// by when it is told to. Each chain makes blocks at its pace, and after each block
// every daemon that is up does all there is to do. It is what acceptance tests play on.
//
// Its errors are invariants that did not hold, and contradictions of the parts.
type Stage struct {
	w *World
	// next is when each chain's next block is due; held chains make none.
	next map[asset.Chain]time.Time
	held map[asset.Chain]bool
	// unchecked stages leave the invariants alone.
	unchecked bool
	// told are the updates that were read, up to where in each partition and to which
	// number of each swap.
	told map[string][]swap.Update
	read [partitions]int
	last map[string]int64
}

// The pace of a stage's chains, and what a swap on it deposits.
const (
	bitcoinPace  = 2 * time.Minute
	ethereumPace = 30 * time.Second

	stageConfirmations = 3
	stageReorgLimit    = 6
	// stageHalt is the reason of an operator's halt.
	stageHalt = "an operator looks at it"
)

// stageRules are the policy of a stage's chains.
var stageRules = map[asset.Chain]chainRules{
	asset.Bitcoin: {confirmations: stageConfirmations, reorgLimit: stageReorgLimit, spendDepth: stageConfirmations, blockTime: bitcoinPace,
		dust: asset.NewUnits(5_000), refundFee: asset.NewUnits(2_000), typical: asset.NewUnits(1_000_000)},
	asset.Ethereum: {confirmations: stageConfirmations, reorgLimit: stageReorgLimit, spendDepth: stageConfirmations, blockTime: ethereumPace,
		dust: gwei(1_000_000), refundFee: gwei(400_000), typical: gwei(280_000_000)},
}

// NewStage is a world at rest, with the house's money in it. Without checks the
// invariants of seeds are not looked at: what fails then is what the caller demands.
func NewStage(ctx context.Context, checked bool) (*Stage, error) {
	s := &Stage{held: map[asset.Chain]bool{}, unchecked: !checked,
		told: map[string][]swap.Update{}, last: map[string]int64{}}
	err := safely(func() {
		decisions := stageDecisions()
		s.w = newWorld(ctx, 1, Options{rules: stageRules, decisions: &decisions})
		s.w.fund(true)
		s.next = map[asset.Chain]time.Time{asset.Bitcoin: s.w.now.Add(bitcoinPace), asset.Ethereum: s.w.now.Add(ethereumPace)}
		s.work()
	})
	return s, err
}

// safely turns a violation into an error.
func safely(do func()) (err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case violation:
			err = errors.New(cause.what)
		default:
			panic(cause)
		}
	}()
	do()
	return nil
}

// Now is the world's time.
func (s *Stage) Now() time.Time { return s.w.now }

// Pass lets time go by: blocks come as they are due.
func (s *Stage) Pass(d time.Duration) error {
	end := s.w.now.Add(d)
	return safely(func() {
		for s.w.now.Before(end) {
			s.w.now = s.soonest(end)
			for on, due := range s.next {
				if due.After(s.w.now) {
					continue
				}
				s.next[on] = due.Add(s.w.rules[on].blockTime)
				if !s.held[on] {
					s.w.chains[on].Mine(1)
				}
			}
			s.work()
		}
	})
}

// Step lets time go by until the next block of any chain is due.
func (s *Stage) Step() error { return s.Pass(s.soonest(s.w.now.Add(time.Hour)).Sub(s.w.now)) }

func (s *Stage) soonest(end time.Time) time.Time {
	for _, due := range s.next {
		if due.Before(end) {
			end = due
		}
	}
	return end
}

// work has every daemon that is up do what there is to do, until nothing moves.
func (s *Stage) work() {
	w := s.w
	for range 100 {
		before := s.moved()
		if !w.down["swapd"] {
			w.swapd[0].sweep()
		}
		for _, r := range w.relays {
			if up := map[string]bool{"gateway": !w.down["gatewayd"], "swap": !w.down["swapd"],
				"liquidity": !w.down["liquidityd"],
				"hotwallet": !w.down[walletd(asset.Bitcoin)] || !w.down[walletd(asset.Ethereum)]}; up[r.source] {
				r.publish(w.kafka, 1000, false)
			}
		}
		for p := range int32(partitions) {
			if !w.down["swapd"] {
				w.swapd[0].read(p, 512)
			}
			if !w.down["liquidityd"] {
				w.desk.read(p, 512)
			}
		}
		for _, on := range networks.Chains() {
			if !w.down[walletd(on)] {
				s.wallet(w.hot[on])
			}
		}
		if s.moved() == before {
			break
		}
	}
	if !s.unchecked {
		w.check.step()
	}
}

// wallet is what a hot wallet does of itself.
func (s *Stage) wallet(h *wallet) {
	for p := range int32(partitions) {
		h.step(func() { h.orders.poll(s.w.kafka, p, 512) })
	}
	h.look()
	h.pay()
}

// moved is how much has happened: the same twice, and nothing has.
func (s *Stage) moved() string {
	w := s.w
	read := ""
	for p := range int32(partitions) {
		read += fmt.Sprint(w.swapd[0].facts.next[p], w.hot[asset.Bitcoin].orders.next[p], w.hot[asset.Ethereum].orders.next[p], " ")
	}
	return fmt.Sprint(len(w.gateway.rows), len(w.desk.schema.Outbox()), w.desk.requests.next, len(w.states.Schema().Outbox()), len(w.wallets.Schema().Outbox()),
		w.facts(), len(w.wallets.Actions()), read)
}

// walletd is the name of a chain's hot wallet.
func walletd(on asset.Chain) string { return "hotwalletd-" + string(on) }

// refused reports a transaction to somebody whose payments fail.
func (w *World) refused(raw []byte) bool {
	t, _, err := fakechain.Decode(raw)
	must(err)
	for _, o := range t.Outputs {
		if w.refusing[o.Address] {
			return true
		}
	}
	return false
}

// Updates are all that the user of a swap was told, each once, in order.
func (s *Stage) Updates(swapID string) ([]swap.Update, error) {
	for p, records := range s.w.kafka.topics[bus.TopicUpdates] {
		for _, r := range records[s.read[p]:] {
			if r.Seq <= s.last[r.Key] {
				continue // it came again
			}
			u, err := r.Update()
			if err != nil {
				return nil, err
			}
			s.told[r.Key], s.last[r.Key] = append(s.told[r.Key], u), r.Seq
		}
		s.read[p] = len(records)
	}
	return s.told[swapID], nil
}
