package payment_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/treasury"
	"ferry/swap"
	"ferry/swap/asset"
)

// tokens are those of a chain in these tests.
func tokens(on asset.Chain) []asset.ID {
	if on == asset.Ethereum {
		return []asset.ID{asset.USDT, asset.USDC}
	}
	return nil
}

// dollars is so much of a token.
func dollars(n uint64) asset.Units { return asset.NewUnits(n * 1_000_000) }

// received is what the chain paid to an order's destination, of its asset.
func (w *world) received(o swap.Order) asset.Units {
	if o.Amount.Asset == w.native() {
		return w.chain.Received(o.Destination)
	}
	return w.chain.ReceivedToken(o.Amount.Asset, o.Destination)
}

// fundToken has treasury pay a token in and waits until it can be spent.
func (w *world) fundToken(id asset.ID, u asset.Units) {
	w.t.Helper()
	w.chain.PayToken(id, fakechain.Output{Address: w.funding, Units: u})
	w.mine(confirmations)
}

// tokenPayout is a payout in a token, for a deposit on Bitcoin.
func (w *world) tokenPayout(id asset.ID, u asset.Units) swap.Order {
	w.t.Helper()
	o := w.order(asset.BTC, id, asset.NewUnits(5_000_000), u)
	o.ID, o.Purpose = swap.PayoutOrderID(o.SwapID), swap.PurposePayout
	o.Deposits = deposits(fmt.Sprintf("%s:%x:0", asset.Bitcoin, sha256.Sum256([]byte(o.SwapID))), o.Deposits[0].Amount)
	w.storeDeposits(o, asset.Bitcoin)
	return o
}

// tokenRefund makes a real deposit of a token, and the order to send it back.
func (w *world) tokenRefund(id asset.ID, u asset.Units) swap.Order {
	w.t.Helper()
	o := w.order(id, asset.BTC, u, asset.NewUnits(5_000_000))
	o.Destination, o.Amount.Asset = w.receipt.RefundAddress, id
	key := w.issued(o.SwapID)
	w.chain.PayToken(id, fakechain.Output{Address: key.Address, Units: u})
	w.mine(confirmations)
	var deposit string
	w.must(w.pool.QueryRow(context.Background(), `SELECT deposit_id FROM deposit WHERE swap_id = $1`, o.SwapID).Scan(&deposit))
	o.Deposits = deposits(deposit, o.Deposits[0].Amount)
	o.ID, o.Purpose = swap.RefundOrderID(deposit), swap.PurposeRefund
	less, err := u.Sub(w.refundFee)
	w.must(err)
	o.Amount.Units = less
	return o
}

// of are the balances of one asset.
func (w *world) of(id asset.ID) treasury.Balances {
	w.t.Helper()
	all, err := w.house.Balances(context.Background())
	w.must(err)
	for _, b := range all {
		if b.Asset == id {
			return b
		}
	}
	w.t.Fatalf("no balance of %s in %+v", id, all)
	return treasury.Balances{}
}

// A token's payment holds the token and its gas apart, and each is booked in its own
// asset; the other token is not touched.
func TestTokenPayout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(500))
	w.fundToken(asset.USDC, dollars(70))
	o := w.tokenPayout(asset.USDT, dollars(120))
	w.deliver(o)
	if b := w.of(asset.USDT); b.Available != dollars(380) || !b.Reserved.IsZero() {
		t.Fatalf("queued: %+v", b)
	}
	w.step()
	fee := w.payment(o.ID).Attempt.Plan.Fee
	if b := w.of(asset.USDT); b.InFlight.Cmp(dollars(120).Big()) != 0 || b.Reserved != dollars(120) || b.OnChain.Cmp(dollars(500).Big()) != 0 {
		t.Fatalf("in flight: %+v", b)
	}
	if b := w.of(asset.ETH); b.InFlight.Cmp(fee.Big()) != 0 || b.Reserved != fee {
		t.Fatalf("gas in flight: %+v", b)
	}
	w.mine(1)
	if b := w.of(asset.USDT); b.PaymentConfirming.Cmp(dollars(120).Big()) != 0 || b.InFlight.Sign() != 0 {
		t.Fatalf("in a block: %+v", b)
	}
	w.settle(o)
	usdt, ether, usdc := w.of(asset.USDT), w.of(asset.ETH), w.of(asset.USDC)
	if usdt.Available != dollars(380) || usdt.NetworkFees.Sign() != 0 || usdt.PaymentConfirming.Sign() != 0 {
		t.Errorf("final: %+v", usdt)
	}
	if ether.NetworkFees.Sign() <= 0 || ether.NetworkFees.Cmp(fee.Big()) > 0 || ether.PaymentConfirming.Sign() != 0 {
		t.Errorf("fees: %+v", ether)
	}
	if usdc.Available != dollars(70) {
		t.Errorf("the other token: %+v", usdc)
	}
}

