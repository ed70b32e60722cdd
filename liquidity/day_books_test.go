package liquidity_test

import (
	"math/big"

	"ferry/liquidity/trade"
	"ferry/swap/asset"
)

// ledgerAccount is one of liquidity's own book.
type ledgerAccount struct {
	name  string
	asset asset.ID
}

// booked is an account's balance.
func (d *played) booked(a ledgerAccount) *big.Int {
	return d.number("SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1 AND asset = $2", a.name, string(a.asset))
}

// number asks for a whole number.
func (d *played) number(sql string, args ...any) *big.Int {
	d.t.Helper()
	var text string
	if err := d.pool.QueryRow(d.t.Context(), sql, args...).Scan(&text); err != nil {
		d.t.Fatal(err)
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		d.t.Fatalf("%q is no number", text)
	}
	return n
}

// inBand fails if a swap has left more than may stay.
func (d *played) inBand() {
	positions, err := d.hedges.Positions(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range positions {
		if len(p.Open) > 0 || p.Asset == asset.ETH && p.Units.CmpAbs(bandETH.Big()) > 0 {
			d.t.Fatalf("tick %d: %s of %s is left, with %d open orders", d.at, p.Units, p.Asset, len(p.Open))
		}
	}
}

// closed fails unless every entry balances, no promise and no order is open, no swap's lock
// was lost, and what the venues say of their accounts is in the books.
func (d *played) closed() {
	for what, sql := range map[string]string{
		"entries that don't balance": "SELECT count(*)::text FROM (SELECT 1 FROM posting GROUP BY entry_key, asset HAVING sum(units) <> 0) x",
		"open orders":                "SELECT count(*)::text FROM hedge_order WHERE state = 'open'",
		"open locks":                 "SELECT count(*)::text FROM lock WHERE closed_at IS NULL",
		"costs shared out to nobody": "SELECT coalesce(sum(units), 0)::text FROM posting WHERE account IN ('swap_hedging', 'hedging_shared')",
	} {
		if n := d.number(sql); n.Sign() != 0 {
			d.t.Errorf("%s %s in the evening", n, what)
		}
	}
	if n := d.number("SELECT count(*)::text FROM lock WHERE swap_id IS NOT NULL"); n.Int64() != int64(d.swaps) {
		d.t.Errorf("%s locks of %d swaps", n, d.swaps)
	}
	for id, want := range map[asset.ID]*big.Int{asset.ETH: new(big.Int), asset.BTC: new(big.Int)} {
		for _, b := range d.venues {
			want.Add(want, b.account[id])
		}
		hedged := d.number("SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = 'position' AND asset = $1 AND entry_key LIKE 'hedge:%'", string(id))
		if hedged.Cmp(want) != 0 {
			d.t.Errorf("hedges have changed %s by %s in the books, by %s at the venues", id, hedged, want)
		}
	}
}

// moved is what a fill has brought of ether and of bitcoin, without its fee.
func moved(f trade.Fill) (eth, btc *big.Int) {
	eth = new(big.Int).Mul(new(big.Int).SetUint64(f.Size), big.NewInt(1e10))
	btc = new(big.Int).Mul(new(big.Int).SetUint64(f.Size), new(big.Int).SetUint64(f.Price))
	if f.Side == trade.Sell {
		return eth.Neg(eth), btc.Quo(btc, big.NewInt(1e8))
	}
	btc.Add(btc, big.NewInt(1e8-1)).Quo(btc, big.NewInt(1e8))
	return eth, btc.Neg(btc)
}
