package liquidity_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
)

// ClientRoom says of several locks of a client what Admit says of each in turn.
func TestClientRoomIsAdmitInTurn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		// So much that only the client's share of it is in the way.
		b := liquidity.Bounds{Available: asset.NewUnits(10_000), MaxLocks: rapid.IntRange(0, 5).Draw(t, "locks"),
			ClientPPM: rapid.Int64Range(0, 200_000).Draw(t, "share")}
		m := liquidity.Measure{OpenLocks: rapid.IntRange(0, 5).Draw(t, "open"), ClientReserved: asset.NewUnits(rapid.Uint64Range(0, 1000).Draw(t, "reserved"))}
		var sum asset.Units
		inTurn, turn := true, m
		n := rapid.IntRange(1, 5).Draw(t, "n")
		for range n {
			q := swap.Quote{Payout: asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(rapid.Uint64Range(1, 300).Draw(t, "payout"))}, AcceptBy: now.Add(time.Minute)}
			stop, err := liquidity.Admit(q, b, turn, now)
			if err != nil {
				t.Fatal(err)
			}
			inTurn = inTurn && stop != liquidity.StopClient && stop != liquidity.StopShare
			turn.OpenLocks++
			if turn.ClientReserved, err = turn.ClientReserved.Add(q.Payout.Units); err != nil {
				t.Fatal(err)
			}
			if sum, err = sum.Add(q.Payout.Units); err != nil {
				t.Fatal(err)
			}
		}
		room, fits := b.ClientRoom(n, sum)
		together := fits && m.OpenLocks <= room.Open && (room.Reserved == nil || !room.Reserved.Less(m.ClientReserved))
		if together != inTurn {
			t.Fatalf("together %v (%+v, %v), in turn %v", together, room, fits, inTurn)
		}
	})
}
