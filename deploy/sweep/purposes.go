package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

// tokenToCoins are swaps of a token whose deposits are swept. They are counted among the
// others whose deposits are on ethereum.
var tokenToCoins = asset.Pair{From: asset.USDT, To: asset.BTC}

// paying are the points on the way of a payment in ether, or of what attests and signs it.
// A purpose of its own has all of them to die at, whoever else has died there.
func paying(a aim) bool {
	switch a.daemon {
	case "hotwalletd-ethereum":
		return strings.HasPrefix(a.point, "payment.") && !strings.HasPrefix(a.point, "payment.reason.") || strings.HasPrefix(a.point, "sweep.")
	case "signerd":
		return strings.HasPrefix(a.point, "signer.")
	case "attestd":
		return strings.HasPrefix(a.point, "attest.death.")
	}
	return false
}

// planning are the points of paying in the hot wallet alone: in the other direction nothing
// else is paid in ether.
func planning(a aim) bool { return a.daemon == "hotwalletd-ethereum" && paying(a) }

// sweeping has what lies on deposit addresses swept as soon as it is buried: ether, and
// tokens, with the gas that takes.
func sweeping(c deployment.Chain) deployment.Chain {
	c.Sweep = deployment.Sweep{PerHour: 1000, LookSeconds: 1, Tokens: map[asset.ID]string{asset.USDT: "10"},
		GasMax: "0.01", GasAddressDay: "0.01", GasDay: "10"}
	return c
}

// sweptToken is a swap whose deposit, in a token, goes to the address that pays: with gas
// that its own address gets first. One transaction brings the gas and one moves the token.
// Daemons die on the way of the one or of the other.
func sweptToken(ctx context.Context, w *world, afterGas bool) error {
	t, err := w.begin(ctx, tokenToCoins)
	if err != nil {
		return err
	}
	if !afterGas {
		err = w.from()
	}
	if err := errors.Join(err, w.pay(ctx, t, t.terms.Quote.Deposit.Units)); err != nil {
		return err
	}
	if err := w.settle(ctx, t); err != nil {
		return err
	}
	address := t.terms.Receipt.DepositAddress
	brought := func() (int, error) {
		return w.counted(ctx, `SELECT count(*) FROM hotwallet.payment WHERE purpose = $1 AND destination = $2 AND state IN ('confirmed', 'final')`,
			swap.PurposeGasTopUp, address)
	}
	if afterGas {
		err = until(ctx, swapLimit, "gas for the token deposit of "+t.id(), func() (bool, string, error) {
			n, err := brought()
			if err != nil {
				return later(err)
			}
			return n > 0, "none is there", nil
		})
		if err = errors.Join(err, w.from()); err != nil {
			return err
		}
	}
	err = until(ctx, swapLimit, "the sweep of the token deposit of "+t.id(), func() (bool, string, error) {
		left, err := w.ether.TokenBalance(ctx, tokenToCoins.From, address)
		if err != nil {
			return later(err)
		}
		return left.Sign() == 0, left.String(), nil
	})
	if err != nil {
		return err
	}
	if err := w.rest(ctx); err != nil {
		return err
	}
	sent, err := w.geth.NonceAt(ctx, common.HexToAddress(address), nil)
	if err != nil {
		return fmt.Errorf("count what %s has sent: %w", address, err)
	}
	times, err := brought()
	if err == nil && (sent != 1 || times != 1) {
		err = fmt.Errorf("%w: %s got gas %d times and sent %d transactions", errPaidTwice, address, times, sent)
	}
	return err
}

// retried is a swap whose payout is mined and fails, at a contract wallet that is closed.
// Its owner opens it and staff orders the payout again: it is paid anew.
func retried(ctx context.Context, w *world) error {
	t, err := w.beginAt(ctx, toEther, func() (destination, error) {
		address, err := w.ether.MakeSafe(ctx)
		return destination{chain: asset.Ethereum, address: address}, err
	})
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if err := w.await(ctx, t, swapLimit, swap.Held); err != nil {
		return err
	}
	if err := w.ether.OpenSafe(ctx, t.payout.address); err != nil {
		return err
	}
	if err := w.from(); err != nil {
		return err
	}
	// The order may have been stored where its answer was lost.
	err = until(ctx, createLimit, "the order to pay "+t.id()+" again", func() (bool, string, error) {
		s, err := w.api.Swap(ctx, t.id())
		if err != nil {
			return later(err)
		}
		if s.State != swap.Held {
			return true, "", nil
		}
		var said string
		if err := w.ferry(ctx, &said, "swap", "retry", t.id(), "--reason", "its owner has opened the wallet", "--actor", "sweep"); err != nil {
			return later(err)
		}
		return false, said, nil
	})
	if err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// outbidEther is a swap whose payout finds every block full until it has offered more. Its
// first offer is stored before the crowd comes, while the signer is away.
func outbidEther(ctx context.Context, w *world) error {
	t, err := w.begin(ctx, toEther)
	if err != nil {
		return err
	}
	const signer = "signerd"
	if err := w.kill(signer); err != nil {
		return err
	}
	leave, err := w.crowded(ctx, t)
	if err := errors.Join(err, w.release(ctx, signer)); err != nil {
		if leave != nil {
			err = errors.Join(err, leave())
		}
		return err
	}
	bids := func() error {
		if err := w.attempted(ctx, t, 1); err != nil {
			return err
		}
		if err := w.from(); err != nil {
			return err
		}
		return w.attempted(ctx, t, 2)
	}
	if err := errors.Join(bids(), leave()); err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// crowded pays a swap's deposit, and fills the blocks once its payout is planned, with what
// tips just more.
func (w *world) crowded(ctx context.Context, t *trip) (leave func() error, err error) {
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return nil, err
	}
	rate := 0
	err = until(ctx, swapLimit, "the plan of the payout of "+t.id(), func() (bool, string, error) {
		rate, err = w.counted(ctx, `SELECT coalesce(max((plan ->> 'rate')::bigint), 0) FROM hotwallet.attempt WHERE batch_id = $1`, swap.PayoutOrderID(t.id()))
		if err != nil {
			return later(err)
		}
		return rate > 0, "none is stored", nil
	})
	if err != nil {
		return nil, err
	}
	return w.gather(ctx, big.NewInt(int64(rate)+int64(rate)/crowdPart+1))
}

// crowdPart: the crowd tips so much more than the payout's first offer, in parts of it.
const crowdPart = 16

// attempted waits until so many transactions were signed for a swap's payout.
func (w *world) attempted(ctx context.Context, t *trip, wanted int) error {
	return until(ctx, swapLimit, fmt.Sprintf("attempt %d at the payout of %s", wanted, t.id()), func() (bool, string, error) {
		n, err := w.counted(ctx, `SELECT count(*) FROM hotwallet.attempt WHERE batch_id = $1 AND raw IS NOT NULL`, swap.PayoutOrderID(t.id()))
		if err != nil {
			return later(err)
		}
		return n >= wanted, fmt.Sprintf("%d are signed", n), nil
	})
}
