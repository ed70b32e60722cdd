package payment_test

import (
	"context"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

func (o *ordeal) blocks() {
	tip := o.chain.Mine(o.between(1, 3))
	if o.chance(2) {
		o.forgive(o.watcher.Step(context.Background()))
	}
	o.tell("mined to %d", tip.Height)
}

// market moves what miners take, what nodes relay and what they estimate.
func (o *ordeal) market() {
	switch o.lot.IntN(4) {
	case 0:
		o.chain.SetBlockRate(uint64(o.between(0, 30)))
	case 1:
		o.chain.SetBlockSpace(o.between(0, 3))
	case 2:
		o.chain.SetFeeRate(uint64(o.between(6, 12)))
	default:
		least := uint64(o.between(1, 6))
		o.chain.SetMinRate(least)
		o.chain.SetFeeRate(least + uint64(o.between(0, 3)))
		o.chain.Purge(least)
	}
	o.usual = o.chance(2)
	o.tell("the market moves")
}

// evict has nodes forget some of what waits.
func (o *ordeal) evict() {
	for _, txid := range o.chain.Unconfirmed() {
		if o.chance(2) {
			o.chain.Evict(txid)
			o.tell("evicted %s", txid)
		}
	}
}

// reorganise takes blocks back, no more than are followed, and makes one more.
func (o *ordeal) reorganise() {
	deep := o.between(1, deathDepth-1)
	if o.chance(3) {
		deep = 1
	}
	fate := oneOf(o, []fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend, fakechain.DoubleSpend})
	o.chain.FailCalls(0)
	o.must(o.watcher.Step(context.Background())) // it has seen what is taken back
	o.chain.Reorg(deep, fate)
	if o.chance(2) {
		o.chain.MineEmpty(deep)
	} else {
		o.chain.Mine(deep)
	}
	tip := o.chain.Mine(1)
	o.tell("reorganised by %d, %s, to %d", deep, fate, tip.Height)
}

// failMined has something of ours that waits fail once it is mined.
func (o *ordeal) failMined() {
	if o.world.on != asset.Ethereum {
		return
	}
	ours := slices.DeleteFunc(o.chain.Unconfirmed(), func(txid string) bool {
		return o.count(`SELECT count(*) FROM attempt WHERE txid = $1`, txid) == 0
	})
	if len(ours) > 0 {
		txid := oneOf(o, ours)
		o.chain.Fail(txid)
		o.tell("%s will fail", txid)
	}
}

// steal has somebody with a copy of our keys take a coin, or a nonce of an address of ours,
// whether it is planned for something or not. Two times are enough.
func (o *ordeal) steal() {
	if len(o.thefts) == 2 {
		return
	}
	f, r := o.loot()
	if r.Outputs == nil {
		return
	}
	o.chain.FailCalls(0)
	plan, err := o.chain.Plan(context.Background(), f, r)
	if err != nil {
		o.tell("nothing to steal: %v", err)
		return
	}
	raw, txid := fakechain.Sign(plan)
	for _, rival := range o.chain.Unconfirmed() {
		// One that builds on another goes with it.
		if slices.Contains(o.chain.Unconfirmed(), rival) && o.excludes(rival, raw) {
			o.chain.Evict(rival)
		}
	}
	answer, err := o.chain.Broadcast(context.Background(), raw)
	o.tell("theft %s: %s, %v", txid, answer, err)
	o.thefts = append(o.thefts, txid)
}

// loot is what there is to take: a coin, or the next nonce of the sender or of a deposit
// address with something on it.
func (o *ordeal) loot() (f chain.Funds, r chain.Request) {
	r = chain.Pay(chain.Output{Destination: o.chain.NewAddress(), Asset: o.native(), Units: asset.NewUnits(1000)}, o.feeMax)
	r.Rate = 30_000
	ctx := context.Background()
	if o.world.on == asset.Bitcoin {
		var coins []chain.Coin
		rows, err := o.pool.Query(ctx, `SELECT txid, idx, units, address, path FROM coin
			WHERE spent_txid IS NULL AND height IS NOT NULL AND home = '' ORDER BY txid, idx`)
		o.must(err)
		for rows.Next() {
			var c chain.Coin
			o.must(rows.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path))
			coins = append(coins, c)
		}
		o.must(rows.Err())
		if len(coins) == 0 {
			return f, chain.Request{}
		}
		r.Whole, r.Outputs[0].Units = true, asset.Units{}
		return chain.Funds{Must: []chain.Coin{oneOf(o, coins)}}, r
	}
	r.Rate *= 1_000_000
	from := oneOf(o, append(slices.Clone(o.addresses), o.funding, o.funding))
	f = chain.Funds{Sender: from, SenderPath: "copied", Balance: o.chain.Balance(from), Nonce: o.chain.Nonce(from)}
	return f, r
}

// excludes reports that a transaction that waits spends the same as another.
func (o *ordeal) excludes(rival string, raw []byte) bool {
	a, _, err := fakechain.Decode(o.chain.Raw(rival))
	o.must(err)
	b, _, err := fakechain.Decode(raw)
	o.must(err)
	if a.Sender != "" {
		return a.Sender == b.Sender && a.Nonce == b.Nonce
	}
	return slices.ContainsFunc(a.Inputs, func(in string) bool { return slices.Contains(b.Inputs, in) })
}
