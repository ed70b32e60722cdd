package cluster_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/jackc/pgx/v5"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
)

// step is a subtest after whose failure the rest would only wait in vain.
func step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, f) {
		t.FailNow()
	}
}

// absence is how long a part stays away; FERRY_TEST_ABSENCE=1m is the long version.
func absence(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("FERRY_TEST_ABSENCE")
	if text == "" {
		return 5 * time.Second
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// staleSeconds is when a standing Ethereum node is an alarm in these tests.
const staleSeconds = 3

// stormyHouse is a house whose alarm of a standing node comes early.
func stormyHouse(ctx context.Context, t *testing.T) *house {
	t.Helper()
	long(t)
	root, err := openFolder("ferry-storm-")
	must(t, err)
	h := &house{root: filepath.Join(root, ".ferry"), port: freePort(t), keys: map[string]bitcoin.Key{}}
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	mining, err := faucet.BitcoinMiningAddress(cluster.DemoNetworks())
	must(t, err)
	h.up, err = cluster.Start(ctx, cluster.Config{Root: h.root, Bin: programs, API: h.port, MiningAddress: mining, Getenv: setting,
		Progress: func(step string) {
			if strings.Contains(step, "by itself") {
				t.Log(strings.SplitN(step, "\n", 2)[0])
			}
		},
		Policy: func(d *deployment.Deployment) {
			c := d.Chains[asset.Ethereum]
			c.StaleAfterSeconds = staleSeconds
			d.Chains[asset.Ethereum] = c
		}})
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			h.showLogs(t)
		}
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		must(t, h.up.Stop(stopping))
	})
	must(t, h.connect(ctx, cluster.DemoNetworks()))
	must(t, h.faucetBTC.Mature(ctx, nil))
	stopMiner := h.mine(ctx)
	t.Cleanup(func() { must(t, stopMiner()) })
	must(t, h.fund(ctx))
	return h
}

// still holds the miner until the function it returns is called.
func (h *house) still() (goOn func()) {
	h.mining.Lock()
	return sync.OnceFunc(h.mining.Unlock)
}

// exchangeOf books a swap and promises its payout.
func (h *house) exchangeOf(ctx context.Context, pair asset.Pair) (storm, error) {
	terms, err := h.book(ctx, pair)
	if err == nil {
		h.promisePayout(terms)
	}
	return storm{Terms: terms}, err
}

