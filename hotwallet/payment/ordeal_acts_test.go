package payment_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// act does one random thing.
func (o *ordeal) act() {
	o.t.Helper()
	o.clock.advance(time.Millisecond)
	acts := []struct {
		weight int
		do     func()
	}{
		{8, o.orderOne}, {1, o.orderTwice}, {3, o.orderAgain}, {3, o.depositOne}, {3, o.fundOne},
		{10, o.round}, {7, o.crashOne}, {5, o.blocks},
		{2, o.failSigner}, {2, o.failNode}, {1, o.failWitnesses}, {1, o.halt}, {2, o.resumed},
		{3, o.market}, {2, o.evict}, {6, o.reorganise}, {2, o.steal}, {4, o.failMined}, {1, o.timeGoes}, {2, o.depositGoes},
	}
	all := 0
	for _, a := range acts {
		all += a.weight
	}
	n := o.lot.IntN(all)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			a.do()
			return
		}
	}
}

// orderOne is a new order: a payout in one part or several, of a token, or a refund.
func (o *ordeal) orderOne() {
	var next swap.Order
	amount := o.some(uint64(o.between(1, 60)))
	o.chain.FailCalls(0)
	switch kind := o.lot.IntN(6); {
	case kind == 0:
		next = o.refund(o.some(uint64(o.between(10, 60))))
		o.refunded[next.ID] = strings.Split(next.Deposits[0].ID, ":")[1]
	case kind == 1 && o.world.on == asset.Ethereum:
		next = o.tokenPayout(asset.USDT, dollars(uint64(o.between(1, 40))))
	case kind == 2:
		next = o.payoutOfParts(amount)
	default:
		next = o.payout(amount)
	}
	o.orders = append(o.orders, next)
	o.tell("order %s of %s", next.ID, next.Amount.Units)
	o.deliver(next)
}

// orderTwice has an order come again, as topics may.
func (o *ordeal) orderTwice() {
	if len(o.orders) > 0 {
		again := oneOf(o, o.orders)
		again.Retry = o.retries[again.ID]
		o.deliver(again)
	}
}

// depositGoes has a deposit's chain take it back, or bring it again.
func (o *ordeal) depositGoes() {
	if len(o.orders) == 0 {
		return
	}
	order := oneOf(o, o.orders)
	id := oneOf(o, order.Deposits).ID
	switch {
	case o.refunded[order.ID] != "":
	case slices.Contains(o.away, id):
		o.away = slices.DeleteFunc(o.away, func(a string) bool { return a == id })
		o.exec(returnSQL, id)
		o.tell("%s is back", id)
	default:
		o.away = append(o.away, id)
		o.exec(vanishSQL, id)
		o.tell("%s is gone", id)
	}
}

// exec is true.
func (o *ordeal) exec(sql, id string) bool {
	o.t.Helper()
	_, err := o.pool.Exec(context.Background(), sql, id)
	o.must(err)
	return true
}

// orderAgain is what people do about payments that failed.
func (o *ordeal) orderAgain() {
	for _, failed := range o.orders {
		if o.payment(failed.ID).State == swap.PaymentFailed && o.retries[failed.ID] < 20 {
			o.retries[failed.ID]++
			o.tell("order %s again, %d", failed.ID, o.retries[failed.ID])
			o.deliver(again(failed, o.retries[failed.ID]))
		}
	}
}

// depositOne brings what the house may move: ether or a token to a deposit address, and
// small coins.
func (o *ordeal) depositOne() {
	if o.world.on == asset.Bitcoin {
		for range o.between(1, 12) {
			o.chain.Pay(o.funding, asset.NewUnits(20_000))
		}
		return
	}
	if len(o.addresses) == 0 || o.chance(2) {
		o.addresses = append(o.addresses, o.issued(o.newID(swap.SwapPrefix, o.clock.Now())).Address)
	}
	to := oneOf(o, o.addresses)
	if o.chance(2) {
		o.chain.Pay(to, o.some(uint64(o.between(1, 500))))
	} else {
		o.chain.PayToken(asset.USDT, outputTo(to, dollars(uint64(o.between(1, 50)))))
	}
	o.tell("deposited at %s", to)
}

