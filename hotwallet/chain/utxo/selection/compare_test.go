package selection

import (
	"cmp"
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// payments is how many the comparison makes; the figures in docs are of 10,000:
//
//	go test ./hotwallet/chain/utxo/selection -run TestAgainstOtherWays -payments 10000 -v
var payments = flag.Int("payments", 1500, "payments of the comparison")

// The sizes of P2WPKH, in virtual bytes, and the long-term rate in sat per virtual byte.
const (
	inputSize, outputSize, overheadSize = 68, 31, 11 + 31
	longTermRate                        = 10
)

// market is a run of days as they are: fees that wander between 1 and some hundred and
// come back, deposits and payments of all sizes, somewhat more deposits than payments
// and each smaller, as at a service that users pay into.
type market struct {
	lot  *rand.Rand
	rate float64 // log of the rate
}

func (m *market) step() uint64 {
	m.rate += 0.05*(math.Log(longTermRate)-m.rate) + 0.25*m.lot.NormFloat64()
	return uint64(math.Exp(min(max(m.rate, 0), math.Log(400)))) + 1
}

func (m *market) amount(median float64) uint64 {
	return uint64(median*math.Exp(1.2*m.lot.NormFloat64())) + 1000
}

// ledger is what a way of choosing came to.
type ledger struct {
	coins  []uint64
	fees   uint64
	inputs int
	// whole are payments without change.
	whole, made int
}

// owed is what is spent, and what spending the coins that are left will cost.
func (l ledger) owed() uint64 { return l.fees + uint64(len(l.coins))*inputSize*longTermRate }

func (l *ledger) pay(amount, rate, seed uint64, choose func(Problem) (Choice, bool)) bool {
	p := Problem{Values: l.coins, Base: amount + rate*overheadSize, InputFee: rate * inputSize, LongTermInputFee: longTermRate * inputSize,
		ChangeFee: rate * outputSize, ChangeSpend: longTermRate * inputSize, ChangeLeast: 546, InputsMost: 200, Seed: seed}
	c, ok := choose(p)
	if !ok {
		return false
	}
	var sum uint64
	kept := l.coins[:0:0]
	for i, value := range l.coins {
		if _, spent := slices.BinarySearch(c.Coins, i); spent {
			sum += value
		} else {
			kept = append(kept, value)
		}
	}
	if c.Change > 0 {
		kept = append(kept, c.Change)
	} else {
		l.whole++
	}
	l.coins, l.fees, l.inputs, l.made = kept, l.fees+sum-amount-c.Change, l.inputs+len(c.Coins), l.made+1
	return true
}

// Over many payments the choice costs less than largest first and than coins by lot,
// counted with what the coins that are left will cost to spend.
func TestAgainstOtherWays(t *testing.T) {
	t.Parallel()
	one := func(way func(Problem, []coin) ([]coin, Algorithm)) func(Problem) (Choice, bool) {
		return func(p Problem) (Choice, bool) { return p.judge(way(p, p.worth())) }
	}
	ways := []struct {
		name   string
		choose func(Problem) (Choice, bool)
	}{{"least waste", Choose}, {"largest first", one(Problem.largestFirst)}, {"random", one(Problem.randomDraw)}}
	owed := map[string]uint64{}
	for _, way := range ways {
		m := market{lot: rand.New(rand.NewPCG(7, 7)), rate: math.Log(longTermRate)}
		l := ledger{}
		for range 50 {
			l.coins = append(l.coins, m.amount(2_000_000))
		}
		for i := range *payments {
			rate := m.step()
			for range 1 + m.lot.IntN(3) {
				l.coins = append(l.coins, m.amount(1_000_000))
			}
			if amount := m.amount(1_800_000); !l.pay(amount, rate, uint64(i), way.choose) {
				l.coins = append(l.coins, 10*amount) // treasury funds the wallet
			}
			slices.SortFunc(l.coins, func(a, b uint64) int { return cmp.Compare(b, a) })
		}
		owed[way.name] = l.owed()
		t.Logf("%-14s %d payments: %.8f in fees, %d inputs, %d without change, %d coins left, %.8f with what these will cost",
			way.name, l.made, float64(l.fees)/1e8, l.inputs, l.whole, len(l.coins), float64(l.owed())/1e8)
	}
	for _, other := range ways[1:] {
		if owed["least waste"] >= owed[other.name] {
			t.Errorf("least waste comes to %d, %s to %d", owed["least waste"], other.name, owed[other.name])
		}
	}
}