// bookTo is book with the payout going to an address of the caller's.
func (h *house) bookTo(ctx context.Context, pair asset.Pair, payout string) (storm, error) {
	var signed string
	err := h.until(ctx, "a quote of "+pair.String(), 500*time.Millisecond, func() (_ bool, err error) {
		_, signed, err = h.api.CreateQuote(ctx, client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: usual[pair.From]})
		if client.Passing(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return storm{}, err
	}
	refund, err := h.newAddress(pair.From)
	if err != nil {
		return storm{}, err
	}
	created, err := h.api.CreateSwap(ctx, rand.Text(), client.SwapRequest{SignedQuote: signed, PayoutAddress: payout, RefundAddress: refund})
	return storm{Terms: created.Terms}, err
}

func (h *house) deposit(ctx context.Context, e *storm) (err error) {
	e.txid, err = h.pay(ctx, e.Terms, e.Quote.Deposit.Units)
	return err
}

// storm is a swap and the transaction of its deposit.
type storm struct {
	swap.Terms
	txid string
}

// told waits until the updates of a swap tell of a fact.
func (h *house) told(ctx context.Context, e storm, cause swap.FactKind, times int) error {
	return h.see(ctx, e.Terms, fmt.Sprintf("told of %s %d times", cause, times), func(s client.Swap) bool {
		n := 0
		for _, u := range s.Updates {
			if u.Cause == string(cause) {
				n++
			}
		}
		return n >= times
	})
}

// btcd calls the node as its operator; the answer is of no interest.
func (h *house) btcd(ctx context.Context, method string, params ...any) error {
	s := h.up.Settings().Bitcoin
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": "test", "method": method, "params": params})
	if err != nil {
		return err
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	ask.SetBasicAuth(s.User, s.Password)
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		return err
	}
	var reply struct {
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	err = errors.Join(json.NewDecoder(res.Body).Decode(&reply), res.Body.Close())
	if err == nil && reply.Error != nil {
		err = fmt.Errorf("btcd %s: %s", method, reply.Error.Message)
	}
	return err
}

// reorg takes the newest blocks of btcd away, and returns the hash of the lowest;
// transactions return to the mempool. The miner is held by the caller.
func (h *house) reorg(ctx context.Context, depth int64) (lowest string, err error) {
	tip, err := h.node.Height(ctx)
	if err != nil {
		return "", err
	}
	b, err := h.node.Block(ctx, tip-depth+1)
	if err != nil {
		return "", err
	}
	lowest = b.BlockHash().String()
	return lowest, h.btcd(ctx, "invalidateblock", lowest)
}

// query reads one value as support.
func (h *house) query(ctx context.Context, into any, sql string, args ...any) (err error) {
	conn, err := pgx.Connect(ctx, h.up.Settings().SupportURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return conn.QueryRow(ctx, sql, args...).Scan(into)
}

// resume has an operator resume chains.
func (h *house) resume(ctx context.Context, chains ...string) error {
	for _, chain := range chains {
		if _, err := h.ferry(ctx, "resume", chain, "--reason", "looked at it", "--actor", "test"); err != nil {
			return err
		}
	}
	return nil
}

// alarmed waits until `ferry status` says something. It ends with a status other
// than 0 then, and breaks its lines as it likes.
func (h *house) alarmed(ctx context.Context, says ...string) error {
	var page string
	err := h.until(ctx, fmt.Sprintf("ferry status to say %q", says), 200*time.Millisecond, func() (bool, error) {
		said, err := h.ferry(ctx, "status")
		if err != nil {
			said = err.Error()
		}
		page = strings.Join(strings.Fields(said), " ")
		for _, text := range says {
			if !strings.Contains(page, text) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("%w; it says %s", err, page)
	}
	return nil
}

// Setup: four swaps, each at another stage: booked, deposit seen, payout ordered,
// payout sent. Test: a part is away for a while. All four settle, once.
func TestPartsGoAway(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := stormyHouse(ctx, t)
	for _, row := range []struct {
		name, part string
		leave      func(ctx context.Context, name string) error
		back       func(ctx context.Context, name string) error
		blocks     bool // blocks come while it is away
	}{
		{"postgres is killed", "postgres", func(_ context.Context, n string) error { return h.up.Kill(n) }, h.up.Restart, true},
		{"kafka is killed", "kafka", func(_ context.Context, n string) error { return h.up.Kill(n) }, h.up.Restart, true},
		{"btcd stops", "btcd", h.up.StopOne, h.up.Restart, false},
		{"btcd freezes", "btcd", func(_ context.Context, n string) error { return h.up.Freeze(n) },
			func(_ context.Context, n string) error { return h.up.Thaw(n) }, false},
		{"geth stops", "geth", h.up.StopOne, h.up.Restart, true},
		{"geth freezes", "geth", func(_ context.Context, n string) error { return h.up.Freeze(n) },
			func(_ context.Context, n string) error { return h.up.Thaw(n) }, true},
	} {
		step(t, row.name, func(t *testing.T) {
			swaps, goOn, err := h.stages(ctx)
			defer goOn()
			must(t, err)
			must(t, row.leave(ctx, row.part))
			must(t, h.up.Restart(ctx, "signerd"))
			if row.blocks {
				goOn()
			}
			away := time.NewTimer(absence(t))
			defer away.Stop()
			if row.part == "postgres" || row.part == "kafka" {
				must(t, h.deposit(ctx, &swaps[0])) // nobody who needs it sees this deposit
			}
			select {
			case <-away.C:
			case err := <-h.up.Failed():
				t.Fatal(err)
			}
			must(t, row.back(ctx, row.part))
			goOn()
			if swaps[0].txid == "" {
				must(t, h.deposit(ctx, &swaps[0]))
			}
			for _, e := range swaps {
				must(t, h.settled(ctx, e.Terms))
			}
			must(t, h.kept(ctx))
			if row.name == "geth freezes" {
				must(t, h.alarmed(ctx, "alarm.stale_feed ethereum", "the node has shown no new block since"))
			}
		})
	}
	step(t, "everything is published again", func(t *testing.T) {
		var before, after string
		must(t, h.query(ctx, &before, everythingSQL))
		must(t, h.publishAgain(ctx))
		must(t, h.query(ctx, &after, everythingSQL))
		if before != after {
			t.Fatalf("records at new offsets had an effect: before\n%s\nafter\n%s", before, after)
		}
		must(t, h.kept(ctx))
	})
	must(t, h.booksAgree(ctx))
}

// everythingSQL is all that a fact or an order can change.
const everythingSQL = `SELECT concat_ws(E'\n',
	(SELECT string_agg(id || ' ' || state || ' ' || version, ',' ORDER BY id) FROM swap.swap),
	(SELECT count(*) || ' events' FROM swap.swap_event), (SELECT count(*) || ' parked' FROM swap.parked_fact),
	(SELECT count(*) || ' entries' FROM swap.entry), (SELECT count(*) || ' malformed' FROM swap.malformed_record),
	(SELECT string_agg(order_id || ' ' || state, ',' ORDER BY order_id) FROM hotwallet.payment),
	(SELECT count(*) || ' attempts' FROM hotwallet.attempt), (SELECT count(*) || ' entries' FROM hotwallet.entry))`

// publishAgain has every relay publish its whole outbox once more, under the same
// numbers and at new offsets, and waits until all of it is consumed.
func (h *house) publishAgain(ctx context.Context) (err error) {
	owner, err := url.Parse(h.up.Settings().SupportURL)
	if err != nil {
		return err
	}
	owner.User = url.User(parts.Superuser)
	conn, err := pgx.Connect(ctx, owner.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	const consumedSQL = `SELECT (SELECT coalesce(sum(next_offset), 0) FROM swap.consumer_offset WHERE topic = 'ferry.facts')
		+ (SELECT coalesce(sum(next_offset), 0) FROM hotwallet.consumer_offset WHERE topic = 'ferry.orders')`
	var consumed, due, now int64
	err = conn.QueryRow(ctx, `SELECT (`+consumedSQL+`), (SELECT count(*) FROM gateway.outbox WHERE topic = 'ferry.facts')
		+ (SELECT count(*) FROM hotwallet.outbox WHERE topic = 'ferry.facts')
		+ (SELECT count(*) FILTER (WHERE topic = 'ferry.facts') + 2 * count(*) FILTER (WHERE topic = 'ferry.orders') FROM swap.outbox)`).
		Scan(&consumed, &due)
	if err != nil {
		return err
	}
	for _, schema := range []string{"gateway", "hotwallet", "swap"} {
		if _, err := conn.Exec(ctx, `UPDATE `+schema+`.relay_cursor SET xid = '0', id = 0, seq = 0`); err != nil {
			return err
		}
	}
	return h.until(ctx, fmt.Sprintf("%d more records to be consumed", due), lookEvery, func() (bool, error) {
		err := conn.QueryRow(ctx, consumedSQL).Scan(&now)
		return due > 0 && now >= consumed+due, err
	})
}

// stages brings four swaps to four stages. signerd is down and the miner held.
func (h *house) stages(ctx context.Context) (swaps [4]storm, goOn func(), err error) {
	goOn = func() {}
	for i, pair := range []asset.Pair{btcToETH, btcToETH, ethToBTC, ethToBTC} {
		if swaps[i], err = h.exchangeOf(ctx, pair); err != nil {
			return swaps, goOn, err
		}
	}
	goOn = h.still()
	sent, ordered, seen := &swaps[3], &swaps[2], &swaps[1]
	if err := h.deposit(ctx, sent); err != nil {
		return swaps, goOn, err
	}
	if err := h.see(ctx, sent.Terms, "sent", reached(swap.PayoutBroadcast)); err != nil {
		return swaps, goOn, err
	}
	if err := h.up.Kill("signerd"); err != nil {
		return swaps, goOn, err
	}
	for _, e := range []*storm{ordered, seen} {
		if err := h.deposit(ctx, e); err != nil {
			return swaps, goOn, err
		}
	}
	if err := h.see(ctx, ordered.Terms, "ordered", reached(swap.PayoutQueued)); err != nil {
		return swaps, goOn, err
	}
	return swaps, goOn, h.see(ctx, seen.Terms, "seen", reached(swap.DepositDetected))
}

// booksAgree asks support's page, which ends with a status other than 0 if anything
// in the books is off.
func (h *house) booksAgree(ctx context.Context) error {
	return h.until(ctx, "the books to agree", 300*time.Millisecond, func() (bool, error) {
		_, err := h.ferry(ctx, "books")
		if ctx.Err() != nil {
			return false, err
		}
		return err == nil, nil
	})
}

// Reorganisations of btcd: what they take back comes back.
func TestReorganisations(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := stormyHouse(ctx, t)
	step(t, "a counted deposit before its payout is planned", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, btcToETH)
		must(t, err)
		_, err = h.ferry(ctx, "halt", "ethereum", "--reason", "hold the payout", "--actor", "test")
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.faucetBTC.Mine(ctx, 3))
		must(t, h.see(ctx, e.Terms, "counted", reached(swap.PayoutQueued)))
		must(t, h.takeBack(ctx, e.txid))
		must(t, h.told(ctx, e, swap.FactDepositReorged, 1))
		must(t, h.told(ctx, e, swap.FactDepositConfirmed, 2))
		must(t, h.see(ctx, e.Terms, "counted again", reached(swap.DepositConfirmed)))
		must(t, h.resume(ctx, "ethereum"))
		goOn()
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
	step(t, "a payout in a block", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, ethToBTC)
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.see(ctx, e.Terms, "sent", reached(swap.PayoutBroadcast)))
		must(t, h.faucetBTC.Mine(ctx, 1))
		must(t, h.told(ctx, e, swap.FactPaymentConfirmed, 1))
		_, err = h.reorg(ctx, 1)
		must(t, err)
		must(t, h.faucetBTC.Mine(ctx, 2))
		must(t, h.told(ctx, e, swap.FactPaymentReorged, 1))
		goOn()
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
	step(t, "a counted deposit after its payout", func(t *testing.T) {
		e, err := h.exchangeOf(ctx, btcToETH)
		must(t, err)
		goOn := h.still()
		defer goOn()
		must(t, h.deposit(ctx, &e))
		must(t, h.faucetBTC.Mine(ctx, 3))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.takeBack(ctx, e.txid))
		must(t, h.told(ctx, e, swap.FactDepositReorged, 1))
		must(t, h.alarmed(ctx, "bitcoin is halted: deposit", "ethereum is halted: deposit", "alarm.deposit_reorged"))
		goOn()
		must(t, h.told(ctx, e, swap.FactDepositConfirmed, 2))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.wentThrough(ctx, e, swap.Settled, swap.Held, swap.Settled))
		must(t, h.resume(ctx, "bitcoin", "ethereum"))
		must(t, h.kept(ctx))
	})
	step(t, "deeper than the limit", func(t *testing.T) {
		goOn := h.still()
		defer goOn()
		tip, err := h.node.Height(ctx)
		must(t, err)
		must(t, h.read(ctx, tip))
		lowest, err := h.reorg(ctx, 8)
		must(t, err)
		must(t, h.faucetBTC.Mine(ctx, 9))
		must(t, h.alarmed(ctx, "bitcoin is halted: the node's chain leaves ours more than 6 blocks below"))
		branch, err := h.node.Block(ctx, tip-7)
		must(t, err)
		must(t, h.btcd(ctx, "invalidateblock", branch.BlockHash().String()))
		must(t, h.btcd(ctx, "reconsiderblock", lowest))
		must(t, h.resume(ctx, "bitcoin"))
		goOn()
		e, err := h.exchangeOf(ctx, ethToBTC)
		must(t, err)
		must(t, h.deposit(ctx, &e))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
	must(t, h.booksAgree(ctx))
}

// takeBack drops the blocks from a transaction's on and mines a longer branch, in
// whose first block the transaction is again. The miner is held by the caller.
func (h *house) takeBack(ctx context.Context, txid string) error {
	depth, ok, err := h.node.Confirmations(ctx, txid)
	if err != nil || !ok || depth > 6 {
		return fmt.Errorf("%s has %d confirmations, at most 6 can be taken back: %w", txid, depth, err)
	}
	if _, err := h.reorg(ctx, depth); err != nil {
		return err
	}
	return h.faucetBTC.Mine(ctx, depth+1)
}

// read waits until the hot wallet has read a block of bitcoin.
func (h *house) read(ctx context.Context, height int64) error {
	return h.until(ctx, fmt.Sprintf("block %d to be read", height), lookEvery, func() (bool, error) {
		var at int64
		err := h.query(ctx, &at, `SELECT height FROM hotwallet.cursor WHERE chain = 'bitcoin'`)
		return at >= height, err
	})
}

// wentThrough demands that a swap's updates show these states one after another.
func (h *house) wentThrough(ctx context.Context, e storm, states ...swap.State) error {
	s, err := h.api.Swap(ctx, e.Receipt.SwapID)
	if err != nil {
		return err
	}
	var all []swap.State
	for _, u := range s.Updates {
		if len(all) == 0 || all[len(all)-1] != u.State {
			all = append(all, u.State)
		}
	}
	if len(all) < len(states) || !slices.Equal(all[len(all)-len(states):], states) {
		return fmt.Errorf("swap %s went through %v, want %v at the end", s.ID, all, states)
	}
	return nil
}

// trap is a contract that takes ether until somebody calls it with data, and
// reverts from then on: its payout is planned, and then mined with status 0.
const trap = "0x601880600b6000396000f3" + "36600b57600054601257005b6001600055005b60006000fd"

// Ethereum at its worst: a payout that is mined and fails, and ether that arrives
// without a transaction to us.
func TestEthereumMisbehaves(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit)
	defer cancel()
	h := stormyHouse(ctx, t)
	step(t, "mined with status 0", func(t *testing.T) {
		contract, err := h.send(ctx, map[string]any{"data": trap})
		must(t, err)
		e, err := h.bookTo(ctx, btcToETH, contract.Hex())
		must(t, err)
		must(t, h.up.Kill("signerd"))
		must(t, h.deposit(ctx, &e))
		must(t, h.until(ctx, "a plan", lookEvery, func() (bool, error) {
			var n int
			err := h.query(ctx, &n, `SELECT count(*) FROM hotwallet.attempt WHERE order_id = $1`, swap.PayoutOrderID(e.Receipt.SwapID))
			return n == 1, err
		}))
		_, err = h.send(ctx, map[string]any{"to": contract, "data": "0x01"})
		must(t, err)
		must(t, h.up.Restart(ctx, "signerd"))
		must(t, h.see(ctx, e.Terms, "held", func(s client.Swap) bool { return s.State == swap.Held && s.Reason == "payout_failed" }))
		must(t, h.alarmed(ctx, "swaps held: 1"))
		must(t, h.booksAgree(ctx))
	})
	step(t, "an internal transfer does not halt", func(t *testing.T) {
		page, err := h.ferry(ctx, "treasury", "fund-address", "ethereum")
		must(t, err)
		hot := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(page), "0x"))
		// PUSH20 <hot> SELFDESTRUCT: what the new contract was given goes there.
		_, err = h.send(ctx, map[string]any{"data": "0x73" + hot + "ff", "value": (*hexutil.Big)(big.NewInt(12345))})
		must(t, err)
		must(t, h.alarmed(ctx, "alarm.surplus ethereum", "12345 base units of ETH more than the books"))
		e, err := h.exchangeOf(ctx, btcToETH)
		must(t, err)
		must(t, h.deposit(ctx, &e))
		must(t, h.settled(ctx, e.Terms))
		must(t, h.kept(ctx))
	})
}

// send has geth's developer account send a transaction, and returns the contract
// that it made.
func (h *house) send(ctx context.Context, tx map[string]any) (common.Address, error) {
	tx["from"], tx["gas"] = parts.GethDeveloperAddress, hexutil.Uint64(200_000)
	var hash common.Hash
	if err := h.eth.Client().CallContext(ctx, &hash, "eth_sendTransaction", tx); err != nil {
		return common.Address{}, err
	}
	var contract common.Address
	return contract, h.until(ctx, "transaction "+hash.Hex(), lookEvery, func() (bool, error) {
		receipt, err := h.eth.TransactionReceipt(ctx, hash)
		if err != nil {
			return false, nil //nolint:nilerr // not in a block yet
		}
		contract = receipt.ContractAddress
		if receipt.Status != 1 {
			return false, fmt.Errorf("transaction %s failed", hash)
		}
		return true, nil
	})
}
