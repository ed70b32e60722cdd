package seed

import (
	"fmt"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// Addresses of treasury in the story.
const (
	TreasuryBitcoin  = "sb1qtreasury"
	TreasuryEthereum = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
)

// Now is when the story is looked at.
var Now = swaptest.Start.Add(40 * time.Minute)

func at(minutes int) time.Time { return swaptest.Start.Add(time.Duration(minutes) * time.Minute) }

func btc(decimal string) asset.Amount { return swaptest.Amount(asset.BTC, decimal) }
func eth(decimal string) asset.Amount { return swaptest.Amount(asset.ETH, decimal) }

// BitcoinTx is a transaction id made of one digit.
func BitcoinTx(digit string) string { return strings.Repeat(digit, 64) }

// EthereumTx is a transaction id made of one digit.
func EthereumTx(digit string) string { return "0x" + strings.Repeat(digit, 64) }

// Story tells of three swaps of 0.01 BTC to 0.28 ETH on funded chains: 00a is
// settled; 00b is paid and waits for its confirmations; 00c has a deposit that
// the hot wallet has confirmed two minutes ago, which the state machine has not
// been told, and dust beside it. Nothing is off and nothing needs a person.
func (d *Database) Story() {
	d.t.Helper()
	d.funding()
	d.settled("00a", "a", at(0))
	d.paid("00b", "b", at(8))
	d.confirming("00c", "c", at(30))
	d.Exec(`INSERT INTO hotwallet.cursor (chain, height, hash, time, seen_at) VALUES
	    ('bitcoin', 320, 'h', $1, $1), ('ethereum', 2400, 'h', $2, $2)`, at(38), at(40))
	d.Exec("INSERT INTO hotwallet.lease (chain, token, holder) VALUES ('bitcoin', 3, 'host-1'), ('ethereum', 1, 'host-1')")
	d.Exec(`INSERT INTO hotwallet.reconciliation (chain, height, hash, asset, book, node, at) VALUES
	    ('bitcoin', 320, 'h', 'BTC', $1, $1, $3), ('ethereum', 2399, 'h', 'ETH', $2, $2, $3)`,
		btc("1.03").Units, eth("9.7197").Units, at(39))
}

func (d *Database) funding() {
	d.Exec(`INSERT INTO hotwallet.address (chain, role, branch, idx, path, address, state) VALUES
	    ('bitcoin', 1, 0, 0, 'm/84''/1''/1''/0/0', $1, 'hot'), ('ethereum', 1, 0, 0, 'm/44''/60''/1''/0/0', $2, 'hot')`,
		TreasuryBitcoin, TreasuryEthereum)
	d.Exec("INSERT INTO hotwallet.sender (chain, address, path, next_nonce) VALUES ('ethereum', $1, 'm/44''/60''/1''/0/0', 2)", TreasuryEthereum)
	for _, f := range []struct {
		id, txid, address string
		amount            asset.Amount
	}{
		{"bitcoin:" + BitcoinTx("f") + ":0", BitcoinTx("f"), TreasuryBitcoin, btc("1")},
		{"ethereum:" + EthereumTx("f") + ":0", EthereumTx("f"), TreasuryEthereum, eth("10")},
	} {
		d.Watched(swap.Deposit{ID: f.id, TxID: f.txid, Amount: f.amount, State: swap.DepositFinal, Height: 101, FirstSeen: at(-60)}, "", f.address)
		d.Entry("hotwallet", ledger.Transfer("funding:"+f.id+"@block", "funding", "", ledger.Wallet, ledger.HouseCapital, f.amount), at(-60))
	}
	d.coin("f", btc("1"), TreasuryBitcoin, 101)
}

func (d *Database) coin(digit string, amount asset.Amount, address string, height int64) {
	d.Exec(`INSERT INTO hotwallet.coin (chain, txid, idx, units, address, path, coinbase, height)
	        VALUES ('bitcoin', $1, 0, $2, $3, 'm', false, $4)`, BitcoinTx(digit), amount.Units, address, height)
}

// swap stores the swap with its issued address.
func (d *Database) swap(n string, state swap.State, version int64, created, updated time.Time) swap.Terms {
	terms := d.Terms(n, created)
	d.Swap(terms, state, version, updated)
	d.Exec(`INSERT INTO hotwallet.address (chain, role, branch, idx, path, address, state, swap_id, terms_hash, issued_at)
	        SELECT 'bitcoin', 0, 0, count(*), 'm/84''/1''/0''/0/' || count(*), $1, 'issued', $2, 'hash', $3
	        FROM hotwallet.address WHERE role = 0`, terms.Receipt.DepositAddress, terms.Receipt.SwapID, created)
	return terms
}

// deposited is the swap's deposit, in a block and confirmed, in the hot wallet's book.
func (d *Database) deposited(terms swap.Terms, digit string, height int64, seen time.Time) swap.Deposit {
	dep := swap.Deposit{ID: "bitcoin:" + BitcoinTx(digit) + ":0", TxID: BitcoinTx(digit), Amount: terms.Quote.Deposit,
		State: swap.DepositFinal, Verdict: swap.VerdictCounted, Confirmations: 3, Needed: 3, Height: height,
		FirstSeen: seen, BlockTime: seen.Add(time.Minute)}
	id := terms.Receipt.SwapID
	d.Watched(dep, id, terms.Receipt.DepositAddress)
	d.coin(digit, dep.Amount, terms.Receipt.DepositAddress, height)
	d.Entry("hotwallet", ledger.Transfer("deposit:"+dep.ID+"@block", "deposit", id, ledger.Wallet, ledger.DepositConfirming, dep.Amount), seen)
	d.Entry("hotwallet", ledger.Transfer("deposit.confirmed:"+dep.ID, "deposit.confirmed", id, ledger.DepositConfirming, ledger.Clearing, dep.Amount), seen.Add(3*time.Minute))
	return dep
}

// counted is the deposit's exchange in the state machine's book, with its events.
func (d *Database) counted(terms swap.Terms, dep swap.Deposit) {
	q, id := terms.Quote, terms.Receipt.SwapID
	d.Deposit(id, 0, dep)
	confirmed := dep.FirstSeen.Add(3 * time.Minute)
	d.Entry("swap", ledger.Transfer("deposit:"+dep.ID, "deposit", id, ledger.Clearing, ledger.SwapDeposit(id), dep.Amount), confirmed)
	d.Entry("swap", ledger.Entry{Key: "exchange:" + id, Kind: "exchange", SwapID: id, Postings: []ledger.Posting{
		ledger.Debit(ledger.SwapDeposit(id), dep.Amount), ledger.Credit(ledger.Inventory, dep.Amount),
		ledger.Credit(ledger.SwapPayout(id), q.Payout), ledger.Credit(ledger.ServiceFees, q.ServiceFee),
		ledger.Credit(ledger.NetworkFeeIncome, q.NetworkFee), ledger.Debit(ledger.Inventory, eth("0.282"))}}, confirmed)
	d.Event(id, 1, "gateway", swap.FactSwapCreated, "", swap.AwaitingDeposit, "The swap was created.", terms.Receipt.IssuedAt)
	d.Event(id, 2, "hotwallet", swap.FactDepositSeen, swap.AwaitingDeposit, swap.DepositDetected,
		"0.01 BTC of "+dep.TxID[:12]+"…, 0 of 3 confirmations.", dep.FirstSeen)
	d.Event(id, 3, "hotwallet", swap.FactDepositConfirmed, swap.DepositDetected, swap.DepositConfirmed,
		"0.01 BTC counted; 0.28 ETH ordered to the payout address.", confirmed)
	d.Event(id, 4, "hotwallet", swap.FactPaymentQueued, swap.DepositConfirmed, swap.PayoutQueued,
		"The payout of 0.28 ETH is in the hot wallet's queue.", confirmed)
	d.Event(id, 5, "hotwallet", swap.FactPaymentBroadcast, swap.PayoutQueued, swap.PayoutBroadcast,
		"The payout of 0.28 ETH was sent.", confirmed.Add(time.Minute))
}

// payout is the hot wallet's payment of the swap, with one attempt that was sent.
func (d *Database) payout(terms swap.Terms, dep swap.Deposit, digit, state string, nonce int, sent time.Time) swap.Payment {
	id := terms.Receipt.SwapID
	p := swap.Payment{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout, Deposits: []string{dep.ID}, Amount: terms.Quote.Payout,
		Destination: terms.Receipt.PayoutAddress, State: swap.PaymentState(state), TxID: EthereumTx(digit)}
	var height any
	txid, fee := "", asset.Units{}
	if state == "final" {
		height, txid, fee = 2000, p.TxID, eth("0.0003").Units
		p.Fee = fee
	}
	d.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state,
	            txid, fee, height, queued_at, updated_at)
	        VALUES ($1, 'ethereum', $2, 'payout', 'ETH', $3, $4, '{}', $5, $6, $7, $8, $9, $10)`,
		p.OrderID, id, p.Amount.Units, p.Destination, state, txid, fee, height, sent.Add(-time.Minute), sent)
	d.Exec(`INSERT INTO hotwallet.payment_deposit (deposit_id, order_id, asset, units) VALUES ($1, $2, $3, $4)`,
		dep.ID, p.OrderID, dep.Amount.Asset, dep.Amount.Units)
	d.Exec(`WITH b AS (INSERT INTO hotwallet.batch (batch_id, chain, purpose, state, orders)
		SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM hotwallet.payment WHERE order_id = $1)
		UPDATE hotwallet.payment SET batch_id = order_id WHERE order_id = $1`, p.OrderID)
	d.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee, nonce, raw, txid, planned_at, signed_at, last_sent_at, last_answer)
	        VALUES ($1, 1, 'ethereum', 'broadcast', '{}', $2, $3, '\x00', $4, $5, $5, $6, $7)`,
		p.OrderID, eth("0.0004").Units, nonce, p.TxID, sent.Add(-30*time.Second), sent, "already known\x1b[2J")
	d.Payment(id, 0, p)
	d.Entry("hotwallet", ledger.Transfer(fmt.Sprintf("hold:%s:1", p.OrderID), "hold", id, ledger.InFlight, ledger.Wallet, eth("0.2804")), sent)
	return p
}

