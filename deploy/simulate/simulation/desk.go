package simulation

import (
	"math/big"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// desk stands in for liquidityd: it reads requests for prices, and answers each once
// for ever, by a fact in an outbox of its own. It can be killed and started.
type desk struct {
	world    *World
	schema   *model.Schema
	answers  map[string]swap.RequotedFact
	requests *consumer

	// drift is how far today's price is from every locked one, in basis points; away
	// is a market without a price.
	drift int64
	away  bool
	// slow is a desk whose answers often come after their deadline.
	slow bool
}

const (
	deskConsumer = "liquidity-requotes"
	// driftMost bounds how far the market goes, in basis points.
	driftMost = 500
)

func newDesk(w *World) *desk {
	d := &desk{world: w, schema: model.NewSchema(), answers: map[string]swap.RequotedFact{}}
	d.begin()
	return d
}

// begin is what a new process does.
func (d *desk) begin() {
	d.requests = &consumer{topic: bus.TopicRequotes,
		load:   func(p int32) (int64, error) { return d.schema.Offset(deskConsumer, bus.TopicRequotes, p), nil },
		handle: func(b bus.Batch) error { return d.world.around(func() error { return d.handle(b) }) }}
	d.requests.join()
}

// read answers at most n requests of a partition.
func (d *desk) read(p int32, n int) (moved int) {
	if !living(func() { moved = d.requests.poll(d.world.kafka, p, n) }) {
		d.begin()
	}
	return moved
}

// handle stores the answers of a batch with its offset, or nothing.
func (d *desk) handle(b bus.Batch) error {
	return model.Run(func(t *model.Tx) error {
		if err := d.schema.Advance(t, deskConsumer, b); err != nil {
			return err
		}
		for _, record := range b.Records {
			r, err := record.RequoteRequest()
			must(err)
			if _, again := d.answers[r.ID]; again {
				continue
			}
			answer := d.answer(r)
			model.Set(t, d.answers, r.ID, answer)
			m, err := bus.FactMessage(swap.Fact{Kind: swap.FactRequoted, SwapID: r.SwapID, At: swap.Millis(d.world.now), Requoted: &answer})
			must(err)
			if err := d.schema.Tell(t, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer is a signed requote that the terms permit, or a refusal.
func (d *desk) answer(r swap.RequoteRequest) swap.RequotedFact {
	answer := swap.RequotedFact{RequestID: r.ID, Refused: swap.RefusedUnavailable}
	terms, err := swap.VerifyTerms(r.SignedQuote, r.SignedReceipt, quoteKeys, attestKeys)
	must(err)
	requote, ok := d.price(r, terms)
	if d.away || !ok {
		return answer
	}
	var consent *swap.Consent
	if r.SignedConsent != "" {
		c, err := swap.VerifyConsent(r.SignedConsent, attestKeys)
		must(err)
		consent, requote.ConsentHash = &c, swap.HashDocument(r.SignedConsent)
		if requote.Payout.Units.Less(c.AtLeast.Units) {
			answer.Refused, answer.Offer = swap.RefusedBelow, requote.Payout
			return answer
		}
	}
	if err := terms.Permits(requote, r.Deposits, consent, requote.ConsentHash); err != nil && d.world.bug != LyingDesk {
		answer.Refused, answer.Offer = swap.RefusedBeyond, requote.Payout
		return answer
	}
	signed, err := swap.SignRequote(requote, quoteKey)
	must(err)
	d.world.tell("desk: %s for %s", requote.Payout, requote.Deposit)
	return swap.RequotedFact{RequestID: r.ID, SignedRequote: signed}
}

// price is what the deposits are worth by the request's basis, less the quote's fees.
func (d *desk) price(r swap.RequoteRequest, terms swap.Terms) (swap.Requote, bool) {
	total, err := swap.Order{ID: r.ID, Deposits: r.Deposits}.Total()
	must(err)
	q, drift := terms.Quote, d.drift
	if r.Basis == swap.BasisLocked || r.Basis == swap.BasisLate && drift >= -terms.Receipt.Policy.ToleranceBPS {
		drift = 0
	}
	locked := new(big.Int).Add(q.Payout.Units.Big(), q.ServiceFee.Units.Big())
	locked.Add(locked, q.NetworkFee.Units.Big())
	// gross = total × locked gross / locked deposit × (1 + drift)
	gross := new(big.Int).Mul(total.Units.Big(), locked)
	gross.Mul(gross, big.NewInt(10_000+drift))
	gross.Quo(gross, new(big.Int).Mul(q.Deposit.Units.Big(), big.NewInt(10_000)))
	service := new(big.Int).Mul(gross, q.ServiceFee.Units.Big())
	service.Quo(service, locked)
	payout := new(big.Int).Sub(gross, service)
	if payout.Sub(payout, q.NetworkFee.Units.Big()).Sign() <= 0 {
		return swap.Requote{}, false
	}
	in := func(n *big.Int) asset.Amount {
		units, err := asset.UnitsFromBig(n)
		must(err)
		return asset.Amount{Asset: q.Pair.To, Units: units}
	}
	return swap.Requote{ID: r.ID, SwapID: r.SwapID, ReceiptHash: swap.HashDocument(r.SignedReceipt), Main: r.Main,
		DepositsHash: swap.HashDeposits(r.Deposits), Deposit: total, Payout: in(payout), ServiceFee: in(service),
		NetworkFee: q.NetworkFee, Rate: q.Rate, IssuedAt: swap.Millis(d.world.now)}, true
}

// ask has the desk answer what it was asked.
func (w *World) ask() {
	if w.desk.slow && !w.chance(10) {
		return
	}
	w.desk.read(w.rng.Int32N(partitions), 1+w.rng.IntN(6))
}

// wander moves the market: a little, to somewhere else, or away.
func (w *World) wander() {
	d := w.desk
	switch w.rng.IntN(8) {
	case 0:
		d.away = !d.away
	case 1, 2:
		d.drift = w.rng.Int64N(2*driftMost+1) - driftMost
	default:
		d.drift = max(-driftMost, min(driftMost, d.drift+w.rng.Int64N(121)-60))
	}
	if d.away && w.chance(3) {
		d.away = false
	}
	w.tell("market: %+d basis points, away %t", d.drift, d.away)
}
