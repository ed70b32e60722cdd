package liquidity

import (
	"log/slog"
	"slices"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Each call is told with how it ended, also one that its own text refuses.
func TestServerTells(t *testing.T) {
	t.Parallel()
	var told []string
	s := &Server{desks: newDesks(&Desk{}), log: slog.New(slog.DiscardHandler),
		observe: func(call string, code swap.Code) { told = append(told, call+"="+string(code)) }}
	if _, err := s.Lock(t.Context(), connect.NewRequest(&ferryv1.LockRequest{From: "DOGE", To: "ETH"})); err == nil {
		t.Error("an unknown asset is locked")
	}
	if _, err := s.Lock(t.Context(), connect.NewRequest(&ferryv1.LockRequest{From: "BTC", To: "ETH", Client: "c", DepositAmount: "1"})); err == nil {
		t.Error("a pair that is not offered is locked")
	}
	if _, err := s.Accept(t.Context(), connect.NewRequest(&ferryv1.AcceptRequest{SwapId: "x"})); err == nil {
		t.Error("a malformed swap id is accepted")
	}
	if want := []string{"lock=unknown_pair", "lock=unknown_pair", "accept=invalid_body"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
