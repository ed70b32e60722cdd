package support

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/seed"
)

func available(t *testing.T, conn *pgx.Conn, deep int64) map[asset.Chain]Balance {
	t.Helper()
	all := map[asset.Chain]Balance{}
	err := Read(t.Context(), conn, seed.Now, func(r *Reader) error {
		balances, err := r.Balances(t.Context(), map[asset.Chain]int64{asset.Bitcoin: deep, asset.Ethereum: deep})
		for _, b := range balances {
			all[b.Chain] = b
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAvailableIsWhatCanBePaidNow(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	conn := db.Support()
	for deep, want := range map[int64]string{1: "1.03 BTC", 4: "1.03 BTC", 5: "1.02 BTC", 12: "1.01 BTC", 1000: "0 BTC"} {
		if got := available(t, conn, deep)[asset.Bitcoin].Available.String(); got != want {
			t.Errorf("%d deep %s are available, want %s", deep, got, want)
		}
	}

	// A payment without a plan takes its amount, one with a plan its coins.
	queue := func(order, units string) {
		db.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		         VALUES ($1, 'bitcoin', 's', 'payout', 'BTC', $2, 'd', '{}', 'queued')`, order, units)
	}
	queue("o1", "1000000")
	db.Exec("UPDATE hotwallet.coin SET reserved_by = 'o2' WHERE txid = $1", seed.BitcoinTx("f"))
	got := available(t, conn, 1)[asset.Bitcoin]
	if got.Available.String() != "0.02 BTC" || got.Reserved.String() != "1 BTC" {
		t.Errorf("available %s and reserved %s, want 0.02 and 1 BTC", got.Available, got.Reserved)
	}
	queue("o3", "999000000")
	if got := available(t, conn, 1)[asset.Bitcoin].Available; !got.Zero() {
		t.Errorf("%s are available and more than that is queued", got)
	}
}

func TestWhatLiesOnDepositAddressesIsNotAvailable(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	two := swaptest.Amount(asset.ETH, "2")
	dep := swap.Deposit{ID: "ethereum:" + seed.EthereumTx("1") + ":0", TxID: seed.EthereumTx("1"), Amount: two,
		State: swap.DepositInBlock, Height: 2390, FirstSeen: seed.Now}
	db.Watched(dep, seed.SwapID("00z"), "0x0000000000000000000000000000000000000bbb")
	db.Entry("hotwallet", ledger.Transfer("deposit:"+dep.ID+"@block", "deposit", seed.SwapID("00z"), ledger.Wallet, ledger.DepositConfirming, two), seed.Now)
	got := available(t, db.Support(), 1)[asset.Ethereum]
	if got.Available.String() != "9.4393 ETH" || got.Unswept.String() != "2 ETH" || got.ConfirmingIn.String() != "2 ETH" || got.OnChain.String() != "11.7197 ETH" {
		t.Errorf("available %s, unswept %s, confirming %s, on chain %s", got.Available, got.Unswept, got.ConfirmingIn, got.OnChain)
	}
}

// A token has a balance of its own once it was booked; what it costs to send is the
// native asset's.
func TestTokensHaveBalancesOfTheirOwn(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	before := available(t, db.Support(), 1)[asset.Ethereum]
	dollars := func(decimal string) asset.Amount { return swaptest.Amount(asset.USDT, decimal) }
	for i, d := range []struct {
		swapID, address string
		amount          asset.Amount
	}{{"", seed.TreasuryEthereum, dollars("500")}, {seed.SwapID("00z"), "0x0000000000000000000000000000000000000bbb", dollars("70")}} {
		id := seed.EthereumTx(string(rune('1' + i)))
		db.Watched(swap.Deposit{ID: "ethereum:" + id + ":0", TxID: id, Amount: d.amount, State: swap.DepositFinal, Height: 2300, FirstSeen: seed.Now}, d.swapID, d.address)
		db.Entry("hotwallet", ledger.Transfer("deposit:"+id, "deposit", d.swapID, ledger.Wallet, ledger.HouseCapital, d.amount), seed.Now)
	}
	db.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
	         VALUES ('o1', 'ethereum', 's', 'payout', 'USDT', 120000000, 'd', '{}', 'queued')`)
	db.Exec(`WITH b AS (INSERT INTO hotwallet.batch (batch_id, chain, purpose, state, orders)
		SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM hotwallet.payment WHERE order_id = $1)
		UPDATE hotwallet.payment SET batch_id = order_id WHERE order_id = $1`, "o1")
	db.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee, nonce) VALUES ('o1', 1, 'ethereum', 'planned', '{}', 1000000000000000, 7)`)
	db.Exec(`INSERT INTO hotwallet.reconciliation (chain, height, hash, asset, book, node) VALUES ('ethereum', 2399, 'h', 'USDT', 570000000, 570000001)`)
	all := map[asset.ID]Balance{}
	err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) error {
		balances, err := r.Balances(t.Context(), map[asset.Chain]int64{asset.Ethereum: 1})
		for _, b := range balances {
			all[b.OnChain.Asset] = b
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	usdt, ether := all[asset.USDT], all[asset.ETH]
	if len(all) != 3 || usdt.Available.String() != "380 USDT" || usdt.Reserved.String() != "120 USDT" || usdt.Unswept.String() != "70 USDT" || usdt.OnChain.String() != "570 USDT" {
		t.Errorf("%d balances, USDT %+v", len(all), usdt)
	}
	if usdt.Reconciled == nil || !usdt.Reconciled.Off() || ether.Reconciled == nil || ether.Reconciled.Off() {
		t.Errorf("compared: %+v and %+v", usdt.Reconciled, ether.Reconciled)
	}
	if less := swaptest.Amount(asset.ETH, "0.001").Units.Big(); less.Add(less, ether.Available.Units).Cmp(before.Available.Units) != 0 || !ether.Unswept.Zero() {
		t.Errorf("%s available, before %s; unswept %s", ether.Available, before.Available, ether.Unswept)
	}
}
