package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ferry/deploy/simulate/simulation"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/model"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// wire is a network within the process: kfake listens on it, clients dial it.
type wire struct {
	mu        sync.Mutex
	listeners map[string]*listener
}

type listener struct {
	address net.Addr
	calls   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (w *wire) listen(_, address string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &listener{address: tcp, calls: make(chan net.Conn), closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listeners[tcp.String()] = l
	return l, nil
}

func (w *wire) dial(ctx context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	l := w.listeners[address]
	w.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("nobody listens on %s", address)
	}
	ours, theirs := net.Pipe()
	select {
	case l.calls <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return l.address }

// chunk is how many records are sent at once.
const chunk = 9

// publish sends the log of a seed, each record to its partition, a few each second.
func publish(t *testing.T, w *wire, brokers []string, log [][]bus.Record) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.Dialer(w.dial), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for n, left := 0, true; left; n += chunk {
		left = false
		var records []*kgo.Record
		for p := range log {
			part := log[p][min(n, len(log[p])):min(n+chunk, len(log[p]))]
			left = left || len(part) > 0
			for _, r := range part {
				records = append(records, &kgo.Record{Topic: r.Topic, Partition: int32(p), Key: []byte(r.Key), Value: r.Body, Headers: []kgo.RecordHeader{
					{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_source", Value: []byte("/ferry/" + r.Source)},
					{Key: "ce_type", Value: []byte("ferry." + r.Kind + ".v1")}, {Key: "ce_sequence", Value: strconv.AppendInt(nil, r.Seq, 10)},
					{Key: "ce_time", Value: swaptest.Start.AppendFormat(nil, time.RFC3339Nano)}}})
			}
		}
		if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Error(err)
			return
		}
		<-ticker.C
	}
}

// flaky fails every so many writes, before or after they happened.
type flaky struct {
	*model.Store
	writes *atomic.Int64
}

var errFlaky = errors.New("the answer was lost")

func (f flaky) Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	n := f.writes.Add(1)
	if n%5 == 2 {
		return errFlaky
	}
	if err := f.Store.Apply(ctx, b, folded); err != nil {
		return err
	}
	if n%5 == 4 {
		return errFlaky
	}
	return nil
}

// member is a swapd that is in the group until its context ends.
func member(ctx context.Context, t *testing.T, rules statemachine.Rules, w *wire, brokers []string, store *model.Store, writes *atomic.Int64) <-chan error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	handler := consume.Handler{Rules: rules, Store: flaky{store, writes}, Log: log}
	c, err := bus.NewConsumer(bus.ConsumerConfig{Group: "swapd", Brokers: brokers, Topics: []string{bus.TopicFacts},
		Load: store.LoadOffset, Handle: handler.Handle, Dial: w.dial, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return done
}

// Setup: the facts of a seed lie in Kafka (kfake, in a bubble where time is virtual).
// Test: the real consumer, with connections cut, writes that fail, members that come
// and go, leads to the very rows that the seed led to.
func TestRealConsumer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			r := simulation.Run(t.Context(), seed, simulation.Options{})
			synctest.Test(t, func(t *testing.T) { consumeLog(t, r) })
		})
	}
}

func consumeLog(t *testing.T, r simulation.Result) {
	w := &wire{listeners: map[string]*listener{}}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.Ports(19092, 19093), kfake.ListenFn(w.listen),
		kfake.SeedTopics(int32(len(r.Log)), bus.TopicFacts))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	published := make(chan struct{})
	go func() {
		defer close(published)
		publish(t, w, cluster.ListenAddrs(), r.Log)
	}()
	defer func() { <-published }()
	var fetches, writes atomic.Int64
	cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if fetches.Add(1)%7 == 3 {
			return nil, errors.New("the connection is cut"), true
		}
		return nil, nil, false
	})
	store := model.New()
	first, leave := context.WithCancel(t.Context())
	all, stop := context.WithCancel(t.Context())
	one := member(first, t, r.Rules, w, cluster.ListenAddrs(), store, &writes)
	var two <-chan error
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for n := 0; two == nil || !consumed(t, store, r.Log); n++ {
		switch n {
		case 2:
			two = member(all, t, r.Rules, w, cluster.ListenAddrs(), store, &writes)
		case 6:
			leave()
		}
		if n == 3600 {
			t.Error("not consumed in an hour of virtual time")
			break
		}
		<-ticker.C
	}
	leave()
	stop()
	if err := errors.Join(<-one, <-two); err != nil {
		t.Error(err)
	}
	for _, id := range r.States.IDs() {
		want, _ := r.States.Swap(id)
		if got, _ := store.Swap(id); !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %s is\n%+v\nand was\n%+v", r.Seed, id, got, want)
		}
	}
	if writes.Load() < 5 || fetches.Load() < 3 {
		t.Errorf("%d writes and %d fetches are too few for anything to have failed", writes.Load(), fetches.Load())
	}
}

// consumed reports that the stored offsets are at the log's end.
func consumed(t *testing.T, s *model.Store, log [][]bus.Record) bool {
	t.Helper()
	for p := range log {
		next, err := s.LoadOffset(t.Context(), bus.TopicFacts, int32(p))
		if err != nil || next < int64(len(log[p])) {
			return false
		}
	}
	return true
}
