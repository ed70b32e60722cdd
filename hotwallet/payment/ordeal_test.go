package payment_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	ordealSeeds = flag.Int("seeds", 16, "how many ordeals are played")
	ordealFirst = flag.Uint64("first", 0, "the first ordeal's seed")
)

// Setup: orders of all purposes, payments of the house's own, and all that may happen to
// them at once: fees that move, reorganisations, evictions, replacements, coins and nonces
// that somebody with a copy of our keys takes, failed transactions that are ordered again,
// a signer, a node and an attestd that fail, and crashes between any two steps.
//
// Test: at no moment has an order received anything but nothing or its amount. Once all of
// it ceases, each ends within a stated number of blocks: paid once and exactly; or proved to
// be dead and paid anew; only what is for a deposit that is gone for good waits, listed with
// that reason for people; and the books are what the chain holds. A seed plays the same each
// time.
func TestOrdeals(t *testing.T) {
	t.Parallel()
	met := &sights{}
	t.Cleanup(func() { met.tell(t) })
	for seed := *ordealFirst; seed < *ordealFirst+uint64(*ordealSeeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			o := newOrdeal(t, seed)
			for range o.between(40, 110) {
				o.act()
				o.neverTwice()
			}
			o.calm()
			o.judge()
			met.add(o)
		})
	}
}

// ordeal is one seed: a hot wallet, and what happens to it.
type ordeal struct {
	*sweeper
	lot    *rand.Rand
	orders []swap.Order
	// refunded are the transactions of the deposits that orders send back.
	refunded map[string]string
	// away are deposits of other chains that these have taken back.
	away []string
	// retries is how often people have ordered each again.
	retries map[string]int
	// addresses are where deposits came that may be swept.
	addresses []string
	// thefts are the transactions of the one with a copy of our keys.
	thefts  []string
	unsure  *unsureCoroner
	crashes int
	story   []string
}

// newOrdeal is a wallet on the chain of coins, or of accounts for odd seeds.
func newOrdeal(t *testing.T, seed uint64) *ordeal {
	t.Helper()
	on := asset.Bitcoin
	if seed%2 == 1 {
		on = asset.Ethereum
	}
	o := &ordeal{sweeper: &sweeper{world: newWorld(t, on), usual: true}, lot: rand.New(rand.NewPCG(seed, 7)),
		refunded: map[string]string{}, retries: map[string]int{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("its story; go test ./hotwallet/payment -run 'TestOrdeals' -seeds 1 -first %d plays it again\n%s", seed, strings.Join(o.story, "\n"))
		}
	})
	ids := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	o.newID = func(prefix string, at time.Time) string {
		return prefix + "_" + strings.ToLower(ulid.MustNew(ulid.Timestamp(at), ids).String())
	}
	o.reorgLimit, o.burial = deathDepth-1, deathDepth-1
	o.unsure = &unsureCoroner{Coroner: o.hireCoroner()}
	o.coroner = o.unsure
	if on == asset.Ethereum {
		o.refundFee = o.some(5)
	} else if o.chance(2) {
		o.window = time.Minute
	}
	o.bid = payment.Rising(o.clock.Now, 30*time.Minute, nil)
	o.restart()
	o.open()
	o.mine(deathDepth) // no reorganisation takes all of it back
	for range 3 {
		o.chain.Pay(o.funding, o.some(uint64(o.between(30, 300))))
	}
	if on == asset.Ethereum {
		o.chain.PayToken(asset.USDT, outputTo(o.funding, dollars(300)))
	}
	o.mine(confirmations)
	return o
}

// unsureCoroner gives no answer for a while.
type unsureCoroner struct {
	payment.Coroner
	silent bool
}

// AttestDeath implements payment.Coroner.
func (c *unsureCoroner) AttestDeath(ctx context.Context, r payment.DeathRequest) (string, error) {
	if c.silent {
		return "", swap.Refuse(swap.CodeUnavailable, "", "", "Its node is behind.")
	}
	return c.Coroner.AttestDeath(ctx, r)
}

func (o *ordeal) chance(of int) bool { return o.lot.IntN(of) == 0 }

func (o *ordeal) between(least, most int) int { return least + o.lot.IntN(most-least+1) }

// oneOf is one by lot; there has to be one.
func oneOf[T any](o *ordeal, all []T) T { return all[o.lot.IntN(len(all))] }

// tell adds to the story.
func (o *ordeal) tell(format string, args ...any) {
	o.story = append(o.story, fmt.Sprintf("%s  %s", o.clock.Now().Format("02 15:04:05.000"), fmt.Sprintf(format, args...)))
}

// forgive lets pass what a node, a signer or an attestd that fails explains; nothing else
// may go wrong, whatever happens.
func (o *ordeal) forgive(err error) {
	o.t.Helper()
	if err == nil {
		return
	}
	o.tell("  %v", err)
	if !errors.Is(err, errLost) && !strings.Contains(err.Error(), "fakechain:") {
		o.t.Fatalf("what no fault explains: %v", err)
	}
}
