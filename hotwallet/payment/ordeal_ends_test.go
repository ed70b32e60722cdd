package payment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// calmBlocks is how many blocks after the last fault everything has ended: what was lost is
// proved to be by deathDepth of them, and what is made anew may be lost in turn.
const calmBlocks = 60

// neverTwice: an order has received nothing, or its amount, and nothing was signed for it
// that could pay it beside that.
func (o *ordeal) neverTwice() {
	o.t.Helper()
	for _, order := range o.orders {
		if got := o.received(order); !got.IsZero() && got != order.Amount.Units {
			o.t.Fatalf("%s received %s of %s", order.ID, got, order.Amount.Units)
		}
	}
	if o.signer.conflicting != "" {
		o.t.Fatal(o.signer.conflicting)
	}
}

// calm has all faults cease, and waits for the end of everything.
func (o *ordeal) calm() {
	o.t.Helper()
	ctx := context.Background()
	o.tell("calm")
	o.heal()
	o.away = slices.DeleteFunc(o.away, func(id string) bool {
		return o.chance(2) && o.exec(returnSQL, id)
	})
	o.signer.faults = nil
	o.chain.ClearFaults()
	o.chain.SetBlockRate(0)
	o.chain.SetBlockSpace(0)
	o.chain.SetFeeRate(2)
	o.chain.SetMinRate(1)
	o.chain.Remember()
	o.usual = true
	for range 4 { // there is enough for all
		o.chain.Pay(o.funding, o.some(2000))
	}
	if o.world.on == asset.Ethereum {
		o.chain.PayToken(asset.USDT, outputTo(o.funding, dollars(3000)))
	}
	for range calmBlocks {
		if halted, err := o.store.Halted(ctx); err != nil || halted != "" {
			o.must(err)
			o.resume()
		}
		o.orderAgain()
		o.clock.advance(10 * time.Minute)
		o.must(o.runner.Look(ctx))
		o.must(o.engine.Round(ctx))
		o.chain.Mine(1)
		o.must(o.watcher.Step(ctx))
		o.neverTwice()
		if o.waiting() == "" {
			return
		}
	}
	o.t.Fatalf("%d blocks after the last fault these wait: %s", calmBlocks, o.waiting())
}

// waiting names a payment that has not ended and is not excused, or the halt.
func (o *ordeal) waiting() string {
	o.t.Helper()
	halted, err := o.store.Halted(context.Background())
	o.must(err)
	if halted != "" {
		return halted
	}
	for _, id := range o.unended() {
		if p := o.payment(id); o.excuse(p) == "" {
			return fmt.Sprintf("%s is %s because %q", id, p.State, p.Reason)
		}
	}
	if n := o.count(reservedByEnded); n > 0 {
		return fmt.Sprintf("%d coins of lost attempts", n)
	}
	return ""
}

// reservedByEnded are coins that only lost attempts were to spend: they are free a block after what
// was mined instead is as deep as dead.
const reservedByEnded = `SELECT count(*) FROM coin c WHERE c.reserved_by IS NOT NULL AND c.spent_txid IS NULL
	AND NOT EXISTS (SELECT FROM batch b WHERE b.batch_id = c.reserved_by AND b.state IN ('queued', 'signed', 'broadcast', 'confirmed'))`

// unended are the payments that are not final, nor failed for good.
func (o *ordeal) unended() (ids []string) {
	o.t.Helper()
	rows, err := o.pool.Query(context.Background(), `SELECT order_id FROM payment WHERE state NOT IN ('final', 'failed')
		OR state = 'failed' AND (swap_id <> '' AND retry < 20 OR retry > failed_retry) ORDER BY order_id`)
	o.must(err)
	for rows.Next() {
		var id string
		o.must(rows.Scan(&id))
		ids = append(ids, id)
	}
	o.must(rows.Err())
	return ids
}

// excuse is why a payment may wait for ever, "" if it may not: a deposit that it uses up is gone
// for good, of which nobody can say that it won't come back. Then it must be among what waits
// for people, for that reason, and nothing was signed for it, so that it ties up nothing.
func (o *ordeal) excuse(p payment.Payment) string {
	o.t.Helper()
	gone := slices.ContainsFunc(p.Order.Deposits, func(d swap.OrderDeposit) bool { return slices.Contains(o.away, d.ID) })
	if txid := o.refunded[p.Order.ID]; txid != "" {
		gone = o.chain.Confirmations(txid) == 0
	}
	switch {
	case !gone || !o.forPeople(p.Reason):
		return ""
	case p.BatchID == "" && p.Reason == payment.ReasonDepositLong:
		return "its deposit is gone"
	}
	return ""
}

