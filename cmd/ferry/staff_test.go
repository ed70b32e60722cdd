package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/swaptest"

	"ferry/cmd/ferry/internal/seed"
)

// asked runs a command of staff and decides on it as swapd would, once it is stored.
func asked(t *testing.T, db *seed.Database, decide func(requestID string), args ...string) ran {
	t.Helper()
	before := db.Text("SELECT count(*)::text FROM swap.outbox")
	done := make(chan ran, 1)
	go func() { done <- ferry(t, people(db), args...) }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case got := <-done:
			return got // it was not stored, or nobody decided in time
		case <-look.C:
		}
		if db.Text("SELECT count(*)::text FROM swap.outbox") != before {
			decide(db.Text("SELECT body::jsonb #>> '{staff,request_id}' FROM swap.outbox ORDER BY xid DESC, id DESC LIMIT 1"))
			return <-done
		}
	}
}

// decided stores the event of a staff fact, as swapd does.
func decided(db *seed.Database, swapID string, kind swap.FactKind, request, actor, note string) {
	db.Exec(`INSERT INTO swap.swap_event (swap_id, version, source, seq, kind, from_state, to_state, note, fact, at)
	         SELECT $1, max(version) + 1, 'swap', max(version) + 1, $2, 'settled', 'settled', $5,
	             jsonb_build_object('staff', jsonb_build_object('request_id', $3::text, 'actor', $4::text)), $6
	         FROM swap.swap_event WHERE swap_id = $1`, swapID, kind, request, actor, note, seed.Now)
}

func TestStaffHasThingsDone(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	id := seed.SwapID("00a")
	deposit := "bitcoin:" + seed.BitcoinTx("a") + ":0"
	for _, row := range []struct {
		args []string
		note string
		code int
		says []string
	}{
		{[]string{"swap", "refund", id, "--reason", "the user asked", "--deposit", deposit}, "refund by alice: the user asked.", 0,
			[]string{"Asked as alice, on record: refund of " + id + ", deposit " + deposit, "refund by alice: the user asked.", "The swap is settled"}},
		{[]string{"swap", "requote", id, "--reason", "the user asked", "--actor", "bob"}, "requote by bob: the user asked. Refused: nothing waits.", 1,
			[]string{"Asked as bob", "Refused: nothing waits."}},
		{[]string{"swap", "note", id, "--reason", "they wrote Refused: me"}, "Note by alice: they wrote Refused: me", 0, []string{"Note by alice"}},
		{[]string{"swap", "write-off", id, "--reason", "gone"}, "write_off by alice: gone. Written off.", 0, []string{"on record: write-off of"}},
		{[]string{"swap", "release", id, "--reason", "seen"}, "release by alice: seen.", 0, []string{"on record: release of"}},
		{[]string{"swap", "retry", id, "--reason", "again\x1b[2J"}, "retry by alice: again\x1b[2J.", 0, []string{"again?[2J"}},
	} {
		actor := "alice"
		if strings.Contains(strings.Join(row.args, " "), "bob") {
			actor = "bob"
		}
		got := asked(t, db, func(request string) { decided(db, id, swap.FactStaffAction, request, actor, row.note) }, row.args...)
		expect(t, got, row.code, row.says...)
		if strings.ContainsRune(got.out, '\x1b') {
			t.Errorf("%v: the answer steers the terminal", row.args)
		}
	}
	expect(t, ferry(t, people(db), "swap", "show", id), 0, "Staff (UTC)", "refund by alice", "Reason: the user asked",
		"requote by bob", "Refused: nothing waits.", "deposit "+deposit)
	if got := ferry(t, people(db), "swap", "show", id, "--json"); !strings.Contains(got.out, `"action": "write_off"`) {
		t.Errorf("machines read %s", got.out)
	}
}

func TestStaffNeedsASecondPairOfEyes(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	id := seed.SwapID("00a")
	var request string
	got := asked(t, db, func(r string) {
		request = r
		db.Exec(`UPDATE swap.swap SET amended = jsonb_build_object('staff', jsonb_build_array(jsonb_build_object('request_id', $2::text))) WHERE id = $1`, id, r)
		decided(db, id, swap.FactStaffAction, r, "alice", "refund by alice waits for the approval of another member of staff.")
	}, "swap", "refund", id, "--reason", "a case")
	expect(t, got, 0, "A second member of staff must agree with: ferry swap approve "+id+" "+request)
	expect(t, ferry(t, people(db), "swap", "show", id), 0, "It waits for another member of staff:", "ferry swap approve "+id+" "+request)

	before := db.Text("SELECT count(*)::text FROM swap.outbox")
	expect(t, ferry(t, people(db), "swap", "approve", id, request), 1, "nothing was done: alice asked for it: somebody else has to approve")
	expect(t, ferry(t, people(db), "swap", "approve", seed.SwapID("00b"), request, "--actor", "bob"), 1, "has no request "+request)
	if after := db.Text("SELECT count(*)::text FROM swap.outbox"); after != before {
		t.Errorf("%s facts in the outbox, want %s", after, before)
	}
	got = asked(t, db, func(r string) {
		db.Exec("UPDATE swap.swap SET amended = '{}' WHERE id = $1", id)
		decided(db, id, swap.FactStaffApproved, r, "bob", "Approved by bob. refund by alice: a case.")
	}, "swap", "approve", id, request, "--actor", "bob", "--reason", "I called")
	expect(t, got, 0, "Asked as bob, on record: approval of a request of "+id, "Approved by bob. refund by alice: a case.")
	expect(t, ferry(t, people(db), "swap", "approve", id, request, "--actor", "carol"), 1, "was approved by bob already")
	expect(t, ferry(t, people(db), "swap", "show", id), 0, "Approved by bob", "I called", "Approved by bob. refund by alice: a case.")
}