// A refund of a token costs its user what was kept back in the token; its gas is the
// house's. It never waits for fees: the two can't be compared.
func TestTokenRefund(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(500))
	w.refundFee = dollars(2)
	o := w.tokenRefund(asset.USDT, dollars(50))
	o.Deferrable = true
	if b := w.of(asset.USDT); b.Unswept != dollars(50) || b.Available != dollars(500) {
		t.Fatalf("deposited: %+v", b)
	}
	if b := w.of(asset.ETH); !b.Unswept.IsZero() {
		t.Fatalf("ether is unswept: %+v", b)
	}
	w.deliver(o)
	w.settle(o)
	if b := w.of(asset.USDT); b.OnChain.Cmp(dollars(502).Big()) != 0 || b.Available != dollars(452) {
		t.Errorf("refunded: %+v", b)
	}
}

// A payment that can't be made says which asset is short: the token, or ether for gas.
// While there is no gas for one more payment, no token is told as available.
func TestTokenWaitsForFunds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.gasReserve = w.some(1)
	w.restart()
	o := w.tokenPayout(asset.USDT, dollars(120))
	w.deliver(o)
	w.step()
	w.stands(o, payment.ReasonFunds+" in USDT")
	w.fundToken(asset.USDT, dollars(500))
	w.step()
	w.stands(o, payment.ReasonFunds+" in ETH, for the network fee")
	if b := w.of(asset.USDT); !b.Available.IsZero() {
		t.Errorf("without gas %s USDT are available", b.Available)
	}
	w.fund(w.some(3))
	if usdt, ether := w.of(asset.USDT), w.of(asset.ETH); usdt.Available != dollars(380) || ether.Available != w.some(2) {
		t.Errorf("available: %s USDT, %s wei", usdt.Available, ether.Available)
	}
	w.settle(o)
}

// A limit is each asset's own, and a token that is paused waits, with the reason, and
// ties up no nonce.
func TestTokenLimitsAndRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(500))
	large, paused, ether := w.tokenPayout(asset.USDT, dollars(201)), w.tokenPayout(asset.USDT, dollars(200)), w.payout(w.some(10))
	w.deliver(large, paused, ether)
	w.chain.RefuseToken(asset.USDT, true)
	c := w.config()
	c.AmountMax = map[asset.ID]asset.Units{asset.USDT: dollars(200)}
	engine, err := payment.New(c)
	w.must(err)
	w.must(engine.Round(t.Context()))
	w.stands(large, payment.ReasonAmount)
	w.stands(paused, payment.ReasonToken)
	w.settle(ether)
	w.chain.RefuseToken(asset.USDT, false)
	w.settle(paused)
}

// Mined with failed status, a token's payment costs its gas and pays nobody.
func TestTokenMinedFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(500))
	o := w.tokenPayout(asset.USDT, dollars(120))
	w.deliver(o)
	if where := w.crashing(6); where == "" {
		t.Fatal("no crash before it is handed in")
	}
	w.chain.Fail(w.payment(o.ID).Attempt.TxID)
	w.restart()
	w.step()
	w.mine(confirmations + 1)
	if p := w.payment(o.ID); p.State != swap.PaymentFailed || !w.received(o).IsZero() {
		t.Fatalf("%s, received %s", p.State, w.received(o))
	}
	if usdt, ether := w.of(asset.USDT), w.of(asset.ETH); usdt.Available != dollars(500) || ether.NetworkFees.Sign() <= 0 || ether.InFlight.Sign() != 0 {
		t.Fatalf("USDT %+v, ETH %+v", usdt, ether)
	}
	w.balanced()
}

// A reorganisation takes a token's payment back in all its assets, and it is paid again
// by the same bytes.
func TestTokenPaymentReorganised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	w.fund(w.some(1000))
	w.fundToken(asset.USDT, dollars(500))
	o := w.tokenPayout(asset.USDT, dollars(120))
	w.deliver(o)
	w.step()
	w.mine(confirmations - 1)
	w.chain.Reorg(confirmations-1, fakechain.Drop)
	w.chain.MineEmpty(confirmations)
	w.must(w.watcher.Step(t.Context()))
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast {
		t.Fatalf("taken back it is %s", p.State)
	}
	if b := w.of(asset.USDT); b.InFlight.Cmp(dollars(120).Big()) != 0 || b.PaymentConfirming.Sign() != 0 {
		t.Fatalf("taken back: %+v", b)
	}
	w.settle(o)
}
