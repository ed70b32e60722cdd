package postgres_test

import (
	"strings"
	"testing"

	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// staff calls a function of the schema as the command line does, and hands what it told
// to the handler, as relay and consumer do. It returns the timeline's newest note.
func (b *bundle) staff(t *testing.T, sql string, args ...any) string {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
	r := bus.Record{Source: "swap"}
	var body string
	err := b.pool.QueryRow(t.Context(), "SELECT topic, key, kind, id + 1000, created_at, body FROM outbox ORDER BY xid DESC, id DESC LIMIT 1").
		Scan(&r.Topic, &r.Key, &r.Kind, &r.Seq, &r.Time, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = []byte(body)
	if err := b.handler.Handle(t.Context(), b.batch(r)); err != nil {
		t.Fatal(err)
	}
	var note string
	if err := b.pool.QueryRow(t.Context(), "SELECT note FROM swap_event ORDER BY version DESC LIMIT 1").Scan(&note); err != nil {
		t.Fatal(err)
	}
	return note
}

// Setup: a short deposit waits for its user. Test: what staff asks for by the functions of
// the schema is what the state machine decides on: held up for a second pair of eyes,
// then done.
func TestStaffActsThroughTheSchema(t *testing.T) {
	t.Parallel()
	b := setup(t)
	terms := swaptest.NewTerms(t, b.keys, func(_ *swap.Quote, r *swap.Receipt) { r.Policy.OnShort = swap.AnswerAsk })
	id := terms.Receipt.SwapID
	over := swap.Fact{Kind: swap.FactDeadlinePassed, SwapID: id, At: terms.Receipt.DepositBy,
		Deadline: &swap.DeadlineFact{Name: swap.DeadlineDepositBy, Due: terms.Receipt.DepositBy}}
	if err := b.handler.Handle(t.Context(), b.batch(b.record(t, creation(terms)), b.record(t, deposit(terms, swap.FactDepositConfirmed, "0.006")),
		b.record(t, over))); err != nil {
		t.Fatal(err)
	}
	const ask, approve = "SELECT staff_ask($1, $2, $3, $4, $5, $6)", "SELECT staff_approve($1, $2, $3, $4)"
	part := "bitcoin:" + id + ":0"
	request := swap.NewID(swap.StaffPrefix, swaptest.Start)
	for _, step := range []struct {
		sql   string
		args  []any
		note  string
		state swap.State
	}{
		{ask, []any{swap.NewID(swap.StaffPrefix, swaptest.Start), id, swap.StaffNote, "", "they called", "alice"}, "Note by alice: they called", swap.Held},
		{ask, []any{request, id, swap.StaffRefund, part, "they want it back", "alice"}, "waits for the approval", swap.Held},
		{approve, []any{request, id, "", "bob"}, "Approved by bob. ", swap.RefundQueued},
		{ask, []any{swap.NewID(swap.StaffPrefix, swaptest.Start), id, swap.StaffNote, "", "done", "bob"}, "Note by bob: done", swap.RefundQueued},
	} {
		if note := b.staff(t, step.sql, step.args...); !strings.Contains(note, step.note) {
			t.Errorf("%v: %q, want %q", step.args, note, step.note)
		}
		if s := b.load(t, id).Swap; s.State != step.state {
			t.Errorf("%v: the swap is %s, want %s", step.args, s.State, step.state)
		}
	}
	if n := b.count(t, "SELECT count(*) FROM malformed_record") + b.count(t, "SELECT count(*) FROM parked_fact"); n != 0 {
		t.Errorf("%d facts of staff were not taken", n)
	}
}
