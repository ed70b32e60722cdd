package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
)

// trip is one swap of a run.
type trip struct {
	*run
	pair asset.Pair
}

// start begins a line that says of which swap it is: several are under way.
func (r *trip) start(label, text string) *show.Line {
	return r.show.Start(fmt.Sprintf("%s %s→%s", label, r.pair.From, r.pair.To), text)
}

// swap makes it, from the quote to the payout seen at the node.
func (r *trip) swap(ctx context.Context, deposit asset.Amount) (Done, error) {
	started := time.Now()
	quote, signed, err := r.quote(ctx, client.QuoteRequest{From: r.pair.From, To: r.pair.To, DepositAmount: deposit.Decimal()})
	if err != nil {
		return Done{}, err
	}
	created, err := r.create(ctx, quote, signed)
	if err != nil {
		return Done{}, err
	}
	r.agreed <- struct{}{} // there is room for one of each swap
	terms := created.Terms
	done := Done{ID: terms.Receipt.SwapID, Deposit: terms.Quote.Deposit, Payout: terms.Quote.Payout, Address: terms.Receipt.PayoutAddress}
	f := &follower{trip: r, terms: terms}
	if r.pair.From == asset.BTC {
		if f.dustTx, f.dust, err = r.advertise(ctx, terms.Receipt.DepositAddress); err != nil {
			return Done{}, err
		}
	}
	if done.DepositTx, err = r.pay(ctx, terms); err != nil {
		return Done{}, err
	}
	f.depositTx = done.DepositTx
	if done.PayoutTx, err = f.follow(ctx); err != nil {
		return Done{}, err
	}
	done.Took = time.Since(started)
	if done.Void, err = r.void(ctx, done); err != nil {
		return Done{}, err
	}
	return done, r.arrived(ctx, done)
}

// quote asks until there is one; a service that has just started has no
// inventory to promise yet.
func (r *trip) quote(ctx context.Context, ask client.QuoteRequest) (q swap.Quote, signed string, err error) {
	line := r.start("quote", fmt.Sprintf("asking what %s %s buys", ask.DepositAmount, ask.From))
	ctx, cancel := r.readyLimit(ctx)
	defer cancel()
	err = until(ctx, line, askEvery, "a quote", func() (bool, string, error) {
		q, signed, err = r.api.CreateQuote(ctx, ask)
		if client.Passing(err) {
			return false, err.Error(), nil
		}
		return err == nil, "", err
	})
	if err == nil {
		line.Done(fmt.Sprintf("%s → %s, held until %s; signature and amounts verified", q.Deposit, q.Payout, q.AcceptBy.Local().Format(time.TimeOnly)))
	}
	return q, signed, err
}

// create makes the swap, paid out and refunded to fresh addresses.
func (r *trip) create(ctx context.Context, q swap.Quote, signed string) (client.Created, error) {
	line := r.start("swap", "making the swap")
	created, err := func() (client.Created, error) {
		payout, err := r.payoutAddress(ctx, q.Pair.To)
		if err != nil {
			return client.Created{}, err
		}
		refund, err := r.purse(q.Pair.From).NewAddress()
		if err != nil {
			return client.Created{}, err
		}
		return r.api.CreateSwap(ctx, rand.Text(), client.SwapRequest{SignedQuote: signed, PayoutAddress: payout, RefundAddress: refund})
	}()
	if err != nil {
		line.Fail(err.Error())
		return created, err
	}
	t := created.Terms
	line.Done(fmt.Sprintf("%s: deposit %s to %s; receipt verified", r.show.ID(t.Receipt.SwapID), t.Quote.Deposit, t.Receipt.DepositAddress))
	return created, nil
}

// payoutAddress is a fresh one, or that of a contract that refuses ether at first.
func (r *trip) payoutAddress(ctx context.Context, id asset.ID) (string, error) {
	if id == r.cfg.Trouble.Fails {
		return r.ethereum.MakeSafe(ctx)
	}
	return r.purse(id).NewAddress()
}

// advertise sends dust to the deposit address before the user pays, as
// advertisers do to every fresh address they see, and to some others with it.
func (r *trip) advertise(ctx context.Context, deposit string) (txid string, line *show.Line, err error) {
	line = r.start("dust", "an advertiser finds the address")
	outputs := []faucet.Output{{Address: deposit, Units: asset.NewUnits(dustSat)}}
	for range 3 {
		bystander, err := r.purse(asset.BTC).NewAddress()
		if err != nil {
			line.Fail(err.Error())
			return "", nil, err
		}
		outputs = append(outputs, faucet.Output{Address: bystander, Units: asset.NewUnits(dustSat)})
	}
	txid, err = r.faucets[asset.Bitcoin].Pay(ctx, outputs)
	if err != nil {
		line.Fail(err.Error())
		return "", nil, fmt.Errorf("spray dust: %w", err)
	}
	line.Update(fmt.Sprintf("%d sat to the deposit address by %s", dustSat, r.show.ID(txid)))
	return txid, line, nil
}

// pay is the user's one deposit. Only verified terms get here.
func (r *trip) pay(ctx context.Context, t swap.Terms) (txid string, err error) {
	line := r.start("deposit", "signing and broadcasting "+t.Quote.Deposit.String())
	txid, err = r.purse(t.Quote.Pair.From).Pay(ctx, t.Receipt.DepositAddress, t.Quote.Deposit.Units)
	if err != nil {
		line.Fail(err.Error())
		return "", fmt.Errorf("deposit: %w", err)
	}
	line.Done(fmt.Sprintf("the wallet signed and broadcast %s by %s", t.Quote.Deposit, r.show.ID(txid)))
	return txid, nil
}

// arrived asks the node, not Ferry, what the destination has.
func (r *trip) arrived(ctx context.Context, d Done) error {
	line := r.start("received", "asking the node")
	units, err := r.purse(d.Payout.Asset).Received(ctx, d.Address)
	if err == nil && units != d.Payout.Units {
		err = fmt.Errorf("the destination has %s, quoted were %s", asset.Amount{Asset: d.Payout.Asset, Units: units}, d.Payout)
	}
	if err != nil {
		line.Fail(err.Error())
		return err
	}
	line.Done(fmt.Sprintf("the node shows exactly %s at %s", d.Payout, d.Address))
	return nil
}
