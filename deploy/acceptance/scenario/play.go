package scenario

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"ferry/swap"
	"ferry/swap/asset"
)

// play is what a scenario has brought about so far.
type play struct {
	World
	ask   Ask
	swaps []*inPlay
	// request is the last one of staff.
	request string
	// before is the user's last version before all was told again.
	before int64
	// refused is the last refusal.
	refused struct {
		code  swap.Code
		limit string
	}
}

// inPlay is one user's swap.
type inPlay struct {
	Created
	ask Ask
	// txs are what was paid to its address, in order, and paid their amounts; dust is
	// not among them.
	txs  []Tx
	paid []asset.Units
	// rate is the last one of a variable swap that was seen to be set.
	rate swap.SetRate
	// changed is a refund address that was set later.
	changed string
	// elsewhere is where a deposit in another asset was refunded to, and on is its chain.
	elsewhere   string
	elsewhereOn asset.Chain
}

func newPlay(w World) *play {
	return &play{World: w, ask: Ask{Policy: swap.RefundPolicy()}}
}

// step is one sentence of the language.
type step struct {
	text *regexp.Regexp
	// shakes says that other scenarios would feel it.
	shakes bool
	do     func(ctx context.Context, p *play, args []string) error
}

// find is the one step that a sentence is, with what it says.
func find(text string) (step, []string, error) {
	var found []step
	var args []string
	for _, s := range steps() {
		if m := s.text.FindStringSubmatch(text); m != nil {
			found, args = append(found, s), m[1:]
		}
	}
	if len(found) != 1 {
		return step{}, nil, fmt.Errorf("%d steps of the language match", len(found))
	}
	return found[0], args, nil
}

// steps are all sentences.
var steps = func() func() []step {
	all := slices.Concat(given(), pays(), times(), chains(), troubles(), people(), ends(), outcomes(), tells(), standing(), rates())
	return func() []step { return all }
}()

func say(pattern string, do func(ctx context.Context, p *play, args []string) error) step {
	return step{text: regexp.MustCompile("^(?:" + pattern + ")$"), do: do}
}

// shake is a step that others would feel.
func shake(pattern string, do func(ctx context.Context, p *play, args []string) error) step {
	s := say(pattern, do)
	s.shakes = true
	return s
}

// swap makes the user's swap when it is first needed.
func (p *play) swap(ctx context.Context) (*inPlay, error) {
	if len(p.swaps) == 0 {
		return p.create(ctx)
	}
	return p.swaps[0], nil
}

// other is the swap of another user, in the same direction.
func (p *play) other(ctx context.Context) (*inPlay, error) {
	if _, err := p.swap(ctx); err != nil {
		return nil, err
	}
	if len(p.swaps) < 2 {
		return p.create(ctx)
	}
	return p.swaps[1], nil
}

// of is the user's swap, or the other's.
func (p *play) of(ctx context.Context, whose string) (*inPlay, error) {
	if whose == "other" {
		return p.other(ctx)
	}
	return p.swap(ctx)
}

func (p *play) create(ctx context.Context) (*inPlay, error) {
	if p.ask.Pair == (asset.Pair{}) {
		return nil, fmt.Errorf("the scenario has no quote")
	}
	created, err := p.Create(ctx, p.ask)
	if err != nil {
		return nil, err
	}
	s := &inPlay{Created: created, ask: p.ask}
	p.swaps = append(p.swaps, s)
	return s, nil
}

// on is the deposit's chain, to the payout's.
func (s *inPlay) on() asset.Chain { return asset.MustLookup(s.Quote.Pair.From).Chain }
func (s *inPlay) to() asset.Chain { return asset.MustLookup(s.Quote.Pair.To).Chain }

// refundAddress is where refunds go.
func (s *inPlay) refundAddress() string {
	if s.changed != "" {
		return s.changed
	}
	return s.Receipt.RefundAddress
}

// last is the last transaction to the swap's address.
func (s *inPlay) last() (Tx, error) {
	if len(s.txs) == 0 {
		return Tx{}, fmt.Errorf("nothing was paid yet")
	}
	return s.txs[len(s.txs)-1], nil
}

// chainOf reads "bitcoin", "ethereum", "the deposit's chain" and "the payout's chain".
func (p *play) chainOf(ctx context.Context, text string) (asset.Chain, error) {
	s, err := p.swap(ctx)
	if err != nil {
		return "", err
	}
	switch text {
	case "the deposit's chain":
		return s.on(), nil
	case "the payout's chain":
		return s.to(), nil
	}
	return asset.Chain(text), nil
}
