package bus

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A member that dies while it joins holds the group up for the rebalance timeout.
// The library's 60 s are too long: nobody's payout would be ordered meanwhile.
func TestADeadMemberHoldsItsGroupUpOnlyBriefly(t *testing.T) {
	t.Parallel()
	c, err := NewConsumer(ConsumerConfig{Group: "g", Brokers: []string{"127.0.0.1:1"}, Topics: []string{TopicOrders},
		Load:   func(context.Context, string, int32) (int64, error) { return 0, nil },
		Handle: func(context.Context, Batch) error { return nil }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if c.client != nil {
		t.Error("it joins before it runs: a process that dies while it starts would leave a member behind")
	}
	if err := c.join(); err != nil {
		t.Fatal(err)
	}
	defer c.client.Close()
	timeout, ok := c.client.OptValue(kgo.RebalanceTimeout).(time.Duration)
	if !ok || timeout > 20*time.Second || timeout <= sessionTimeout {
		t.Errorf("the group waits %s for a member that died joining", timeout)
	}
}