// What nobody has decided on is said to be stored, and what can't be applied has its reason.
func TestStaffWaitsNotForEver(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	id := seed.SwapID("00b")
	impatient := func(args ...string) ran {
		var out, errs strings.Builder
		code := run(t.Context(), args, &app{out: &out, errs: &errs, now: func() time.Time { return seed.Now }, patience: time.Millisecond,
			lookup: func(name string) (string, bool) { v, ok := people(db)[name]; return v, ok }})
		return ran{code, out.String(), errs.String()}
	}
	expect(t, impatient("swap", "note", id, "--reason", "hello"), 1, "Not decided within 1ms: it is stored and will be", "ferry swap show "+id)
	if got := db.Text("SELECT actor || ' ' || action || ' ' || reason FROM swap.staff_action"); got != "alice note hello" {
		t.Errorf("on record is %s", got)
	}
	expect(t, ferry(t, people(db), "swap", "show", id), 0, "note by alice", "The state machine has not decided on it yet.")
	db.Exec(`CREATE FUNCTION swap.park() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	    INSERT INTO swap.parked_fact VALUES (NEW.key, 'swap', NEW.id, NEW.kind, NEW.body::jsonb, 'swapd is older than this', now()); RETURN NULL; END $$`)
	db.Exec("CREATE TRIGGER park AFTER INSERT ON swap.outbox FOR EACH ROW EXECUTE FUNCTION swap.park()")
	db.Exec("GRANT INSERT ON swap.parked_fact TO ferry_operator")
	expect(t, impatient("swap", "note", id, "--reason", "hello"), 1, "the fact is parked, because: swapd is older than this")
}

func TestStaffUsedWrongly(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	id, request := seed.SwapID("00a"), swap.NewID(swap.StaffPrefix, swaptest.Start)
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"swap", "refund", id}, 2, "--reason must say why"},
		{[]string{"swap", "refund", id, "--reason", " "}, 2, "--reason must say why"},
		{[]string{"swap", "refund", id, "--reason", strings.Repeat("x", 501)}, 2, "at most 500"},
		{[]string{"swap", "refund", id, "--reason", "r", "--actor", strings.Repeat("x", 101)}, 2, "--actor must say who you are"},
		{[]string{"swap", "refund", "42", "--reason", "r"}, 2, `"42" is no swap id`},
		{[]string{"swap", "refund", "--reason", "r"}, 2, "0 arguments where 1 belong"},
		{[]string{"swap", "approve", id}, 2, "1 arguments where 2 belong"},
		{[]string{"swap", "approve", id, "r1"}, 2, `"r1" is no request id`},
		{[]string{"swap", "approve", id, request, "--actor", "bob"}, 1, "has no request " + request},
		{[]string{"swap", "refund", seed.SwapID("zzz"), "--reason", "r"}, 1, "nothing was done: swap " + seed.SwapID("zzz") + " is not known"},
		{[]string{"swap", "refund", id, "--reason", "r", "--deposit", "bitcoin:x:0"}, 1, "has no deposit bitcoin:x:0"},
		{[]string{"swap", "refund", id, "--reason", "r", "--deposit", strings.Repeat("x", 201)}, 2, "--deposit is a deposit's id"},
		{[]string{"swap", "burn", id}, 2, `has no command "burn"`},
	} {
		expect(t, ferry(t, people(db), row.args...), row.code, row.says)
	}
	if got := db.Text("SELECT (SELECT count(*) FROM swap.staff_action) || ' ' || count(*) FROM swap.outbox"); got != "0 0" {
		t.Errorf("actions and facts stored: %s", got)
	}
	if ids := regexp.MustCompile(`^staff_[0-7][0-9a-hjkmnp-tv-z]{25}$`); !ids.MatchString(request) {
		t.Errorf("the database would refuse %s", request)
	}
}
