package support

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/seed"
)

// What was added to a swap's terms, and what is not settled, is in its case.
func TestCaseHasWhatWasAmended(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) { r.RefundAddress = "" })
	id := terms.Receipt.SwapID
	db.Swap(terms, swap.Held, 4, seed.Now)
	want := swap.Amended{RefundAddress: swaptest.BitcoinAddress, SignedRefundAddress: "a.b.c",
		Requotes: []swap.Repriced{{OrderID: swap.PayoutOrderID(id), SignedRequote: "d.e.f"}},
		Mismatches: []swap.Mismatch{{ID: "bitcoin:x:0", Deposits: []string{"bitcoin:x:0"}, Verdict: swap.VerdictLate, Wait: swap.WaitAnswer,
			By: seed.Now.Add(time.Hour), Offer: swaptest.Amount(asset.ETH, "0.2")}},
		Staff: []swap.StaffRequest{{By: seed.Now, StaffFact: swap.StaffFact{RequestID: "s", Actor: "alice", Action: swap.StaffRefund, Reason: "asked"}}}}
	read := func() *SwapView {
		var c Case
		err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) (err error) {
			c, err = r.Case(t.Context(), id, CaseEvents)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return c.Swap
	}
	if v := read(); v.RefundAddress != "" || v.Mismatches != nil {
		t.Errorf("before: %+v", v)
	}
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec("UPDATE swap.swap SET amended = $1 WHERE id = $2", string(raw), id)
	got := read()
	if got.RefundAddress != want.RefundAddress || !reflect.DeepEqual(got.Mismatches, want.Mismatches) ||
		!reflect.DeepEqual(got.Requotes, want.Requotes) || !reflect.DeepEqual(got.Staff, want.Staff) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}