func (d *Database) settled(n, digit string, created time.Time) {
	terms := d.swap(n, swap.Settled, 6, created, created.Add(9*time.Minute))
	dep := d.deposited(terms, digit, 305, created.Add(2*time.Minute))
	d.counted(terms, dep)
	final := created.Add(9 * time.Minute)
	p := d.payout(terms, dep, digit, "final", 0, created.Add(6*time.Minute))
	id := terms.Receipt.SwapID
	d.Entry("hotwallet", ledger.Entry{Key: "payment:" + p.OrderID + "@block", Kind: "payment", SwapID: id, Postings: []ledger.Posting{
		ledger.Debit(ledger.PaymentConfirming, eth("0.2803")), ledger.Debit(ledger.Wallet, eth("0.0001")), ledger.Credit(ledger.InFlight, eth("0.2804"))}}, final)
	d.holds(TreasuryEthereum, asset.ETH, "-"+eth("0.2803").Units.String())
	d.Entry("hotwallet", ledger.Entry{Key: "payment.final:" + p.OrderID, Kind: "payment.final", SwapID: id, Postings: []ledger.Posting{
		ledger.Debit(ledger.Clearing, eth("0.28")), ledger.Debit(ledger.NetworkFees, eth("0.0003")), ledger.Credit(ledger.PaymentConfirming, eth("0.2803"))}}, final)
	d.Entry("swap", ledger.Transfer("paid:"+p.OrderID, "payout_paid", id, ledger.SwapPayout(id), ledger.Clearing, p.Amount), final)
	d.Event(id, 6, "hotwallet", swap.FactPaymentFinal, swap.PayoutBroadcast, swap.Settled, "The payout of 0.28 ETH is final.", final)
}

