package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

func update(id string, version int64, state swap.State) swap.Update {
	at := time.Date(2026, 1, 2, 3, 4, 5, int(version)*int(time.Millisecond), time.UTC)
	return swap.Update{SwapID: id, Version: version, State: state, Cause: swap.FactDepositSeen,
		Message: fmt.Sprintf("Version %d.", version), Actor: "chain", At: at}
}

// batch wraps updates as the consumer would, from offset from on.
func batch(t testing.TB, from int64, updates ...swap.Update) bus.Batch {
	t.Helper()
	b := bus.Batch{Topic: bus.TopicUpdates, From: from, Next: from + int64(len(updates))}
	for _, u := range updates {
		raw, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		b.Records = append(b.Records, bus.Record{Topic: bus.TopicUpdates, Key: u.SwapID, Kind: bus.KindUpdate, Body: raw})
	}
	return b
}

func (b *bundle) swap(t testing.TB, id string) api.Swap {
	t.Helper()
	return into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+id, ""), 200)
}

// Setup: a swap. Test: its updates come, in order, doubled and out of order. The
// view is the newest, the history has each once in order.
func TestProjectionKeepsTheNewest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := into[api.CreatedSwap](t, b.create(t, aKey, b.swapBody(t)), 201).Id
	detected := update(id, 1, swap.DepositDetected)
	full := update(id, 3, swap.PayoutBroadcast)
	full.By, full.Reason = full.At.Add(time.Hour), "late"
	full.Deposits = []swap.Deposit{{ID: "bitcoin:ab:0", TxID: "ab", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(50_000_000)},
		State: swap.DepositFinal, Verdict: swap.VerdictCounted, Confirmations: 2, Needed: 2, Height: 9, FirstSeen: full.At, BlockTime: full.At}}
	full.Payments = []swap.Payment{{OrderID: "payout:" + id, Purpose: swap.PurposePayout, Deposits: []string{"bitcoin:ab:0"}, Destination: userETH,
		Amount: asset.Amount{Asset: asset.ETH, Units: asset.MustUnits("500000000000000000")}, State: swap.PaymentBroadcast,
		TxID: "0xcd", Fee: asset.NewUnits(21_000)}}
	for from, u := range []swap.Update{detected, full, update(id, 2, swap.DepositConfirmed), detected, update(id, 3, swap.Held)} {
		if err := b.gateway.HandleUpdates(t.Context(), batch(t, int64(from), u)); err != nil {
			t.Fatal(err)
		}
	}
	s := b.swap(t, id)
	if s.State != "payout_broadcast" || s.Version != 3 || s.Message != "Version 3." || s.NextActor != "chain" || s.Reason != "late" ||
		s.ActBy != api.MillisOf(full.By) || s.UpdatedAt.String() != "2026-01-02T03:04:05.003Z" {
		t.Errorf("shown %+v", s)
	}
	at := api.MillisOf(full.At)
	if len(s.Deposits) != 1 || s.Deposits[0] != (api.Deposit{DepositId: "bitcoin:ab:0", Txid: "ab", Asset: "BTC", Amount: "0.5", State: "confirmed",
		Verdict: "counted", Confirmations: 2, ConfirmationsNeeded: 2, Height: 9, FirstSeen: at, BlockTime: at}) {
		t.Errorf("deposits %+v", s.Deposits)
	}
	if len(s.Payments) != 1 || !reflect.DeepEqual(s.Payments[0], api.Payment{PaymentId: "payout:" + id, Purpose: "payout", DepositIds: []string{"bitcoin:ab:0"}, Asset: "ETH",
		Amount: "0.5", Destination: userETH, State: "broadcast", Txid: "0xcd", Fee: "0.000000000000021", FeeAsset: "ETH"}) {
		t.Errorf("payments %+v", s.Payments)
	}
	var states []string
	for _, u := range s.Updates {
		states = append(states, fmt.Sprint(u.Version, u.State, u.Cause))
	}
	if got := fmt.Sprint(states); got != "[0awaiting_deposit 1deposit_detecteddeposit.seen 2deposit_confirmeddeposit.seen 3payout_broadcastdeposit.seen]" {
		t.Errorf("history %s", got)
	}
}

// An update that comes before its swap is not lost, and the swap's own first view
// does not cover it.
func TestProjectionBeforeTheSwap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := b.swapBody(t)
	b.exec(t, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not yet'; END $$`)
	b.exec(t, `CREATE TRIGGER fail BEFORE INSERT ON swap FOR EACH ROW EXECUTE FUNCTION fail()`)
	refused(t, b.create(t, aKey, ask), 500, swap.CodeInternal, "", "")
	id := b.claimedID(t)
	if err := b.gateway.HandleUpdates(t.Context(), batch(t, 0, update(id, 5, swap.Settled))); err != nil {
		t.Fatal(err)
	}
	refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+id, ""), 404, swap.CodeNotFound, "id", "")
	b.exec(t, `DROP TRIGGER fail ON swap`)
	into[api.CreatedSwap](t, b.create(t, aKey, ask), 201)
	if s := b.swap(t, id); s.State != "settled" || s.Version != 5 || len(s.Updates) != 2 {
		t.Errorf("shown %s version %d with %d updates", s.State, s.Version, len(s.Updates))
	}
}

