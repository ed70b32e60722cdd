package liquidity_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"math/big"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// serve has somebody ask for a swap: it is quoted, accepted and paid, or refused because
// the pair stands still.
func (d *played) serve(w wish) {
	ctx, from, to := d.t.Context(), asset.ETH, asset.BTC
	deposit := new(big.Int).Mul(new(big.Int).SetUint64(w.hundredths), big.NewInt(1e16))
	if !w.in {
		from, to = to, from
		deposit = new(big.Int).SetUint64(w.hundredths * d.path[d.at] / 100)
	}
	for _, id := range []asset.ID{asset.BTC, asset.ETH} {
		body, err := json.Marshal(swap.Balance{Asset: id, Available: asset.MustUnits("1000000000000000000000"), At: d.now()})
		if err != nil {
			d.t.Fatal(err)
		}
		d.engine.Balance(bus.Record{Topic: bus.TopicBalances, Key: string(id), Kind: bus.KindBalance, Body: body})
	}
	amount := asset.Amount{Asset: from, Units: asset.MustUnits(deposit.String())}
	signed, err := d.engine.Desk().Lock(ctx, liquidity.Request{Pair: asset.Pair{From: from, To: to}, Deposit: amount, Client: "c"})
	if d.halted[d.at] {
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Code != swap.CodePriceUnavailable || refusal.Message != moving {
			d.t.Fatalf("tick %d: while the pair stands still: %v", d.at, err)
		}
		d.refused++
		return
	}
	if err != nil {
		d.t.Fatalf("tick %d: %v", d.at, err)
	}
	q, err := swap.VerifyQuote(signed, swap.PublicKeys{swap.KeyID(d.public()): d.public()})
	if err != nil {
		d.t.Fatal(err)
	}
	id := swap.NewID(swap.SwapPrefix, d.now())
	if err := d.engine.Desk().Accept(ctx, signed, id); err != nil {
		d.t.Fatal(err)
	}
	u := swap.Update{SwapID: id, Version: 1, State: swap.PayoutQueued, At: d.now(),
		Deposits: []swap.Deposit{{ID: "d", Amount: q.Deposit, State: swap.DepositFinal, Verdict: swap.VerdictCounted}},
		Payments: []swap.Payment{{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout, Deposits: []string{"d"}, Amount: q.Payout, State: swap.PaymentQueued}}}
	d.handle(u)
	u.Version, u.State, u.Payments = 2, swap.Settled, []swap.Payment{u.Payments[0]}
	u.Payments[0].State, u.Payments[0].Fee = swap.PaymentFinal, q.NetworkFee.Units
	d.settle[d.at+settleAfter] = u
	d.swaps++
}

func (d *played) public() ed25519.PublicKey {
	public, ok := d.keys.Quote.Public().(ed25519.PublicKey)
	if !ok {
		d.t.Fatal("the key is not Ed25519")
	}
	return public
}

// handle has locks and hedges take an update, and sums it up.
func (d *played) handle(u swap.Update) {
	m, err := bus.UpdateMessage(u)
	if err != nil {
		d.t.Fatal(err)
	}
	b := bus.Batch{Topic: bus.TopicUpdates, From: d.offset, Next: d.offset + 1, Records: []bus.Record{{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Body: m.Body}}}
	d.offset++
	if err := d.engine.Updates(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
	if err := d.hedger.Handle(d.t.Context(), b); err != nil {
		d.t.Fatal(err)
	}
	d.want.update(u, d.path[d.at], !d.halted[d.at])
}
