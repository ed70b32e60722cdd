package simulation

import (
	"errors"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// The windows of a stage's swaps, and the price: what one coin of the deposit is paid.
const (
	depositWindow = 20 * time.Minute
	confirmWindow = 2 * time.Hour
)

// Opening is what a user asks for of a swap. One without a refund address leaves it open,
// a variable one has its rate set when its deposit is seen. SecretHash is
// swap.HashDocument of the swap's secret.
type Opening struct {
	Pair                    asset.Pair
	Policy                  swap.Policy
	RefundAddress, Variable bool
	SecretHash              string
}

// Open is a user who locks a quote and makes a swap of it, both of the chains' usual
// amounts.
func (s *Stage) Open(o Opening) (terms swap.Terms, err error) {
	err = safely(func() {
		w, pair := s.w, o.Pair
		on, payOn := asset.MustLookup(pair.From).Chain, asset.MustLookup(pair.To).Chain
		now := swap.Millis(w.now)
		amount := func(id asset.ID) asset.Amount {
			return asset.Amount{Asset: id, Units: w.of(id).typical}
		}
		q := swap.Quote{ID: w.newID(swap.QuotePrefix), Pair: pair, Deposit: amount(pair.From), Payout: amount(pair.To), Rate: "28.2",
			ServiceFee: asset.Amount{Asset: pair.To, Units: asset.NewUnits(700)}, NetworkFee: asset.Amount{Asset: pair.To, Units: asset.NewUnits(500)},
			RefundFeeMax: asset.Amount{Asset: pair.From, Units: w.of(pair.From).refundFee}, IssuedAt: now, AcceptBy: now.Add(time.Minute),
			DepositWindowSeconds: int64(depositWindow.Seconds()), ConfirmWindowSeconds: int64(confirmWindow.Seconds())}
		if o.Variable {
			leaveOpen(&q)
		}
		r := swap.Receipt{SwapID: w.newID(swap.SwapPrefix), DepositAddress: w.chains[on].NewAddress(), PayoutAddress: w.chains[payOn].NewAddress(),
			Policy: o.Policy, SecretHash: o.SecretHash, IssuedAt: now}
		if o.RefundAddress {
			r.RefundAddress = w.chains[on].NewAddress()
		}
		terms = w.open(q, r).terms
		s.work()
	})
	return terms, err
}

// Tell has the gateway tell a fact about a swap, such as an answer of its user.
func (s *Stage) Tell(f swap.Fact) error {
	f.At = s.w.now
	return safely(func() {
		s.w.gateway.put(f)
		s.work()
	})
}

// Pay has strangers pay outputs: by one transaction on Bitcoin, by one each on
// Ethereum. Nothing is mined by it.
func (s *Stage) Pay(on asset.Chain, outputs ...fakechain.Output) (txids []string, err error) {
	err = safely(func() {
		if on == asset.Bitcoin {
			txids = []string{s.w.chains[on].PayMany(outputs...)}
		} else {
			for _, o := range outputs {
				txids = append(txids, s.w.chains[on].Pay(o.Address, o.Units))
			}
		}
		s.work()
	})
	return txids, err
}

// Raw are a transaction's bytes, nil if the chain does not have it.
func (s *Stage) Raw(on asset.Chain, txid string) []byte { return s.w.chains[on].Raw(txid) }

// Resend hands a transaction in again.
func (s *Stage) Resend(on asset.Chain, raw []byte) error {
	answer, err := s.w.chains[on].Broadcast(s.w.ctx, raw)
	if err == nil && answer != chain.Accepted {
		err = fmt.Errorf("the node answers %s", answer)
	}
	return errors.Join(err, safely(s.work))
}

// Replace has the sender of an unconfirmed transaction pay something else instead.
func (s *Stage) Replace(on asset.Chain, txid string, outputs ...fakechain.Output) (instead string, err error) {
	err = safely(func() {
		instead = s.w.chains[on].Replace(txid, outputs...)
		s.work()
	})
	return instead, err
}

// Forget has a chain's node forget what is in no block.
func (s *Stage) Forget(on asset.Chain) error {
	return safely(func() {
		s.w.chains[on].Reorg(0, fakechain.Drop)
		s.work()
	})
}

// Reorg replaces the last blocks of a chain by one more, the daemons looking on: first
// at what is left, then at the new branch. One that is deeper than is followed lasts
// until End, in which the node is back on the branch that it left.
func (s *Stage) Reorg(on asset.Chain, depth int, fate fakechain.Fate) error {
	return safely(func() {
		if int64(depth) > s.w.rules[on].reorgLimit {
			s.w.branches[on] = s.w.chains[on].Branch()
		}
		s.w.chains[on].Reorg(depth, fate)
		s.work()
		s.w.chains[on].Mine(depth + 1)
		s.work()
	})
}

// Hold has a chain make no blocks until Release. Mine makes one all the same.
func (s *Stage) Hold(on asset.Chain) { s.held[on] = true }

// Release lets a chain make blocks again.
func (s *Stage) Release(on asset.Chain) { delete(s.held, on) }

// Mine makes one block of a chain.
func (s *Stage) Mine(on asset.Chain) error {
	return safely(func() {
		s.w.chains[on].Mine(1)
		s.work()
	})
}

// Height is that of a chain's best block, Confirmations are a transaction's, 0 while
// it is in no block, and Received is what blocks have paid to an address in all.
func (s *Stage) Height(on asset.Chain) int64 { return s.w.height(on) }

// Confirmations are a transaction's: 0 while it is in no block.
func (s *Stage) Confirmations(on asset.Chain, txid string) int64 {
	return s.w.chains[on].Confirmations(txid)
}

// Received is what blocks have paid to an address in all.
func (s *Stage) Received(on asset.Chain, address string) asset.Units {
	return s.w.chains[on].Received(address)
}

// NewAddress is a stranger's.
func (s *Stage) NewAddress(on asset.Chain) string { return s.w.chains[on].NewAddress() }

// Dust is the least that a chain takes for a deposit at all.
func (s *Stage) Dust(on asset.Chain) asset.Units { return s.w.rules[on].dust }

// Output is what one address is paid, as the simulated chains have it.
type Output = fakechain.Output

// Fate is what becomes of the transactions whose blocks are taken back, likewise.
type Fate = fakechain.Fate

// The fates.
const (
	Return      = fakechain.Return
	Drop        = fakechain.Drop
	DoubleSpend = fakechain.DoubleSpend
)