// fundOne is treasury's.
func (o *ordeal) fundOne() {
	o.chain.Pay(o.funding, o.some(uint64(o.between(20, 400))))
	o.tell("funded")
}

func outputTo(address string, u asset.Units) fakechain.Output {
	return fakechain.Output{Address: address, Units: u}
}

// round is one of everything, as time goes on.
func (o *ordeal) round() {
	o.clock.advance(time.Duration(o.between(1, 15)) * time.Minute)
	o.tell("round")
	o.all()
}

// all has the house look, the engine make a round and the watcher a step.
func (o *ordeal) all() {
	ctx := context.Background()
	o.forgive(o.runner.Look(ctx))
	o.forgive(o.engine.Round(ctx))
	o.forgive(o.watcher.Step(ctx))
}

// crashOne has the process die at some boundary, and come back later.
func (o *ordeal) crashOne() {
	o.clock.advance(time.Duration(o.between(1, 15)) * time.Minute)
	*o.fuse = fuse{at: o.between(1, 30), wide: true}
	where := o.dying()
	*o.fuse = fuse{}
	o.tell("crash %q", where)
	if where == "" {
		return
	}
	o.crashes++
	o.handedIn()
	o.chain.Mine(o.between(0, 2))
	o.chain.FailCalls(0)
	o.restart()
	o.open()
}

// dying is where the process died, "" if it did not.
func (o *ordeal) dying() (where string) {
	defer func() {
		if gone := recover(); gone != nil {
			died, ok := gone.(crash)
			if !ok {
				panic(gone)
			}
			where = died.where
		}
	}()
	o.all()
	return ""
}

func (o *ordeal) failSigner() {
	o.signer.fail(signFault(o.between(1, 3)))
	o.tell("signer fails")
}

func (o *ordeal) failNode() {
	if o.chance(3) {
		o.chain.FailCalls(o.between(1, 5))
	} else {
		o.chain.FailBroadcasts(oneOf(o, []fakechain.Fault{fakechain.AnswerLost, fakechain.CallLost, fakechain.Refused}))
	}
	o.tell("node fails")
}

// failWitnesses has attestd, or a token's contract, refuse for a while, or no more.
func (o *ordeal) failWitnesses() {
	switch o.lot.IntN(4) {
	case 0:
		o.unsure.silent = true
	case 1:
		o.attestor.refuses(swap.Refuse(swap.CodeUnavailable, "", "", "Its node is behind."))
	case 2:
		if o.world.on == asset.Ethereum {
			o.chain.RefuseToken(asset.USDT, true)
		}
	default:
		o.heal()
	}
	o.tell("attestd silent about deaths: %t", o.unsure.silent)
}

func (o *ordeal) heal() {
	o.unsure.silent = false
	o.attestor.refuses(nil)
	if o.world.on == asset.Ethereum {
		o.chain.RefuseToken(asset.USDT, false)
	}
}

// halt is what people do, and undo.
func (o *ordeal) halt() {
	ctx := context.Background()
	halted, err := o.store.Halted(ctx)
	o.must(err)
	if halted == "" {
		_, err = o.house.Halt(ctx, "alice", "drill")
	} else {
		_, err = o.house.Resume(ctx, "alice", "drill over")
	}
	o.must(err)
	o.tell("was halted because %q, is not the same any more", halted)
}

// resumed ends a halt, whatever it was for.
func (o *ordeal) resumed() {
	if halted, err := o.store.Halted(context.Background()); err != nil || halted != "" {
		o.must(err)
		o.halt()
	}
}

func (o *ordeal) timeGoes() {
	o.clock.advance(time.Duration(o.between(1, 26)) * time.Hour)
	o.tell("hours go by")
}
