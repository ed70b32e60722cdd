package demo

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/show"
	"ferry/swap/asset"
)

const (
	// pollEvery is how often the demo looks again at what it waits for.
	pollEvery = 200 * time.Millisecond
	// askEvery is how often it asks for a quote: POSTs are limited per client.
	askEvery = time.Second
)

// until asks again and again until it is true, and shows how it stands on line,
// which may be nil. When ctx ends first, the error says what was waited for, how
// it stood, and why no longer.
func until(ctx context.Context, line *show.Line, every time.Duration, what string, ask func() (ok bool, status string, err error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var status string
	for {
		ok, now, err := ask()
		if ok && err == nil {
			return nil
		}
		if ctx.Err() == nil { // otherwise the answer is only that ctx has ended
			if err != nil {
				err = fmt.Errorf("waiting for %s: %w", what, err)
				fail(line, err)
				return err
			}
			if status = now; line != nil {
				line.Update(status)
			}
		}
		select {
		case <-ctx.Done():
			err := fmt.Errorf("waiting for %s (%s): %w", what, status, context.Cause(ctx))
			fail(line, err)
			return err
		case <-ticker.C:
		}
	}
}

func fail(line *show.Line, err error) {
	if line != nil {
		line.Fail(err.Error())
	}
}

// fundCoins is how many coins the treasury gets, so that a payout which waits for a block
// does not tie up all there is: its change can't be promised.
const fundCoins = 5

// fund brings the hot wallet's balance up to the least, once.
func (r *run) fund(ctx context.Context, f Fund) error {
	line := r.show.Start("treasury "+string(f.Asset), "asking for the balance")
	have, err := f.Available(ctx)
	if err != nil {
		line.Fail(err.Error())
		return fmt.Errorf("balance of the treasury in %s: %w", f.Asset, err)
	}
	if !have.Less(f.Least.Units) {
		line.Done(asset.Amount{Asset: f.Asset, Units: have}.String() + " available")
		return nil
	}
	txid, err := r.give(ctx, f.Address, f.Send, fundCoins)
	if err != nil {
		line.Fail(err.Error())
		return fmt.Errorf("fund the treasury in %s: %w", f.Asset, err)
	}
	sent := fmt.Sprintf("%s sent by %s", f.Send, r.show.ID(txid))
	err = until(ctx, line, pollEvery, fmt.Sprintf("%s to be available to the hot wallet", f.Least), func() (bool, string, error) {
		have, err = f.Available(ctx)
		return !have.Less(f.Least.Units), sent + ", waiting for its confirmations", err
	})
	if err == nil {
		line.Done(fmt.Sprintf("%s, %s available", sent, asset.Amount{Asset: f.Asset, Units: have}))
	}
	return err
}

// deposits waits until every pair has a price and moves the wished amounts into
// what the service takes.
func (r *run) deposits(ctx context.Context, pairs []asset.Pair) ([]asset.Amount, error) {
	line := r.show.Start("rates", "waiting for prices")
	var found []client.Rate
	err := until(ctx, line, pollEvery, "a price of every pair", func() (bool, string, error) {
		rates, err := r.api.Rates(ctx)
		if client.Passing(err) {
			return false, err.Error(), nil
		}
		if err != nil {
			return false, "", err
		}
		found = found[:0]
		missing := "no price yet"
		for _, pair := range pairs {
			for _, rate := range rates {
				switch {
				case rate.From != pair.From || rate.To != pair.To:
				case rate.Unavailable == "" && rate.Price != "":
					found = append(found, rate)
				default:
					missing = fmt.Sprintf("%s: %s", pair, rate.Unavailable)
				}
			}
		}
		return len(found) == len(pairs), missing, nil
	})
	if err != nil {
		return nil, err
	}
	text, amounts := "", make([]asset.Amount, len(found))
	for i, rate := range found {
		if amounts[i], err = r.within(rate); err != nil {
			line.Fail(err.Error())
			return nil, err
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("1 %s = %s %s", rate.From, rate.Price, rate.To)
	}
	line.Done(text)
	return amounts, nil
}

func (r *run) within(rate client.Rate) (asset.Amount, error) {
	wish, err := asset.ParseDecimal(rate.From, r.cfg.Deposits[rate.From])
	least, leastErr := asset.ParseDecimal(rate.From, rate.MinDeposit)
	most, mostErr := asset.ParseDecimal(rate.From, rate.MaxDeposit)
	if err := errors.Join(err, leastErr, mostErr); err != nil {
		return asset.Amount{}, fmt.Errorf("how much %s to deposit: %w", rate.From, err)
	}
	if wish.Units.Less(least.Units) {
		wish = least
	}
	if most.Units.Less(wish.Units) {
		wish = most
	}
	return wish, nil
}

// gasMoney is ether for a user's transfer of a token: 0.01 ETH.
var gasMoney = asset.MustUnits("10000000000000000")

// endow gives the user's wallet twice the deposit, and waits until it can spend it.
func (r *run) endow(ctx context.Context, deposit asset.Amount) error {
	id := deposit.Asset
	line := r.show.Start("user's "+string(id), "making a throw-away wallet")
	address, err := r.addressOf(id)
	if err != nil {
		line.Fail(err.Error())
		return err
	}
	units, err := deposit.Units.Add(deposit.Units)
	if err != nil {
		line.Fail(err.Error())
		return err
	}
	amount := asset.Amount{Asset: id, Units: units}
	if asset.MustLookup(id).Token { // its transfer is paid for in ether
		line.Update("ether for gas from the faucet")
		if _, err := r.ethereum.Pay(ctx, address, gasMoney); err != nil {
			line.Fail(err.Error())
			return fmt.Errorf("give the user's wallet gas: %w", err)
		}
	}
	txid, err := r.give(ctx, address, amount, 1)
	if err != nil {
		line.Fail(err.Error())
		return fmt.Errorf("fund the user's wallet: %w", err)
	}
	got := fmt.Sprintf("%s from the faucet by %s", amount, r.show.ID(txid))
	err = until(ctx, line, pollEvery, fmt.Sprintf("%s in the user's wallet", amount), func() (bool, string, error) {
		have, err := r.purse(id).Balance(ctx)
		return !have.Less(units), got + ", waiting for a block", err
	})
	if err == nil {
		line.Done(got)
	}
	return err
}

// addressOf is one of the user's, to be paid before anything is swapped.
func (r *run) addressOf(id asset.ID) (string, error) {
	if coins, ok := r.coins[asset.MustLookup(id).Chain]; ok {
		return coins.NewAddress()
	}
	return r.userETH.Address(), nil
}

// give pays from the faucet of the asset's chain, on chains of coins in so many of them.
func (r *run) give(ctx context.Context, address string, a asset.Amount, coins int) (txid string, err error) {
	f, ok := r.faucets[asset.MustLookup(a.Asset).Chain]
	if !ok {
		return r.ethereum.PayAsset(ctx, address, a)
	}
	outputs := make([]faucet.Output, coins)
	rest := a.Units
	for i := range outputs[1:] {
		part := a.Units.Big()
		units, err := asset.UnitsFromBig(part.Div(part, big.NewInt(int64(coins))))
		if err != nil {
			return "", fmt.Errorf("share out %s: %w", a, err)
		}
		if rest, err = rest.Sub(units); err != nil {
			return "", fmt.Errorf("share out %s: %w", a, err)
		}
		outputs[1+i] = faucet.Output{Address: address, Units: units}
	}
	outputs[0] = faucet.Output{Address: address, Units: rest}
	return f.Pay(ctx, outputs)
}
