package postgres

import (
	"context"
	"log/slog"
	"testing"

	"ferry/hotwallet/dust"
	"ferry/swap/asset"
)

// Each chain's level is kept by itself, the newest only, and only the lease's holder
// writes it.
func TestDustLevelIsKept(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	ethereum, _ := openStore(t, pool, asset.Ethereum, Config{})
	if _, known, err := s.Dust(t.Context()); err != nil || known {
		t.Fatalf("before the first: %v, %v", known, err)
	}
	wei := asset.MustUnits("123456789012345678901234567890")
	want := map[*Store]dust.Level{s: {Cost: asset.NewUnits(3400), Threshold: asset.NewUnits(3500)}, ethereum: {Cost: wei, Threshold: wei}}
	if err := s.StoreDust(t.Context(), dust.Level{Cost: asset.NewUnits(1), Threshold: asset.NewUnits(2)}); err != nil {
		t.Fatal(err)
	}
	for store, level := range want {
		if err := store.StoreDust(t.Context(), level); err != nil {
			t.Fatal(err)
		}
	}
	for store, level := range want {
		if got, known, err := store.Dust(t.Context()); err != nil || !known || got != level {
			t.Errorf("%s: %+v, %v, %v; want %+v", store.chain, got, known, err, level)
		}
	}
	stranger, err := New(pool, asset.Bitcoin, Config{Confirmations: 3, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.StoreDust(context.Background(), dust.Level{}); err == nil {
		t.Error("without the lease it was stored")
	}
}