func (d *Database) paid(n, digit string, created time.Time) {
	terms := d.swap(n, swap.PayoutBroadcast, 5, created, created.Add(6*time.Minute))
	dep := d.deposited(terms, digit, 310, created.Add(2*time.Minute))
	d.counted(terms, dep)
	d.payout(terms, dep, digit, "broadcast", 1, created.Add(6*time.Minute))
}

func (d *Database) confirming(n, digit string, created time.Time) {
	terms := d.swap(n, swap.DepositDetected, 3, created, created.Add(6*time.Minute))
	id := terms.Receipt.SwapID
	dep := d.deposited(terms, digit, 317, created.Add(5*time.Minute))
	dep.State, dep.Verdict, dep.Confirmations = swap.DepositInBlock, swap.VerdictNone, 1
	d.Deposit(id, 0, dep)
	dust := swap.Deposit{ID: "bitcoin:" + BitcoinTx("d") + ":7", TxID: BitcoinTx("d"), Amount: btc("0.00000546"),
		State: swap.DepositSeen, FirstSeen: created.Add(7 * time.Minute)}
	d.Watched(dust, id, terms.Receipt.DepositAddress)
	d.Exec("INSERT INTO swap.deadline (swap_id, name, due_at) VALUES ($1, 'confirm_by', $2)", id, terms.Receipt.ConfirmBy)
	d.Event(id, 1, "gateway", swap.FactSwapCreated, "", swap.AwaitingDeposit, "The swap was created.", created)
	d.Event(id, 2, "hotwallet", swap.FactDepositSeen, swap.AwaitingDeposit, swap.DepositDetected,
		"0.01 BTC of cccccccccccc…, 0 of 3 confirmations.", created.Add(5*time.Minute))
	d.Event(id, 3, "hotwallet", swap.FactDepositInBlock, swap.DepositDetected, swap.DepositDetected,
		"0.01 BTC of cccccccccccc…, 1 of 3 confirmations.", created.Add(6*time.Minute))
	d.Exec(`INSERT INTO swap.parked_fact (swap_id, source, seq, kind, fact, reason, parked_at)
	        VALUES ($1, 'hotwallet', 41, 'payment.queued', '{}', 'no payment was ordered', $2)`, id, created.Add(8*time.Minute))
}