// judge holds the end to what was promised.
func (o *ordeal) judge() {
	o.t.Helper()
	o.neverTwice()
	stuck := 0
	for _, order := range o.orders {
		p := o.payment(order.ID)
		mined := o.count(`SELECT count(*) FROM attempt a JOIN batch b USING (batch_id) WHERE $1 = ANY (b.orders) AND a.state = 'mined'`, order.ID)
		switch got := o.received(order); {
		case p.State == swap.PaymentFinal && (got != order.Amount.Units || mined != 1):
			o.t.Fatalf("%s is final by %d transactions and received %s of %s", order.ID, mined, got, order.Amount.Units)
		case p.State == swap.PaymentFinal:
		case !got.IsZero():
			o.t.Fatalf("%s is %s because %q and received %s", order.ID, p.State, p.Reason, got)
		default:
			stuck++
			o.tell("%s is %s because %q: %s", order.ID, p.State, p.Reason, o.excuse(p))
		}
	}
	o.proved()
	o.handedIn()
	o.balanced()
	o.nothingLeft()
}

// proved: each death that was stored is one that the chain shows still, of all that was
// signed; of a batch that is final, of what lost against the one that was mined.
func (o *ordeal) proved() {
	o.t.Helper()
	ctx := context.Background()
	rows, err := o.pool.Query(ctx, `SELECT d.chain, d.anchor, d.spent, d.lineage, d.spender, d.height, d.block_hash,
		(SELECT array_agg(a.txid) FROM attempt a WHERE a.batch_id = d.batch_id AND a.txid IS NOT NULL
			AND (b.state = 'dead' OR a.txid <> d.spender)) FROM death d JOIN batch b USING (batch_id)`)
	o.must(err)
	type death struct {
		payment.DeathRequest
		signed []string
	}
	var all []death
	for rows.Next() {
		d := death{DeathRequest: payment.DeathRequest{FencingToken: 1}}
		o.must(rows.Scan(&d.Chain, &d.Anchor, &d.Spent, &d.Lineage, &d.Spender, &d.Block.Height, &d.Block.Hash, &d.signed))
		all = append(all, d)
	}
	o.must(rows.Err())
	for _, d := range all {
		text, err := o.coroner.AttestDeath(ctx, d.DeathRequest)
		o.must(err)
		word, err := swap.VerifyDeathAttestation(text, public(o.attest))
		o.must(err)
		if err := word.Kills(d.Anchor, d.signed); err != nil {
			o.t.Fatalf("the death of %s kills not all that was signed: %v", d.Anchor, err)
		}
	}
}

// handedIn: no node ever got what is not stored.
func (o *ordeal) handedIn() {
	o.t.Helper()
	sent := slices.DeleteFunc(o.chain.Broadcasts(), func(txid string) bool { return slices.Contains(o.thefts, txid) })
	slices.Sort(sent)
	sent = slices.Compact(sent)
	if n := o.count(`SELECT count(DISTINCT txid) FROM attempt WHERE txid = ANY ($1)`, sent); n != len(sent) {
		o.t.Fatalf("%d of %d transactions that were handed in are stored", n, len(sent))
	}
}

// nothingLeft: what ended holds no coin, no nonce and nothing in the books.
func (o *ordeal) nothingLeft() {
	o.t.Helper()
	for what, sql := range map[string]string{
		"coins are reserved by what has ended": reservedByEnded,
		"nonces are left out": `SELECT coalesce(sum(next - used), 0) FROM (SELECT max(nonce) + 1 next, count(DISTINCT nonce) used
			FROM attempt JOIN sender USING (chain) WHERE sender.address = attempt.sender AND nonce IS NOT NULL AND state <> 'dropped') x`,
		"payments are told final that are not": `SELECT count(*) FROM (SELECT body::jsonb #>> '{payment,order_id}' id FROM outbox WHERE kind = 'payment.final'
			EXCEPT SELECT order_id FROM payment) x`,
	} {
		if n := o.count(sql); n != 0 {
			o.t.Fatalf("%d %s", n, what)
		}
	}
	if reasons := o.unended(); len(reasons) > 0 && strings.TrimSpace(o.text(`SELECT string_agg(reason, ' ') FROM payment WHERE order_id = ANY ($1)`, reasons)) == "" {
		o.t.Fatalf("%v wait and do not say why", reasons)
	}
}