// A consumer that has lost its partition changes nothing; neither does a batch
// that is read twice.
func TestProjectionOffsetGuard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := swap.NewID(swap.SwapPrefix, b.clock.now())
	if err := b.gateway.HandleUpdates(t.Context(), batch(t, 0, update(id, 1, swap.DepositDetected))); err != nil {
		t.Fatal(err)
	}
	before := b.rows(t)
	for _, from := range []int64{0, 2} {
		err := b.gateway.HandleUpdates(t.Context(), batch(t, from, update(id, 2, swap.Settled)))
		if !errors.Is(err, bus.ErrOffsetMoved) {
			t.Errorf("from %d: %v, want ErrOffsetMoved", from, err)
		}
	}
	b.expectRows(t, before)
}

// What is no update is passed over, and the offset with it; the good one beside it counts.
func TestProjectionPassesOverMalformed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := swap.NewID(swap.SwapPrefix, b.clock.now())
	bad := batch(t, 0, update(id, 0, swap.Settled), update(id, 1, "flying"), update("swap_x", 1, swap.Settled), update(id, 2, swap.Settled),
		swap.Update{SwapID: id, Version: 3, State: swap.Settled})
	bad.Records = append(bad.Records, bus.Record{Topic: bus.TopicUpdates, Key: "other", Body: bad.Records[3].Body}, bus.Record{Key: id, Body: []byte("{")})
	bad.Malformed, bad.Next = []error{bus.ErrMalformed}, 8
	if err := b.gateway.HandleUpdates(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	b.expectRows(t, map[string]int64{"idempotency": 0, "swap": 0, "swap_view": 1, "swap_update": 1, "amendment": 0, "outbox": 0, "consumer_offset": 1})
}

// History is bounded to the newest hundred.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := into[api.CreatedSwap](t, b.create(t, aKey, b.swapBody(t)), 201).Id
	var updates []swap.Update
	for v := range int64(150) {
		updates = append(updates, update(id, v+1, swap.DepositDetected))
	}
	if err := b.gateway.HandleUpdates(t.Context(), batch(t, 0, updates...)); err != nil {
		t.Fatal(err)
	}
	s := b.swap(t, id)
	if len(s.Updates) != 100 || s.Updates[0].Version != 51 || s.Updates[99].Version != 150 {
		t.Errorf("%d updates from %d", len(s.Updates), s.Updates[0].Version)
	}
}

// Run, with a Kafka: updates, prices and balances arrive where they are shown, and
// it ends in order.
func TestRunFollowsTheTopics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicUpdates), kfake.SeedTopics(1, bus.TopicRates, bus.TopicBalances))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	id := into[api.CreatedSwap](t, b.create(t, aKey, b.swapBody(t)), 201).Id
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- b.gateway.Run(ctx, l, cluster.ListenAddrs()) }()

	p, err := bus.NewPublisher("test", cluster.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	amount := func(id asset.ID, n uint64) asset.Amount { return asset.Amount{Asset: id, Units: asset.NewUnits(n)} }
	rate := swaptest.Price(t, swap.Rate{Pair: btcToEth, Min: amount(asset.BTC, 100_000), Max: amount(asset.BTC, 200_000_000),
		NetworkFee: amount(asset.ETH, 1_000_000_000_000), At: b.clock.now()}, "30.5")
	for _, m := range []struct {
		topic, key, kind string
		value            any
	}{
		{bus.TopicUpdates, id, bus.KindUpdate, update(id, 1, swap.DepositDetected)},
		{bus.TopicRates, "BTC-ETH", bus.KindRate, rate},
		{bus.TopicRates, "BTC-XXX", bus.KindRate, swap.Rate{Pair: asset.Pair{From: asset.BTC, To: "XXX"}, Price: "1", At: b.clock.now()}},
		{bus.TopicBalances, "BTC", bus.KindBalance, swap.Balance{Asset: asset.BTC, DustThreshold: asset.NewUnits(546), Halted: "An upgrade.", At: b.clock.now()}},
	} {
		if err := p.Publish(ctx, m.topic, m.key, m.kind, m.value); err != nil {
			t.Fatal(err)
		}
	}
	eventually(ctx, t, func() bool { return b.swap(t, id).State == "deposit_detected" })
	eventually(ctx, t, func() bool { return b.listRates(t)[0].Unavailable == "" })
	eventually(ctx, t, func() bool { return b.assets(t)[0].DustThreshold != "" })
	if r := b.listRates(t)[0]; r != (api.Rate{From: "BTC", To: "ETH", Price: "30.5", MinDeposit: "0.001", MaxDeposit: "2", NetworkFee: "0.000001", At: api.MillisOf(rate.At)}) {
		t.Errorf("rate %+v", r)
	}
	if a := b.assets(t)[0]; !reflect.DeepEqual(a, api.Asset{Id: "BTC", Name: "Bitcoin", Chain: "bitcoin", Decimals: 8, Unit: "sat", Confirmations: 2, DustThreshold: "0.00000546", Halted: "An upgrade."}) {
		t.Errorf("asset %+v", a)
	}
	b.clock.advance(31 * time.Second)
	if r := b.listRates(t); r[0].Unavailable != "The last price is too old." || r[0].Price != "" || r[1].Unavailable != "No price has been heard yet." {
		t.Errorf("rates %+v", r)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (b *bundle) listRates(t testing.TB) []api.Rate {
	t.Helper()
	return into[api.RateList](t, b.send(t, http.MethodGet, "/v1/rates", ""), 200).Rates
}

func (b *bundle) assets(t testing.TB) []api.Asset {
	t.Helper()
	return into[api.AssetList](t, b.send(t, http.MethodGet, "/v1/assets", ""), 200).Assets
}

// eventually looks again at a ticker's pace until the test's deadline.
func eventually(ctx context.Context, t testing.TB, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen in time")
		case <-ticker.C:
		}
	}
}
